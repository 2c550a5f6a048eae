/* Deliveries kept between runs, on a real file system: what comes back, after which ends. */
#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/support/tempdir.h"
#include "util/buf.h"
#include "util/private_dir.h"
#include "webhook/spool.h"

#define URL "https://hooks.example.com/in?token=s3cret"
#define URL_HASH "8be27c2f"		/* by sha256sum */
#define OTHER_URL "https://other.example.com/"
#define RUN_A "0f0e0d0c-0b0a-4908-8706-050403020100"
#define RUN_B "1f0e0d0c-0b0a-4908-8706-050403020100"
#define START INT64_C(1795485600000)
#define NAME(start, run, window) start "-" run "-" window "-000-" URL_HASH ".json"
#define FIRST NAME("1795485600000", RUN_A, "00000003")
#define HEADER "{\"id\":\"" RUN_A "-3-0\",\"url\":\"" URL "\",\"type\":\"application/json\"}\n"
#define MAX (64u << 20)

static struct place {
	char *root, *dir;
	struct spool *spool;
	struct err err;
	struct lines warnings;
	struct spool_item item;
	size_t next;		/* of spool_next() */
} place;

static struct spool *opened(uint64_t max)
{
	struct spool *s = NULL;

	assert_int_equal(spool_open(&s, place.dir, max, &place.err), ST_OK);
	assert_non_null(s);
	return s;
}

static void reopen(uint64_t max)
{
	spool_free(place.spool);
	place.spool = opened(max);
}

static int set_up(void **state __attribute__((unused)))
{
	memset(&place, 0, sizeof(place));
	place.root = tempdir_new();
	place.dir = joined(place.root, "/spool");
	place.spool = opened(MAX);
	return 0;
}

static int tear_down(void **state __attribute__((unused)))
{
	spool_free(place.spool);
	lines_free(&place.warnings);
	tempdir_free(place.root);
	free(place.dir);
	return 0;
}

static char *path_of(const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", place.dir, name) > 0);
	return path;
}

static bool is_there(const char *name)
{
	char *path = path_of(name);
	bool there = exists(path);

	free(path);
	return there;
}

static void put_raw(const char *name, const char *text, size_t len)
{
	char *path = path_of(name);

	put_file(path, text, len, 0600);
	free(path);
}

static void age(const char *name, time_t by_s)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - by_s }, { .tv_nsec = UTIME_OMIT } };
	char *path = path_of(name);

	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
	free(path);
}

static enum spool_put put_item(int64_t start_ms, const char *run, int64_t window, size_t part)
{
	return spool_put(place.spool, start_ms, run, window, part, &place.item, &place.err);
}

static enum spool_put put_body(struct spool *s, const char *run,
	int64_t window, const char *url, const char *body, size_t len)
{
	char id[64];

	snprintf(id, sizeof(id), "%s-%lld-0", run, (long long)window);
	place.item = (struct spool_item){ .id = id, .url = url, .type = "application/json",
		.body = body, .len = len };
	return spool_put(s, START + (window - 3) * 1000, run, window, 0, &place.item, &place.err);
}

static void put(const char *run, int64_t window, const char *url)
{
	char body[64];

	snprintf(body, sizeof(body), "{\"window\":%lld}", (long long)window);
	if (put_body(place.spool, run, window, url, body, strlen(body)) != SPOOL_KEPT)
		fail_msg("%s", place.err.text);
}

/* after: the item before, or "" for the first one. */
static bool next(const char *url, const char *after)
{
	assert_true(!*after || strcmp(after, place.item.name) == 0);
	if (!*after)
		place.next = 0;
	return spool_next(place.spool, url, &place.next, &place.item, &place.warnings);
}

static bool is_body(const char *body)
{
	return place.item.len == strlen(body) && memcmp(place.item.body, body, place.item.len) == 0;
}

/* --- opening ------------------------------------------------------------------------ */

TEST(directory__is_made_with_mode_700)
{
	assert_int_equal(mode_of(place.dir), 0700);
	assert_true(spool_is_ours_to_send(place.spool));
	assert_false(next(URL, ""));
}

static void assert_refused(const char *why)
{
	struct spool *s = place.spool;

	assert_int_equal(spool_open(&s, place.dir, MAX, &place.err), ST_USAGE);
	assert_null(s);
	if (strncmp(place.err.text, "--callback-spool '/", 19) != 0 || !strstr(place.err.text, why))
		fail_msg("'%s' is not in: %s", why, place.err.text);
}

TEST(directory__open_to_others_is_refused)
{
	static const mode_t modes[] = { 0777, 0750, 0701, 0740 };
	char *real = joined(place.root, "/real");

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(place.dir, modes[i]), 0);
		assert_refused("group or others have access to it; run chmod 700 on it");
		assert_int_equal(mode_of(place.dir), modes[i]);
	}
	assert_int_equal(chmod(place.dir, 0700), 0);
	assert_int_equal(rename(place.dir, real), 0);
	assert_int_equal(symlink(real, place.dir), 0);
	assert_refused("");
	free(place.dir);
	place.dir = joined(place.root, "/spool//");	/* a slash would lead through the link */
	assert_refused("");
	free(place.dir);
	place.dir = joined(place.root, "/no/spool");
	assert_refused("No such file");
	free(real);
}

TEST(directory__of_another_user_is_refused)
{
	if (chown(place.dir, 12345, (gid_t)-1) != 0)
		skip();
	assert_refused("it belongs to another user");
}

TEST(lock__that_fails_is_an_error)
{
	char *lock = path_of("lock");

	assert_int_equal(mode_of(lock), 0600);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(mkdir(lock, 0700), 0);
	assert_refused("directory");
	assert_int_equal(rmdir(lock), 0);
	assert_int_equal(symlink("elsewhere", lock), 0);
	assert_refused("");
	assert_false(is_there("elsewhere"));
	free(lock);
}

TEST(lock__is_kept_and_a_run_without_it_only_writes)
{
	struct spool *first = place.spool;

	put(RUN_A, 3, URL);
	place.spool = opened(MAX);
	assert_false(spool_is_ours_to_send(place.spool));
	assert_false(next(URL, ""));
	put(RUN_B, 4, URL);
	spool_free(first);
	assert_false(spool_is_ours_to_send(place.spool));
	reopen(MAX);
	assert_true(spool_is_ours_to_send(place.spool));
	assert_true(next(URL, ""));
	assert_true(next(URL, place.item.name));
	assert_false(next(URL, place.item.name));
}

/* --- what comes back ---------------------------------------------------------------- */

TEST(item__is_read_back_byte_for_byte)
{
	static const char body[] = "{\"a\":\"\xC3\xA4\\n\",\n\"b\":[]}";
	char *path = path_of(FIRST), text[512];
	FILE *f;
	size_t n;

	place.item = (struct spool_item){ .id = RUN_A "-3-0", .url = URL,
		.type = "application/json", .body = body, .len = sizeof(body) - 1 };
	assert_int_equal(put_item(START, RUN_A, 3, 0), SPOOL_KEPT);
	assert_string_equal(place.item.name, FIRST);
	assert_int_equal(mode_of(path), 0600);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(n, strlen(HEADER) + sizeof(body) - 1);
	assert_memory_equal(text, HEADER, strlen(HEADER));
	assert_memory_equal(text + strlen(HEADER), body, sizeof(body) - 1);

	assert_false(next(URL, ""));		/* not what this run put */
	reopen(MAX);
	assert_true(next(URL, ""));
	assert_string_equal(place.item.name, FIRST);
	assert_string_equal(place.item.id, RUN_A "-3-0");
	assert_string_equal(place.item.url, URL);
	assert_string_equal(place.item.type, "application/json");
	assert_true(is_body(body));
	spool_drop(place.spool, FIRST);
	assert_false(exists(path));
	assert_false(next(URL, ""));
	assert_int_equal(place.warnings.n, 0);
	free(path);
}

TEST(items__of_a_url_come_oldest_first)
{
	static const char *const bodies[] = {
		"{\"window\":2}", "{\"window\":9}", "{\"window\":10}", "{\"window\":11}"
	};
	static const int64_t windows[] = { 11, 2, 10, 9 };
	char after[SPOOL_NAME_MAX] = "";

	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		put(i % 2 ? RUN_A : RUN_B, windows[i], URL);
		put(RUN_A, windows[i], OTHER_URL);
	}
	reopen(MAX);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		assert_true(next(URL, after));
		assert_true(is_body(bodies[i]));
		memcpy(after, place.item.name, sizeof(after));
		if (i == 1)
			spool_drop(place.spool, after);
	}
	assert_false(next(URL, after));
	assert_false(next(URL "x", ""));
	assert_true(next(OTHER_URL, ""));
	assert_string_equal(place.item.url, OTHER_URL);
	assert_int_equal(place.warnings.n, 0);
}

/* Whoever gets the lock must not send what its writer sends as well. */
TEST(item__of_a_run_that_is_still_running_is_left_alone)
{
	struct spool *first = place.spool, *second;

	second = opened(MAX);
	assert_int_equal(put_body(second, RUN_B, 3, URL, "{}", 2), SPOOL_KEPT);
	assert_int_equal(put_body(first, RUN_A, 4, URL, "[]", 2), SPOOL_KEPT);
	spool_free(first);
	place.spool = opened(MAX);
	assert_true(spool_is_ours_to_send(place.spool));
	assert_true(next(URL, ""));
	assert_true(is_body("[]"));
	assert_false(next(URL, place.item.name));
	spool_free(second);
	reopen(MAX);
	assert_true(next(URL, ""));
	assert_true(is_body("{}"));
}

TEST(put__refuses_what_cannot_be_sent)
{
	static const struct {
		const char *id, *url, *type, *run;
		int64_t window;
		size_t part;
	} table[] = {
		{ "", URL, "a/b", RUN_A, 0, 0 }, { "a b", URL, "a/b", RUN_A, 0, 0 },
		{ "a\n", URL, "a/b", RUN_A, 0, 0 }, { "\xC3\xA4", URL, "a/b", RUN_A, 0, 0 },
		{ "a", "", "a/b", RUN_A, 0, 0 }, { "a", "x\r\ny", "a/b", RUN_A, 0, 0 },
		{ "a", "x\xFF", "a/b", RUN_A, 0, 0 }, { "a", URL, "a\r\nb", RUN_A, 0, 0 },
		{ "a", URL, "", RUN_A, 0, 0 }, { "a", URL, "a/b", "no-uuid", 0, 0 },
		{ "a", URL, "a/b", "../../../../../../../../../../../../x", 0, 0 },
		{ "a", URL, "a/b", RUN_A, 100000000, 0 }, { "a", URL, "a/b", RUN_A, -1, 0 },
		{ "a", URL, "a/b", RUN_A, 0, 1000 }
	};
	struct buf url = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		place.item = (struct spool_item){ .id = table[i].id, .url = table[i].url,
			.type = table[i].type, .body = "{}", .len = 2 };
		if (put_item(START, table[i].run, table[i].window, table[i].part) != SPOOL_FAILED)
			fail_msg("row %zu was kept", i);
		assert_null(strstr(place.err.text, "example.com"));
	}
	for (int i = 0; i < 70000; i++)
		buf_char(&url, 'x');
	assert_true(buf_char(&url, '\0'));
	assert_int_equal(put_body(place.spool, RUN_A, 0, url.data, "{}", 2), SPOOL_FAILED);
	assert_int_equal(put_body(place.spool, RUN_A, 0, URL, "{}", SPOOL_ITEM_MAX),
		SPOOL_FAILED);
	reopen(MAX);
	assert_false(next(URL, ""));
	buf_free(&url);
}

TEST(name__has_room_for_the_largest_numbers)
{
	place.item = (struct spool_item){ .id = "a", .url = URL, .type = "a/b", .body = "{}",
		.len = 2 };
	assert_int_equal(put_item(INT64_MAX, RUN_A, 99999999, 999), SPOOL_KEPT);
	assert_string_equal(place.item.name,
		"9999999999999-" RUN_A "-99999999-999-" URL_HASH ".json");
	assert_int_equal(put_item(-1, RUN_A, 0, 0), SPOOL_KEPT);
	reopen(MAX);
	assert_true(next(URL, ""));
	assert_string_equal(place.item.name, NAME("0000000000000", RUN_A, "00000000"));
	assert_true(next(URL, place.item.name));
	assert_false(next(URL, place.item.name));
}

/* --- refused ones ------------------------------------------------------------------- */

TEST(refused_item__is_read_once_a_run)
{
	put(RUN_A, 3, URL);
	put(RUN_A, 4, URL);
	spool_refuse(place.spool, FIRST);
	assert_true(is_there(FIRST ".refused") && !is_there(FIRST));
	assert_false(next(URL, ""));
	reopen(MAX);
	assert_true(next(URL, ""));
	assert_string_equal(place.item.name, FIRST ".refused");
	assert_true(is_body("{\"window\":3}"));
	spool_refuse(place.spool, FIRST ".refused");	/* again */
	assert_true(is_there(FIRST ".refused"));
	assert_true(next(URL, FIRST ".refused"));
	assert_true(is_body("{\"window\":4}"));
	assert_false(next(URL, place.item.name));
	spool_drop(place.spool, FIRST ".refused");
	assert_false(is_there(FIRST ".refused"));
	assert_int_equal(place.warnings.n, 0);
}

TEST(refused_items__make_room_oldest_first)
{
	const size_t size = strlen(HEADER) + 2;
	char long_body[2000] = "{}";
	static const char second[] = NAME("1795485601000", RUN_A, "00000004"),
		third[] = NAME("1795485602000", RUN_A, "00000005");

	reopen(3 * size);
	for (int i = 3; i < 6; i++)
		assert_int_equal(put_body(place.spool, RUN_A, i, URL, "{}", 2), SPOOL_KEPT);
	assert_int_equal(put_body(place.spool, RUN_A, 6, URL, "{}", 2), SPOOL_FULL);
	spool_refuse(place.spool, third);
	spool_refuse(place.spool, second);
	assert_int_equal(put_body(place.spool, RUN_A, 7, URL, long_body, 3 * size),
		SPOOL_FULL);
	assert_int_equal(spool_displaced(place.spool), 0);	/* too long for any room */
	assert_int_equal(put_body(place.spool, RUN_A, 7, URL, "{}", 2), SPOOL_KEPT);
	assert_true(is_there(FIRST));		/* it waits, though it is older */
	assert_false(is_there(NAME("1795485601000", RUN_A, "00000004") ".refused"));
	assert_true(is_there(NAME("1795485602000", RUN_A, "00000005") ".refused"));
	assert_int_equal(spool_displaced(place.spool), 1);
	assert_int_equal(spool_displaced(place.spool), 0);
	assert_int_equal(put_body(place.spool, RUN_A, 8, URL, "{}", 2), SPOOL_KEPT);
	assert_int_equal(put_body(place.spool, RUN_A, 9, URL, "{}", 2), SPOOL_FULL);
	assert_int_equal(spool_displaced(place.spool), 1);
}

TEST(refused_item__that_is_broken_is_renamed)
{
	put_raw(FIRST ".refused", "x", 1);
	reopen(MAX);
	assert_false(next(URL, ""));
	assert_true(is_there(FIRST ".broken"));
	assert_int_equal(place.warnings.n, 1);
}

TEST(sync__works_for_no_item_and_one_and_many)
{
	assert_true(spool_sync(place.spool, &place.err));
	put(RUN_A, 3, URL);
	assert_true(spool_sync(place.spool, &place.err));
	for (int i = 4; i < 9; i++)
		put(RUN_A, i, URL);
	assert_true(spool_sync(place.spool, &place.err));
	put(RUN_A, 9, URL);
	spool_drop(place.spool, place.item.name);
	assert_false(spool_sync(place.spool, &place.err));	/* somebody removed it */
	assert_non_null(strstr(place.err.text, ": a delivery could not be saved: "));
	assert_true(spool_sync(place.spool, &place.err));
}

/* --- crashes ------------------------------------------------------------------------ */

/* What each step of a put leaves where the process ends behind it. */
TEST(crash__leaves_a_whole_item_or_none)
{
	static const char whole[] = HEADER "{\"window\":3}", temp[] = FIRST ".1.tmp";
	static const size_t lengths[] = { 0, 1, sizeof(HEADER) - 1, sizeof(whole) - 1 };

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		put_raw(temp, whole, lengths[i]);
		reopen(MAX);
		assert_false(next(URL, ""));
		assert_true(is_there(temp));		/* its writer may be alive */
		age(temp, 700);
		reopen(MAX);
		assert_false(next(URL, ""));
		assert_false(is_there(temp));
	}
	put_raw(FIRST, whole, sizeof(whole) - 1);
	reopen(MAX);
	assert_true(next(URL, ""));
	assert_true(is_body("{\"window\":3}"));
	assert_int_equal(place.warnings.n, 0);
}

TEST(temporary_files__of_ours_are_removed_with_the_lock)
{
	static const char *const foreign[] = {
		"x.tmp", FIRST ".tmp", FIRST ".1x.tmp", FIRST ".1.tmp~", "lock.1.tmp",
		"A" FIRST ".1.tmp", FIRST ".broken"
	};
	static const char temp[] = FIRST ".77.tmp", ahead[] = FIRST ".78.tmp";
	struct spool *other;

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		put_raw(foreign[i], "x", 1);
		age(foreign[i], 100000);
	}
	put_raw(temp, "x", 1);
	put_raw(ahead, "x", 1);	/* with a time in the future */
	age(temp, 100000);
	age(ahead, -100000);
	other = opened(MAX);
	assert_false(spool_is_ours_to_send(other));
	assert_true(is_there(temp));
	spool_free(other);
	reopen(MAX);
	assert_false(is_there(temp));
	assert_false(is_there(ahead));
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		assert_true(is_there(foreign[i]));
	assert_false(next(URL, ""));
	assert_int_equal(place.warnings.n, 0);
}

/* Killed at any moment, what had been put before is there, and what comes out is whole. */
TEST(kill__loses_no_item_that_was_kept)
{
	char after[SPOOL_NAME_MAX] = "", byte;
	int fds[2], status, kept = 0;
	pid_t child;

	spool_free(place.spool);
	place.spool = NULL;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		place.spool = opened(MAX);
		for (int i = 0; ; i++) {
			put(RUN_A, i, URL);
			if (write(fds[1], "x", 1) != 1)
				abort();
		}
	}
	assert_int_equal(close(fds[1]), 0);
	while (kept < 20 && read(fds[0], &byte, 1) == 1)
		kept++;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	while (read(fds[0], &byte, 1) == 1)
		kept++;
	assert_int_equal(close(fds[0]), 0);
	assert_true(kept >= 20);
	place.spool = opened(MAX);
	assert_true(spool_is_ours_to_send(place.spool));
	for (int i = 0; next(URL, after); i++, kept--) {
		char body[64];

		snprintf(body, sizeof(body), "{\"window\":%d}", i);
		assert_true(is_body(body));
		memcpy(after, place.item.name, sizeof(after));
	}
	assert_true(kept == 0 || kept == -1);	/* -1: kept, and not yet told */
	assert_int_equal(place.warnings.n, 0);
}

/* --- the limit ---------------------------------------------------------------------- */

TEST(spool__can_be_filled_to_the_last_byte)
{
	const size_t header = strlen(HEADER), size = header + 100;
	char body[101];

	memset(body, ' ', sizeof(body));
	memcpy(body, "{}", 2);
	reopen(2 * size);
	assert_int_equal(put_body(place.spool, RUN_A, 3, URL, body, 100), SPOOL_KEPT);
	assert_int_equal(put_body(place.spool, RUN_A, 4, URL, body, 101), SPOOL_FULL);
	assert_int_equal(put_body(place.spool, RUN_A, 4, URL, body, 100), SPOOL_KEPT);
	assert_int_equal(put_body(place.spool, RUN_A, 5, URL, body, 2), SPOOL_FULL);
	spool_drop(place.spool, FIRST);
	assert_int_equal(put_body(place.spool, RUN_A, 5, URL, body, 100), SPOOL_KEPT);
	reopen(2 * size);
	assert_int_equal(put_body(place.spool, RUN_A, 6, URL, body, 2), SPOOL_FULL);
	assert_true(next(URL, ""));
	spool_drop(place.spool, place.item.name);
	assert_int_equal(put_body(place.spool, RUN_A, 6, URL, body, 2), SPOOL_KEPT);
	reopen(0);
	assert_int_equal(put_body(place.spool, RUN_A, 7, URL, body, 2), SPOOL_FULL);
}

TEST(spool__counts_files_of_other_runs)
{
	static const char body[] = "{}";
	const size_t size = strlen(HEADER) + 2;
	struct spool *other;

	reopen(2 * size);
	other = opened(2 * size);
	assert_int_equal(put_body(place.spool, RUN_A, 3, URL, body, 2), SPOOL_KEPT);
	assert_int_equal(put_body(other, RUN_A, 4, URL, body, 2), SPOOL_KEPT);
	assert_int_equal(put_body(other, RUN_A, 5, URL, body, 2), SPOOL_FULL);
	assert_int_equal(put_body(place.spool, RUN_A, 5, URL, body, 2), SPOOL_FULL);
	spool_drop(place.spool, FIRST);
	assert_int_equal(put_body(other, RUN_A, 5, URL, body, 2), SPOOL_KEPT);
	assert_int_equal(put_body(other, RUN_A, 6, URL, body, 2), SPOOL_FULL);
	spool_free(other);
}

TEST(spool__counts_temporary_and_renamed_files)
{
	static const char *const names[] = { FIRST ".1.tmp", FIRST ".broken" };
	char bytes[1000] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		put_raw(names[i], bytes, sizeof(bytes));
		put_raw("foreign", bytes, sizeof(bytes));
		reopen(1100);
		assert_int_equal(put_body(place.spool, RUN_A, 5, URL, "{}", 2), SPOOL_FULL);
		age(names[i], 700);
		assert_int_equal(put_body(place.spool, RUN_A, 5, URL, "{}", 2),
			i == 0 ? SPOOL_KEPT : SPOOL_FULL);
	}
}

TEST(item__put_again_counts_once)
{
	const size_t size = strlen(HEADER) + 2;

	reopen(16 * size);
	for (int i = 0; i < 40; i++)
		assert_int_equal(put_body(place.spool, RUN_A, 3, URL, "{}", 2), SPOOL_KEPT);
	for (int i = 0; i < 15; i++)
		assert_int_equal(put_body(place.spool, RUN_A, 4 + i % 6, URL, "{}", 2),
			SPOOL_KEPT);
}

/* Limits hold for root too: the write is cut, the next one fails. */
TEST(put__that_fails_leaves_no_file)
{
	struct rlimit before, none;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(put_body(place.spool, RUN_A, 3, URL, "{}", 2), SPOOL_FAILED);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_non_null(strstr(place.err.text, strerror(EFBIG)));
	assert_int_equal(temps_in(place.dir), 0);
	assert_false(is_there(FIRST));
	reopen(MAX);
	assert_false(next(URL, ""));
}

TEST(drop__removes_only_items)
{
	static const char *const names[] = {
		"lock", "../outside", FIRST ".broken", FIRST ".1.tmp", ""
	};

	for (size_t i = 1; i + 1 < ARRAY_LEN(names); i++)
		put_raw(names[i], "x", 1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		spool_drop(place.spool, names[i]);
		assert_true(is_there(names[i]));
	}
	spool_drop(place.spool, FIRST);
}

/* --- what is not fit to be sent ----------------------------------------------------- */

#define H(id, url, type) "{\"id\":" id ",\"url\":" url ",\"type\":" type "}\n"
#define Q(text) "\"" text "\""

TEST(file__that_is_broken_is_renamed_once)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{ "", "header" }, { "\n", "header" }, { "{}", "header" }, { "{}\n{}", "header" },
		{ HEADER, "body" }, { HEADER "{}x", "body" }, { HEADER " \n", "body" },
		{ HEADER "{\"a\":", "body" },
		{ H(Q("a"), Q(URL), "7") "{}", "header" },
		{ H("null", Q(URL), Q("a/b")) "{}", "header" },
		{ H(Q(""), Q(URL), Q("a/b")) "{}", "header" },
		{ H(Q("a\\r\\nHost: x"), Q(URL), Q("a/b")) "{}", "header" },
		{ H(Q("a"), Q(URL), Q("a\\nb")) "{}", "header" },
		{ H(Q("a"), Q(URL), Q("a\\u0000b")) "{}", "header" },
		{ H(Q("a"), Q(URL "\\u0000"), Q("a/b")) "{}", "header" },
		{ H(Q("a"), Q(URL), Q("a/b\"") ) "{}", "header" },
		{ H(Q("a") ",\"id\":" Q("b"), Q(URL), Q("a/b")) "{}", "header" },
		{ " " H(Q("a"), Q(URL), Q("a/b") "} x") "{}", "header" },
		{ H(Q("a"), Q(OTHER_URL), Q("a/b")) "{}", "its name does not match its URL" },
		{ "[\"id\",\"url\",\"type\"]\n{}", "header" }, { "id url type\n{}", "header" }
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		put_raw(FIRST, table[i].text, strlen(table[i].text));
		put(RUN_B, 7, URL);
		reopen(MAX);
		lines_free(&place.warnings);
		if (!next(URL, "") || !is_body("{\"window\":7}"))
			fail_msg("%s", table[i].text);
		assert_int_equal(place.warnings.n, 1);
		if (!strstr(place.warnings.v[0], FIRST " is invalid: ")
		    || !strstr(place.warnings.v[0], table[i].why))
			fail_msg("%s: %s", table[i].text, place.warnings.v[0]);
		assert_null(strstr(place.warnings.v[0], "example.com"));
		assert_true(next(URL, ""));
		assert_int_equal(place.warnings.n, 1);
		assert_false(is_there(FIRST));
		assert_true(is_there(FIRST ".broken"));
		reopen(MAX);
		assert_true(next(URL, ""));
		assert_int_equal(place.warnings.n, 1);
	}
}

TEST(header__may_have_members_of_later_versions)
{
	static const char text[] = "{\"url\":\"" URL "\",\"new\":{\"a\":[1]},\"type\":\"a\\/b\","
		"\"id\":\"i\"}\n[]";

	put_raw(FIRST, text, sizeof(text) - 1);
	reopen(MAX);
	assert_true(next(URL, ""));
	assert_string_equal(place.item.type, "a/b");
	assert_int_equal(place.warnings.n, 0);
}

TEST(file__too_large_or_open_to_others_is_renamed)
{
	static const char whole[] = HEADER "{}";
	char *path = path_of(FIRST), *aside = joined(path, ".broken");

	for (int i = 0; i < 6; i++) {
		put_raw(FIRST, whole, sizeof(whole) - 1);
		if (i == 0)
			assert_int_equal(truncate(path, (off_t)SPOOL_ITEM_MAX + 1), 0);
		else if (i == 1)
			assert_int_equal(chmod(path, 0640), 0);
		else if (i == 2)
			assert_int_equal(chown(path, geteuid() ? geteuid() : 12345, (gid_t)-1), 0);
		else
			assert_int_equal(unlink(path), 0);
		if (i == 2 && geteuid())	/* who is not root makes no such file */
			assert_int_equal(chmod(path, 0604), 0);
		if (i == 3)
			assert_int_equal(symlink("/etc/hostname", path), 0);
		else if (i == 4)
			assert_int_equal(mkfifo(path, 0600), 0);
		else if (i == 5)
			assert_int_equal(mkdir(path, 0700), 0);
		reopen(MAX);
		assert_false(next(URL, ""));
		assert_int_equal(place.warnings.n, (size_t)i + 1);
		if (!strstr(place.warnings.v[i], FIRST " is invalid: "))
			fail_msg("%d: %s", i, place.warnings.v[i]);
		assert_false(exists(path));
		assert_int_equal(remove(aside), 0);
	}
	free(path);
	free(aside);
}

/* Want of descriptors says nothing about the file. */
TEST(file__that_cannot_be_read_now_stays_for_a_later_run)
{
	struct rlimit before, none;

	put(RUN_A, 3, URL);
	reopen(MAX);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(next(URL, ""));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(place.warnings.n, 1);
	assert_non_null(strstr(place.warnings.v[0], " is left for a later run: "));
	reopen(MAX);
	assert_true(next(URL, ""));
}

TEST(names__of_other_programs_are_ignored)
{
	static const char *const names[] = {
		"x.json", NAME("179548560000", RUN_A, "00000003"),
		NAME("17954856000000", RUN_A, "00000003"), NAME("179548560000x", RUN_A, "00000003"),
		NAME("1795485600000", "0F0E0D0C-0B0A-4908-8706-050403020100", "00000003"),
		NAME("1795485600000", RUN_A, "0000000 3"), FIRST "x",
		"1795485600000-" RUN_A "-00000003-000-" URL_HASH "_json",
		"1795485600000-" RUN_A "-00000003-000-8BE27C2F.json"
	};
	static const char whole[] = HEADER "{}";

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		put_raw(names[i], whole, sizeof(whole) - 1);
	reopen(2 * sizeof(whole));
	assert_false(next(URL, ""));
	assert_int_equal(place.warnings.n, 0);
	assert_int_equal(put_body(place.spool, RUN_A, 3, URL, "{}", 2), SPOOL_KEPT);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

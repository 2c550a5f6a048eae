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

struct place {
	char *root, *dir;
	struct spool *spool;
	struct err err;
	struct lines warnings;
	struct spool_item item;
	size_t next;		/* of spool_next() */
};

static struct spool *opened(struct place *p, uint64_t max)
{
	struct spool *s = NULL;

	assert_int_equal(spool_open(&s, p->dir, max, &p->err), ST_OK);
	assert_non_null(s);
	return s;
}

static void reopen(struct place *p, uint64_t max)
{
	spool_free(p->spool);
	p->spool = opened(p, max);
}

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->root = tempdir_new();
	p->dir = joined(p->root, "/spool");
	p->spool = opened(p, MAX);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	spool_free(p->spool);
	lines_free(&p->warnings);
	tempdir_free(p->root);
	free(p->dir);
	free(p);
	return 0;
}

static char *path_of(const struct place *p, const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", p->dir, name) > 0);
	return path;
}

static bool is_there(const struct place *p, const char *name)
{
	char *path = path_of(p, name);
	bool there = exists(path);

	free(path);
	return there;
}

static void put_raw(const struct place *p, const char *name, const char *text, size_t len)
{
	char *path = path_of(p, name);

	put_file(path, text, len, 0600);
	free(path);
}

static void age(const struct place *p, const char *name, time_t by_s)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - by_s }, { .tv_nsec = UTIME_OMIT } };
	char *path = path_of(p, name);

	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
	free(path);
}

static enum spool_put put_body(struct place *p, struct spool *s, const char *run,
	int64_t window, const char *url, const char *body, size_t len)
{
	char id[64];

	snprintf(id, sizeof(id), "%s-%lld-0", run, (long long)window);
	p->item = (struct spool_item){ .id = id, .url = url, .type = "application/json",
		.body = body, .len = len };
	return spool_put(s, START + (window - 3) * 1000, run, window, 0, &p->item, &p->err);
}

static void put(struct place *p, const char *run, int64_t window, const char *url)
{
	char body[64];

	snprintf(body, sizeof(body), "{\"window\":%lld}", (long long)window);
	if (put_body(p, p->spool, run, window, url, body, strlen(body)) != SPOOL_KEPT)
		fail_msg("%s", p->err.text);
}

/* after: the item before, or "" for the first one. */
static bool next(struct place *p, const char *url, const char *after)
{
	assert_true(!*after || strcmp(after, p->item.name) == 0);
	if (!*after)
		p->next = 0;
	return spool_next(p->spool, url, &p->next, &p->item, &p->warnings);
}

static bool is_body(const struct place *p, const char *body)
{
	return p->item.len == strlen(body) && memcmp(p->item.body, body, p->item.len) == 0;
}

/* --- opening ------------------------------------------------------------------------ */

TEST(directory__is_made_and_closed_to_others)
{
	struct place *p = *state;

	assert_int_equal(mode_of(p->dir), 0700);
	assert_true(spool_is_ours_to_send(p->spool));
	assert_false(next(p, URL, ""));
}

static void assert_refused(struct place *p, const char *why)
{
	struct spool *s = p->spool;

	assert_int_equal(spool_open(&s, p->dir, MAX, &p->err), ST_USAGE);
	assert_null(s);
	if (strncmp(p->err.text, "--callback-spool '/", 19) != 0 || !strstr(p->err.text, why))
		fail_msg("'%s' is not in: %s", why, p->err.text);
}

TEST(directory__that_is_not_ours_alone_is_refused)
{
	static const mode_t modes[] = { 0777, 0750, 0701, 0740 };
	struct place *p = *state;
	char *real = joined(p->root, "/real");

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(p->dir, modes[i]), 0);
		assert_refused(p, "others may look into it");
		assert_int_equal(mode_of(p->dir), modes[i]);
	}
	assert_int_equal(chmod(p->dir, 0700), 0);
	assert_int_equal(rename(p->dir, real), 0);
	assert_int_equal(symlink(real, p->dir), 0);
	assert_refused(p, "");
	free(p->dir);
	p->dir = joined(p->root, "/spool//");	/* a slash would lead through the link */
	assert_refused(p, "");
	free(p->dir);
	p->dir = joined(p->root, "/no/spool");
	assert_refused(p, "No such file");
	free(real);
}

TEST(directory__of_another_user_is_refused)
{
	struct place *p = *state;

	if (chown(p->dir, 12345, (gid_t)-1) != 0)
		skip();
	assert_refused(p, "it belongs to somebody else");
}

TEST(lock__that_cannot_be_had_at_all_is_an_error)
{
	struct place *p = *state;
	char *lock = path_of(p, "lock");

	assert_int_equal(mode_of(lock), 0600);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(mkdir(lock, 0700), 0);
	assert_refused(p, "directory");
	assert_int_equal(rmdir(lock), 0);
	assert_int_equal(symlink("elsewhere", lock), 0);
	assert_refused(p, "");
	assert_false(is_there(p, "elsewhere"));
	free(lock);
}

TEST(lock__is_held_for_life_and_who_lacks_it_only_writes)
{
	struct place *p = *state;
	struct spool *first = p->spool;

	put(p, RUN_A, 3, URL);
	p->spool = opened(p, MAX);
	assert_false(spool_is_ours_to_send(p->spool));
	assert_false(next(p, URL, ""));
	put(p, RUN_B, 4, URL);
	spool_free(first);
	assert_false(spool_is_ours_to_send(p->spool));
	reopen(p, MAX);
	assert_true(spool_is_ours_to_send(p->spool));
	assert_true(next(p, URL, ""));
	assert_true(next(p, URL, p->item.name));
	assert_false(next(p, URL, p->item.name));
}

/* --- what comes back ---------------------------------------------------------------- */

TEST(item__comes_back_byte_for_byte)
{
	static const char body[] = "{\"a\":\"\xC3\xA4\\n\",\n\"b\":[]}";
	struct place *p = *state;
	char *path = path_of(p, FIRST), text[512];
	FILE *f;
	size_t n;

	p->item = (struct spool_item){ .id = RUN_A "-3-0", .url = URL,
		.type = "application/json", .body = body, .len = sizeof(body) - 1 };
	assert_int_equal(spool_put(p->spool, START, RUN_A, 3, 0, &p->item, &p->err), SPOOL_KEPT);
	assert_string_equal(p->item.name, FIRST);
	assert_int_equal(mode_of(path), 0600);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(n, strlen(HEADER) + sizeof(body) - 1);
	assert_memory_equal(text, HEADER, strlen(HEADER));
	assert_memory_equal(text + strlen(HEADER), body, sizeof(body) - 1);

	assert_false(next(p, URL, ""));		/* not what this run put */
	reopen(p, MAX);
	assert_true(next(p, URL, ""));
	assert_string_equal(p->item.name, FIRST);
	assert_string_equal(p->item.id, RUN_A "-3-0");
	assert_string_equal(p->item.url, URL);
	assert_string_equal(p->item.type, "application/json");
	assert_true(is_body(p, body));
	spool_drop(p->spool, FIRST);
	assert_false(exists(path));
	assert_false(next(p, URL, ""));
	assert_int_equal(p->warnings.n, 0);
	free(path);
}

TEST(items__come_oldest_first_for_their_url)
{
	static const char *const bodies[] = {
		"{\"window\":2}", "{\"window\":9}", "{\"window\":10}", "{\"window\":11}"
	};
	static const int64_t windows[] = { 11, 2, 10, 9 };
	struct place *p = *state;
	char after[SPOOL_NAME_MAX] = "";

	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		put(p, i % 2 ? RUN_A : RUN_B, windows[i], URL);
		put(p, RUN_A, windows[i], OTHER_URL);
	}
	reopen(p, MAX);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		assert_true(next(p, URL, after));
		assert_true(is_body(p, bodies[i]));
		memcpy(after, p->item.name, sizeof(after));
		if (i == 1)
			spool_drop(p->spool, after);
	}
	assert_false(next(p, URL, after));
	assert_false(next(p, URL "x", ""));
	assert_true(next(p, OTHER_URL, ""));
	assert_string_equal(p->item.url, OTHER_URL);
	assert_int_equal(p->warnings.n, 0);
}

/* Whoever gets the lock must not send what its writer sends as well. */
TEST(item__of_a_run_that_goes_on_is_left_to_it)
{
	struct place *p = *state;
	struct spool *first = p->spool, *second;

	second = opened(p, MAX);
	assert_int_equal(put_body(p, second, RUN_B, 3, URL, "{}", 2), SPOOL_KEPT);
	assert_int_equal(put_body(p, first, RUN_A, 4, URL, "[]", 2), SPOOL_KEPT);
	spool_free(first);
	p->spool = opened(p, MAX);
	assert_true(spool_is_ours_to_send(p->spool));
	assert_true(next(p, URL, ""));
	assert_true(is_body(p, "[]"));
	assert_false(next(p, URL, p->item.name));
	spool_free(second);
	reopen(p, MAX);
	assert_true(next(p, URL, ""));
	assert_true(is_body(p, "{}"));
}

TEST(put__refuses_what_could_not_be_sent)
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
	struct place *p = *state;
	struct buf url = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		p->item = (struct spool_item){ .id = table[i].id, .url = table[i].url,
			.type = table[i].type, .body = "{}", .len = 2 };
		if (spool_put(p->spool, START, table[i].run, table[i].window, table[i].part,
			&p->item, &p->err) != SPOOL_FAILED)
			fail_msg("row %zu was kept", i);
		assert_null(strstr(p->err.text, "example.com"));
	}
	for (int i = 0; i < 70000; i++)
		buf_char(&url, 'x');
	assert_true(buf_char(&url, '\0'));
	assert_int_equal(put_body(p, p->spool, RUN_A, 0, url.data, "{}", 2), SPOOL_FAILED);
	assert_int_equal(put_body(p, p->spool, RUN_A, 0, URL, "{}", SPOOL_ITEM_MAX),
		SPOOL_FAILED);
	reopen(p, MAX);
	assert_false(next(p, URL, ""));
	buf_free(&url);
}

TEST(name__holds_the_largest_numbers)
{
	struct place *p = *state;

	p->item = (struct spool_item){ .id = "a", .url = URL, .type = "a/b", .body = "{}",
		.len = 2 };
	assert_int_equal(spool_put(p->spool, INT64_MAX, RUN_A, 99999999, 999, &p->item, &p->err),
		SPOOL_KEPT);
	assert_string_equal(p->item.name,
		"9999999999999-" RUN_A "-99999999-999-" URL_HASH ".json");
	assert_int_equal(spool_put(p->spool, -1, RUN_A, 0, 0, &p->item, &p->err), SPOOL_KEPT);
	reopen(p, MAX);
	assert_true(next(p, URL, ""));
	assert_string_equal(p->item.name, NAME("0000000000000", RUN_A, "00000000"));
	assert_true(next(p, URL, p->item.name));
	assert_false(next(p, URL, p->item.name));
}

/* --- refused ones ------------------------------------------------------------------- */

TEST(refused__item_comes_back_once_a_run)
{
	struct place *p = *state;

	put(p, RUN_A, 3, URL);
	put(p, RUN_A, 4, URL);
	spool_refuse(p->spool, FIRST);
	assert_true(is_there(p, FIRST ".refused") && !is_there(p, FIRST));
	assert_false(next(p, URL, ""));
	reopen(p, MAX);
	assert_true(next(p, URL, ""));
	assert_string_equal(p->item.name, FIRST ".refused");
	assert_true(is_body(p, "{\"window\":3}"));
	spool_refuse(p->spool, FIRST ".refused");	/* again */
	assert_true(is_there(p, FIRST ".refused"));
	assert_true(next(p, URL, FIRST ".refused"));
	assert_true(is_body(p, "{\"window\":4}"));
	assert_false(next(p, URL, p->item.name));
	spool_drop(p->spool, FIRST ".refused");
	assert_false(is_there(p, FIRST ".refused"));
	assert_int_equal(p->warnings.n, 0);
}

TEST(refused__items_make_room_the_oldest_first)
{
	const size_t size = strlen(HEADER) + 2;
	char long_body[2000] = "{}";
	static const char second[] = NAME("1795485601000", RUN_A, "00000004"),
		third[] = NAME("1795485602000", RUN_A, "00000005");
	struct place *p = *state;

	reopen(p, 3 * size);
	for (int i = 3; i < 6; i++)
		assert_int_equal(put_body(p, p->spool, RUN_A, i, URL, "{}", 2), SPOOL_KEPT);
	assert_int_equal(put_body(p, p->spool, RUN_A, 6, URL, "{}", 2), SPOOL_FULL);
	spool_refuse(p->spool, third);
	spool_refuse(p->spool, second);
	assert_int_equal(put_body(p, p->spool, RUN_A, 7, URL, long_body, 3 * size),
		SPOOL_FULL);
	assert_int_equal(spool_displaced(p->spool), 0);	/* too long for any room */
	assert_int_equal(put_body(p, p->spool, RUN_A, 7, URL, "{}", 2), SPOOL_KEPT);
	assert_true(is_there(p, FIRST));		/* it waits, though it is older */
	assert_false(is_there(p, NAME("1795485601000", RUN_A, "00000004") ".refused"));
	assert_true(is_there(p, NAME("1795485602000", RUN_A, "00000005") ".refused"));
	assert_int_equal(spool_displaced(p->spool), 1);
	assert_int_equal(spool_displaced(p->spool), 0);
	assert_int_equal(put_body(p, p->spool, RUN_A, 8, URL, "{}", 2), SPOOL_KEPT);
	assert_int_equal(put_body(p, p->spool, RUN_A, 9, URL, "{}", 2), SPOOL_FULL);
	assert_int_equal(spool_displaced(p->spool), 1);
}

TEST(refused__item_that_is_broken_is_set_aside)
{
	struct place *p = *state;

	put_raw(p, FIRST ".refused", "x", 1);
	reopen(p, MAX);
	assert_false(next(p, URL, ""));
	assert_true(is_there(p, FIRST ".broken"));
	assert_int_equal(p->warnings.n, 1);
}

TEST(sync__of_one_or_of_many_or_of_none)
{
	struct place *p = *state;

	assert_true(spool_sync(p->spool, &p->err));
	put(p, RUN_A, 3, URL);
	assert_true(spool_sync(p->spool, &p->err));
	for (int i = 4; i < 9; i++)
		put(p, RUN_A, i, URL);
	assert_true(spool_sync(p->spool, &p->err));
	put(p, RUN_A, 9, URL);
	spool_drop(p->spool, p->item.name);
	assert_false(spool_sync(p->spool, &p->err));	/* somebody removed it */
	assert_non_null(strstr(p->err.text, "cannot be spooled"));
	assert_true(spool_sync(p->spool, &p->err));
}

/* --- crashes ------------------------------------------------------------------------ */

/* What each step of a put leaves where the process ends behind it. */
TEST(crash__leaves_all_of_an_item_or_nothing)
{
	static const char whole[] = HEADER "{\"window\":3}", temp[] = FIRST ".1.tmp";
	static const size_t lengths[] = { 0, 1, sizeof(HEADER) - 1, sizeof(whole) - 1 };
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		put_raw(p, temp, whole, lengths[i]);
		reopen(p, MAX);
		assert_false(next(p, URL, ""));
		assert_true(is_there(p, temp));		/* its writer may be alive */
		age(p, temp, 700);
		reopen(p, MAX);
		assert_false(next(p, URL, ""));
		assert_false(is_there(p, temp));
	}
	put_raw(p, FIRST, whole, sizeof(whole) - 1);
	reopen(p, MAX);
	assert_true(next(p, URL, ""));
	assert_true(is_body(p, "{\"window\":3}"));
	assert_int_equal(p->warnings.n, 0);
}

TEST(temporaries__go_by_the_locks_holder_and_ours_alone)
{
	static const char *const foreign[] = {
		"x.tmp", FIRST ".tmp", FIRST ".1x.tmp", FIRST ".1.tmp~", "lock.1.tmp",
		"A" FIRST ".1.tmp", FIRST ".broken"
	};
	static const char temp[] = FIRST ".77.tmp", ahead[] = FIRST ".78.tmp";
	struct place *p = *state;
	struct spool *other;

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		put_raw(p, foreign[i], "x", 1);
		age(p, foreign[i], 100000);
	}
	put_raw(p, temp, "x", 1);
	put_raw(p, ahead, "x", 1);	/* from a clock that was set since */
	age(p, temp, 100000);
	age(p, ahead, -100000);
	other = opened(p, MAX);
	assert_false(spool_is_ours_to_send(other));
	assert_true(is_there(p, temp));
	spool_free(other);
	reopen(p, MAX);
	assert_false(is_there(p, temp));
	assert_false(is_there(p, ahead));
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		assert_true(is_there(p, foreign[i]));
	assert_false(next(p, URL, ""));
	assert_int_equal(p->warnings.n, 0);
}

/* Killed at any moment, what had been put before is there, and what comes out is whole. */
TEST(kill__loses_nothing_that_was_kept)
{
	struct place *p = *state;
	char after[SPOOL_NAME_MAX] = "", byte;
	int fds[2], status, kept = 0;
	pid_t child;

	spool_free(p->spool);
	p->spool = NULL;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		p->spool = opened(p, MAX);
		for (int i = 0; ; i++) {
			put(p, RUN_A, i, URL);
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
	p->spool = opened(p, MAX);
	assert_true(spool_is_ours_to_send(p->spool));
	for (int i = 0; next(p, URL, after); i++, kept--) {
		char body[64];

		snprintf(body, sizeof(body), "{\"window\":%d}", i);
		assert_true(is_body(p, body));
		memcpy(after, p->item.name, sizeof(after));
	}
	assert_true(kept == 0 || kept == -1);	/* -1: kept, and not yet told */
	assert_int_equal(p->warnings.n, 0);
}

/* --- the limit ---------------------------------------------------------------------- */

TEST(spool__is_full_at_the_last_byte)
{
	struct place *p = *state;
	const size_t header = strlen(HEADER), size = header + 100;
	char body[101];

	memset(body, ' ', sizeof(body));
	memcpy(body, "{}", 2);
	reopen(p, 2 * size);
	assert_int_equal(put_body(p, p->spool, RUN_A, 3, URL, body, 100), SPOOL_KEPT);
	assert_int_equal(put_body(p, p->spool, RUN_A, 4, URL, body, 101), SPOOL_FULL);
	assert_int_equal(put_body(p, p->spool, RUN_A, 4, URL, body, 100), SPOOL_KEPT);
	assert_int_equal(put_body(p, p->spool, RUN_A, 5, URL, body, 2), SPOOL_FULL);
	spool_drop(p->spool, FIRST);
	assert_int_equal(put_body(p, p->spool, RUN_A, 5, URL, body, 100), SPOOL_KEPT);
	reopen(p, 2 * size);
	assert_int_equal(put_body(p, p->spool, RUN_A, 6, URL, body, 2), SPOOL_FULL);
	assert_true(next(p, URL, ""));
	spool_drop(p->spool, p->item.name);
	assert_int_equal(put_body(p, p->spool, RUN_A, 6, URL, body, 2), SPOOL_KEPT);
	reopen(p, 0);
	assert_int_equal(put_body(p, p->spool, RUN_A, 7, URL, body, 2), SPOOL_FULL);
}

TEST(spool__counts_what_others_put_and_take)
{
	static const char body[] = "{}";
	const size_t size = strlen(HEADER) + 2;
	struct place *p = *state;
	struct spool *other;

	reopen(p, 2 * size);
	other = opened(p, 2 * size);
	assert_int_equal(put_body(p, p->spool, RUN_A, 3, URL, body, 2), SPOOL_KEPT);
	assert_int_equal(put_body(p, other, RUN_A, 4, URL, body, 2), SPOOL_KEPT);
	assert_int_equal(put_body(p, other, RUN_A, 5, URL, body, 2), SPOOL_FULL);
	assert_int_equal(put_body(p, p->spool, RUN_A, 5, URL, body, 2), SPOOL_FULL);
	spool_drop(p->spool, FIRST);
	assert_int_equal(put_body(p, other, RUN_A, 5, URL, body, 2), SPOOL_KEPT);
	assert_int_equal(put_body(p, other, RUN_A, 6, URL, body, 2), SPOOL_FULL);
	spool_free(other);
}

TEST(spool__counts_temporaries_and_what_is_set_aside)
{
	static const char *const names[] = { FIRST ".1.tmp", FIRST ".broken" };
	char bytes[1000] = { 0 };
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		put_raw(p, names[i], bytes, sizeof(bytes));
		put_raw(p, "foreign", bytes, sizeof(bytes));
		reopen(p, 1100);
		assert_int_equal(put_body(p, p->spool, RUN_A, 5, URL, "{}", 2), SPOOL_FULL);
		age(p, names[i], 700);
		assert_int_equal(put_body(p, p->spool, RUN_A, 5, URL, "{}", 2),
			i == 0 ? SPOOL_KEPT : SPOOL_FULL);
	}
}

TEST(item__put_again_counts_once)
{
	const size_t size = strlen(HEADER) + 2;
	struct place *p = *state;

	reopen(p, 16 * size);
	for (int i = 0; i < 40; i++)
		assert_int_equal(put_body(p, p->spool, RUN_A, 3, URL, "{}", 2), SPOOL_KEPT);
	for (int i = 0; i < 15; i++)
		assert_int_equal(put_body(p, p->spool, RUN_A, 4 + i % 6, URL, "{}", 2),
			SPOOL_KEPT);
}

/* Limits hold for root too: the write is cut, the next one fails. */
TEST(put__that_fails_leaves_nothing)
{
	struct rlimit before, none;
	struct place *p = *state;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(put_body(p, p->spool, RUN_A, 3, URL, "{}", 2), SPOOL_FAILED);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_non_null(strstr(p->err.text, strerror(EFBIG)));
	assert_int_equal(temps_in(p->dir), 0);
	assert_false(is_there(p, FIRST));
	reopen(p, MAX);
	assert_false(next(p, URL, ""));
}

TEST(drop__takes_items_alone)
{
	static const char *const names[] = {
		"lock", "../outside", FIRST ".broken", FIRST ".1.tmp", ""
	};
	struct place *p = *state;

	for (size_t i = 1; i + 1 < ARRAY_LEN(names); i++)
		put_raw(p, names[i], "x", 1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		spool_drop(p->spool, names[i]);
		assert_true(is_there(p, names[i]));
	}
	spool_drop(p->spool, FIRST);
}

/* --- what is not fit to be sent ----------------------------------------------------- */

#define H(id, url, type) "{\"id\":" id ",\"url\":" url ",\"type\":" type "}\n"
#define Q(text) "\"" text "\""

TEST(file__that_is_broken_is_set_aside_once)
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
		{ H(Q("a"), Q(OTHER_URL), Q("a/b")) "{}", "its name is not that of its URL" },
		{ "[\"id\",\"url\",\"type\"]\n{}", "header" }, { "id url type\n{}", "header" }
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		put_raw(p, FIRST, table[i].text, strlen(table[i].text));
		put(p, RUN_B, 7, URL);
		reopen(p, MAX);
		lines_free(&p->warnings);
		if (!next(p, URL, "") || !is_body(p, "{\"window\":7}"))
			fail_msg("%s", table[i].text);
		assert_int_equal(p->warnings.n, 1);
		if (!strstr(p->warnings.v[0], FIRST " is set aside: ")
		    || !strstr(p->warnings.v[0], table[i].why))
			fail_msg("%s: %s", table[i].text, p->warnings.v[0]);
		assert_null(strstr(p->warnings.v[0], "example.com"));
		assert_true(next(p, URL, ""));
		assert_int_equal(p->warnings.n, 1);
		assert_false(is_there(p, FIRST));
		assert_true(is_there(p, FIRST ".broken"));
		reopen(p, MAX);
		assert_true(next(p, URL, ""));
		assert_int_equal(p->warnings.n, 1);
	}
}

TEST(header__may_have_members_of_later_versions)
{
	static const char text[] = "{\"url\":\"" URL "\",\"new\":{\"a\":[1]},\"type\":\"a\\/b\","
		"\"id\":\"i\"}\n[]";
	struct place *p = *state;

	put_raw(p, FIRST, text, sizeof(text) - 1);
	reopen(p, MAX);
	assert_true(next(p, URL, ""));
	assert_string_equal(p->item.type, "a/b");
	assert_int_equal(p->warnings.n, 0);
}

TEST(file__over_the_limit_or_not_ours_alone_is_set_aside)
{
	static const char whole[] = HEADER "{}";
	struct place *p = *state;
	char *path = path_of(p, FIRST), *aside = joined(path, ".broken");

	for (int i = 0; i < 6; i++) {
		put_raw(p, FIRST, whole, sizeof(whole) - 1);
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
		reopen(p, MAX);
		assert_false(next(p, URL, ""));
		assert_int_equal(p->warnings.n, (size_t)i + 1);
		if (!strstr(p->warnings.v[i], FIRST " is set aside: "))
			fail_msg("%d: %s", i, p->warnings.v[i]);
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
	struct place *p = *state;

	put(p, RUN_A, 3, URL);
	reopen(p, MAX);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(next(p, URL, ""));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(p->warnings.n, 1);
	assert_non_null(strstr(p->warnings.v[0], " is left for a later run: "));
	reopen(p, MAX);
	assert_true(next(p, URL, ""));
}

TEST(names__that_are_not_ours_are_not_looked_at)
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
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		put_raw(p, names[i], whole, sizeof(whole) - 1);
	reopen(p, 2 * sizeof(whole));
	assert_false(next(p, URL, ""));
	assert_int_equal(p->warnings.n, 0);
	assert_int_equal(put_body(p, p->spool, RUN_A, 3, URL, "{}", 2), SPOOL_KEPT);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

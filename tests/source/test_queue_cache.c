/* The names' cache on a real file system: what is kept, for how long, what is believed. */
#include "source/queue_cache.h"
#include "tests/support/queue_pages.h"
#include "tests/support/tempdir.h"
#include "util/buf.h"
#include "util/private_dir.h"

#define HOST "https://api.example.com"
#define NOW INT64_C(1800000000000000)	/* µs */
#define S INT64_C(1000000)

static const struct queue_cache_key key = { HOST, "client" };

static struct place {
	char *root, *dir, *file;	/* XDG_CACHE_HOME, the directory in it, the names' file */
	struct queue_list list;
	struct lines warnings;
} place;

static int set_up(void **state __attribute__((unused)))
{
	char name[PRIVATE_DIR_NAME_LEN + 1];

	memset(&place, 0, sizeof(place));
	place.root = tempdir_new();
	place.dir = joined(place.root, "/gsqstat");
	assert_true(private_dir_name(key.base_url, key.client_id, name));
	/* beside the token */
	assert_true(asprintf(&place.file, "%s/%s.names", place.dir, name) > 0);
	return 0;
}

static int tear_down(void **state __attribute__((unused)))
{
	queue_list_free(&list);
	queue_list_free(&place.list);
	lines_free(&place.warnings);
	tempdir_free(place.root);
	free(place.dir);
	free(place.file);
	return 0;
}

/* Keeps the queues of a page's entities. */
static void store(const char *entities)
{
	char *text = NULL;

	assert_true(asprintf(&text, "{\"entities\":[%s]}", entities) > 0);
	read_list(text);
	queue_cache_store(&key, &list, NOW, &place.warnings);
	free(text);
}

static bool loads(const char *pattern, int64_t now_us)
{
	bool good;

	queue_list_free(&place.list);
	good = queue_cache_load(&key, &pattern, pattern != NULL, now_us, &place.list,
		&place.warnings);
	assert_true(good || place.list.n == 0);
	return good;
}

/* --- what is kept ------------------------------------------------------------------- */

TEST(list__is_cached_for_an_hour)
{
	static const char full[] = QUEUE("0007", "X \\\"y\\\"") ",{\"id\":\"" ID("0001")
		"\",\"name\":\"K\\u00d6LN \\ud83d\\ude00\",\"division\":{\"id\":\"d1\",\"name\":"
		"\"Home\"},\"mediaSettings\":{\"message\":{},\"call\":{}}},{\"id\":\"" ID("0003")
		"\"}";
	struct buf out = { 0 };

	assert_false(loads("x*", NOW));
	store(full);
	assert_int_equal(mode_of(place.file), 0600);
	assert_int_equal(mode_of(place.dir), 0700);
	assert_true(loads("x*", NOW));
	queue_list_put(&out, &place.list, &(struct list_conf){ .format = FORMAT_NDJSON });
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data,
		"{\"id\":\"" ID("0003") "\",\"name\":\"\",\"divisionId\":null,"
		"\"divisionName\":null,\"mediaTypes\":[]}\n"
		"{\"id\":\"" ID("0001") "\",\"name\":\"K\303\226LN \360\237\230\200\","
		"\"divisionId\":\"d1\",\"divisionName\":\"Home\","
		"\"mediaTypes\":[\"call\",\"message\"]}\n"
		"{\"id\":\"" ID("0007") "\",\"name\":\"X \\\"y\\\"\",\"divisionId\":null,"
		"\"divisionName\":null,\"mediaTypes\":[]}\n");
	assert_true(loads(NULL, NOW + 3599 * S));
	assert_false(loads("x*", NOW + 3600 * S));
	assert_false(loads("x*", NOW - S));	/* from a clock that was ahead */
	assert_int_equal(place.warnings.n, 0);
	buf_free(&out);
}

/* A DEL is one byte in the API's JSON and six in ours. */
TEST(name__that_is_longer_in_the_file_is_read)
{
	char name[1025], entity[1200];

	memset(name, 0x7f, sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(entity, sizeof(entity), QUEUE("0001", "%s"), name);
	store(entity);
	assert_true(loads("*", NOW));
	assert_int_equal(place.list.n, 1);
	assert_string_equal(place.list.v[0].name, name);
	assert_int_equal(place.warnings.n, 0);
}

TEST(list__that_lacks_a_name_is_not_used)
{
	store(QUEUE("0001", "one") "," QUEUE("0002", "two") "," QUEUE("0003", "Two"));
	assert_true(loads("t*", NOW));
	assert_false(loads("two", NOW));	/* one name, two queues */
	assert_false(loads("new", NOW));
	store(QUEUE("0009", "new"));
	assert_true(loads("new", NOW));
	assert_false(loads("one", NOW));
	assert_int_equal(place.warnings.n, 0);
}

TEST(list__that_is_old_is_good_for_completion)
{
	store(QUEUE("0002", "two") "," QUEUE("0001", "one"));
	assert_false(loads(NULL, NOW + 2 * 3600 * S));
	queue_cache_load_old(&key, &place.list);
	assert_int_equal(place.list.n, 2);
	assert_string_equal(place.list.v[0].name, "one");
}

TEST(list__belongs_to_one_host_and_client)
{
	static const struct queue_cache_key others[] = {
		{ HOST, "other" }, { HOST ":444", "client" }
	};

	store(QUEUE("0001", "one"));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(queue_cache_load(&others[i], NULL, 0, NOW, &place.list,
			&place.warnings));
	assert_int_equal(place.warnings.n, 0);
}

/* --- what is believed --------------------------------------------------------------- */

#define KEPT(schema, host, at) "{\"schema\":" schema ",\"host\":" host ",\"at_ms\":" at \
	",\"entities\":[" QUEUE("0001", "one") "]}\n"
#define KEPT_GOOD KEPT("\"gsqstat-names/1\"", "\"" HOST "\"", "1799999999999")

TEST(file__that_is_broken_or_not_ours_is_ignored)
{
	static const struct {
		const char *text;
		size_t mode, warnings;
		bool good;
	} table[] = {
		{ KEPT_GOOD, 0600, 0, true }, { KEPT_GOOD, 0640, 1, false },
		{ KEPT_GOOD, 0602, 1, false }, { "", 0600, 1, false }, { "{", 0600, 1, false },
		{ KEPT_GOOD "x", 0600, 1, false }, { "{\"entities\":[]}", 0600, 0, false },
		{ KEPT("\"gsqstat-names/2\"", "\"" HOST "\"", "1799999999999"), 0600, 0, false },
		{ KEPT("\"gsqstat-names/1\"", "\"https://x\"", "1799999999999"), 0600, 0, false },
		{ KEPT("7", "\"" HOST "\"", "1799999999999"), 0600, 0, false },
		{ KEPT("\"gsqstat-names/1\"", "\"" HOST "\"", "\"1799999999\""), 0600, 0, false },
		{ KEPT("\"gsqstat-names/1\"", "\"" HOST "\"", "1e999"), 0600, 0, false }
	};

	store(QUEUE("0001", "one"));
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		put_file(place.file, table[i].text, strlen(table[i].text), (mode_t)table[i].mode);
		if (loads("one", NOW) != table[i].good || place.warnings.n != table[i].warnings)
			fail_msg("%s, mode %zo: %zu warnings", table[i].text, table[i].mode,
				place.warnings.n);
		lines_free(&place.warnings);
		store(QUEUE("0001", "one"));
		assert_true(loads("one", NOW));
	}
	assert_int_equal(chmod(place.dir, 0755), 0);
	assert_false(loads("one", NOW));
}

TEST(file__that_is_a_link_or_pipe_is_ignored_and_replaced)
{
	char *target = joined(place.file, ".target");

	store(QUEUE("0001", "one"));
	assert_int_equal(rename(place.file, target), 0);
	assert_int_equal(symlink(target, place.file), 0);
	assert_false(loads("one", NOW));
	assert_int_equal(unlink(place.file), 0);
	assert_int_equal(mkfifo(place.file, 0600), 0);
	assert_false(loads("one", NOW));
	assert_int_equal(place.warnings.n, 2);
	store(QUEUE("0001", "one"));
	assert_true(loads("one", NOW));
	free(target);
}

TEST(file__that_cannot_be_written_is_one_warning)
{
	static const char *const nowhere[] = { "/dev/null", "/proc/no-such-place" };
	char *in_it = joined(place.file, "/x");

	assert_int_equal(mkdir(place.dir, 0700), 0);
	assert_int_equal(mkdir(place.file, 0700), 0);
	assert_int_equal(mkdir(in_it, 0700), 0);
	store(QUEUE("0001", "one"));
	assert_int_equal(place.warnings.n, 1);
	for (size_t i = 0; i < ARRAY_LEN(nowhere); i++) {
		assert_int_equal(setenv("XDG_CACHE_HOME", nowhere[i], 1), 0);
		store(QUEUE("0001", "one"));
		assert_int_equal(place.warnings.n, i + 2);
		assert_false(loads("one", NOW));
	}
	for (size_t i = 0; i < place.warnings.n; i++)
		assert_non_null(strstr(place.warnings.v[i],
			"queue names are not cached in /"));
	free(in_it);
}

TEST(list__that_another_run_is_writing_is_not_written)
{
	bool held;
	int dir, lock;

	store(QUEUE("0001", "One"));
	dir = private_dir_open(place.dir);
	lock = private_dir_lock(dir, strrchr(place.file, '/') + 1, &held);
	assert_true(lock >= 0);
	store(QUEUE("0002", "Two"));
	assert_int_equal(place.warnings.n, 0);
	assert_true(loads("One", NOW));
	close(lock);
	store(QUEUE("0002", "Two"));
	assert_true(loads("Two", NOW));
	assert_int_equal(place.warnings.n, 0);
	close(dir);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

/* The token cache on a real file system: what is kept, what is believed, who may ask. */
#include <cjson/cJSON.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/token_cache.h"
#include "tests/support/tempdir.h"
#include "util/private_dir.h"

#define HOST "https://api.example.com"
#define CLIENT "client"
#define LATER INT64_C(4102444800000)	/* the year 2100, in ms */

static struct place {
	char *root, *dir, *file;	/* XDG_CACHE_HOME, the directory in it, the token's file */
	struct token_cache *cache;
	struct lines warnings;
} place;

static char *token_file(const char *dir)
{
	char *path = NULL, name[PRIVATE_DIR_NAME_LEN + 1];

	assert_true(private_dir_name(HOST, CLIENT, name));
	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	return path;
}

static int set_up(void **state __attribute__((unused)))
{
	memset(&place, 0, sizeof(place));
	place.root = tempdir_new();
	place.dir = joined(place.root, "/gsqstat");
	place.cache = token_cache_open(HOST, CLIENT, &place.warnings);
	place.file = token_file(place.dir);
	assert_non_null(place.cache);
	assert_int_equal(place.warnings.n, 0);
	return 0;
}

static int tear_down(void **state __attribute__((unused)))
{
	token_cache_close(place.cache);
	lines_free(&place.warnings);
	tempdir_free(place.root);
	free(place.dir);
	free(place.file);
	return 0;
}

static void write_token(const char *token)
{
	assert_true(token_cache_write(place.cache, token, LATER));
	assert_int_equal(place.warnings.n, 0);
}

static void assert_holds(const char *token)
{
	struct token_cache_entry t;
	bool found = token_cache_read(place.cache, 0, &t);

	assert_int_equal(found, token != NULL);
	if (token)
		assert_string_equal(t.token, token);
	token_cache_entry_free(&t);
}

/* --- what is kept ------------------------------------------------------------------- */

TEST(token__is_read_back_unchanged)
{
	struct token_cache_entry t;

	assert_holds(NULL);
	write_token("t-._~+/=\\\"!");
	assert_true(token_cache_read(place.cache, LATER - 1, &t));
	assert_string_equal(t.token, "t-._~+/=\\\"!");
	assert_true(t.expires_ms == LATER);
	token_cache_entry_free(&t);
	assert_null(t.token);
	assert_int_equal(place.warnings.n, 0);
}

TEST(token__that_has_expired_is_ignored_without_a_warning)
{
	struct token_cache_entry t;

	write_token("token");
	assert_false(token_cache_read(place.cache, LATER, &t));
	assert_null(t.token);
	assert_int_equal(place.warnings.n, 0);
	assert_holds("token");
}

TEST(files__have_mode_600_and_no_temporaries_stay)
{
	mode_t before = umask(0);
	char *temp;

	write_token("token");
	assert_true(token_cache_lock(place.cache));
	umask(before);
	assert_int_equal(mode_of(place.dir), 0700);
	assert_int_equal(mode_of(place.file), 0600);
	assert_int_equal(temps_in(place.dir), 0);
	temp = joined(place.file, ".lock");
	assert_int_equal(mode_of(temp), 0600);
	free(temp);
}

TEST(file__belongs_to_one_host_and_client)
{
	static const char *const others[][2] = {
		{ HOST, "other" }, { HOST ":444", CLIENT }, { HOST "\n", CLIENT },
	};

	write_token("token");
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct token_cache *c = token_cache_open(others[i][0], others[i][1],
			&place.warnings);
		struct token_cache_entry t;

		assert_non_null(c);
		assert_false(token_cache_read(c, 0, &t));
		token_cache_close(c);
	}
	assert_int_equal(place.warnings.n, 0);
}

TEST(write__that_fails_leaves_the_old_token_and_one_warning)
{
	struct rlimit before, none;

	write_token("old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 10;	/* holds for root too: the write is cut, the next one fails */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_false(token_cache_write(place.cache, "new", LATER));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(place.warnings.n, 1);
	assert_null(strstr(place.warnings.v[0], "new"));
	assert_holds("old");
	assert_int_equal(temps_in(place.dir), 0);
}

TEST(drop__removes_only_this_token)
{
	token_cache_drop(place.cache, "nothing is there");
	write_token("newer");
	token_cache_drop(place.cache, "newe");
	token_cache_drop(place.cache, "older");
	assert_holds("newer");
	token_cache_drop(place.cache, "newer");
	assert_false(exists(place.file));
}

/* --- where -------------------------------------------------------------------------- */

static struct token_cache *open_at(const char *xdg, const char *home, struct lines *warnings)
{
	if (xdg)
		setenv("XDG_CACHE_HOME", xdg, 1);
	else
		unsetenv("XDG_CACHE_HOME");
	if (home)
		setenv("HOME", home, 1);
	else
		unsetenv("HOME");
	return token_cache_open(HOST, CLIENT, warnings);
}

TEST(directory__is_made_with_its_parents)
{
	static const char *const no_xdg[] = { NULL, "", "relative/path" };
	char *home = joined(place.root, "/a/home"), *dir = joined(home, "/.cache/gsqstat");

	for (size_t i = 0; i < ARRAY_LEN(no_xdg); i++) {
		struct token_cache *c = open_at(no_xdg[i], home, &place.warnings);

		assert_non_null(c);
		token_cache_close(c);
		assert_int_equal(mode_of(dir), 0700);
		assert_int_equal(rmdir(dir), 0);
	}
	assert_int_equal(place.warnings.n, 0);
	free(dir);
	free(home);
}

TEST(directory__that_cannot_be_made_is_one_warning)
{
	static const char *const bad[][2] = {
		{ NULL, NULL }, { "relative", "relative" }, { "", "" }, { "/dev/null", NULL },
		{ "/proc/no-such-place", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_null(open_at(bad[i][0], bad[i][1], &place.warnings));
		assert_int_equal(place.warnings.n, i + 1);
	}
}

TEST(path__is_returned_without_making_the_directory)
{
	char *elsewhere = joined(place.root, "/elsewhere"), *path;

	setenv("XDG_CACHE_HOME", elsewhere, 1);
	path = private_dir_path();
	assert_non_null(path);
	assert_int_equal(strncmp(path, elsewhere, strlen(elsewhere)), 0);
	assert_null(strstr(place.file, CLIENT));
	assert_false(exists(elsewhere));
	free(path);
	free(elsewhere);
}

/* --- what is believed --------------------------------------------------------------- */

/* A bad file is renamed with one warning; then the cache works again. */
static void assert_set_aside(const char *what)
{
	char *bad = joined(place.file, ".bad");
	struct token_cache_entry t;

	if (token_cache_read(place.cache, 0, &t) || t.token)
		fail_msg("believed: %s", what);
	if (place.warnings.n != 1 || exists(place.file) || !exists(bad))
		fail_msg("not set aside: %s", what);
	assert_null(strstr(place.warnings.v[0], "stolen"));
	lines_free(&place.warnings);
	write_token("fresh");
	assert_holds("fresh");
	assert_int_equal(unlink(place.file), 0);
	assert_int_equal(remove(bad), 0);
	free(bad);
}

#define FILE_TEXT(schema, host, token, expires) "{\"schema\":" schema ",\"host\":" host \
	",\"access_token\":" token ",\"expires_ms\":" expires "}"
#define GOOD_TEXT FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"stolen\"", \
	"4102444800000")

TEST(file__in_another_format_is_renamed)
{
	static const char *const bad[] = {
		"", "{", "[]\n", "null\n", "stolen\n", GOOD_TEXT, GOOD_TEXT "\n\n", GOOD_TEXT "\n{",
		GOOD_TEXT " x\n", "[" GOOD_TEXT "]\n",
		FILE_TEXT("\"gsqstat-token/2\"", "\"" HOST "\"", "\"stolen\"",
			"4102444800000") "\n",
		FILE_TEXT("1", "\"" HOST "\"", "\"stolen\"", "4102444800000") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"https://evil\"", "\"stolen\"", "1") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "null", "\"stolen\"", "4102444800000") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"\"", "4102444800000") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "7", "4102444800000") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"a b\"", "4102444800000") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"a\\r\\nb\"",
			"4102444800000") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"\303\251\"",
			"4102444800000") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"stolen\"", "\"9\"") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"stolen\"", "0") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"stolen\"", "-1") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"stolen\"", "1.5") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"stolen\"", "1e300") "\n",
		FILE_TEXT("\"gsqstat-token/1\"", "\"" HOST "\"", "\"stolen\"", "null") "\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		put_file(place.file, bad[i], strlen(bad[i]), 0600);
		assert_set_aside(bad[i]);
	}
	put_file(place.file, GOOD_TEXT "\n", strlen(GOOD_TEXT) + 1, 0600);
	assert_holds("stolen");	/* so it was each fault alone */
}

TEST(file__that_is_too_long_is_renamed)
{
	char *text = malloc(65537);

	assert_non_null(text);
	memset(text, ' ', 65537);
	memcpy(text, GOOD_TEXT, strlen(GOOD_TEXT));
	text[65536] = '\n';
	put_file(place.file, text, 65537, 0600);
	assert_set_aside("65,537 bytes");
	free(text);
}

TEST(token__that_is_too_long_is_ignored)
{
	char *token = malloc(16386);

	assert_non_null(token);
	memset(token, 'x', 16385);
	token[16385] = '\0';
	write_token(token);
	assert_set_aside("a token of 16,385 bytes");
	token[16384] = '\0';
	write_token(token);
	assert_holds(token);
	free(token);
}

TEST(file__open_to_others_is_renamed)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0601, 0666 };

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		put_file(place.file, GOOD_TEXT "\n", strlen(GOOD_TEXT) + 1, modes[i]);
		assert_set_aside("an open mode");
	}
}

TEST(file__of_another_user_is_renamed)
{
	put_file(place.file, GOOD_TEXT "\n", strlen(GOOD_TEXT) + 1, 0600);
	if (chown(place.file, 12345, (gid_t)-1) != 0)
		skip();
	assert_set_aside("a foreign file");
}

TEST(file__that_is_a_pipe_or_link_is_renamed_without_blocking)
{
	char *target = joined(place.root, "/target");

	put_file(target, GOOD_TEXT "\n", strlen(GOOD_TEXT) + 1, 0600);
	assert_int_equal(symlink(target, place.file), 0);
	assert_set_aside("a link");
	assert_true(exists(target));
	assert_int_equal(mkfifo(place.file, 0600), 0);
	assert_set_aside("a pipe that nobody writes to");
	assert_int_equal(mkdir(place.file, 0700), 0);
	assert_set_aside("a directory");
	free(target);
}

TEST(file__that_cannot_be_renamed_is_ignored_with_one_warning)
{
	char *bad = joined(place.file, ".bad"), *in_it = joined(bad, "/x");

	assert_int_equal(mkdir(bad, 0700), 0);
	put_file(in_it, "", 0, 0600);
	put_file(place.file, "{", 1, 0600);
	for (int i = 0; i < 3; i++) {
		struct token_cache_entry t;

		assert_false(token_cache_read(place.cache, 0, &t));
	}
	assert_int_equal(place.warnings.n, 1);
	lines_free(&place.warnings);
	write_token("fresh");
	assert_holds("fresh");
	free(in_it);
	free(bad);
}

/* --- the lock ----------------------------------------------------------------------- */

static void *no_malloc(size_t n)
{
	(void)n;
	return NULL;
}

/* It may be as good as ever: without descriptors or memory nobody knows. */
TEST(file__that_cannot_be_read_now_stays)
{
	cJSON_Hooks none = { no_malloc, free };
	struct rlimit before, few;
	struct token_cache_entry t;

	write_token("token");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_false(token_cache_read(place.cache, 0, &t));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	cJSON_InitHooks(&none);
	assert_false(token_cache_read(place.cache, 0, &t));
	cJSON_InitHooks(NULL);
	assert_int_equal(place.warnings.n, 1);
	assert_non_null(strstr(place.warnings.v[0], "is ignored"));
	assert_holds("token");
}

TEST(lock__is_held_by_one)
{
	struct token_cache *other = token_cache_open(HOST, CLIENT, &place.warnings);

	assert_non_null(other);
	assert_true(token_cache_lock(place.cache));
	assert_true(token_cache_lock(place.cache));
	assert_false(token_cache_lock(other));
	token_cache_unlock(place.cache);
	assert_true(token_cache_lock(other));
	assert_false(token_cache_lock(place.cache));
	token_cache_close(other);
	assert_true(token_cache_lock(place.cache));
}

TEST(lock__of_a_killed_run_is_free)
{
	int up[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(up), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct token_cache *mine = token_cache_open(HOST, CLIENT, &place.warnings);

		c = mine && token_cache_lock(mine) ? 'y' : 'n';
		if (write(up[1], &c, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(up[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	assert_false(token_cache_lock(place.cache));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(token_cache_lock(place.cache));
	close(up[0]);
	close(up[1]);
}

TEST(lock__that_fails_does_not_delay_the_run)
{
	char *lock = joined(place.file, ".lock");

	assert_int_equal(mkdir(lock, 0700), 0);
	assert_true(token_cache_lock(place.cache));
	token_cache_unlock(place.cache);
	free(lock);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

/* gc's config.toml: what is taken from it, what is refused, and in which line. */
#include "auth/gc_profile.h"
#include "tests/support/tempdir.h"
#include "util/buf.h"

#define LOGIN(token, type, expiry) "{\"access_token\":\"" token "\",\"token_type\":\"" type \
	"\",\"expires_in\":86399,\"oauth_token_expiry\":\"" expiry "\"}"

static enum status parse(struct gc_profile *p, const char *text, const char *name, struct err *err)
{
	size_t len = strlen(text);
	char *exact = malloc(len ? len : 1);	/* so that a sanitizer sees a read past it */
	enum status st;

	assert_non_null(exact);
	memcpy(exact, text, len);
	st = gc_profile_parse(p, exact, len, name, err);
	free(exact);
	return st;
}

static void assert_good(struct gc_profile *p, const char *text, const char *name)
{
	struct err err;

	if (parse(p, text, name, &err) != ST_OK)
		fail_msg("%s\n%s", text, err.text);
}

static void assert_error(const char *text, const char *name, const char *want)
{
	struct gc_profile p;
	struct err err;

	if (parse(&p, text, name, &err) != ST_USAGE)
		fail_msg("accepted: %s", text);
	if (strcmp(err.text, want) != 0)
		fail_msg("%s\nsays: %s\nnot:  %s", text, err.text, want);
	assert_null(p.client_id);
	assert_null(p.secret);
}

static void assert_field(const char *is, const char *want)
{
	assert_int_equal(is != NULL, want != NULL);
	if (want)
		assert_string_equal(is, want);
}

/* --- what is taken ------------------------------------------------------------------ */

TEST(gc_profile__reads_the_example_in_the_readme_of_gc)
{
	static const char text[] = "[DEFAULT]\nenvironment=\"mypurecloud.com\"\n"
		"client_credentials=\"the id\"\nclient_secret=\"s3cret\"\n\n"
		"[test_pro_2]\nenvironment=\"mypurecloud.ie\"\naccess_token=\"t0ken\"\n";
	struct gc_profile p;

	assert_good(&p, text, "DEFAULT");
	assert_field(p.client_id, "the id");
	assert_field(p.secret, "s3cret");
	assert_field(p.environment, "mypurecloud.com");
	assert_field(p.access_token, NULL);
	assert_field(p.cached_token, NULL);
	assert_int_equal(p.open_mode, 0);
	gc_profile_free(&p);
	assert_null(p.secret);
	assert_good(&p, text, "TEST_pro_2");
	assert_field(p.client_id, NULL);
	assert_field(p.secret, NULL);
	assert_field(p.access_token, "t0ken");
	gc_profile_free(&p);
}

TEST(gc_profile__reads_what_gc_writes)
{
	struct gc_profile p;

	assert_good(&p, "\xEF\xBB\xBF[default]\r\naccess_token = ''\r\n"
		"client_credentials = 'id'\r\nclient_secret = 'a\\b\"c'\r\n"
		"environment = 'eu_central_1'\r\ngrant_type = '1'\r\nlogging_enabled = false\r\n"
		"oauth_token_data = '" LOGIN("t/+=", "bearer",
		"2026-11-25T03:00:00.123456789+01:00") "'\r\nproxy_pathparams = '{}'\r\n",
		"DEFAULT");
	assert_field(p.access_token, NULL);
	assert_field(p.client_id, "id");
	assert_field(p.secret, "a\\b\"c");
	assert_field(p.environment, "eu_central_1");
	assert_field(p.cached_token, "t/+=");
	assert_int_equal(p.cached_expires_ms, INT64_C(1795572000123));
	gc_profile_free(&p);
}

TEST(gc_profile__is_found_in_any_spelling)
{
	static const struct {
		const char *text, *name;
	} good[] = {
		{ "[p]\nclient_secret='x'", "p" }, { "[ \"p\" ]\nclient_secret='x'", "P" },
		{ "['P']\n'Client_Secret'='x'", "p" }, { "[\"\\u0070\"]\nclient_secret='x'", "p" },
		{ "[p]\nCLIENT_SECRET='x'", "p" }, { "[p]\n\tclient_secret = \"x\"\t# c", "p" },
		{ "[a . b]\nclient_secret='x'", "a.b" }, { "['a.b']\nclient_secret='x'", "A.b" },
		{ "[a.p.q]\n[p]\nclient_secret='x'", "p" }, { "['']\nclient_secret='x'", "" },
		{ "[p.q]\nclient_secret='y'\n[p]\nclient_secret='x'", "p" },
		{ "['\xC3\xA9']\nclient_secret = 'x'", "\xC3\xA9" },
		{ "['my profile']\nclient_secret = 'x'", "my profile" }
	};
	struct gc_profile p;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_good(&p, good[i].text, good[i].name);
		assert_field(p.secret, "x");
		gc_profile_free(&p);
	}
}

TEST(gc_profile__accepts_only_strings)
{
	struct gc_profile p;

	assert_good(&p, "[p]\nclient_credentials = 1\nclient_secret = true\n"
		"access_token = false\nenvironment = -1.5\ngrant_type = 0\n", "p");
	assert_field(p.client_id, NULL);
	assert_field(p.secret, NULL);
	assert_field(p.access_token, NULL);
	assert_field(p.environment, NULL);
	assert_field(p.cached_token, NULL);
	gc_profile_free(&p);
	/* no key of the profile, whatever it is called */
	assert_good(&p, "client_secret='a'\n[p]\n'client_secret\\u0000'='b'\n"
		"\"client_secret\\u0000\"='c'\n"
		"[p.z]\nclient_secret='f'\n[q]\nclient_secret='g'", "p");
	assert_field(p.secret, NULL);
	gc_profile_free(&p);
}

TEST(gc_profile__refuses_values_that_do_not_fit_into_a_header)
{
	static const char *const bad[] = {
		"client_secret = \"a\\nb\"", "client_secret = '\xC3\xA9'",
		"client_credentials = \"a\\u0000\"", "access_token = 'a b'",
		"access_token = \"a\\r\\nX: y\"", "environment = \"a\\u007f\""
	};
	char text[128];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "[p]\n%s", bad[i]);
		assert_error(text, "p", "line 2: a character that cannot be in an ID, secret, "
			"token or domain");
	}
}

TEST(login__that_cannot_be_read_is_ignored)
{
	static const char *const bad[] = {
		"", "{", "[]", "null", "{}", "\"x\"", "{\"access_token\":\"t\"}",
		"{\"access_token\":\"t\",\"oauth_token_expiry\":1}",
		LOGIN("", "bearer", "2026-11-25T03:00:00Z"),
		LOGIN("a b", "bearer", "2026-11-25T03:00:00Z"),
		LOGIN("a\\u0041", "bearer", "2026-11-25T03:00:00Z"),
		LOGIN("a", "mac", "2026-11-25T03:00:00Z"), LOGIN("a", "bearer", ""),
		LOGIN("a", "bearer", "2026-11-25 03:00"),
		LOGIN("a", "bearer", "2026-11-25T03:00:00Z") "x", LOGIN("a", "bearer", "never"),
		"{\"access_token\":\"a\",\"oauth_token_expiry\":\"2026-11-25T03:00:00Z\""
	};
	char text[512];
	struct gc_profile p;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "[p]\noauth_token_data='%s'\nclient_secret='s'",
			bad[i]);
		assert_good(&p, text, "p");
		if (p.cached_token || p.cached_expires_ms)
			fail_msg("%s", bad[i]);
		assert_field(p.secret, "s");
		gc_profile_free(&p);
	}
	/* what gc has before its first login, and a basic string */
	assert_good(&p, "[p]\noauth_token_data=\"{\\\"access_token\\\":\\\"a\\\",\\\"x\\\":[1],"
		"\\\"oauth_token_expiry\\\":\\\"0001-01-01T00:00:00Z\\\"}\"", "p");
	assert_field(p.cached_token, "a");
	assert_true(p.cached_expires_ms < 0);
	gc_profile_free(&p);
}

/* --- what is understood -------------------------------------------------------------- */

TEST(toml__that_gc_writes_is_read)
{
	static const char *const good[] = {
		"", "#", "# \xC3\xA9\tx", " \t\r\n\n", "a=1", "a=+10", "a=-0", "a=1.5", "a=-0.05",
		"a=true", "a = false # c", "a=\"\"", "a=''", "a='\\'", "a=\"\t\"",
		"a=\"\\b\\t\\n\\f\\r\\\"\\\\\\u00e9\"",
		"[a]\n[a.b]\n[c]", "[a.b]\n[a]\n", "[a]\nb=1\n[c]\nb=1", "1=1\n-=2\n_='x'",
		"\"\"=1", "''=1", "  [a]\n    b = 1"
	};
	char text[256];
	struct gc_profile p;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(text, sizeof(text), "%s\n[p]\nclient_secret='x'", good[i]);
		assert_good(&p, text, "p");
		assert_field(p.secret, "x");
		gc_profile_free(&p);
	}
}

struct bad_line {
	const char *text, *want;	/* want: how the error begins, behind "line " */
};

static void assert_lines(const struct bad_line *bad, size_t n)
{
	char want[128];
	struct gc_profile p;
	struct err err;

	for (size_t i = 0; i < n; i++) {
		snprintf(want, sizeof(want), "line %s", bad[i].want);
		if (parse(&p, bad[i].text, "p", &err) != ST_USAGE)
			fail_msg("accepted: %s", bad[i].text);
		if (strncmp(err.text, want, strlen(want)) != 0)
			fail_msg("%s\nsays: %s\nnot:  %s", bad[i].text, err.text, want);
	}
}

TEST(toml__that_is_broken_is_reported_with_its_line)
{
	static const struct bad_line bad[] = {
		{ "a", "1: a name without = and a value" }, { "[p]\n\na b=1", "3: a name without" },
		{ "a=", "1: no value" }, { "a=\n1", "1: no value" }, { "\r\na=x", "2: no value" },
		{ "=1", "1: the name of" }, { ".a=1", "1: the name of a key or table is missing" },
		{ "[]", "1: the name of" }, { "[a.]", "1: the name of a key or table is missing" },
		{ "[ [a]]", "1: the name of" },
		{ "[a", "1: a table's name" }, { "[a\n]", "1: a table's name" },
		{ "[a]]", "1: more in a line" }, { "[a] b=1", "1: more in a line" },
		{ "a=1 b=2", "1: more in a line" }, { "a='x'y", "1: more in a line" },
		{ "a=01", "1: no value" }, { "a=1__0", "1: no value" }, { "a=_1", "1: no value" },
		{ "a=1_", "1: no value" }, { "a=-0x1", "1: no value" }, { "a=0b2", "1: no value" },
		{ "a=1.", "1: no value" }, { "a=.5", "1: no value" }, { "a=1.e5", "1: no value" },
		{ "a=1e", "1: no value" }, { "a=True", "1: no value" },
		{ "a=+true", "1: no value" },
		{ "a=1979-13-01", "1: no value" }, { "a=1979-05-32", "1: no value" },
		{ "a=24:00:00", "1: no value" }, { "a=07:32", "1: no value" },
		{ "a=07:32:00Z", "1: no value" }, { "a=1979-05-27T", "1: no value" },
		{ "a=1979-05-27T07:32:00+25:00", "1: no value" },
		{ "a=1979-05-27 x", "1: no value" },
		{ "a=secret", "1: no value; a string needs quotes" },
		{ "a=\"x", "1: a string without" }, { "\n'x", "2: a string without" },
		{ "a=\"x\n\"", "1: a string without" }, { "a=\n\n", "1: no value" },
		{ "a=\"\\", "1: a backslash" }, { "a=\"\\q\"", "1: a backslash" },
		{ "a=\"\\/\"", "1: a backslash" }, { "a=\"C:\\temp\\x\"", "1: a backslash" },
		{ "a=\"\\\n\"", "1: a backslash" },
		{ "a=\"\\u12\"", "1: an escape" }, { "a=\"\\u12g4\"", "1: an escape" },
		{ "a=\"\\ud800\"", "1: an escape" }, { "a=\"\\U00110000\"", "1: an escape" },
		{ "a=\"\\UFFFFFFFF\"", "1: an escape" }, { "a=\"\\u+123\"", "1: an escape" },
		{ "a=\"\\u", "1: an escape" }, { "[\xC3\xA9]", "1: the name of" },
		{ "\n# \x01", "2: a control character" }, { "a='\x7F'", "1: a control character" },
		{ "a=1\rb=2", "1: a control character" }, { "a='''\n\r'''", "2: a control" },
		{ "\n\na='\xFF'", "3: a byte that is not UTF-8" }, { "# \xC3", "1: a byte" },
		{ "a\xED\xA0\x80", "1: a byte" },
		{ "\n\xEF\xBB\xBF" "a=1", "2: the name of" },
		{ "\xFF\xFE[\0", "1: a byte that is not UTF-8" }
	};
	struct gc_profile p;
	struct err err;

	assert_lines(bad, ARRAY_LEN(bad));
	assert_int_equal(gc_profile_parse(&p, "a=1\n\0", 5, "p", &err), ST_USAGE);
	assert_string_equal(err.text, "line 2: a control character");
}

/* TOML has these; gc writes none of them. */
TEST(toml__that_gc_does_not_write_is_reported_with_its_line)
{
	static const struct bad_line bad[] = {
		{ "a=[]", "1: an array or inline table" }, { "\na=[1,2,]", "2: an array" },
		{ "a=[\n1]", "1: an array" }, { "a={}", "1: an array or inline table" },
		{ "p = {client_secret='x'}", "1: an array or inline table" },
		{ "p.client_secret='x'", "1: a name with a dot" },
		{ "a.=1", "1: a name with a dot" }, { "[p]\na . b=1", "2: a name with a dot" },
		{ "\"p\" . \"client_secret\" = 'x'", "1: a name with a dot" },
		{ "[[a]]", "1: an array of tables" },
		{ "[p]\n[[ a . b ]]", "2: an array of tables" },
		{ "a=\"\"\"x\"\"\"", "1: a string in triple quotes" },
		{ "[p]\na='''\nx'''", "2: a string in triple quotes" },
		{ "a=\"\"\"\"\"\"", "1: a string in triple" },
		{ "'''a'''=1", "1: a string in triple" }, { "a=\"\\U0010FFFF\"", "1: an escape" },
		{ "a=1_000", "1: no value" }, { "a=0xdead", "1: no value" },
		{ "a=0o17", "1: no value" }, { "a=0b10", "1: no value" },
		{ "a=1e3", "1: no value" }, { "a=inf", "1: no value" },
		{ "a=nan", "1: no value" }, { "a=1979-05-27", "1: no value" },
		{ "a=07:32:00.5", "1: no value" }, { "a=1979-05-27T07:32:00Z", "1: no value" },
		{ "a=1979-05-27 07:32:00", "1: no value" }
	};

	assert_lines(bad, ARRAY_LEN(bad));
}

TEST(gc_profile__with_a_name_twice_is_reported_with_both_lines)
{
	static const struct {
		const char *text;
		int line, since;
	} bad[] = {
		{ "[p]\nclient_secret='a'\nclient_secret='b'", 3, 2 },
		{ "[p]\nclient_secret='a'\n\n'Client_Secret'=1", 4, 2 },
		{ "[p]\n[q]\n[P]", 3, 1 }, { "[p]\n['p']", 2, 1 },
		{ "[p]\nenvironment=''\n[a]\nenvironment=''\n[p.q]\n[p]", 6, 1 }
	};
	char want[128];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(want, sizeof(want), "line %d: has the same name as line %d",
			bad[i].line, bad[i].since);
		assert_error(bad[i].text, "p", want);
	}
}

/* --- the profile that is not there -------------------------------------------------- */

TEST(gc_profile__that_is_missing_suggests_similar_names)
{
	assert_error("", "p", "no profile \"p\" in it, nor any other");
	assert_error("p='x'\n", "p", "no profile \"p\" in it, nor any other");
	assert_error("[DEFAULT]\n[test]\n[Prod-EU]\n", "prod_eu",
		"no profile \"prod_eu\" in it; it has \"prod-eu\", \"test\", \"default\"");
	assert_error("[p.q]\n", "p", "no profile \"p\" in it; it has \"p.q\"");
	assert_error("[p.r]\n[x]", "p", "no profile \"p\" in it; it has \"x\", \"p.r\"");
	assert_error("[a1]\n[b]\n[c]\n[d]\n[e]\n[f]\n[alpha]\n[aleph]", "alfa",
		"no profile \"alfa\" in it; it has \"alpha\", \"b\", \"c\", \"d\", \"e\" "
		"and 3 more");
	assert_error("[\"\\u001b[31m\\u0000\"]", "\x1b",
		"no profile \"\\u001b\" in it; it has \"\\u001b[31m\"");
}

TEST(error__shows_no_value)
{
	static const char *const bad[] = {
		"client_secret = HUSH", "client_secret = \"HUSH", "client_secret = \"HUSH\\q\"",
		"client_secret = 'HUSH' HUSH", "client_secret = 'HUSH'\nclient_secret = 'HUSH'",
		"access_token = 'HUSH '", "client_secret 'HUSH'", "HUSH",
		"client_secret = 'HUSH\xFF'"
	};
	struct gc_profile p;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char text[128];

		snprintf(text, sizeof(text), "[p]\n%s", bad[i]);
		assert_int_equal(parse(&p, text, "p", &err), ST_USAGE);
		if (strstr(err.text, "HUSH"))
			fail_msg("%s", err.text);
	}
}

/* --- the file ----------------------------------------------------------------------- */

#define FILE_NAME "config.toml"

static void assert_unreadable(const char *want)
{
	struct gc_profile p;
	struct err err;

	assert_int_equal(gc_profile_read(&p, FILE_NAME, "p", &err), ST_USAGE);
	assert_string_equal(err.text, want);
}

TEST(file__is_read_and_its_mode_reported)
{
	static const char text[] = "[p]\nclient_secret='x'\n";
	static const unsigned modes[][2] = {
		{ 0600, 0 }, { 0400, 0 }, { 0644, 0644 }, { 0640, 0640 }, { 0604, 0604 }
	};
	struct gc_profile p;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		put_file(FILE_NAME, text, sizeof(text) - 1, modes[i][0]);
		assert_int_equal(gc_profile_read(&p, FILE_NAME, "P", &err), ST_OK);
		assert_field(p.secret, "x");
		assert_int_equal(p.open_mode, modes[i][1]);
		gc_profile_free(&p);
		unlink(FILE_NAME);
	}
	put_file(FILE_NAME, "", 0, 0600);
	assert_unreadable(FILE_NAME ": no profile \"p\" in it, nor any other");
	put_file(FILE_NAME, "\n=", 2, 0600);
	assert_unreadable(FILE_NAME ": line 2: the name of a key or table is missing");
}

TEST(names__are_those_of_all_tables)
{
	static const struct {
		const char *text;
		size_t n;
	} cases[] = {
		{ "[One]\nclient_secret = 'x'\n[\"\"]\nclient_secret = 'y'\n[a.b]\n", 3 },
		{ "", 0 }, { "[one]\n[", 0 }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct lines names = { 0 };

		put_text(FILE_NAME, cases[i].text, 0600);
		gc_profile_names(FILE_NAME, &names);
		assert_int_equal(names.n, cases[i].n);
		if (i == 0)
			assert_true(lines_has(&names, "one") && lines_has(&names, "a.b"));
		lines_free(&names);
	}
}

TEST(what_is_not_a_regular_file_is_refused)
{
	assert_unreadable(FILE_NAME ": cannot be read: No such file or directory");
	assert_int_equal(mkdir(FILE_NAME, 0700), 0);
	assert_unreadable(FILE_NAME ": cannot be read: it is a directory");
	rmdir(FILE_NAME);
	assert_int_equal(mkfifo(FILE_NAME, 0600), 0);
	assert_unreadable(FILE_NAME ": cannot be read: it is not a regular file");
	unlink(FILE_NAME);
	assert_int_equal(symlink("/dev/zero", FILE_NAME), 0);
	assert_unreadable(FILE_NAME ": cannot be read: it is not a regular file");
}

TEST(file__has_a_size_limit)
{
	size_t size = 1024 * 1024;
	char *text = malloc(size + 1);
	struct gc_profile p;
	struct err err;

	assert_non_null(text);
	memset(text, '#', size + 1);
	memcpy(text, "[p]\n", 4);
	put_file(FILE_NAME, text, size, 0600);
	assert_int_equal(gc_profile_read(&p, FILE_NAME, "p", &err), ST_OK);
	gc_profile_free(&p);
	put_file(FILE_NAME, text, size + 1, 0600);
	assert_unreadable(FILE_NAME ": cannot be read: it is larger than 1 MiB");
	free(text);
}

/* Many short keys and many long names: neither costs more than its bytes are worth. */
TEST(file__that_is_hostile_is_read_quickly)
{
	static const char *const units[] = { "%05zx=1\n", "[%05zx]\n", "[p.%05zx]\nb=1\n",
		"[q%zu]\nclient_secret='y'\n" };
	struct buf text = { 0 };
	struct gc_profile p;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		buf_clear(&text);
		for (size_t n = 0; text.len < 1000 * 1000; n++)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			buf_printf(&text, units[i], n);
#pragma GCC diagnostic pop
		assert_true(buf_str(&text, "[p]\nclient_secret='x'"));
		assert_int_equal(gc_profile_parse(&p, text.data, text.len, "p", &err), ST_OK);
		assert_field(p.secret, "x");
		gc_profile_free(&p);
		assert_int_equal(gc_profile_parse(&p, text.data, text.len, "p2", &err), ST_USAGE);
	}
	buf_free(&text);
}

/* --- wiping ------------------------------------------------------------------------- */

/* How often the marker, given byte by byte changed, is in the heap. */
static int count_in_heap(const char *changed, size_t n)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	int found = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		void *from, *to;

		if (!strstr(line, "[heap]") || sscanf(line, "%p-%p", &from, &to) != 2)
			continue;
		for (const char *s = from; s + n <= (const char *)to; s++) {
			size_t i = 0;

			while (i < n && (s[i] ^ 1) == changed[i])
				i++;
			found += i == n;
		}
	}
	fclose(maps);
	return found;
}

TEST(gc_profile__leaves_no_secret_in_memory)
{
#ifdef __SANITIZE_ADDRESS__
	skip();		/* under a sanitizer the memory cannot be searched */
#endif
	/* its end is looked for: a freed block loses its first bytes anyway */
	static const char secret[] = "ROTOSES,U,VETE,L,IDT-OSNVIDSE,IDBSE,1023,4567-89";
	char text[] = "[p]\naccess_token = \"................................................\""
		"\nclient_secret = '................................................'\n";
	size_t n = sizeof(secret) - 1;
	struct gc_profile p;
	struct err err;

	for (size_t i = 0; i < n; i++) {
		*strchr(text, '.') = (char)(secret[i] ^ 1);
		strrchr(text, '\'')[-(long)n + (long)i] = (char)(secret[i] ^ 1);
	}
	put_file(FILE_NAME, text, sizeof(text) - 1, 0600);
	assert_int_equal(gc_profile_read(&p, FILE_NAME, "p", &err), ST_OK);
	if (count_in_heap(secret + n / 2, n / 2) == 0) {
		gc_profile_free(&p);
		skip();		/* valgrind's */
	}
	assert_int_equal(count_in_heap(secret + n / 2, n / 2), 2);
	gc_profile_free(&p);
	assert_int_equal(count_in_heap(secret + n / 2, n / 2), 0);
	strrchr(text, '\'')[0] = ' ';
	put_file(FILE_NAME, text, sizeof(text) - 1, 0600);
	assert_int_equal(gc_profile_read(&p, FILE_NAME, "p", &err), ST_USAGE);
	assert_int_equal(count_in_heap(secret + n / 2, n / 2), 0);
}

int main(void)
{
	each_test(workdir_enter, workdir_leave);
	return run_all_tests(NULL, NULL);
}

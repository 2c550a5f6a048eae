/* The file of signature keys, and the signatures. */
#include "tests/support/tempdir.h"
#include "util/buf.h"
#include "util/lines.h"
#include "webhook/signature.h"

/* --- keys --------------------------------------------------------------------------- */

#define KEY24 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define A44 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY64 "whsec_" A44 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define KEY65 "whsec_" A44 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY23 "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY25 "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define BAD "must be whsec_ and the key in base64"
#define SIZE "a key must have 24 to 64 bytes"

static struct place {
	char *root, *file;
	struct lines problems;
} place;

static int set_up(void **state __attribute__((unused)))
{
	memset(&place, 0, sizeof(place));
	place.root = tempdir_new();
	place.file = joined(place.root, "/keys");
	return 0;
}

static int tear_down(void **state __attribute__((unused)))
{
	lines_free(&place.problems);
	tempdir_free(place.root);
	free(place.file);
	return 0;
}

/* NULL with one problem, which is about the file and holds `why`. */
static struct signature_keys *keys_read(const char *why)
{
	struct signature_keys *keys;

	lines_free(&place.problems);
	keys = signature_keys_read(place.file, "--callback-key-file", &place.problems);
	assert_int_equal(keys == NULL, why != NULL);
	assert_int_equal(place.problems.n, why != NULL);
	if (why && (!strstr(place.problems.v[0], why)
		    || strncmp(place.problems.v[0], "--callback-key-file '", 21) != 0))
		fail_msg("'%s' is not in: %s", why, place.problems.v[0]);
	if (why)
		assert_null(strstr(place.problems.v[0], "AAAA"));
	return keys;
}

static struct signature_keys *keys_of(const char *text, const char *why)
{
	put_file(place.file, text, strlen(text), 0600);
	return keys_read(why);
}

TEST(keys__are_lines_of_a_file)
{
	static const struct {
		const char *text, *why;		/* NULL: good */
	} table[] = {
		{ KEY24, NULL }, { KEY24 "\n", NULL }, { KEY24 "\r\n" KEY64 "\r\n", NULL },
		{ "\n# ours\n  " KEY25 "  # until May\n\n", NULL }, { KEY64, NULL },
		{ "", "it contains no key" }, { "# none\n\n", "it contains no key" },
		{ KEY23, "line 1: " SIZE }, { KEY24 "\n\n" KEY65, "line 3: " SIZE },
		{ "whsec_", "line 1: " BAD }, { "AAAA", "line 1: " BAD },
		{ "WHSEC_" A44, BAD }, { "whsec_" A44 "A", BAD }, { "whsec_" A44 "AA=", BAD },
		{ "whsec_" A44 "A===", BAD }, { "whsec_" A44 "====", BAD },
		{ "whsec_=" A44 "AAA", BAD }, { "whsec_" A44 " AAA", BAD },
		{ "whsec_" A44 "AA-_", BAD }, { "whsec_" A44 "A\1AA", BAD },
		{ "whsec_" A44 "\xC3\xA4" "AA", BAD }, { KEY24 " " KEY24, BAD },
		{ KEY24 "\nwhsk_" A44, "line 2: " BAD }
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		signature_keys_free(keys_of(table[i].text, table[i].why));
	signature_keys_free(NULL);
}

TEST(keys__are_at_most_16)
{
	struct buf text = { 0 };

	for (int i = 0; i < 16; i++)
		buf_str(&text, KEY64 "\n");
	assert_true(buf_char(&text, '\0'));
	signature_keys_free(keys_of(text.data, NULL));
	text.len--;
	buf_str(&text, "\n" KEY24);
	assert_true(buf_char(&text, '\0'));
	assert_null(keys_of(text.data, "line 18: there can be at most 16 keys"));
	buf_free(&text);
}

TEST(keys__are_in_a_file_closed_to_others)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601 };

	assert_null(keys_read("No such file"));
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		put_file(place.file, KEY24, strlen(KEY24), modes[i]);
		assert_null(keys_read("group or others have access to it; run chmod 600 on it"));
	}
	put_file(place.file, KEY24, strlen(KEY24), 0400);
	signature_keys_free(keys_read(NULL));
	assert_int_equal(unlink(place.file), 0);
	assert_int_equal(mkdir(place.file, 0700), 0);
	assert_null(keys_read("it is a directory"));
}

/* So a key that a group may read by fsGroup is taken. */
TEST(keys__of_another_user_may_have_any_mode)
{
	put_file(place.file, KEY24, strlen(KEY24), 0440);
	if (chown(place.file, 12345, (gid_t)-1) != 0)
		skip();
	signature_keys_free(keys_read(NULL));
}

TEST(keys__may_come_from_a_pipe_that_ends)
{
	struct buf text = { 0 };
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], KEY24 "\n", sizeof(KEY24)), sizeof(KEY24));
	assert_int_equal(close(fds[1]), 0);
	free(place.file);
	assert_true(asprintf(&place.file, "/dev/fd/%d", fds[0]) > 0);
	signature_keys_free(keys_read(NULL));
	assert_int_equal(close(fds[0]), 0);
	free(place.file);
	place.file = joined(place.root, "/long");
	for (int i = 0; i < 16385; i++)
		buf_char(&text, '\n');
	assert_true(buf_char(&text, '\0'));
	assert_null(keys_of(text.data, "longer than"));
	buf_free(&text);
}

/* --- signatures --------------------------------------------------------------------- */

#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define PAYLOAD "{\"test\": 2432232314}"

/* The example of the Standard Webhooks' own libraries; the second by Python's hmac. */
TEST(signature__is_of_each_key)
{
	struct signature_keys *keys = keys_of(KEY24 "\n# new\n" KEY64 "\n", NULL);
	struct buf out = { 0 };

	assert_true(signature_sign(keys, ID, 1614265330, PAYLOAD, strlen(PAYLOAD), &out));
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
		" v1,woH/1mJtZGSMCmpFTxRYbStS24eLLD/oXIYr4PYyZ7g=");
	signature_keys_free(keys);
	buf_free(&out);
}

TEST(signature__covers_id_time_and_every_byte)
{
	static const struct {
		const char *id, *body;
		int64_t at;
		size_t len;
	} table[] = {
		{ "a", "xy\0z", 1, 4 }, { "b", "xy\0z", 1, 4 }, { "a", "xy\0z", 2, 4 },
		{ "a", "xy\0w", 1, 4 }, { "a", "xy\0z", 1, 3 }, { "a", NULL, 1, 0 }
	};
	struct signature_keys *keys = keys_of(KEY25, NULL);
	struct buf out[ARRAY_LEN(table)] = { { 0 } }, none = { .limit = 10 };

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_true(signature_sign(keys, table[i].id, table[i].at, table[i].body,
			table[i].len, &out[i]));
		assert_int_equal(out[i].len, strlen("v1,") + 44);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(out[i].data, out[k].data, out[k].len);
	}
	assert_false(signature_sign(keys, "a", 1, "x", 1, &none));
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		buf_free(&out[i]);
	buf_free(&none);
	signature_keys_free(keys);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

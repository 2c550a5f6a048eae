/* Lines that hold on to each other: what is written, what is read, and what a crash leaves. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "audit/hash_chain.h"
#include "tests/support/check.h"
#include "util/base.h"
#include "util/text.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define KEY "the key"

static struct hash_chain_work *work;

/* By another way than the module's. */
static const char *sha(const void *bytes, size_t len)
{
	static char hex[HASH_CHAIN_HEX + 1];
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	assert_int_equal(EVP_Digest(bytes, len, hash, &n, EVP_sha256(), NULL), 1);
	text_hex(hash, HASH_CHAIN_HEX / 2, hex);
	return hex;
}

static void add(struct buf *log, struct hash_chain *chain, struct hash_chain_work *w,
	const char *text)
{
	struct buf line = { 0 };

	buf_str(&line, text);
	assert_true(hash_chain_seal(chain, w, &line));
	buf_add(log, line.data, line.len);
	buf_free(&line);
	assert_false(log->failed);
}

static int set_up(void **state __attribute__((unused)))
{
	work = hash_chain_work_new(NULL, 0);
	return work ? 0 : -1;
}

static int tear_down(void **state __attribute__((unused)))
{
	hash_chain_work_free(work);
	return 0;
}

TEST(line__ends_with_the_members_of_a_chain)
{
	struct hash_chain chain = hash_chain_empty;
	struct buf log = { 0 }, want = { 0 };

	add(&log, &chain, work, "{\"a\":1");
	buf_printf(&want, "{\"a\":1,\"seq\":1,\"prev\":\"" ZEROS "\"}");
	assert_string_equal(chain.last, sha(want.data, want.len));
	buf_printf(&want, "\n{\"b\":2,\"seq\":2,\"prev\":\"%s\"}\n", chain.last);
	add(&log, &chain, work, "{\"b\":2");
	assert_int_equal(log.len, want.len);
	assert_memory_equal(log.data, want.data, want.len);
	assert_int_equal(chain.seq, 2);
	buf_free(&log);
	buf_free(&want);
}

TEST(line__has_a_mac_over_all_before_it)
{
	struct hash_chain_work *w = hash_chain_work_new(KEY, strlen(KEY));
	static const char body[] = "{\"a\":1,\"seq\":1,\"prev\":\"" ZEROS "\"";
	struct hash_chain chain = hash_chain_empty;
	struct buf log = { 0 };
	struct hash_chain_link link;
	char hex[HASH_CHAIN_HEX + 1];
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	assert_non_null(w);
	add(&log, &chain, w, "{\"a\":1");
	assert_non_null(HMAC(EVP_sha256(), KEY, strlen(KEY), (const unsigned char *)body,
		strlen(body), mac, &n));
	text_hex(mac, HASH_CHAIN_HEX / 2, hex);
	assert_true(hash_chain_split(log.data, log.len - 1, &link));
	assert_int_equal(link.mac_from, strlen(body));
	assert_memory_equal(log.data, body, strlen(body));
	assert_memory_equal(link.mac, hex, HASH_CHAIN_HEX);
	assert_memory_equal(link.prev, ZEROS, HASH_CHAIN_HEX);
	assert_int_equal(link.seq, 1);
	buf_free(&log);
	hash_chain_work_free(w);
}

/* A member in a string, in an object, in another form or place is none. */
TEST(split__takes_the_one_form_at_the_very_end_alone)
{
	static const char *const none[] = {
		"", "{", "}", "{}", ",\"seq\":1,\"prev\":\"" ZEROS "\"}",
		"{\"a\":1,\"seq\":1,\"prev\":\"" ZEROS "\"} ",
		"{\"a\":1,\"seq\":1,\"prev\":\"" ZEROS "\"",
		"{\"a\":1,\"seq\":01,\"prev\":\"" ZEROS "\"}",
		"{\"a\":1,\"seq\":0,\"prev\":\"" ZEROS "\"}",
		"{\"a\":1,\"seq\":-1,\"prev\":\"" ZEROS "\"}",
		"{\"a\":1,\"seq\":,\"prev\":\"" ZEROS "\"}",
		"{\"a\":1,\"seq\":10000000000000000000,\"prev\":\"" ZEROS "\"}",
		"{\"a\":1,\"seq\":1, \"prev\":\"" ZEROS "\"}",
		"{\"a\":1,\"seq\":1,\"prev\":\"0" ZEROS "\"}",
		"{\"a\":1,\"seq\":1,\"prev\":\"A" EMPTY "\"}",
		"{\"a\":1,\"prev\":\"" ZEROS "\",\"seq\":1}",
		"{\"a\":\",\\\"seq\\\":1,\\\"prev\\\":\\\"" ZEROS "\\\"}\"}",
		"{\"a\":1,\"seq\":1,\"prev\":\"" ZEROS "\",\"mac\":\"" ZEROS "\"",
		"{\"a\":1,\"seq\":1,\"mac\":\"" ZEROS "\",\"prev\":\"" ZEROS "\"}"
	};
	static const char good[] = "{\"a\":1,\"seq\":1,\"prev\":\"" EMPTY "\"}";
	char copy[sizeof(good)];
	struct hash_chain_link link;

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (hash_chain_split(none[i], strlen(none[i]), &link))
			fail_msg("%s", none[i]);
	assert_true(hash_chain_split(good, strlen(good), &link));
	assert_null(link.mac);
	for (const char *c = "GFA`@/:g \n"; *c; c++) {
		memcpy(copy, good, sizeof(good));
		copy[sizeof(good) - 5] = *c;
		assert_false(hash_chain_split(copy, strlen(copy), &link));
	}
}

/* --- the end of a file -------------------------------------------------------------------- */

TEST(look__finds_nothing_wrong_with_whole_lines)
{
	struct hash_chain chain = hash_chain_empty, found;
	struct hash_chain_tear tear;
	struct buf log = { 0 };

	assert_int_equal(hash_chain_look(work, "", 0, true, &found, &tear), HASH_CHAIN_WHOLE);
	assert_int_equal(found.seq, 0);
	assert_string_equal(found.last, ZEROS);
	for (int i = 0; i < 3; i++) {
		size_t before = log.len;

		add(&log, &chain, work, "{\"event\":\"x\"");
		assert_int_equal(hash_chain_look(work, log.data, log.len, true, &found, &tear),
			HASH_CHAIN_WHOLE);
		assert_int_equal(found.seq, chain.seq);
		assert_string_equal(found.last, chain.last);
		/* from within the line before on; and where the line is not all there */
		assert_int_equal(hash_chain_look(work, log.data + before / 2, log.len - before / 2,
			before / 2 == 0, &found, &tear), HASH_CHAIN_WHOLE);
		assert_int_equal(hash_chain_look(work, log.data + before + 1, log.len - before - 1,
			false, &found, &tear), HASH_CHAIN_SHORT);
	}
	buf_free(&log);
}

TEST(look__sees_a_tear_at_every_byte)
{
	struct hash_chain chain = hash_chain_empty, found;
	struct hash_chain_tear tear;
	struct buf log = { 0 };
	size_t two;

	add(&log, &chain, work, "{\"a\":1");
	add(&log, &chain, work, "{\"a\":{\"b\":[1,2]}");
	two = log.len;
	add(&log, &chain, work, "{\"ts\":\"2026\",\"c\":\"seq\"");
	for (size_t cut = two + 1; cut < log.len; cut++) {
		bool newline_alone = cut == log.len - 1;

		assert_int_equal(hash_chain_look(work, log.data, cut, true, &found, &tear),
			HASH_CHAIN_TORN);
		assert_true(tear.open);
		assert_int_equal(tear.lines, newline_alone ? 0 : 1);
		assert_int_equal(tear.bytes, newline_alone ? 0 : cut - two);
		assert_string_equal(tear.digest, sha(log.data + two, (size_t)tear.bytes));
		assert_int_equal(found.seq, 3);
		assert_string_equal(found.last, sha(log.data + two, cut - two));
		assert_int_equal(hash_chain_look(work, log.data + two, cut - two, false, &found,
			&tear), HASH_CHAIN_SHORT);
	}
	buf_free(&log);
}

/* Torn, and the repair torn again, with and without its newline. */
TEST(look__counts_torn_lines_one_after_the_other)
{
	struct hash_chain chain = hash_chain_empty, found;
	struct hash_chain_tear tear;
	struct buf log = { 0 };
	size_t one;

	add(&log, &chain, work, "{\"a\":1");
	one = log.len;
	buf_str(&log, "{\"ts\":\"1\",\"se\n\n{\"ts\":\"20");
	assert_int_equal(hash_chain_look(work, log.data, log.len, true, &found, &tear),
		HASH_CHAIN_TORN);
	assert_int_equal(tear.lines, 3);
	assert_int_equal(tear.bytes, log.len - one);
	assert_string_equal(tear.digest, sha(log.data + one, log.len - one));
	assert_true(tear.open);
	assert_int_equal(found.seq, 4);
	assert_string_equal(found.last, sha("{\"ts\":\"20", 9));
	buf_char(&log, '\n');
	assert_int_equal(hash_chain_look(work, log.data, log.len, true, &found, &tear),
		HASH_CHAIN_TORN);
	assert_int_equal(tear.lines, 3);
	assert_false(tear.open);
	assert_int_equal(hash_chain_look(work, log.data + one, log.len - one, true, &found, &tear),
		HASH_CHAIN_TORN);	/* a file that begins so */
	assert_int_equal(found.seq, 3);
	buf_free(&log);
}

TEST(look__tells_a_log_without_a_chain)
{
	static const char *const foreign[] = { "{\"a\":1}\n", "{\"a\":1}", "{\"a\":1}\n{\"a",
		"{\"a\":1}\n{\"a\n", "\n{\"a\":1}\n\n", "hello", "a,b\n1,2\n", "{\"tsx" };
	struct hash_chain_tear tear;
	struct hash_chain found;

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		assert_int_equal(hash_chain_look(work, foreign[i], strlen(foreign[i]), true, &found,
			&tear), HASH_CHAIN_FOREIGN);
	/* a crash of the machine may leave zeros in place of what was written */
	assert_int_equal(hash_chain_look(work, "\0\0\0", 3, true, &found, &tear), HASH_CHAIN_TORN);
}

/* A signed line is followed by lines of its key alone, one without a signature by any. */
TEST(look__tells_a_line_of_another_key)
{
	struct hash_chain_work *mine = hash_chain_work_new(KEY, strlen(KEY)),
			  *other = hash_chain_work_new("k", 1);
	struct hash_chain chain = hash_chain_empty, found;
	struct hash_chain_tear tear;
	struct buf log = { 0 };

	add(&log, &chain, work, "{\"a\":1");
	assert_int_equal(hash_chain_look(mine, log.data, log.len, true, &found, &tear),
		HASH_CHAIN_WHOLE);
	add(&log, &chain, mine, "{\"a\":2");
	assert_int_equal(hash_chain_look(mine, log.data, log.len, true, &found, &tear),
		HASH_CHAIN_WHOLE);
	assert_int_equal(hash_chain_look(other, log.data, log.len, true, &found, &tear),
		HASH_CHAIN_OTHER_KEY);
	assert_int_equal(hash_chain_look(work, log.data, log.len, true, &found, &tear),
		HASH_CHAIN_OTHER_KEY);
	buf_str(&log, "{\"ts");
	assert_int_equal(hash_chain_look(work, log.data, log.len, true, &found, &tear),
		HASH_CHAIN_OTHER_KEY);
	buf_free(&log);
	hash_chain_work_free(mine);
	hash_chain_work_free(other);
}

int main(void)
{
	return run_all_tests(set_up, tear_down);
}

/* Lines that hold on to each other: what is written, what is read, and what a crash leaves. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "audit/hash_chain.h"
#include "tests/support/check.h"
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

static struct buf all;			/* of lines, and the chain that they make */
static struct hash_chain chain;

static void add(struct hash_chain_work *w, const char *text)
{
	struct buf line = { 0 };

	buf_str(&line, text);
	assert_true(hash_chain_seal(&chain, w, &line));
	buf_add(&all, line.data, line.len);
	buf_free(&line);
	assert_false(all.failed);
}

static struct hash_chain found;		/* what the last look found */
static struct hash_chain_tear tear;

static enum hash_chain_end look_at(struct hash_chain_work *w, const char *bytes, size_t len,
	bool from_start)
{
	return hash_chain_look(w, bytes, len, from_start, &found, &tear);
}

static enum hash_chain_end look(struct hash_chain_work *w)
{
	return look_at(w, all.data, all.len, true);
}

static int set_up(void **state __attribute__((unused)))
{
	chain = hash_chain_empty;
	work = hash_chain_work_new(NULL, 0);
	return work ? 0 : -1;
}

static int tear_down(void **state __attribute__((unused)))
{
	hash_chain_work_free(work);
	buf_free(&all);
	return 0;
}

TEST(line__ends_with_the_members_of_a_chain)
{
	struct buf want = { 0 };

	add(work, "{\"a\":1");
	buf_printf(&want, "{\"a\":1,\"seq\":1,\"prev\":\"" ZEROS "\"}");
	assert_string_equal(chain.last, sha(want.data, want.len));
	buf_printf(&want, "\n{\"b\":2,\"seq\":2,\"prev\":\"%s\"}\n", chain.last);
	add(work, "{\"b\":2");
	assert_int_equal(all.len, want.len);
	assert_memory_equal(all.data, want.data, want.len);
	assert_int_equal(chain.seq, 2);
	buf_free(&want);
}

TEST(line__has_a_mac_over_all_before_it)
{
	struct hash_chain_work *w = hash_chain_work_new(KEY, strlen(KEY));
	static const char body[] = "{\"a\":1,\"seq\":1,\"prev\":\"" ZEROS "\"";
	struct hash_chain_link link;
	char hex[HASH_CHAIN_HEX + 1];
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	assert_non_null(w);
	add(w, "{\"a\":1");
	assert_non_null(HMAC(EVP_sha256(), KEY, strlen(KEY), (const unsigned char *)body,
		strlen(body), mac, &n));
	text_hex(mac, HASH_CHAIN_HEX / 2, hex);
	assert_true(hash_chain_split(all.data, all.len - 1, &link));
	assert_int_equal(link.mac_from, strlen(body));
	assert_memory_equal(all.data, body, strlen(body));
	assert_memory_equal(link.mac, hex, HASH_CHAIN_HEX);
	assert_memory_equal(link.prev, ZEROS, HASH_CHAIN_HEX);
	assert_int_equal(link.seq, 1);
	hash_chain_work_free(w);
}

/* A member in a string, in an object, in another form or place is none. */
TEST(split__accepts_only_the_written_form_at_the_end)
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

TEST(look__accepts_whole_lines)
{
	assert_int_equal(look_at(work, "", 0, true), HASH_CHAIN_WHOLE);
	assert_int_equal(found.seq, 0);
	assert_string_equal(found.last, ZEROS);
	for (int i = 0; i < 3; i++) {
		size_t before = all.len;

		add(work, "{\"event\":\"x\"");
		assert_int_equal(look(work), HASH_CHAIN_WHOLE);
		assert_int_equal(found.seq, chain.seq);
		assert_string_equal(found.last, chain.last);
		/* from within the line before on; and where the line is not all there */
		assert_int_equal(look_at(work, all.data + before / 2, all.len - before / 2,
			before / 2 == 0), HASH_CHAIN_WHOLE);
		assert_int_equal(look_at(work, all.data + before + 1, all.len - before - 1,
			false), HASH_CHAIN_SHORT);
	}
}

TEST(look__finds_a_line_torn_at_any_byte)
{
	size_t two;

	add(work, "{\"a\":1");
	add(work, "{\"a\":{\"b\":[1,2]}");
	two = all.len;
	add(work, "{\"ts\":\"2026\",\"c\":\"seq\"");
	for (size_t cut = two + 1; cut < all.len; cut++) {
		bool newline_alone = cut == all.len - 1;

		assert_int_equal(look_at(work, all.data, cut, true),
			HASH_CHAIN_TORN);
		assert_true(tear.open);
		assert_int_equal(tear.lines, newline_alone ? 0 : 1);
		assert_int_equal(tear.bytes, newline_alone ? 0 : cut - two);
		assert_string_equal(tear.digest, sha(all.data + two, (size_t)tear.bytes));
		assert_int_equal(found.seq, 3);
		assert_string_equal(found.last, sha(all.data + two, cut - two));
		assert_int_equal(look_at(work, all.data + two, cut - two, false), HASH_CHAIN_SHORT);
	}
}

/* Torn, and the repair torn again, with and without its newline. */
TEST(look__counts_several_torn_lines)
{
	size_t one;

	add(work, "{\"a\":1");
	one = all.len;
	buf_str(&all, "{\"ts\":\"1\",\"se\n\n{\"ts\":\"20");
	assert_int_equal(look(work), HASH_CHAIN_TORN);
	assert_int_equal(tear.lines, 3);
	assert_int_equal(tear.bytes, all.len - one);
	assert_string_equal(tear.digest, sha(all.data + one, all.len - one));
	assert_true(tear.open);
	assert_int_equal(found.seq, 4);
	assert_string_equal(found.last, sha("{\"ts\":\"20", 9));
	buf_char(&all, '\n');
	assert_int_equal(look(work), HASH_CHAIN_TORN);
	assert_int_equal(tear.lines, 3);
	assert_false(tear.open);
	assert_int_equal(look_at(work, all.data + one, all.len - one, true),
		HASH_CHAIN_TORN);	/* a file that begins so */
	assert_int_equal(found.seq, 3);
}

TEST(look__recognizes_a_log_without_a_chain)
{
	static const char *const foreign[] = { "{\"a\":1}\n", "{\"a\":1}", "{\"a\":1}\n{\"a",
		"{\"a\":1}\n{\"a\n", "\n{\"a\":1}\n\n", "hello", "a,b\n1,2\n", "{\"tsx" };

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		assert_int_equal(look_at(work, foreign[i], strlen(foreign[i]), true),
			HASH_CHAIN_FOREIGN);
	/* a crash of the machine may leave zeros in place of what was written */
	assert_int_equal(look_at(work, "\0\0\0", 3, true), HASH_CHAIN_TORN);
}

/* Only lines with the same key may follow a signed line; any may follow one without a mac. */
TEST(look__recognizes_a_line_with_another_key)
{
	struct hash_chain_work *mine = hash_chain_work_new(KEY, strlen(KEY)),
			  *other = hash_chain_work_new("k", 1);

	add(work, "{\"a\":1");
	assert_int_equal(look(mine), HASH_CHAIN_WHOLE);
	add(mine, "{\"a\":2");
	assert_int_equal(look(mine), HASH_CHAIN_WHOLE);
	assert_int_equal(look(other), HASH_CHAIN_OTHER_KEY);
	assert_int_equal(look(work), HASH_CHAIN_OTHER_KEY);
	buf_str(&all, "{\"ts");
	assert_int_equal(look(work), HASH_CHAIN_OTHER_KEY);
	hash_chain_work_free(mine);
	hash_chain_work_free(other);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

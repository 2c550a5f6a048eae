/* Strict JSON as text and a value at a time. */
#include <math.h>

#include "json.h"
#include "tests/support/check.h"

static bool strict(const char *s)
{
	return json_skip(s, s + strlen(s)) == s + strlen(s);
}

TEST(skip__is_strict)
{
	static const char *const good[] = {
		"0", "-1.5e+3", "\"\\u00e9\\n\"", "true", "null", "[]", "{}", "[1,[2,{\"a\":[]}]]",
		" {\"a\" : 1 , \"b\" : [ ] }"
	};
	static const char *const bad[] = {
		"", "01", "1.", ".5", "+1", "1e", "-", "tru", "[1,]", "{\"a\":1,}", "{a:1}",
		"[1 2]",
		"\"\\x\"", "\"\\u12g4\"", "\"a", "{\"a\"}", "[", "{", "\"\n\"", "NaN", "[}"
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!strict(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (strict(bad[i]))
			fail_msg("%s", bad[i]);
}

TEST(skip__depth_has_a_limit)
{
	char deep[2000];

	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	assert_null(json_skip(deep, deep + 2000));
	assert_ptr_equal(json_skip(deep + 500, deep + 1500), deep + 1500);
}

/* The text's structure as one line: members in order, numbers as they are read. */
static void render(struct json_cursor *c, struct buf *out)
{
	struct json_text text;
	double x;

	switch (json_peek(c)) {
	case '{':
		buf_char(out, '{');
		json_enter(c);
		/* one way to a key or the other, by what it is */
		while (json_expect(c, "\"a\":", 4) ? buf_char(out, 'a')
		       : json_key(c, &text) && json_text_put(&text, out)) {
			buf_char(out, '=');
			render(c, out);
			buf_char(out, ' ');
		}
		buf_char(out, '}');
		break;
	case '[':
		buf_char(out, '[');
		json_enter(c);
		while (json_item(c)) {
			render(c, out);
			buf_char(out, ' ');
		}
		buf_char(out, ']');
		break;
	case '"':
		if (json_string(c, &text))
			json_text_put(&text, out);
		break;
	case 't':
	case 'f':
	case 'n':
		buf_char(out, json_peek(c));
		json_pass(c);
		break;
	default:
		if (json_number(c, &x))
			json_put_double(out, x);
	}
}

TEST(cursor__visits_each_value)
{
	static const char text[] = " {\"a\":7,\"a\" : [1, -2.50,{}, [ ] ,\"x\\ty\"],"
		"\"\\u0062\":true ,"
		"\"c\":{\"d\":null}, \"e\":12345678901234567890} ";
	struct json_cursor c = json_start(text, text + strlen(text));
	struct buf out = { 0 };

	render(&c, &out);
	buf_char(&out, '\0');
	assert_string_equal(out.data,
		"{a=7 a=[1 -2.5 {} [] x\ty ] b=t c={d=n } e=1.2345678901234567e+19 }");
	assert_ptr_equal(c.at, text + strlen(text) - 1);
	buf_free(&out);
}

/* Cut anywhere, and with any byte changed to one that fits nowhere, no value is malformed for
 * one of the two readers alone. */
TEST(cursor__and_skip_accept_the_same_texts)
{
	static const char good[] = "{\"a\":[1,{\"z\":0,\"a\":12},-2.5e3,{},[],"
		"\"x\\n\\u12aB\"],\"b\":{\"c\":null,\"d\":true}}";
	static const char odd[] = ",:{}[]\"x1\\ \x01";
	char text[sizeof(good)];
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(good); i++)
		for (size_t k = 0; k < sizeof(odd); k++) {
			size_t len = k ? sizeof(good) - 1 : i;
			struct json_cursor c;
			const char *end;

			memcpy(text, good, sizeof(good));
			if (k)
				text[i] = odd[k - 1];
			end = json_skip(text, text + len);
			c = json_start(text, text + len);
			buf_clear(&out);
			render(&c, &out);
			if (c.at != end)
				fail_msg("%.*s", (int)len, text);
		}
	buf_free(&out);
}

TEST(number__is_the_nearest_double)
{
	static const char *const odd[] = {
		"0", "-0", "0.1", "123456789012345", "1234567890123456", "9007199254740993",
		"0.000000000000001", "0.0000000000000001", "1e22", "1e23", "2.5E-3", "1e-400",
		"179769313486231580793e289", "4.35", "8.41e21", "0.30000000000000004"
	};
	uint64_t seed = 88172645463325252u;
	char text[64];

	for (int i = 0; i < 1000000; i++) {
		struct json_cursor c;
		double x = -1, truth;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		if (i < (int)ARRAY_LEN(odd))
			snprintf(text, sizeof(text), "%s]", odd[i]);
		else
			snprintf(text, sizeof(text), "%s%llu.%0*llu]", i % 3 ? "" : "-",
				(unsigned long long)(seed >> (20 + i % 40)), i % 9 + 1,
				(unsigned long long)(seed & 0xFFFF));
		truth = strtod(text, NULL);
		c = json_start(text, text + strlen(text));
		if (!json_number(&c, &x) || x != truth || signbit(x) != signbit(truth)
		    || *c.at != ']')
			fail_msg("%s", text);
	}
}

TEST(string__is_escaped_and_read_back)
{
	struct buf out = { 0 }, back = { 0 };
	char all[0x80];

	json_put_string(&out, "a\"\\\n\x01\x7F\xC2\x85\xC3\xA4\xFF", 11);
	buf_char(&out, '\0');
	assert_string_equal(out.data,
		"\"a\\\"\\\\\\n\\u0001\\u007f\\u0085\xC3\xA4\xEF\xBF\xBD\"");
	buf_clear(&out);
	json_put_string(&out, "\xD8\x9C\xE2\x80\x8D\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA9"
		"\xF0\x9F\x98\x80", 18);
	buf_char(&out, '\0');
	assert_string_equal(out.data,
		"\"\\u061c\xE2\x80\x8D\\u2028\\u202e\\u2069\xF0\x9F\x98\x80\"");
	buf_clear(&out);
	for (int i = 0; i < 0x80; i++)
		all[i] = (char)i;
	json_put_string(&out, all, sizeof(all));
	assert_true(json_unescape(out.data, out.len, &back));
	assert_int_equal(back.len, sizeof(all));
	assert_memory_equal(back.data, all, sizeof(all));
	buf_clear(&back);
	assert_true(json_unescape("\"\\ud83d\\ude00\\ud83d\"", 20, &back));
	assert_memory_equal(back.data, "\xF0\x9F\x98\x80\xEF\xBF\xBD", 7);
	buf_free(&out);
	buf_free(&back);
}

/* What cJSON alone would take, or take for something else. */
TEST(document__must_be_whole_and_strict)
{
	static const char *const bad[] = {
		"", " ", "[]", "\"x\"", "7", "{", "{}x", "{}{}", "{\"a\":1}\v", "\xEF\xBB\xBF{}",
		"{\"a\":01}", "{\"a\":1.}", "{\"a\":\"\t\"}", "{\"a\":\"\\u0000\"}",
		"{\"\\u0000\":1}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\\n\"}",
		"{\"a\":\"\\udc00\"}", "{\"a\":\"\\ud800\\ud800\"}", "{\"a\":1,\"a\":1}",
		"{\"a\":1,\"\\u0061\":1}", "{\"x\":[{\"y\":{\"a\":1,\"b\":2,\"a\":3}}]}",
		"{\"a\":1000000000000000000000000000000000000000000000000000000000000000}"
	};
	static const char good[] = " {\"a\":\"\\\\u0000 \\ud83d\\ude00\",\"A\":[1.5,\"x\",{}],"
		"\"b\":{\"a\":null}}\r\n";
	const struct cJSON *item;
	struct cJSON *document;
	const char *why;
	double x;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (json_document(bad[i], strlen(bad[i]), 1000, &why))
			fail_msg("taken: %s", bad[i]);
		assert_true(why && why != why_no_memory);
	}
	assert_null(json_document("{\0}", 3, 1000, &why));
	assert_null(json_document(good, strlen(good), strlen(good) - 1, &why));
	document = json_document(good, strlen(good), strlen(good), &why);
	assert_non_null(document);
	assert_string_equal(json_value_string(json_member(document, "a")),
		"\\u0000 \xF0\x9F\x98\x80");
	item = json_first_item(json_member(document, "A"));
	assert_true(json_value_number(item, &x) && x > 1.4 && x < 1.6);
	assert_null(json_value_string(item));
	item = json_next_item(item);
	assert_string_equal(json_value_string(item), "x");
	assert_null(json_member(item, "a"));
	assert_null(json_next_item(json_next_item(item)));
	item = json_member(document, "b");
	assert_false(json_is_array(item) || json_first_item(item) || json_member(item, "b"));
	assert_false(json_value_number(json_member(item, "a"), &x));
	json_document_free(document);
	json_document_free(NULL);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

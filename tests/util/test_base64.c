/* Base64: the vectors of RFC 4648 §10, and what is not Base64. */
#include "tests/support/check.h"
#include "util/base64.h"

TEST(base64__has_the_vectors_of_the_rfc)
{
	static const char *const cases[][2] = {
		{ "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text = cases[i][1];
		struct buf b = { 0 };
		unsigned char bytes[8];

		assert_true(base64_put(&b, cases[i][0], strlen(cases[i][0])));
		assert_string_equal(b.data, text);
		assert_int_equal(base64_size(text, strlen(text)), i + 1);
		assert_true(base64_get(bytes, text, strlen(text)));
		assert_memory_equal(bytes, cases[i][0], i + 1);
		buf_free(&b);
	}
}

TEST(base64__other_text_has_no_size)
{
	static const char *const cases[] = { "", "Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==",
		"Z g=", "Zm9v\n", "Zm-_", " Zm9", "Zm9\xe9" };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(base64_size(cases[i], strlen(cases[i])), 0);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

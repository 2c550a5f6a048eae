/* Labels of rows: which texts are labels. */
#include "tests/support/check.h"
#include "window/row_labels.h"

static struct row_labels labels;

static void takes(const char *text, const char *name, const char *value)
{
	assert_null(row_labels_add(&labels, text));
	assert_string_equal(labels.v[labels.n - 1].name, name);
	assert_string_equal(labels.v[labels.n - 1].value, value);
}

static void refuses(const char *text, const char *words)
{
	const size_t n = labels.n;
	const char *why = row_labels_add(&labels, text);

	assert_non_null(why);
	assert_non_null(strstr(why, words));
	assert_int_equal(labels.n, n);
}

TEST(row_labels__name_ends_at_the_first_equals_sign)
{
	takes("site=Bonn", "site", "Bonn");
	takes("_=a=b", "_", "a=b");
	takes("A9==", "A9", "=");
	assert_int_equal(labels.n, 3);
}

TEST(row_labels__names_are_checked)
{
	static const char *const none[] = { "", "=", "=a", "a", "9=a", "a-b=c", "a.b=c", "a =b",
		"\xC3\xA4=b" };

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		refuses(none[i], "must be NAME=VALUE");
	refuses("__=a", "must not begin with __");
	takes("queue=a", "queue", "a");
	takes("Queue_id=a", "Queue_id", "a");
	refuses("queue=a", "another label has this name");
}

TEST(row_labels__values_are_checked)
{
	char text[3 + ROW_LABEL_VALUE_MAX + 1] = "a=";

	refuses("a=", "must have a value");
	refuses("a=\xC3", "UTF-8");
	memset(text + 2, 'x', ROW_LABEL_VALUE_MAX + 1);
	refuses(text, "at most 256 bytes");
	text[2 + ROW_LABEL_VALUE_MAX] = '\0';
	takes(text, "a", text + 2);
}

TEST(row_labels__have_a_limit)
{
	char text[8];

	for (size_t i = 0; i < ROW_LABELS_MAX; i++) {
		snprintf(text, sizeof(text), "a%zu=b", i);
		assert_null(row_labels_add(&labels, text));
	}
	refuses("b=c", "at most 32");
}

static int free_labels(void **state __attribute__((unused)))
{
	row_labels_free(&labels);
	return 0;
}

int main(void)
{
	each_test(NULL, free_labels);
	return run_all_tests(NULL, NULL);
}

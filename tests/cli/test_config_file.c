/* The lines of a configuration file. */
#include "cli/config_file.h"
#include "tests/support/check.h"

static struct config_file file;

static void parse(const char *text)
{
	config_file_free(&file);
	snprintf(file.name, sizeof(file.name), "f");
	assert_true(buf_str(&file.text, text));
	config_file_parse(&file);
	assert_false(file.problems.failed);
}

/* The line is the option window with that value. */
static void has(const char *line, const char *value)
{
	parse(line);
	assert_int_equal(file.problems.n, 0);
	assert_int_equal(file.n, 1);
	assert_string_equal(file.v[0].option->name, "window");
	assert_int_equal(file.v[0].line, 1);
	assert_string_equal(file.v[0].value, value);
}

static void wrong(const char *line, const char *problem)
{
	parse(line);
	assert_int_equal(file.problems.n, 1);
	assert_string_equal(file.problems.v[0], problem);
}

TEST(config_file__separators)
{
	has("window 5m", "5m");
	has("window=5m", "5m");
	has("window:5m", "5m");
	has("--window = 5m", "5m");
	has("\t window\t:\t5m \t\r\n", "5m");
	has("window ==5m", "=5m");
	has("window = :5m", ":5m");
	has("\xEF\xBB\xBFwindow = 5m", "5m");
	wrong("window = = 5m", "f:1: window has a value with blanks; put it in double quotes");
}

TEST(config_file__quotes)
{
	has("window \"5m\"", "5m");
	has("window = \"\"", "");
	has("window = \"a b # = : 'c\" # d", "a b # = : 'c");
	has("window = \"\\\\\\\"\\n\\t\"", "\\\"\n\t");
	has("window = a\"b\"", "a\"b\"");
	has("window = a\\n", "a\\n");
	wrong("window = \"", "f:1: window has a quote that does not end");
	wrong("window = \"a\\\"", "f:1: window has a quote that does not end");
	wrong("window = \"\"\"", "f:1: window has text behind its quotes");
	wrong("window = \"\"#", "f:1: window has text behind its quotes");
	wrong("window = \"\\r\"", "f:1: window has an unknown escape; within quotes there are "
		"\\\\, \\\", \\n and \\t");
}

TEST(config_file__comments)
{
	parse("# window\n\n \t# window\r\n\r\n#");
	assert_int_equal(file.n + file.problems.n, 0);
	has("window 5m # 6m", "5m");
	has("window 5m#6m", "5m#6m");
	wrong("window #6m", "f:1: window needs a value");
	wrong("window# 6m", "f:1: unknown option 'window#'; did you mean window?");
}

TEST(config_file__keeps_the_order_and_counts_all_lines)
{
	parse("align\n# c\n\nqueue 1\nnonsense\nqueue = 2");
	assert_int_equal(file.n, 3);
	assert_string_equal(file.v[0].option->name, "align");
	assert_null(file.v[0].value);
	assert_int_equal(file.v[1].line, 4);
	assert_string_equal(file.v[2].value, "2");
	assert_int_equal(file.v[2].line, 6);
	assert_string_equal(file.problems.v[0], "f:5: unknown option 'nonsense'; see --help");
}

TEST(config_file__bad_line_stays_as_one_that_must_not_be_set)
{
	parse("check\ncheck = nagios");
	assert_int_equal(file.n, 2);
	assert_true(file.v[0].use == CONFIG_IGNORED);
	assert_true(file.v[1].use == CONFIG_USED);
}

static int free_file(void **state __attribute__((unused)))
{
	config_file_free(&file);
	return 0;
}

int main(void)
{
	return run_all_tests(NULL, free_file);
}

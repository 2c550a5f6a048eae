/* Lists as tables: widths, columns that are left out, wrapping. */
#include <string.h>

#include "output/list_table.h"
#include "tests/support/check.h"

static const char *const titles[] = { "id", "name", "what it is" };
static struct list_table table = { .title = titles, .ncolumn = 3, .header = true };
static struct buf out;

static const char *render(size_t width)
{
	table.width = width;
	buf_clear(&out);
	assert_true(list_table_put(&table, &out));
	buf_char(&out, '\0');
	return out.data;
}

static void add(const char *id, const char *name, const char *what)
{
	lines_add(&table.cells, "%s", id);
	lines_add(&table.cells, "%s", name);
	lines_add(&table.cells, "%s", what);
}

static int begin(void **state __attribute__((unused)))
{
	lines_free(&table.cells);
	add("1", "Sales", "all who want to buy something and then some more");
	add("22", "東京", "");
	return 0;
}

TEST(columns__align)
{
	begin(NULL);
	assert_string_equal(render(80),
		"id  name   what it is\n"
		"1   Sales  all who want to buy something and then some more\n"
		"22  東京\n");
}

TEST(last_column__wraps_between_words)
{
	begin(NULL);
	assert_string_equal(render(43),
		"id  name   what it is\n"
		"1   Sales  all who want to buy something\n"
		"           and then some more\n"
		"22  東京\n");
}

TEST(columns_without_room__are_left_out)
{
	begin(NULL);
	assert_string_equal(render(42),
		"id  what it is\n"
		"1   all who want to buy something and then\n"
		"    some more\n"
		"22\n");
	assert_string_equal(render(1),
		"id  what it is\n"
		"1   all who want to\n"
		"    buy something\n"
		"    and then some\n"
		"    more\n"
		"22\n");
}

TEST(columns_that_are_kept__stay)
{
	begin(NULL);
	table.kept = 2;
	assert_string_equal(render(1),
		"id  name   what it is\n"
		"1   Sales  all who want to\n"
		"           buy something\n"
		"           and then some\n"
		"           more\n"
		"22  東京\n");
	table.kept = 0;
}

TEST(long_word__is_cut)
{
	lines_free(&table.cells);
	add("1", "a", "abcdefghijklmnopqrstuvwxyz and more");
	assert_string_equal(render(20),
		"id  what it is\n"
		"1   abcdefghij…vwxyz\n"
		"    and more\n");
}

TEST(header__may_be_bold_or_absent)
{
	begin(NULL);
	table.bold = true;
	assert_ptr_equal(strstr(render(80), "\033[1mid  name   what it is\033[0m\n1  "), out.data);
	table.bold = table.header = false;
	assert_ptr_equal(strstr(render(80), "1   Sales"), out.data);
	table.header = true;
	table.ascii = true;
	assert_non_null(strstr(render(80), "22  ??\n"));
	table.ascii = false;
}

static int end(void **state __attribute__((unused)))
{
	lines_free(&table.cells);
	buf_free(&out);
	return 0;
}

int main(void)
{
	return run_all_tests(NULL, end);
}

/*
 * A configuration file. What is read of a line is written in quotes and has to be read as the same
 * again.
 */
#include "cli/config_file.h"
#include "tests/support/fuzz.h"
#include "util/utf8.h"

static void read_text(struct config_file *c, const void *text, size_t size)
{
	*c = (struct config_file){ .name = "f" };
	must(buf_add(&c->text, text, size));
	config_file_parse(c);
	must(!c->problems.failed);
}

static size_t count_lines(const uint8_t *data, size_t size)
{
	size_t n = 1;

	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

static void put_quoted(struct buf *out, const struct config_entry *entry)
{
	static const char special[] = "\\\"\n\t", letters[] = "\\\"nt";

	buf_printf(out, "\r\n --%s = \"", entry->option->name);
	for (const char *s = entry->value; *s; s++) {
		const char *at = strchr(special, *s);

		if (at)
			buf_printf(out, "\\%c", letters[at - special]);
		else
			buf_char(out, *s);
	}
	buf_str(out, "\" # end\r\n");
}

static void check_entry(const struct config_file *c, const struct config_entry *entry)
{
	struct config_file again;
	struct buf line = { 0 };

	if (entry->use == CONFIG_IGNORED)
		return;
	must(!entry->option->arg == !entry->value && !entry->option->only_flag);
	if (!entry->value)
		return;
	must(entry->value > c->text.data && entry->value < c->text.data + c->text.len);
	must(utf8_valid(entry->value, strlen(entry->value)));
	must(!entry->option->is_secret || entry->value[0] == '@');
	put_quoted(&line, entry);
	must(!line.failed);
	read_text(&again, line.data, line.len);
	must(again.n == 1 && again.problems.n == 0 && again.v[0].option == entry->option);
	must(again.v[0].line == 2 && same_text(again.v[0].value, entry->value));
	config_file_free(&again);
	buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t lines = count_lines(data, size);
	struct config_file c;
	size_t line = 0;

	read_text(&c, data, size);
	must(c.n + c.problems.n <= 2 * lines);
	for (size_t i = 0; i < c.n; i++) {
		must(c.v[i].line > line && c.v[i].line <= lines);
		line = c.v[i].line;
		check_entry(&c, &c.v[i]);
	}
	for (size_t i = 0; i < c.problems.n; i++)
		must(strncmp(c.problems.v[i], "f:", 2) == 0);
	config_file_free(&c);
	return 0;
}

#include "output/list.h"

#include <string.h>

#include "json.h"
#include "output/list_table.h"
#include "util/text.h"

/* The text of a cell; *text is its memory. out fails if that cannot be allocated. */
static const char *cell(const struct list_column *c, const char *item, struct buf *text,
	struct buf *out)
{
	if (!c->put)
		return *(const char *const *)(item + c->at);
	buf_clear(text);
	c->put(text, item);
	if (buf_char(text, '\0'))
		return text->data;
	out->failed = true;
	return "";
}

static void put_words(struct buf *out, const char *text)
{
	buf_char(out, '[');
	for (size_t len; *text; text += len) {
		len = strcspn(text, " ");
		json_put_string(out, text, len);
		if (text[len]) {
			buf_char(out, ',');
			len++;
		}
	}
	buf_char(out, ']');
}

static void put_value(struct buf *out, enum list_form form, const char *text)
{
	if (form == LIST_WORDS)
		put_words(out, text);
	else if (form == LIST_TEXT_OR_NULL && !*text)
		buf_str(out, "null");
	else
		json_put_quoted(out, "", text);
}

static void put_ndjson(const struct list_columns *columns, const char *item, struct buf *text,
	struct buf *out)
{
	for (size_t i = 0; i < columns->ndata; i++) {
		const struct list_column *c = &columns->data[i];

		buf_printf(out, "%s\"%s\":", i ? "," : "{", c->name);
		put_value(out, c->form, cell(c, item, text, out));
	}
	buf_str(out, "}\n");
}

/* item NULL: the header. */
static void put_csv(const struct list_columns *columns, const char *item, struct buf *text,
	struct buf *out)
{
	for (size_t i = 0; i < columns->ndata; i++) {
		const struct list_column *c = &columns->data[i];

		buf_str(out, i ? "," : "");
		text_put_csv(out, item ? cell(c, item, text, out) : c->name);
	}
	buf_char(out, '\n');
}

static bool put_table(const struct list_columns *columns, struct lines *cells,
	const struct list_conf *conf, struct buf *out)
{
	const char *titles[LIST_TABLE_COLUMNS];
	struct list_table table = { .title = titles, .ncolumn = columns->ntable, .cells = *cells,
		.header = conf->header, .ascii = conf->ascii };

	for (size_t i = 0; i < columns->ntable; i++)
		titles[i] = columns->table[i].name;
	list_table_fit(&table, conf->fd);
	return list_table_put(&table, out);
}

bool list_put(const struct list_columns *columns, const void *items, size_t n, size_t size,
	const struct list_conf *conf, struct buf *out)
{
	struct buf text = { 0 };
	struct lines cells = { 0 };

	if (conf->format == FORMAT_CSV && conf->header)
		put_csv(columns, NULL, &text, out);
	for (size_t i = 0; i < n; i++) {
		const char *item = (const char *)items + i * size;

		if (conf->format == FORMAT_CSV)
			put_csv(columns, item, &text, out);
		else if (conf->format != FORMAT_TABLE)
			put_ndjson(columns, item, &text, out);
		for (size_t k = 0; conf->format == FORMAT_TABLE && k < columns->ntable; k++)
			lines_add(&cells, "%s", cell(&columns->table[k], item, &text, out));
	}
	if (conf->format == FORMAT_TABLE)
		out->failed = !put_table(columns, &cells, conf, out) || out->failed;
	buf_free(&text);
	lines_free(&cells);
	return !out->failed;
}

#include "output/list.h"

#include <string.h>

#include "json.h"
#include "output/list_table.h"
#include "util/text.h"

/* The text of an item in a column, valid until the next call. */
static const char *cell(struct list *l, size_t i, const struct list_column *c,
	struct buf *out)
{
	const char *item = (const char *)l->items + i * l->size;

	if (!c->put)
		return *(const char *const *)(item + c->at);
	buf_clear(&l->text);
	c->put(&l->text, item);
	if (buf_char(&l->text, '\0'))
		return l->text.data;
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

void list_put_ndjson(struct list *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->columns->ndata; k++) {
			const struct list_column *c = &l->columns->data[k];

			buf_printf(out, "%s\"%s\":", k ? "," : "{", c->name);
			put_value(out, c->form, cell(l, i, c, out));
		}
		buf_str(out, "}\n");
	}
}

void list_put_csv(struct list *l, struct buf *out)
{
	const struct list_columns *columns = l->columns;

	for (size_t k = 0; l->conf->header && k < columns->ndata; k++)
		buf_printf(out, "%s%s", k ? "," : "", columns->data[k].name);
	buf_str(out, l->conf->header ? "\n" : "");
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < columns->ndata; k++) {
			buf_str(out, k ? "," : "");
			text_put_csv(out, cell(l, i, &columns->data[k], out));
		}
		buf_char(out, '\n');
	}
}

void list_put_table(struct list *l, struct buf *out)
{
	const struct list_columns *columns = l->columns;
	const char *titles[LIST_TABLE_COLUMNS];
	struct list_table table = { .title = titles, .ncolumn = columns->ntable,
		.header = l->conf->header, .ascii = l->conf->ascii };

	for (size_t k = 0; k < columns->ntable; k++)
		titles[k] = columns->table[k].name;
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < columns->ntable; k++)
			lines_add(&table.cells, "%s", cell(l, i, &columns->table[k], out));
	list_table_fit(&table, l->conf->fd);
	out->failed = !list_table_put(&table, out) || out->failed;
	lines_free(&table.cells);
}

bool list_put(struct list *l, struct buf *out)
{
	outputs[l->conf->format]->put_list(l, out);
	buf_free(&l->text);
	return !out->failed;
}

#include "output/list_table.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/term_text.h"
#include "util/terminal.h"
#include "util/utf8.h"

#define WIDTH 80		/* if it is unknown */
#define GAP 2
#define LAST_LEAST 32		/* columns for the last one, if others can be left out for it */
#define LAST_LEAST_ALONE 16	/* columns for it in any case */
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

struct layout {
	struct term_text_signs signs;
	size_t width[LIST_TABLE_COLUMNS];	/* 0: left out */
};

void list_table_fit(struct list_table *t, int fd)
{
	struct winsize size = { 0 };

	t->width = terminal_columns();
	if (!t->width && ioctl(fd, TIOCGWINSZ, &size) == 0)
		t->width = size.ws_col;
	if (!t->width)
		t->width = WIDTH;
	t->bold = isatty(fd) && terminal_has_colours();
}

static void lay_out(const struct list_table *t, struct layout *l)
{
	const size_t last = t->ncolumn - 1;
	size_t used = 0, n = 0;

	for (size_t c = 0; c < t->ncolumn; c++)
		l->width[c] = term_text_width(&l->signs, t->title[c]);
	for (size_t i = 0, c = 0; i < t->cells.n; i++, c = c < last ? c + 1 : 0) {
		size_t width = term_text_width(&l->signs, t->cells.v[i]);

		if (width > l->width[c])
			l->width[c] = width;
	}
	while (n < last && (n == 0 || n < t->kept
	    || used + l->width[n] + GAP + LAST_LEAST <= t->width))
		used += l->width[n++] + GAP;
	for (; n < last; n++)
		l->width[n] = 0;
	if (l->width[last] + used > t->width)
		l->width[last] = t->width > used + LAST_LEAST_ALONE ? t->width - used
			: LAST_LEAST_ALONE;
}

/* The bytes at the beginning of the text that fit into the columns: whole words, or one word. */
static size_t words_that_fit(const struct layout *l, const char *text, size_t columns,
	struct buf *part)
{
	size_t fit = 0, end = 0;

	while (text[end]) {
		end += strspn(text + end, " ");
		end += strcspn(text + end, " ");
		buf_clear(part);
		if (!buf_add(part, text, end) || !buf_char(part, '\0'))
			return end;
		if (fit && term_text_width(&l->signs, part->data) > columns)
			return fit;
		fit = end;
	}
	return fit;
}

/* Appends the text in lines, each after the first below the beginning of the first. */
static void put_wrapped(const struct layout *l, const char *text, size_t columns, size_t indent,
	struct buf *out)
{
	struct buf part = { 0 };

	for (bool first = true; ; first = false) {
		size_t len = words_that_fit(l, text, columns, &part);

		out->failed = out->failed || part.failed;
		if (!first)
			term_text_blanks(out, indent);
		buf_clear(&part);
		buf_add(&part, text, len);
		buf_char(&part, '\0');
		if (!part.failed)
			term_text_put(out, &l->signs, part.data, columns);
		out->failed = out->failed || part.failed;
		while (out->len && out->data[out->len - 1] == ' ')
			out->len--;
		buf_char(out, '\n');
		text += len;
		text += strspn(text, " ");
		if (!*text || out->failed)
			break;
	}
	buf_free(&part);
}

static void put_row(const struct list_table *t, const struct layout *l, const char *const *cell,
	struct buf *out)
{
	const size_t last = t->ncolumn - 1;
	size_t indent = 0;

	for (size_t c = 0; c < last; c++) {
		if (!l->width[c])
			continue;
		term_text_blanks(out, l->width[c] + GAP
			- term_text_put(out, &l->signs, cell[c], l->width[c]));
		indent += l->width[c] + GAP;
	}
	put_wrapped(l, cell[last], l->width[last], indent, out);
}

bool list_table_put(const struct list_table *t, struct buf *out)
{
	struct layout l = { .signs = { utf8_locale_new(), t->ascii } };

	lay_out(t, &l);
	if (t->header) {
		buf_str(out, t->bold ? BOLD : "");
		put_row(t, &l, t->title, out);
		if (t->bold && !out->failed) {	/* ends bold before the newline */
			out->len--;
			buf_str(out, PLAIN "\n");
		}
	}
	for (size_t i = 0; i + t->ncolumn <= t->cells.n; i += t->ncolumn)
		put_row(t, &l, (const char *const *)t->cells.v + i, out);
	utf8_locale_free(l.signs.utf8);
	return !out->failed && !t->cells.failed;
}

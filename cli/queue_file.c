#include "cli/queue_file.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "source/queue_list.h"
#include "util/base.h"
#include "util/text.h"
#include "util/utf8.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **s, size_t *len)
{
	while (*len && is_blank((*s)[*len - 1]))
		--*len;
	for (; *len && is_blank(**s); ++*s)
		--*len;
}

/* The length of the present line, without its newline. */
static size_t line_length(const struct queue_file *f)
{
	const char *s = f->text + f->at, *lf = memchr(s, '\n', f->size - f->at);

	return lf ? (size_t)(lf - s) : f->size - f->at;
}

static void skip_line(struct queue_file *f)
{
	f->at += line_length(f) + 1;
	f->line++;
}

/* Goes to the next line that is neither blank nor, unless it is CSV, a comment. Returns it without
 * blanks around it; NULL: there is none. */
static const char *find_line(struct queue_file *f, size_t *len)
{
	for (; f->at < f->size; skip_line(f)) {
		const char *s = f->text + f->at;

		*len = line_length(f);
		trim(&s, len);
		if (*len && (f->csv || *s != '#'))
			return s;
	}
	return NULL;
}

static const char *judge_name(const char *name, size_t len)
{
	if (memchr(name, '\0', len))
		return "the name has a NUL";
	if (!utf8_valid(name, len))
		return "the name is not UTF-8";
	return len > QUEUE_LIST_NAME_MAX ? "the name is longer than 1024 bytes" : NULL;
}

/* Sets the name of the entry to the text in f->name. */
static void set_name(struct queue_file *f, struct queue_file_entry *e)
{
	size_t len = f->name.len;

	if (!len)
		return;
	if (!buf_char(&f->name, '\0'))
		e->why = why_no_memory;
	else
		e->why = judge_name(f->name.data, len);
	e->name = e->why ? NULL : f->name.data;
}

/* --- ID and name -------------------------------------------------------------------- */

static bool begins_with_id(const char *s, size_t len)
{
	char id[UUID_LEN + 1];

	return len >= UUID_LEN && text_parse_uuid(s, UUID_LEN, id)
		&& (len == UUID_LEN || is_blank(s[UUID_LEN]) || s[UUID_LEN] == '#'
			|| s[UUID_LEN] == ',');
}

/* A `#` right after the ID begins a comment, as it did before lines had names. Two IDs in a line
 * are a mistake, so the line as a whole counts as an ID, which is refused. */
static void read_line(struct queue_file *f, const char *s, size_t len, struct queue_file_entry *e)
{
	skip_line(f);
	e->id = s;
	e->id_len = len;
	if (!begins_with_id(s, len) || len == UUID_LEN)
		return;
	s += UUID_LEN;
	len -= UUID_LEN;
	if (*s == ',') {
		e->id = NULL;
		e->why = "the first line of CSV must have the names of the columns, such as "
			"id,name";
		return;
	}
	trim(&s, &len);
	if (begins_with_id(s, len))
		return;
	e->id_len = UUID_LEN;
	if (len && *s != '#')
		buf_add(&f->name, s, len);
	set_name(f, e);
}

/* --- CSV ---------------------------------------------------------------------------- */

/* Reads a field that begins with a quote, to its last quote. */
static const char *read_quoted(struct queue_file *f, struct buf *out)
{
	const char *s;

	for (f->at++; f->at < f->size; f->at++) {
		s = f->text + f->at;
		f->line += *s == '\n';
		if (*s == '"' && (f->at + 1 == f->size || s[1] != '"')) {
			f->at++;
			return NULL;
		}
		f->at += *s == '"';
		buf_char(out, *s);
	}
	return "a quoted field does not end";
}

/* Reads a field, and the comma or newline after it. Blanks around it do not count. */
static const char *read_field(struct queue_file *f, struct buf *out, bool *last)
{
	const char *s = f->text + f->at, *why = NULL;
	size_t len = line_length(f);
	bool quoted;

	trim(&s, &len);
	quoted = len && *s == '"';
	buf_clear(out);
	if (quoted) {
		f->at = (size_t)(s - f->text);
		why = read_quoted(f, out);
		if (why)
			return why;
	}
	s = f->text + f->at;
	len = line_length(f);
	for (size_t i = 0; i < len; i++)
		if (s[i] == ',')
			len = i;
	*last = f->at + len >= f->size || s[len] == '\n';
	f->line += *last;
	f->at += len + 1;
	trim(&s, &len);
	if (quoted && len)
		return "text follows a quoted field";
	buf_add(out, s, len);
	return out->failed ? why_no_memory : NULL;
}

/* Reads the first line, which must not begin with an ID. If one of its columns is `id`, the file
 * is CSV; otherwise the line counts as not read. */
static void read_header(struct queue_file *f)
{
	const size_t at = f->at, line = f->line;
	bool last = false;

	f->id_column = f->name_column = SIZE_MAX;
	for (size_t i = 0; !last && !read_field(f, &f->other, &last); i++) {
		const struct buf *word = &f->other;

		if (f->id_column == SIZE_MAX && word->len == 2
		    && strncasecmp(word->data, "id", 2) == 0)
			f->id_column = i;
		if (f->name_column == SIZE_MAX && word->len == 4
		    && strncasecmp(word->data, "name", 4) == 0)
			f->name_column = i;
	}
	f->csv = last && f->id_column != SIZE_MAX;
	if (f->csv)
		return;
	f->at = at;
	f->line = line;
}

/* Reads a record, which can have several lines. marked: it begins with `#`. Then it is a comment,
 * and the result is false, unless it has an ID: a name that is the first field may begin so. */
static bool read_record(struct queue_file *f, bool marked, struct queue_file_entry *e)
{
	bool last = false;
	size_t i;

	buf_clear(&f->id);
	for (i = 0; !last && !e->why; i++)
		e->why = read_field(f, i == f->id_column ? &f->id : i == f->name_column ? &f->name
			: &f->other, &last);
	if (e->why) {
		f->at = f->size;	/* it is not clear where the next record begins */
		return true;
	}
	e->id = f->id.len ? f->id.data : "";
	e->id_len = f->id.len;
	set_name(f, e);
	return !marked || begins_with_id(e->id, e->id_len);
}

/* --- both --------------------------------------------------------------------------- */

bool queue_file_next(struct queue_file *f, struct queue_file_entry *e)
{
	const char *s;
	size_t len;

	if (!f->begun && f->size >= 3 && memcmp(f->text, "\xEF\xBB\xBF", 3) == 0)
		f->at = 3;	/* skip a byte order mark */
	while ((s = find_line(f, &len))) {
		if (!f->begun && !begins_with_id(s, len))
			read_header(f);
		if (!f->begun && f->csv) {
			f->begun = true;
			continue;
		}
		f->begun = true;
		buf_clear(&f->name);
		*e = (struct queue_file_entry){ .line = f->line + 1 };
		if (!f->csv) {
			read_line(f, s, len, e);
			return true;
		}
		if (read_record(f, *s == '#', e))
			return true;
	}
	return false;
}

void queue_file_free(struct queue_file *f)
{
	buf_free(&f->id);
	buf_free(&f->name);
	buf_free(&f->other);
}

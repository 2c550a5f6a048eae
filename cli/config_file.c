#include "cli/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/files.h"
#include "util/utf8.h"

#define CONFIG_FILE_MAX 65536
#define BLANKS " \t"

static void problem(struct config_file *c, size_t line, const char *name, size_t len,
	const char *text)
{
	char shown[TEXT_SHOWN_SIZE];

	lines_add(&c->problems, "%s:%zu: %s%s%s", c->name, line, text_shown(shown, name, len),
		len ? " " : "", text);
}

/* --- values ------------------------------------------------------------------------- */

/* Replaces the escapes of a quoted value in place, and ends it. s is behind the first quote. Sets
 * *rest to what is behind the last quote, and returns NULL, or returns what is wrong. */
static const char *take_quoted(char *s, char **rest)
{
	static const char escaped[] = "\\\"nt", meant[] = "\\\"\n\t";
	const char *escape;
	char *to = s;

	for (; *s && *s != '"'; s++) {
		if (*s != '\\') {
			*to++ = *s;
			continue;
		}
		escape = *++s ? strchr(escaped, *s) : NULL;
		if (!escape)
			return "has an unknown escape; within quotes there are \\\\, \\\", \\n "
				"and \\t";
		*to++ = meant[escape - escaped];
	}
	if (!*s)
		return "has a quote that does not end";
	*rest = s + 1;
	*to = '\0';
	return NULL;
}

/* Finds the value in s, which is the line behind the name, and ends it. Without a value, *value is
 * NULL. Returns NULL, or what is wrong. */
static const char *take_value(char *s, const char **value)
{
	const char *why, *more = "has a value with blanks; put it in double quotes";
	char *end, *rest;

	s += strspn(s, BLANKS);
	s += *s == '=' || *s == ':';
	s += strspn(s, BLANKS);
	*value = *s && *s != '#' ? s : NULL;
	if (!*value)
		return NULL;
	if (*s == '"') {
		more = "has text behind its quotes";
		*value = ++s;
		why = take_quoted(s, &end);
		if (why)
			return why;
	} else {
		end = s + strcspn(s, BLANKS);
	}
	rest = end + strspn(end, BLANKS);
	if (*rest && (*rest != '#' || rest == end))
		return more;
	*end = '\0';
	return NULL;
}

/* --- lines -------------------------------------------------------------------------- */

static void unknown(struct config_file *c, size_t line, const char *name, size_t len)
{
	const char *all[OPTIONS_MAX], *near = NULL;
	char shown[TEXT_SHOWN_SIZE];

	text_shown(shown, name, len);
	FOR_EACH_OPTION(d) {
		all[d - option_table] = d->name;
		if (len == 2 && name[0] == '-' && name[1] == d->letter)
			near = d->name;
	}
	if (!near)
		near = text_nearest_word(shown, all, option_table_len);
	lines_add(&c->problems, "%s:%zu: unknown option '%s'; %s%s%s", c->name, line, shown,
		near ? "did you mean " : "see --help", near ? near : "", near ? "?" : "");
}

/* Returns what is wrong with an option in a file, or NULL. */
static const char *fault(const struct option_def *d, const char *value)
{
	if (d->only_flag)
		return "cannot be used in a configuration file";
	if (d->arg && !value)
		return "needs a value";
	if (!d->arg && value)
		return "takes no value";
	if (value && d->is_secret && value[0] != '@')
		return "must be @FILE in a configuration file, because a URL can be a secret";
	return NULL;
}

static void add(struct config_file *c, const struct config_entry *entry)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 16;
		struct config_entry *v = reallocarray(c->v, cap, sizeof(*v));

		if (!v) {
			c->problems.failed = true;
			return;
		}
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = *entry;
}

/* Reads an option. s has no blanks at its ends. */
static void take_option(struct config_file *c, size_t line, char *s)
{
	struct config_entry entry = { .line = line };
	const char *why;
	size_t len;

	if (!utf8_valid(s, strlen(s))) {
		problem(c, line, "", 0, "the line is not UTF-8");
		return;
	}
	if (strncmp(s, "--", 2) == 0)
		s += 2;
	len = strcspn(s, BLANKS "=:");
	if (option_table_tries_secret(s, len)) {
		problem(c, line, s, len, "cannot be given: a configuration file must not contain "
			"secrets; use client-secret-file or the environment, see gsqstat(1)");
		return;
	}
	entry.option = option_table_look_up(s, len);
	if (!entry.option) {
		unknown(c, line, s, len);
		return;
	}
	snprintf(entry.from, sizeof(entry.from), "%s:%zu", c->name, line);
	snprintf(entry.flag, sizeof(entry.flag), "%s: %s", entry.from, entry.option->name);
	snprintf(entry.place, sizeof(entry.place), " (%s)", entry.from);
	why = take_value(s + len, &entry.value);
	if (!why)
		why = fault(entry.option, entry.value);
	entry.use = why ? CONFIG_IGNORED : CONFIG_USED;
	if (why)
		problem(c, line, entry.option->name, strlen(entry.option->name), why);
	add(c, &entry);
}

static void take_line(struct config_file *c, size_t line, char *s, size_t len)
{
	while (len && strchr(BLANKS "\r", s[len - 1]))
		len--;
	s[len] = '\0';
	s += strspn(s, BLANKS);
	if (*s && *s != '#')
		take_option(c, line, s);
}

void config_file_parse(struct config_file *c)
{
	static const char bom[] = "\xEF\xBB\xBF";
	const size_t size = c->text.len;
	size_t line = 0, at;

	if (!buf_char(&c->text, '\0')) {
		c->problems.failed = true;
		return;
	}
	at = size >= strlen(bom) && memcmp(c->text.data, bom, strlen(bom)) == 0 ? strlen(bom) : 0;
	while (at < size) {
		char *s = c->text.data + at, *lf = memchr(s, '\n', size - at);
		size_t len = lf ? (size_t)(lf - s) : size - at;

		line++;
		if (memchr(s, '\0', len)) {	/* it is no text file: read no more of it */
			problem(c, line, "", 0, "the line contains a NUL byte");
			return;
		}
		take_line(c, line, s, len);
		at += len + 1;
	}
}

void config_file_read(struct config_file *c, const char *path, const char *flag)
{
	const char *why = files_read(path, CONFIG_FILE_MAX, &c->text);

	if (strcmp(path, "-") == 0)
		path = "stdin";
	text_shown(c->name, path, strlen(path));
	if (why)
		lines_add(&c->problems, "%s '%s': cannot be read: %s", flag, c->name, why);
	else
		config_file_parse(c);
}

void config_file_free(struct config_file *c)
{
	buf_free(&c->text);
	free(c->v);
	lines_free(&c->problems);
	*c = (struct config_file){ 0 };
}

#include "auth/gc_profile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "util/buf.h"
#include "util/secret_file.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"

#define NAMES_SEARCHED 1000	/* profiles that are compared with a name that is not found */
#define NAMES_SHOWN 5		/* of these, in the error message */
#define NAME_SHOWN 64		/* bytes */

#define BLANKS " \t"
#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const struct gc_profile_field {
	const char *key;
	size_t at;
	char lowest;		/* lowest character of a value: ' ' if it can have blanks, or '!' */
} fields[] = {
	{ "client_credentials", offsetof(struct gc_profile, client_id), ' ' },
	{ "client_secret", offsetof(struct gc_profile, secret), ' ' },
	{ "environment", offsetof(struct gc_profile, environment), ' ' },
	{ "access_token", offsetof(struct gc_profile, access_token), '!' },
	{ "oauth_token_data", offsetof(struct gc_profile, cached_token), '!' }
};

#define FIELDS ARRAY_LEN(fields)

struct reader {
	/* Both are reserved in full, because growing would leave copies of secrets. */
	struct buf file;	/* with \n in place of \r\n, and a NUL at the end */
	struct buf text;	/* the current name or string */
	const char *at;		/* the next character of file */
	size_t line;
	const char *wrong;	/* what is wrong with this line; NULL: nothing */
	size_t since;		/* the line that has the same name; 0: none */
	struct lines names;	/* of all profiles */
	const char *wanted;	/* name of the profile to read */
	size_t wanted_line;	/* of its header; 0: not found yet */
	bool in_wanted;		/* this line is in the wanted profile */
	size_t field_line[FIELDS];	/* line of each of its fields; 0: not found yet */
	struct gc_profile *profile;
};

static char **address_of(struct gc_profile *p, const struct gc_profile_field *field)
{
	return (char **)((char *)p + field->at);
}

/* Sets what is wrong with the line, and returns false. If a function returns false without it,
 * memory ran out. */
static bool fail(struct reader *r, const char *wrong)
{
	r->wrong = wrong;
	return false;
}

/* Stores the line of a name in *line. False: another line has the name already. */
static bool is_first(struct reader *r, size_t *line)
{
	r->since = *line;
	*line = r->line;
	return r->since == 0 || fail(r, "has the same name as");
}

static bool take(struct reader *r, char c)
{
	bool is = *r->at == c;

	r->at += is;
	return is;
}

static void skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, BLANKS);
}

/* --- names and values --------------------------------------------------------------- */

/* Appends the character of an escape to r->text. TOML has JSON's escapes except \/ and surrogates.
 * It also has \U, which is an error here, because gc does not write it. */
static bool take_escape(struct reader *r)
{
	bool unicode = r->at[1] == 'u' || r->at[1] == 'U';
	bool surrogate = unicode && (r->at[2] | 0x20) == 'd' && r->at[3] > '7';
	char json[16];

	snprintf(json, sizeof(json), "\"%.*s\"", unicode ? 6 : 2, r->at);
	if (r->at[1] == '/' || surrogate || !json_unescape(json, strlen(json), &r->text))
		return fail(r, unicode ? "an escape that is not a character"
			: "a backslash that is not an escape; in single quotes it stands for "
			"itself");
	r->at += unicode ? 6 : 2;
	return true;
}

/* Appends a string of one line to r->text. */
static bool take_string(struct reader *r)
{
	const char stop[] = { *r->at, '\n', *r->at == '"' ? '\\' : '\0', '\0' };

	if (r->at[1] == stop[0] && r->at[2] == stop[0])
		return fail(r, "a string in triple quotes, which is not supported");
	r->at++;
	for (;;) {
		size_t n = strcspn(r->at, stop);

		buf_add(&r->text, r->at, n);
		r->at += n;
		if (*r->at != '\\')
			return take(r, stop[0]) || fail(r, "a string without its closing quotes");
		if (!take_escape(r))
			return false;
	}
}

/* Appends a name, bare or quoted, to r->text. */
static bool take_name(struct reader *r)
{
	size_t n;

	skip_blanks(r);
	n = strspn(r->at, DIGITS LETTERS "_-");
	if (n == 0 && *r->at != '"' && *r->at != '\'')
		return fail(r, "the name of a key or table is missing");
	if (n == 0 && !take_string(r))
		return false;
	buf_add(&r->text, r->at, n);
	r->at += n;
	skip_blanks(r);
	return true;
}

/* Skips true, false or a decimal number. All values that are needed are strings. */
static bool take_scalar(struct reader *r)
{
	size_t word = strspn(r->at, LETTERS), n;

	if ((word == 4 && memcmp(r->at, "true", 4) == 0)
	    || (word == 5 && memcmp(r->at, "false", 5) == 0)) {
		r->at += word;
		return true;
	}
	r->at += *r->at == '-' || *r->at == '+';
	n = strspn(r->at, DIGITS);
	if (n == 0 || (*r->at == '0' && n > 1))
		return fail(r, "no value; a string needs quotes");
	r->at += n;
	if (take(r, '.')) {
		n = strspn(r->at, DIGITS);
		r->at += n;
	}
	if (n == 0 || strspn(r->at, DIGITS LETTERS "_-+:."))
		return fail(r, "no value; a string needs quotes");
	return true;
}

static bool is_plain(const char *s, size_t len, char lowest)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < lowest || s[i] > '~')
			return false;
	return len > 0;
}

/* Replaces gc's last login in r->text, a JSON object, by its token. If it cannot be read, empties
 * r->text: gc would log in again then, and so do we. */
static void take_login(struct reader *r)
{
	struct json_text token = { .s = "" }, expiry = token, type = { .s = "bearer", .len = 6 };
	struct json_cursor c = json_start(r->text.data, r->text.data + r->text.len);
	struct json_text key, s;
	int64_t us = 0;

	if (json_peek(&c) != '{')
		c.at = NULL;
	json_enter(&c);
	while (json_key(&c, &key)) {
		if (!json_string(&c, &s))
			json_pass(&c);
		else if (json_text_is(&key, "access_token"))
			token = s;
		else if (json_text_is(&key, "oauth_token_expiry"))
			expiry = s;
		else if (json_text_is(&key, "token_type"))
			type = s;
	}
	r->text.len = 0;
	if (c.at == c.end && !token.escaped && is_plain(token.s, token.len, '!')
	    && time_parse_us(expiry.s, expiry.len, &us)
	    && type.len == 6 && strncasecmp(type.s, "bearer", 6) == 0) {
		memmove(r->text.data, token.s, token.len);
		r->text.len = token.len;
		r->profile->cached_expires_ms = us / 1000;
	}
}

/* Stores the string in r->text in the profile. */
static bool keep_string(struct reader *r, const struct gc_profile_field *field)
{
	char **to = address_of(r->profile, field);

	if (to == &r->profile->cached_token)
		take_login(r);
	if (r->text.len == 0)
		return true;
	if (!is_plain(r->text.data, r->text.len, field->lowest))
		return fail(r, "a character that cannot be in an ID, secret, token or domain");
	*to = strndup(r->text.data, r->text.len);
	return *to != NULL;
}

/* Returns the field whose name is in r->text; NULL: it is not one that is read. */
static const struct gc_profile_field *find_field(const struct reader *r)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (r->text.len == strlen(fields[i].key)
		    && strncasecmp(r->text.data, fields[i].key, r->text.len) == 0)
			return &fields[i];
	return NULL;
}

/* --- lines -------------------------------------------------------------------------- */

/* Reads [NAME], or [NAME.NAME] for a name with a dot; ["a.b"] is the same, as in gc. Puts the name
 * into lower case for messages, as gc does. */
static bool take_header(struct reader *r)
{
	r->at++;
	if (*r->at == '[')
		return fail(r, "an array of tables, which is not supported");
	do {
		if (!take_name(r))
			return false;
	} while (*r->at == '.' && buf_char(&r->text, *r->at++));
	if (!take(r, ']'))
		return fail(r, "a table's name without its closing bracket");
	for (size_t i = 0; i < r->text.len; i++)
		r->text.data[i] = (char)tolower((unsigned char)r->text.data[i]);
	lines_add(&r->names, "%.*s", (int)r->text.len, r->text.data);
	r->in_wanted = r->text.len == strlen(r->wanted)
		&& strncasecmp(r->text.data, r->wanted, r->text.len) == 0;
	return !r->in_wanted || is_first(r, &r->wanted_line);
}

/* Reads NAME = VALUE. */
static bool take_pair(struct reader *r)
{
	const struct gc_profile_field *field;

	if (!take_name(r))
		return false;
	field = r->in_wanted ? find_field(r) : NULL;
	if (field && !is_first(r, &r->field_line[field - fields]))
		return false;
	if (*r->at == '.')
		return fail(r, "a name with a dot, which is not supported");
	if (!take(r, '='))
		return fail(r, "a name without = and a value");
	skip_blanks(r);
	buf_clear(&r->text);
	if (*r->at == '"' || *r->at == '\'')
		return take_string(r) && (!field || keep_string(r, field));
	if (*r->at == '[' || *r->at == '{')
		return fail(r, "an array or inline table, which is not supported");
	return take_scalar(r);
}

static bool take_line(struct reader *r)
{
	buf_clear(&r->text);
	skip_blanks(r);
	if (*r->at && !strchr("#\n", *r->at) && !(*r->at == '[' ? take_header(r) : take_pair(r)))
		return false;
	skip_blanks(r);
	if (*r->at == '#')
		r->at += strcspn(r->at, "\n");
	return !*r->at || *r->at == '\n'
		|| fail(r, "more in a line than a table's name or one value");
}

static bool take_file(struct reader *r)
{
	r->line = 1;
	while (take_line(r)) {
		if (!take(r, '\n'))
			return true;
		r->line++;
	}
	return false;
}

/* --- the file ----------------------------------------------------------------------- */

/* Copies the file to r->file, and finds characters that TOML does not have. */
static bool copy_file(struct reader *r, const char *s, size_t len)
{
	const char *end = s + len;

	if (len >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0)
		s += 3;
	r->line = 1;
	while (s < end && !r->wrong) {
		size_t n = utf8_length(s, (size_t)(end - s));

		if (n == 0)
			fail(r, "a byte that is not UTF-8");
		else if (*s == '\r' && end - s > 1 && s[1] == '\n')
			s++;
		else if (((unsigned char)*s < 0x20 && *s != '\t' && *s != '\n') || *s == 0x7F)
			fail(r, "a control character");
		r->line += *s == '\n';
		buf_add(&r->file, s, n);
		s += n;
	}
	if (!buf_char(&r->file, '\0'))
		return false;
	r->at = r->file.data;
	return !r->wrong;
}

/* Sets an error that lists the nearest names first, then others in the order of the file. */
static enum status fail_not_found(struct reader *r, struct err *err)
{
	size_t n = r->names.n < NAMES_SEARCHED ? r->names.n : NAMES_SEARCHED;
	char **v = r->names.v;
	struct buf out = { 0 };
	enum status st;

	json_put_string(&out, r->wanted, utf8_cut(r->wanted, strlen(r->wanted), NAME_SHOWN));
	buf_str(&out, n ? " in it; it has " : " in it, nor any other");
	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) {
		const char *near = text_nearest_word(r->wanted, (const char *const *)v + i, n - i);

		for (size_t j = i; near && v[i] != near; j++)
			if (v[j] == near) {
				v[j] = v[i];
				v[i] = (char *)near;
			}
		buf_str(&out, i ? ", " : "");
		json_put_string(&out, v[i], utf8_cut(v[i], strlen(v[i]), NAME_SHOWN));
	}
	if (r->names.n > NAMES_SHOWN)
		buf_printf(&out, " and %zu more", r->names.n - NAMES_SHOWN);
	st = buf_char(&out, '\0') && !r->names.failed
		? err_set(err, ST_USAGE, "no profile %s", out.data) : err_nomem(err);
	buf_free(&out);
	return st;
}

/* False: r->wrong says what is wrong with the line; NULL: out of memory. */
static bool read_text(struct reader *r, const char *text, size_t len)
{
	return buf_reserve(&r->file, len + 1) && buf_reserve(&r->text, len + 1)
		&& copy_file(r, text, len) && take_file(r);
}

static void free_reader(struct reader *r)
{
	lines_free(&r->names);
	buf_wipe(&r->file);
	buf_wipe(&r->text);
}

enum status gc_profile_parse(struct gc_profile *p, const char *text, size_t len, const char *name,
	struct err *err)
{
	struct reader r = { .wanted = name, .profile = p };
	enum status st = ST_OK;

	*p = (struct gc_profile){ 0 };
	if ((!read_text(&r, text, len) && !r.wrong) || r.file.failed || r.text.failed)
		st = err_nomem(err);
	else if (r.since)
		st = err_set(err, ST_USAGE, "line %zu: %s line %zu", r.line, r.wrong,
			r.since);
	else if (r.wrong)
		st = err_set(err, ST_USAGE, "line %zu: %s", r.line, r.wrong);
	else if (!r.wanted_line)
		st = fail_not_found(&r, err);
	if (st != ST_OK)
		gc_profile_free(p);
	free_reader(&r);
	return st;
}

char *gc_profile_path(void)
{
	const char *home = getenv("HOME");

	return home && *home ? text_format("%s/.gc/config.toml", home) : NULL;
}

enum status gc_profile_read(struct gc_profile *p, const char *path, const char *name,
	struct err *err)
{
	struct buf text = { 0 };
	unsigned mode = 0;
	const char *why = secret_file_read(SECRET_FILE_GC, path, &text, &mode);
	struct err inner;
	enum status st;

	*p = (struct gc_profile){ 0 };
	st = why ? err_set(&inner, ST_USAGE, "cannot be read: %s", why)
		: gc_profile_parse(p, text.data, text.len, name, &inner);
	if (st == ST_OK)
		p->open_mode = mode;
	else
		err_set(err, st, "%.255s: %.760s", path, inner.text);
	buf_wipe(&text);
	return st;
}

void gc_profile_names(const char *path, struct lines *names)
{
	struct gc_profile none = { 0 };
	struct reader r = { .wanted = "", .profile = &none };
	struct buf text = { 0 };
	unsigned mode;

	if (!secret_file_read(SECRET_FILE_GC, path, &text, &mode)
	    && read_text(&r, text.data, text.len)) {
		*names = r.names;
		r.names = (struct lines){ 0 };
	}
	free_reader(&r);
	gc_profile_free(&none);
	buf_wipe(&text);
}

void gc_profile_free(struct gc_profile *p)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		text_wipe(address_of(p, &fields[i]));
	*p = (struct gc_profile){ 0 };
}

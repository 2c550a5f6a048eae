#include "auth/gc_profile.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <regex.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "util/buf.h"
#include "util/files.h"
#include "util/lines.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"

#define FILE_MAX_BYTES (1024 * 1024)
#define PATH_SIZE 256		/* of a key with its tables' names */
#define DEPTH_MAX 64		/* of arrays and inline tables */
#define SCALAR_SIZE 128
#define NAMES_SEARCHED 1000	/* of profiles, for the nearest ones */
#define NAMES_SHOWN 5
#define NAME_SHOWN 64		/* bytes */

#define ITEM 0xFF		/* in no UTF-8 */
#define BLANKS " \t"
#define DIGITS "0123456789"

static const struct profile_key {
	const char *key;
	size_t at;
	char least;		/* a blank, or the first character behind it */
} fields[] = {
	{ "client_credentials", offsetof(struct gc_profile, client_id), ' ' },
	{ "client_secret", offsetof(struct gc_profile, secret), ' ' },
	{ "environment", offsetof(struct gc_profile, environment), ' ' },
	{ "grant_type", offsetof(struct gc_profile, grant_type), ' ' },
	{ "access_token", offsetof(struct gc_profile, access_token), '!' },
	{ "oauth_token_data", offsetof(struct gc_profile, cached_token), '!' }
};

/*
 * A key or table, known by its path: a dot and a name for each step, in lower case. As for gc
 * ["a.b"] is [a.b]. A table in an array has ITEM and a number in it.
 */
struct node {
	enum {
		NEW,
		VALUE,		/* also an inline table: closed */
		PARENT,		/* by the header of a table in it: may have a header yet */
		HEADED,
		DOTTED,		/* by a dotted key: open to others while its section lasts */
		ARRAY		/* of tables */
	} kind;
	size_t item;		/* the last table of an ARRAY: that alone can be named */
	const char *at;
	size_t len;
	char path[];
};

struct toml {
	struct buf file;	/* with \n alone, and a NUL behind */
	struct buf text;	/* the string at hand; neither grows, which would leave a copy */
	const char *at;
	const char *wrong;	/* at `at`, and because of what is at `since` if not NULL */
	const char *since;
	char path[PATH_SIZE];	/* of the key at hand */
	size_t len;
	void *nodes;		/* a tree of <search.h> */
	size_t items;
	regex_t scalar;
	bool compiled;
	struct lines names;	/* of the tables that have a header */
	const char *wanted;
	bool found;
	struct gc_profile *profile;
};

static char **slot(struct gc_profile *p, const struct profile_key *field)
{
	return (char **)((char *)p + field->at);
}

/* A failure without words is a lack of memory. */
static bool fail(struct toml *t, const char *wrong)
{
	t->wrong = wrong;
	return false;
}

static bool fail_twice(struct toml *t, const struct node *node)
{
	t->since = node->at;
	return fail(t, "the same name again");
}

static size_t line_of(const struct toml *t, const char *at)
{
	size_t line = 1;

	for (const char *s = t->file.data; s < at; s++)
		line += *s == '\n';
	return line;
}

static bool take(struct toml *t, char c)
{
	bool is = *t->at == c;

	t->at += is;
	return is;
}

static void skip_blanks(struct toml *t)
{
	t->at += strspn(t->at, BLANKS);
}

static void skip_comment(struct toml *t)
{
	skip_blanks(t);
	if (*t->at == '#')
		t->at += strcspn(t->at, "\n");
}

static void skip_lines(struct toml *t)
{
	do
		skip_comment(t);
	while (take(t, '\n'));
}

/* --- values of one piece ------------------------------------------------------------ */

/* The digits of \u or \U, which are one \u or two in JSON. */
static bool take_unicode(struct toml *t, size_t digits)
{
	char hex[9] = "", json[16];
	unsigned long c;

	memcpy(hex, t->at + 2, strnlen(t->at + 2, digits));
	c = strtoul(hex, NULL, 16);
	if (strspn(hex, DIGITS "abcdefABCDEF") != digits || c > 0x10FFFF
	    || (c >= 0xD800 && c < 0xE000))
		return fail(t, "an escape that is no character");
	if (c < 0x10000)
		snprintf(json, sizeof(json), "\"\\u%04lx\"", c);
	else
		snprintf(json, sizeof(json), "\"\\u%04lx\\u%04lx\"", 0xD7C0 + (c >> 10),
			0xDC00 + (c & 0x3FF));
	t->at += 2 + digits;
	return json_unescape(json, strlen(json), &t->text);
}

static bool take_escape(struct toml *t, bool multi)
{
	const char *behind = t->at + 1 + strspn(t->at + 1, BLANKS);
	const char json[] = { '"', '\\', t->at[1], '"' };

	if (t->at[1] == 'u' || t->at[1] == 'U')
		return take_unicode(t, t->at[1] == 'u' ? 4 : 8);
	if (multi && *behind == '\n') {		/* goes, with all white space behind it */
		t->at = behind + strspn(behind, BLANKS "\n");
		return true;
	}
	if (t->at[1] == '/' || !json_unescape(json, sizeof(json), &t->text))
		return fail(t, "a backslash without a meaning; a string in single quotes takes it "
			"as it stands");
	t->at += 2;
	return true;
}

/* A string of any kind into t->text; as a key none of several lines. */
static bool take_string(struct toml *t, bool key)
{
	const char *start = t->at;
	bool multi = !key && start[1] == *start && start[2] == *start;
	const char quote[] = { *start, '\0' };
	const char stop[] = { *start, multi ? *start : '\n', *start == '"' ? '\\' : '\0', '\0' };

	buf_clear(&t->text);
	t->at += multi ? 3 : 1;
	if (multi)
		take(t, '\n');
	for (;;) {
		size_t n = strcspn(t->at, stop);

		buf_add(&t->text, t->at, n);
		t->at += n;
		if (*t->at == '\\') {
			if (!take_escape(t, multi))
				return false;
			continue;
		}
		n = strspn(t->at, quote);	/* two before the closing three are content */
		n = n > 5 ? 5 : n;
		if (n == 0)
			break;
		if (!multi)
			return take(t, *quote);
		buf_add(&t->text, t->at, n < 3 ? n : n - 3);
		t->at += n;
		if (n >= 3)
			return true;
	}
	t->at = start;
	return fail(t, "a string without its closing quotes");
}

#define DATE "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
#define MINUTE "([01][0-9]|2[0-3]):[0-5][0-9]"
#define TIME MINUTE ":([0-5][0-9]|60)(\\.[0-9]+)?"

/* What is no string: wanted by nobody, but it must be TOML. */
static const char scalar_pattern[] = "^(true|false|[+-]?(inf|nan)"
	"|[+-]?(0|[1-9](_?[0-9])*)(\\.[0-9](_?[0-9])*)?([eE][+-]?[0-9](_?[0-9])*)?"
	"|0x[0-9A-Fa-f](_?[0-9A-Fa-f])*|0o[0-7](_?[0-7])*|0b[01](_?[01])*"
	"|" DATE "([Tt ]" TIME "([Zz]|[+-]" MINUTE ")?)?|" TIME ")$";

static bool take_scalar(struct toml *t)
{
	static const char behind[] = BLANKS "\n,]}#";
	size_t n = strcspn(t->at, behind);
	char text[SCALAR_SIZE] = "";

	if (n == 10 && t->at[4] == '-' && t->at[10] == ' ' && t->at[11] >= '0' && t->at[11] <= '9')
		n += 1 + strcspn(t->at + 11, behind);
	if (n < sizeof(text))
		memcpy(text, t->at, n);
	if (!t->compiled)
		t->compiled = regcomp(&t->scalar, scalar_pattern, REG_EXTENDED | REG_NOSUB) == 0;
	if (!t->compiled)
		return false;
	if (regexec(&t->scalar, text, 0, NULL, 0) != 0)
		return fail(t, "no value; a string needs quotes");
	t->at += n;
	return true;
}

/* --- keys --------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->path, y->path, x->len);
}

/* The node of t->path, made if it is new; NULL: out of memory. */
static struct node *find_node(struct toml *t)
{
	struct node *node = calloc(1, sizeof(*node) + t->len), **found;

	if (!node)
		return NULL;
	node->len = t->len;
	node->at = t->at;
	memcpy(node->path, t->path, t->len);
	found = tsearch(node, &t->nodes, compare);
	if (!found || *found != node)
		free(node);
	return found ? *found : NULL;
}

static bool push(struct toml *t, char sign, const char *s, size_t n)
{
	if (n >= sizeof(t->path) - t->len)
		return fail(t, "a name of more than 255 bytes");
	t->path[t->len++] = sign;
	for (size_t i = 0; i < n; i++)
		t->path[t->len++] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] | 0x20 : s[i]);
	return true;
}

static bool push_item(struct toml *t, size_t number)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%zu", number);

	return push(t, (char)ITEM, text, (size_t)n);
}

static bool is_wanted(const struct toml *t, size_t len)
{
	return len == strlen(t->wanted) + 1 && strncasecmp(t->path + 1, t->wanted, len - 1) == 0;
}

/* One part of a dotted key into t->text and t->path. */
static bool take_part(struct toml *t)
{
	size_t n;

	skip_blanks(t);
	n = strspn(t->at, DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
	buf_clear(&t->text);
	buf_add(&t->text, t->at, n);
	t->at += n;
	if (n == 0 && *t->at != '"' && *t->at != '\'')
		return fail(t, "no name where one must stand");
	if (n == 0 && !take_string(t, true))
		return false;
	skip_blanks(t);
	return push(t, '.', t->text.data, t->text.len);
}

/* A dotted key, whose last table's path has *parent bytes; NULL: it is broken. */
static struct node *take_key(struct toml *t, bool header, size_t *parent)
{
	for (;;) {
		struct node *node;

		*parent = t->len;
		node = take_part(t) ? find_node(t) : NULL;
		if (!node || !take(t, '.'))
			return node;
		if (node->kind == NEW || node->kind == PARENT)
			node->kind = header ? PARENT : DOTTED;
		else if (node->kind == VALUE || (node->kind != DOTTED && !header))
			return fail_twice(t, node), NULL;
		if (node->kind == ARRAY && !push_item(t, node->item))
			return NULL;
	}
}

static bool take_header(struct toml *t)
{
	struct node *node;
	size_t parent;
	bool array;

	t->at++;
	array = take(t, '[');
	t->len = 0;
	node = take_key(t, true, &parent);
	if (!node)
		return false;
	if (!take(t, ']') || (array && !take(t, ']')))
		return fail(t, "a table's name without its closing bracket");
	if (node->kind != NEW && node->kind != (array ? ARRAY : PARENT))
		return fail_twice(t, node);
	node->kind = array ? ARRAY : HEADED;
	node->item = ++t->items;
	node->at = t->at;
	if (array)
		return push_item(t, node->item);
	if (!memchr(t->path, ITEM, t->len))
		lines_add(&t->names, "%.*s", (int)(t->len - 1), t->path + 1);
	t->found |= is_wanted(t, t->len);
	return true;
}

/* --- values ------------------------------------------------------------------------- */

static bool is_plain(const char *s, size_t len, char least)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < least || s[i] > '~')
			return false;
	return len > 0;
}

/* From gc's last login in t->text its token alone. Of what cannot be read nothing remains:
 * gc will log in anew, and so do we. */
static void take_login(struct toml *t)
{
	struct json_text token = { .s = "" }, expiry = token, type = { .s = "bearer", .len = 6 };
	struct json_cursor c = json_start(t->text.data, t->text.data + t->text.len);
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
	t->text.len = 0;
	if (c.at == c.end && !token.escaped && is_plain(token.s, token.len, '!')
	    && time_parse_us(expiry.s, expiry.len, &us)
	    && type.len == 6 && strncasecmp(type.s, "bearer", 6) == 0) {
		memmove(t->text.data, token.s, token.len);
		t->text.len = token.len;
		t->profile->cached_expires_ms = us / 1000;
	}
}

/* The string in t->text for the profile. */
static bool keep_string(struct toml *t, const struct profile_key *field)
{
	char **to = slot(t->profile, field);

	if (to == &t->profile->cached_token)
		take_login(t);
	if (t->text.len == 0)
		return true;
	if (!is_plain(t->text.data, t->text.len, field->least))
		return fail(t, "a character that no ID, secret, token or domain has");
	*to = strndup(t->text.data, t->text.len);
	return *to != NULL;
}

/* What the last part of the key at hand, in t->text, stands for; NULL: nothing to keep. */
static const struct profile_key *find_field(const struct toml *t)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (t->text.len == strlen(fields[i].key)
		    && strncasecmp(t->text.data, fields[i].key, t->text.len) == 0)
			return &fields[i];
	return NULL;
}

static bool take_value(struct toml *t, const struct profile_key *field, int depth);

/* KEY = VALUE, in a section or in an inline table; the path is as before then. */
static bool take_pair(struct toml *t, int depth)
{
	const struct profile_key *field = NULL;
	size_t before = t->len, parent;
	struct node *node = take_key(t, false, &parent);

	if (!node)
		return false;
	if (node->kind != NEW)
		return fail_twice(t, node);
	node->kind = VALUE;
	if (is_wanted(t, parent)) {
		t->found = true;
		field = find_field(t);
	}
	if (!take(t, '='))
		return fail(t, "a name without = and a value");
	if (!take_value(t, field, depth))
		return false;
	t->len = before;
	return true;
}

static bool take_array(struct toml *t, int depth)
{
	bool comma = true;
	size_t before = t->len;

	for (;;) {
		skip_lines(t);
		if (take(t, ']'))
			return true;
		if (!comma || !*t->at)
			return fail(t, "an array without a comma or its closing bracket");
		if (!push_item(t, ++t->items) || !take_value(t, NULL, depth))
			return false;
		t->len = before;
		skip_lines(t);
		comma = take(t, ',');
	}
}

static bool take_inline(struct toml *t, int depth)
{
	skip_blanks(t);
	if (take(t, '}'))
		return true;
	do {
		if (!take_pair(t, depth))
			return false;
		skip_blanks(t);
	} while (take(t, ','));
	return take(t, '}') || fail(t, "an inline table without a comma or its closing brace");
}

static bool take_value(struct toml *t, const struct profile_key *field, int depth)
{
	skip_blanks(t);
	if (*t->at == '"' || *t->at == '\'')
		return take_string(t, false) && (!field || keep_string(t, field));
	if (depth == DEPTH_MAX)
		return fail(t, "values that are nested too deep");
	if (take(t, '['))
		return take_array(t, depth + 1);
	if (take(t, '{'))
		return take_inline(t, depth + 1);
	return take_scalar(t);
}

/* --- the file ----------------------------------------------------------------------- */

/* Finds what may stand nowhere in a file. */
static bool copy_file(struct toml *t, const char *s, size_t len)
{
	const char *end = s + len;

	if (len >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0)
		s += 3;
	while (s < end && !t->wrong) {
		size_t n = utf8_length(s, (size_t)(end - s));

		if (n == 0)
			fail(t, "a byte that is no UTF-8");
		else if (*s == '\r' && end - s > 1 && s[1] == '\n')
			s++;
		else if (((unsigned char)*s < 0x20 && *s != '\t' && *s != '\n') || *s == 0x7F)
			fail(t, "a control character");
		buf_add(&t->file, s, n);
		s += n;
	}
	t->at = t->wrong ? t->file.data + t->file.len : t->file.data;
	return buf_char(&t->file, '\0') && !t->wrong;
}

static bool take_file(struct toml *t)
{
	for (;;) {
		skip_lines(t);
		if (!*t->at)
			return true;
		if (*t->at == '[' ? !take_header(t) : !take_pair(t, 0))
			return false;
		skip_comment(t);
		if (*t->at && !take(t, '\n'))
			return fail(t, "more in a line than a table's name or one value");
	}
}

/* The nearest names first, then as they stand. */
static enum status fail_not_found(struct toml *t, struct err *err)
{
	size_t n = t->names.n < NAMES_SEARCHED ? t->names.n : NAMES_SEARCHED;
	char **v = t->names.v;
	struct buf out = { 0 };
	enum status st;

	json_put_string(&out, t->wanted, utf8_cut(t->wanted, strlen(t->wanted), NAME_SHOWN));
	buf_str(&out, n ? " in it; it has " : " in it, nor any other");
	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) {
		const char *near = text_nearest_word(t->wanted, (const char *const *)v + i, n - i);

		for (size_t j = i; near && v[i] != near; j++)
			if (v[j] == near) {
				v[j] = v[i];
				v[i] = (char *)near;
			}
		buf_str(&out, i ? ", " : "");
		json_put_string(&out, v[i], utf8_cut(v[i], strlen(v[i]), NAME_SHOWN));
	}
	if (t->names.n > NAMES_SHOWN)
		buf_printf(&out, " and %zu more", t->names.n - NAMES_SHOWN);
	st = buf_char(&out, '\0') && !t->names.failed
		? err_set(err, ST_USAGE, "no profile %s", out.data) : err_nomem(err);
	buf_free(&out);
	return st;
}

enum status gc_profile_parse(struct gc_profile *p, const char *text, size_t len, const char *name,
	struct err *err)
{
	struct toml t = { .wanted = name, .profile = p };
	enum status st = ST_OK;

	*p = (struct gc_profile){ 0 };
	if (!buf_reserve(&t.file, len + 1) || !buf_reserve(&t.text, len + 1)
	    || ((!copy_file(&t, text, len) || !take_file(&t)) && !t.wrong)
	    || t.file.failed || t.text.failed)
		st = err_nomem(err);
	else if (t.since)
		st = err_set(err, ST_USAGE, "line %zu: %s, as in line %zu", line_of(&t, t.at),
			t.wrong, line_of(&t, t.since));
	else if (t.wrong)
		st = err_set(err, ST_USAGE, "line %zu: %s", line_of(&t, t.at), t.wrong);
	else if (!t.found)
		st = fail_not_found(&t, err);
	if (st != ST_OK)
		gc_profile_free(p);
	tdestroy(t.nodes, free);
	lines_free(&t.names);
	buf_wipe(&t.file);
	buf_wipe(&t.text);
	if (t.compiled)
		regfree(&t.scalar);
	return st;
}

static const char *read_all(int fd, size_t size, struct buf *text)
{
	ssize_t n = 1;

	if (!buf_reserve(text, size + 1))
		return "out of memory";
	while (n != 0 && text->len <= size) {
		n = read(fd, text->data + text->len, size + 1 - text->len);
		if (n > 0)
			text->len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			return strerror(errno);
	}
	return n != 0 ? "it grows while it is read" : NULL;
}

/* NULL, or why it cannot be read. */
static const char *read_file(const char *path, struct buf *text, unsigned *mode)
{
	const char *why;
	int fd = files_open_secret(path, mode, &why);
	struct stat st;

	if (fd < 0)
		return why;
	if (fstat(fd, &st) != 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "it is no file";
	else if (st.st_size > FILE_MAX_BYTES)
		why = "it is larger than 1 MiB";
	else
		why = read_all(fd, (size_t)st.st_size, text);
	close(fd);
	return why;
}

enum status gc_profile_read(struct gc_profile *p, const char *path, const char *name,
	struct err *err)
{
	struct buf text = { 0 };
	unsigned mode = 0;
	const char *why = read_file(path, &text, &mode);
	struct err inner;
	enum status st;

	*p = (struct gc_profile){ 0 };
	st = why ? err_set(&inner, ST_USAGE, "%s", why)
		: gc_profile_parse(p, text.data, text.len, name, &inner);
	if (st == ST_OK)
		p->open_mode = mode;
	else
		err_set(err, st, "%.255s: %.760s", path, inner.text);
	buf_wipe(&text);
	return st;
}

void gc_profile_free(struct gc_profile *p)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		char *secret = *slot(p, &fields[i]);

		if (secret)
			OPENSSL_cleanse(secret, strlen(secret));
		free(secret);
	}
	*p = (struct gc_profile){ 0 };
}

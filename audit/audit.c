#include "audit/audit.h"

#include <errno.h>
#include <math.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/redact.h"
#include "json.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"

#define LINE_MAX_BYTES HASH_CHAIN_LINE_MAX
#define FOREIGN_MAX 256
#define TEXT_MAX 1023			/* of struct err, see base.h */
#define TAIL ",\"truncated\":true}"	/* each line keeps room for it */

struct audit {
	enum audit_format format;
	enum audit_level threshold;
	int fd;
	struct audit_file *file;	/* NULL: lines go to fd */
	enum status status;	/* of the file */
	struct err err;
	int64_t real_us;	/* of the current line */
	char run[UUID_LEN + 1];
	uint64_t dropped;
	void (*before)(void *arg);
	void *before_arg;
	bool on;		/* the current line will be written */
	bool truncated;
	bool said;		/* the current line is a sentence */
	struct buf line;
	struct buf field;	/* a value, until it is clear whether it fits into the line */
	struct redact_secrets secrets;
};

static bool make_run_id(char out[UUID_LEN + 1])
{
	unsigned char r[16];
	char hex[2 * sizeof(r) + 1];

	if (RAND_bytes(r, sizeof(r)) != 1)
		return false;
	r[6] = (unsigned char)((r[6] & 0x0F) | 0x40);	/* RFC 9562 §5.4: version 4 */
	r[8] = (unsigned char)((r[8] & 0x3F) | 0x80);
	text_hex(r, sizeof(r), hex);
	snprintf(out, UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16,
		hex + 20);
	return true;
}

struct audit *audit_new(enum audit_format format, enum audit_level threshold, int fd)
{
	struct audit *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->format = format;
	a->threshold = threshold;
	a->fd = fd;
	a->line.limit = LINE_MAX_BYTES;
	if (!make_run_id(a->run) || !buf_reserve(&a->line, LINE_MAX_BYTES)) {
		audit_free(a);
		return NULL;
	}
	return a;
}

void audit_free(struct audit *a)
{
	if (!a)
		return;
	redact_free(&a->secrets);
	audit_file_close(a->file);
	buf_free(&a->line);
	buf_free(&a->field);
	free(a);
}

const char *audit_run_id(const struct audit *a)
{
	return a->run;
}

bool audit_is_plain(const struct audit *a)
{
	return a->format == AUDIT_PLAIN;
}

uint64_t audit_dropped(const struct audit *a)
{
	return a->dropped;
}

void audit_take_file(struct audit *a, struct audit_file *file)
{
	a->file = file;
	a->format = AUDIT_JSON;
}

enum status audit_status(const struct audit *a, struct err *err)
{
	if (a->status != ST_OK)
		*err = a->err;
	return a->status;
}

/* --- strings from outside ----------------------------------------------------------- */

bool audit_secret(struct audit *a, const char *secret, size_t len)
{
	return redact_add(&a->secrets, secret, len);
}

void audit_redact(const struct audit *a, char *text)
{
	redact_text(&a->secrets, text);
	text_clean(text);
}

/* Replaces secrets before it cuts, so that no part of one is left. */
static void put_foreign(struct audit *a, const char *s, size_t len, size_t max)
{
	char *copy = strndup(s, len);
	size_t cut;

	if (!copy) {
		a->field.failed = true;
		return;
	}
	redact_text(&a->secrets, copy);
	cut = utf8_cut(copy, strlen(copy), max);
	json_put_string(&a->field, copy, cut);
	OPENSSL_cleanse(copy, strlen(copy));
	free(copy);
}

/* --- lines -------------------------------------------------------------------------- */

/* True if logfmt needs no quotes for this quoted JSON string. */
static bool is_bare(const char *s, size_t len)
{
	for (size_t i = 1; i + 1 < len; i++)
		if (s[i] <= ' ' || s[i] == '=' || s[i] == '"' || s[i] == '\\'
		    || (unsigned char)s[i] >= 0x7F)
			return false;
	return len > 2;
}

/* Appends the field with the value in a->field, if the line has room for it. */
static void put_field(struct audit *a, const char *key)
{
	bool json = a->format == AUDIT_JSON, bare;
	const char *value = a->field.data;
	size_t len = a->field.len, room = LINE_MAX_BYTES - a->line.len;
	size_t kept = strlen(TAIL) + (a->file ? HASH_CHAIN_END_MAX : 0);

	if (a->said)
		return;
	if (a->field.failed || !value || len + strlen(key) + kept + 8 > room) {
		a->truncated = true;
		return;
	}
	bare = !json && *value == '"' && is_bare(value, len);
	if (bare) {
		value++;
		len -= 2;
	}
	if (json)
		buf_printf(&a->line, "%s\"%s\":", a->line.len > 1 ? "," : "", key);
	else
		buf_printf(&a->line, "%s%s=", a->line.len ? " " : "", key);
	buf_add(&a->line, value, len);
}

static void put_string(struct audit *a, const char *key, const char *value, size_t len,
	size_t max)
{
	if (!a->on)
		return;
	buf_clear(&a->field);
	if (value)
		put_foreign(a, value, len, max);
	else
		buf_str(&a->field, "null");
	put_field(a, key);
}

void audit_strn(struct audit *a, const char *key, const char *value, size_t len)
{
	put_string(a, key, value, len, FOREIGN_MAX);
}

void audit_text(struct audit *a, const char *key, const char *value)
{
	put_string(a, key, value, value ? strlen(value) : 0, TEXT_MAX);
}

void audit_str(struct audit *a, const char *key, const char *value)
{
	audit_strn(a, key, value, value ? strlen(value) : 0);
}

void audit_int(struct audit *a, const char *key, int64_t value)
{
	if (!a->on)
		return;
	buf_clear(&a->field);
	buf_printf(&a->field, "%lld", (long long)value);
	put_field(a, key);
}

void audit_double(struct audit *a, const char *key, double value)
{
	if (!a->on)
		return;
	buf_clear(&a->field);
	if (isfinite(value))
		json_put_double(&a->field, value);
	else
		buf_str(&a->field, "null");
	put_field(a, key);
}

void audit_bool(struct audit *a, const char *key, bool value)
{
	if (!a->on)
		return;
	buf_clear(&a->field);
	buf_str(&a->field, value ? "true" : "false");
	put_field(a, key);
}

/* Only JSON has objects; elsewhere the value is a quoted string. */
void audit_json(struct audit *a, const char *key, const char *json, size_t len)
{
	if (!a->on)
		return;
	buf_clear(&a->field);
	if (a->format == AUDIT_JSON)
		buf_add(&a->field, json, len);
	else
		json_put_string(&a->field, json, len);
	put_field(a, key);
}

void audit_before(struct audit *a, void (*before)(void *arg), void *arg)
{
	a->before = before;
	a->before_arg = arg;
}

void audit_hex(struct audit *a, const char *key, const char *digits)
{
	if (!a->on)
		return;
	buf_clear(&a->field);
	buf_printf(&a->field, "\"%s\"", digits);
	put_field(a, key);
}

static bool may_write(const struct audit *a, enum audit_level level)
{
	return a->format != AUDIT_NONE && level >= a->threshold && a->status == ST_OK;
}

/* Whether a line without a sentence is written. */
static bool may_write_fields(const struct audit *a)
{
	return a->format != AUDIT_PLAIN || a->threshold == LEVEL_DEBUG;
}

bool audit_wants(const struct audit *a, enum audit_level level)
{
	return may_write(a, level) && (level >= LEVEL_WARNING || may_write_fields(a));
}

static void begin_plain(struct audit *a, enum audit_level level, const char *text)
{
	bool warns = level == LEVEL_WARNING || level == LEVEL_DOUBT;

	buf_clear(&a->line);
	buf_printf(&a->line, "gsqstat: %s%s", warns ? "warning: " : "", text);
}

static void begin(struct audit *a, enum audit_level level, const char *event)
{
	static const char *const levels[] = {
		"debug", "info", "warning", "warning", "error"
	};
	char ts[TIME_TEXT_MAX];

	a->truncated = false;
	if (a->format == AUDIT_PLAIN) {
		begin_plain(a, level, event);
		return;
	}
	buf_clear(&a->line);
	if (a->format == AUDIT_JSON)
		buf_char(&a->line, '{');
	time_format_ms(ts, a->real_us / 1000);
	audit_str(a, "ts", ts);
	audit_str(a, "level", levels[level]);
	audit_str(a, "event", event);
	audit_str(a, "run", a->run);
}

void audit_begin(struct audit *a, enum audit_level level, const char *event, int64_t real_us)
{
	a->on = may_write(a, level);
	a->said = false;
	a->real_us = real_us;
	if (a->on)
		begin(a, level, event);
}

/* Replaces secrets before it cuts, as put_foreign does. */
void audit_say(struct audit *a, enum audit_level level, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	if (!a->on || a->format != AUDIT_PLAIN)
		return;
	a->said = true;
	a->on = level >= a->threshold;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	if (!text)
		return;		/* the name of the event is written */
	audit_redact(a, text);
	text[utf8_cut(text, strlen(text), TEXT_MAX)] = '\0';
	begin_plain(a, level, text);
	free(text);
}

/* Writes the whole line at once. False: nothing was written, because it would have to wait. */
static bool write_line(const struct audit *a)
{
	struct pollfd p = { .fd = a->fd, .events = POLLOUT };
	ssize_t n;

	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
		return false;
	do
		n = write(a->fd, a->line.data, a->line.len);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)a->line.len;
}

/* Puts the line into the file, which adds the closing brace. */
static enum status put_in_file(struct audit *a, struct err *err)
{
	if (a->truncated)
		buf_add(&a->line, TAIL, strlen(TAIL) - 1);
	return audit_file_put(a->file, &a->line, err);
}

/* Writes a line about torn lines before the current one. */
static enum status report_repair(struct audit *a, struct err *err)
{
	const struct hash_chain_tear *tear = audit_file_tear(a->file);
	struct buf line = a->line;
	bool truncated = a->truncated;
	enum status st;

	a->line = (struct buf){ .limit = LINE_MAX_BYTES };
	begin(a, LEVEL_WARNING, "audit.repaired");
	if (tear) {
		audit_int(a, "lines", (int64_t)tear->lines);
		audit_int(a, "bytes", (int64_t)tear->bytes);
		audit_hex(a, "digest", tear->digest);
		if (tear->lines)
			audit_hex(a, "after", tear->after);
	}
	st = put_in_file(a, err);
	buf_free(&a->line);
	a->line = line;
	a->truncated = truncated;
	return st;
}

static enum status write_to_file(struct audit *a, struct err *err)
{
	enum status st = audit_file_lock(a->file, err);

	if (st != ST_OK)
		return st;
	if (audit_file_is_torn(a->file))
		st = report_repair(a, err);
	if (st == ST_OK)
		st = put_in_file(a, err);
	audit_file_unlock(a->file);
	return st;
}

static void write_to_fd(struct audit *a)
{
	if (a->format == AUDIT_JSON)
		buf_str(&a->line, a->truncated ? TAIL : "}");
	else if (a->truncated && !a->said)
		buf_str(&a->line, " truncated=true");
	buf_char(&a->line, '\n');
	if (a->before)
		a->before(a->before_arg);
	if (!write_line(a))
		a->dropped++;
}

void audit_end(struct audit *a)
{
	if (!a->on)
		return;
	if (a->file)
		a->status = write_to_file(a, &a->err);
	else if (a->said || may_write_fields(a))
		write_to_fd(a);
	a->on = false;
}

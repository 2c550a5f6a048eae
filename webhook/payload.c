#include "webhook/payload.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "util/files.h"
#include "util/text.h"

#define PARTS_MAX 999999	/* so that an id has room for the number */
#define ENVELOPE_MAX 2048	/* all but the rows, whatever the numbers */

#define KEYS_MAX 16
#define KEY_MIN 24		/* bytes; Standard Webhooks, "Signature scheme" */
#define KEY_MAX 64
#define KEYS_FILE_MAX 16384

/* --- a window's parts --------------------------------------------------------------- */

const char *payload_type(enum payload_format format)
{
	return format == PAYLOAD_CLOUDEVENTS ? "application/cloudevents+json"
		: "application/json";
}

static void put_id(char id[PAYLOAD_ID_MAX], const struct payload_window *w, size_t part)
{
	int n = snprintf(id, PAYLOAD_ID_MAX, "%s-%lld-%zu", w->run, (long long)w->index, part);

	assert(n > 0 && n < PAYLOAD_ID_MAX);
}

static void put_figure(struct buf *out, const char *before, double x)
{
	buf_str(out, before);
	if (isfinite(x))
		json_put_double(out, x);
	else
		buf_str(out, "null");
}

static void put_meta(struct buf *out, const struct payload_window *w)
{
	if (w->frames == 0) {
		buf_str(out, "null");
		return;
	}
	buf_str(out, "{\"start\":");
	json_put_time_ms(out, w->start_ms);
	buf_str(out, ",\"end\":");
	json_put_time_ms(out, w->end_ms);
	buf_printf(out, ",\"updates\":%llu", (unsigned long long)w->updates);
	put_figure(out, ",\"avgLatencyUs\":", w->lag_mean_us);
	put_figure(out, ",\"updatesPerSecond\":", w->updates_per_second);
	put_figure(out, ",\"coverage\":", w->coverage_e4 < 0 ? NAN : w->coverage_e4 / 10000.0);
	buf_char(out, '}');
}

/* CloudEvents 1.0.2, JSON format 1.0, up to its data. */
static void put_event(struct buf *out, const struct payload_window *w, const char *id)
{
	char source[sizeof("/gsqstat/") + PAYLOAD_ID_MAX];

	snprintf(source, sizeof(source), "/gsqstat/%s", w->run);
	json_put_quoted(out, "{\"specversion\":\"1.0\",\"id\":", id);
	json_put_quoted(out, ",\"source\":", source);
	buf_str(out, ",\"type\":\"gsqstat.window.1\",\"time\":");
	json_put_time_ms(out, w->end_ms);
	buf_str(out, ",\"datacontenttype\":\"application/json\",\"data\":");
}

/* What stands before the rows and behind them. */
static void put_head(struct buf *out, const struct payload_window *w,
	enum payload_format format, size_t part, size_t parts)
{
	char id[PAYLOAD_ID_MAX];

	put_id(id, w, part);
	if (format == PAYLOAD_CLOUDEVENTS)
		put_event(out, w, id);
	json_put_quoted(out, "{\"schema\":\"gsqstat-window/1\",\"run\":", w->run);
	buf_printf(out, ",\"window\":%lld,\"part\":%zu,\"parts\":%zu,\"meta\":",
		(long long)w->index, part, parts);
	put_meta(out, w);
	buf_str(out, ",\"rows\":[");
}

static void put_tail(struct buf *out, enum payload_format format)
{
	buf_str(out, format == PAYLOAD_CLOUDEVENTS ? "]}}" : "]}");
}

/* How many bytes a body has beside its rows. */
static size_t envelope(const struct payload_window *w, enum payload_format format, size_t part,
	size_t parts)
{
	char text[ENVELOPE_MAX];
	struct buf out = { .data = text, .cap = sizeof(text), .limit = sizeof(text) };

	put_head(&out, w, format, part, parts);
	put_tail(&out, format);
	assert(!out.failed);
	return out.len;
}

/* How many bytes of rows a part takes, commas between them. Part numbers are counted with all
 * the digits that they can have, unless one part does. */
static size_t room_for_rows(const struct payload_window *w, enum payload_format format)
{
	size_t room = PAYLOAD_BODY_MAX - envelope(w, format, 0, 1);

	if (w->rows_len <= room + 1)
		return room;
	return PAYLOAD_BODY_MAX - envelope(w, format, PARTS_MAX - 1, PARTS_MAX);
}

/* The length of the rows of the part that begins at s, with the last one's LF. */
static size_t rows_of_part(const char *s, size_t left, size_t room)
{
	const char *lf;

	if (left <= room + 1)
		return left;
	lf = memrchr(s, '\n', room + 1);
	if (!lf)	/* one that is too long for any part */
		lf = memchr(s + room + 1, '\n', left - room - 1);
	return lf ? (size_t)(lf - s) + 1 : left;
}

size_t payload_parts(const struct payload_window *w, enum payload_format format)
{
	size_t room = room_for_rows(w, format), parts = 0, at = 0;

	do {
		if (at < w->rows_len)
			at += rows_of_part(w->rows + at, w->rows_len - at, room);
		parts++;
	} while (at < w->rows_len);
	assert(parts <= PARTS_MAX);
	return parts;
}

/* NDJSON as the items of an array: no LF stands within a row. */
static void put_rows(struct buf *out, const char *rows, size_t len)
{
	size_t at = out->len;

	if (len && rows[len - 1] == '\n')
		len--;
	if (!buf_add(out, rows, len))
		return;
	for (char *s = out->data + at, *end = s + len; (s = memchr(s, '\n', (size_t)(end - s))); )
		*s++ = ',';
}

bool payload_part(const struct payload_window *w, enum payload_format format, size_t part,
	char id[PAYLOAD_ID_MAX], struct buf *out)
{
	size_t room = room_for_rows(w, format), parts = payload_parts(w, format), at = 0, len = 0;

	assert(part < parts);
	for (size_t i = 0; i <= part && at < w->rows_len; i++) {
		at += len;
		len = rows_of_part(w->rows + at, w->rows_len - at, room);
	}
	put_id(id, w, part);
	put_head(out, w, format, part, parts);
	if (len)
		put_rows(out, w->rows + at, len);
	put_tail(out, format);
	return !out->failed;
}

/* --- keys --------------------------------------------------------------------------- */

struct signature_keys {
	size_t n;
	struct {
		unsigned char bytes[KEY_MAX + 2];	/* what decoding writes at most */
		int len;
	} key[KEYS_MAX];
};

void signature_keys_free(struct signature_keys *keys)
{
	if (keys)
		OPENSSL_cleanse(keys, sizeof(*keys));
	free(keys);
}

/* Base64 with its padding (RFC 4648 §4), which the library would not insist on. */
static bool is_base64(const char *s, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	size_t pads = 0;

	while (pads < 2 && pads < len && s[len - 1 - pads] == '=')
		pads++;
	for (size_t i = 0; i < len - pads; i++)
		if (!memchr(letters, s[i], sizeof(letters) - 1))
			return false;
	return len > 0 && len % 4 == 0;
}

/* What is wrong with the line, NULL: nothing, its key is added. */
static const char *take_key(struct signature_keys *keys, const char *line, size_t len)
{
	static const char prefix[] = "whsec_";
	const size_t skip = sizeof(prefix) - 1;
	int n;

	if (keys->n == KEYS_MAX)
		return "more than 16 keys";
	if (len <= skip || memcmp(line, prefix, skip) != 0 || !is_base64(line + skip, len - skip))
		return "allowed is whsec_ and base64";
	line += skip;
	len -= skip;
	n = (int)(len / 4 * 3) - (line[len - 1] == '=') - (line[len - 2] == '=');
	if (n < KEY_MIN || n > KEY_MAX)
		return "a key has 24 to 64 bytes";
	if (EVP_DecodeBlock(keys->key[keys->n].bytes, (const unsigned char *)line, (int)len) < n)
		return "allowed is whsec_ and base64";
	keys->key[keys->n++].len = n;
	return NULL;
}

/* Lines to keys; why of the first that is none, *line its number (0: of no line). */
static const char *take_keys(struct signature_keys *keys, const struct buf *text, size_t *line)
{
	const char *s, *why = NULL;
	size_t at = 0, len = 0;

	*line = 0;
	while (!why && (s = text_line(text->data, text->len, &at, &len))) {
		++*line;
		if (len)
			why = take_key(keys, s, len);
	}
	if (!why)
		*line = 0;
	return why || keys->n ? why : "there is no key in it";
}

static const char *open_keys(const char *path, int *fd)
{
	struct stat st;
	unsigned exposed;
	const char *why;

	*fd = files_open_secret(path, &exposed, &why);
	if (*fd < 0)
		return why;
	if (fstat(*fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return "it is no file";
	return exposed ? FILES_EXPOSED : NULL;
}

struct signature_keys *signature_keys_read(const char *flag, const char *path,
	struct lines *problems)
{
	struct signature_keys *keys = calloc(1, sizeof(*keys));
	struct buf text = { 0 };
	char shown[SHOWN_SIZE];
	size_t line = 0;
	int fd = -1;
	const char *why = keys ? open_keys(path, &fd) : "out of memory";

	if (!why)
		why = files_take_secret(fd, KEYS_FILE_MAX, &text);
	if (!why && text.len > KEYS_FILE_MAX)
		why = "longer than a file of keys is (16384 bytes)";
	if (!why)
		why = take_keys(keys, &text, &line);
	text_shown(shown, path, strlen(path));
	if (why && line)
		lines_add(problems, "%s '%s': line %zu: %s", flag, shown, line, why);
	else if (why)
		lines_add(problems, "%s '%s': %s", flag, shown, why);
	buf_wipe(&text);
	if (fd >= 0)
		close(fd);
	if (!why)
		return keys;
	signature_keys_free(keys);
	return NULL;
}

/* --- signatures --------------------------------------------------------------------- */

static bool put_signature(const struct signature_keys *keys, size_t i, const struct buf *text,
	struct buf *out)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	char base64[EVP_MAX_MD_SIZE * 2];
	unsigned len = 0;

	if (!HMAC(EVP_sha256(), keys->key[i].bytes, keys->key[i].len,
		  (const unsigned char *)text->data, text->len, mac, &len))
		return false;
	EVP_EncodeBlock((unsigned char *)base64, mac, (int)len);
	return buf_printf(out, "%sv1,%s", i ? " " : "", base64);
}

bool signature_sign(const struct signature_keys *keys, const char *id, int64_t timestamp_s,
	const char *body, size_t len, struct buf *out)
{
	struct buf text = { 0 };
	bool ok = buf_reserve(&text, strlen(id) + 32 + len)
		&& buf_printf(&text, "%s.%lld.", id, (long long)timestamp_s)
		&& buf_add(&text, body, len);

	for (size_t i = 0; ok && i < keys->n; i++)
		ok = put_signature(keys, i, &text, out);
	buf_free(&text);
	return ok;
}

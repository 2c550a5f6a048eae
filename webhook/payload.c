#include "webhook/payload.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

#define PARTS_MAX 999999	/* limits the length of an id */
#define ENVELOPE_MAX 2048	/* bytes of a body without its rows */

/* --- a window's parts --------------------------------------------------------------- */

const char *payload_type(enum payload_format format)
{
	return format == PAYLOAD_CLOUDEVENTS ? "application/cloudevents+json"
		: "application/json";
}

static void put_id(char id[PAYLOAD_ID_MAX], const struct payload_window *w, size_t part)
{
	int n = snprintf(id, PAYLOAD_ID_MAX, "%s-%lld-%zu", w->run,
		(long long)w->window->index, part);

	assert(n > 0 && n < PAYLOAD_ID_MAX);
}

static void put_number(struct buf *out, const char *before, double x)
{
	buf_str(out, before);
	if (isfinite(x))
		json_put_double(out, x);
	else
		buf_str(out, "null");
}

static void put_meta(struct buf *out, const struct row_window *w)
{
	if (row_window_frames(w) == 0) {
		buf_str(out, "null");
		return;
	}
	buf_str(out, "{\"start\":");
	json_put_time_ms(out, w->start_ms);
	buf_str(out, ",\"end\":");
	json_put_time_ms(out, w->end_ms);
	buf_printf(out, ",\"updates\":%llu", (unsigned long long)w->updates);
	put_number(out, ",\"avgLatencyUs\":", w->lag_mean_us);
	put_number(out, ",\"updatesPerSecond\":", row_window_updates_per_second(w));
	put_number(out, ",\"coverage\":", w->coverage);
	buf_char(out, '}');
}

/* CloudEvents 1.0.2, JSON format 1.0, up to `data`. */
static void put_event(struct buf *out, const struct payload_window *w, const char *id)
{
	char source[sizeof("/gsqstat/") + PAYLOAD_ID_MAX];

	snprintf(source, sizeof(source), "/gsqstat/%s", w->run);
	json_put_quoted(out, "{\"specversion\":\"1.0\",\"id\":", id);
	json_put_quoted(out, ",\"source\":", source);
	buf_str(out, ",\"type\":\"gsqstat.window.1\",\"time\":");
	json_put_time_ms(out, w->window->end_ms);
	buf_str(out, ",\"datacontenttype\":\"application/json\",\"data\":");
}

/* Appends everything before the rows; put_tail() appends everything after them. */
static void put_head(struct buf *out, const struct payload_window *w,
	enum payload_format format, size_t part, size_t parts)
{
	char id[PAYLOAD_ID_MAX];

	put_id(id, w, part);
	if (format == PAYLOAD_CLOUDEVENTS)
		put_event(out, w, id);
	json_put_quoted(out, "{\"schema\":\"gsqstat-window/1\",\"run\":", w->run);
	buf_printf(out, ",\"window\":%lld,\"part\":%zu,\"parts\":%zu,\"meta\":",
		(long long)w->window->index, part, parts);
	put_meta(out, w->window);
	buf_str(out, ",\"rows\":[");
}

static void put_tail(struct buf *out, enum payload_format format)
{
	buf_str(out, format == PAYLOAD_CLOUDEVENTS ? "]}}" : "]}");
}

/* How many bytes a body has without its rows. */
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

/* How many bytes of rows, with commas between them, fit into a part. If there are several parts,
 * assumes the largest part number, because the real ones are not known yet. */
static size_t room_for_rows(const struct payload_window *w, enum payload_format format)
{
	size_t room = PAYLOAD_BODY_MAX - envelope(w, format, 0, 1);

	if (w->rows_len <= room + 1)
		return room;
	return PAYLOAD_BODY_MAX - envelope(w, format, PARTS_MAX - 1, PARTS_MAX);
}

/* The length of the rows of a part that begins at s, with the last LF. */
static size_t rows_of_part(const char *s, size_t left, size_t room)
{
	const char *lf;

	if (left <= room + 1)
		return left;
	lf = memrchr(s, '\n', room + 1);
	if (!lf)	/* a row that is too long for any part */
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

/* Turns NDJSON into the items of an array: each LF between rows becomes a comma. */
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

/*
 * JSON at the edges: one message to frames (cJSON on an arena that is reset, not freed),
 * and doubles, strings and times to JSON text. Knows no windows and no transport.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "text.h"

#define METRIC_MAX 16		/* metrics that a run may decode */
#define FIELD_DEPTH_MAX 4	/* keys below the metric */
#define FIELD_MAX 64		/* fields of one queue and window, so leaves of a frame too */
#define FIELD_NAME_MAX 256	/* bytes of one field's path, with the NUL */

/* A number in a frame: path is `avg` or `voice.active`, borrowed until the next frame. */
struct leaf {
	uint16_t metric;	/* index into the names given to json_new */
	uint16_t path_len;
	const char *path;
	double value;
};

enum frame_kind {
	FRAME_STATISTICS,	/* belongs to a queue */
	FRAME_OTHER_EVENT,	/* another eventType, or none */
	FRAME_NO_QUEUE,		/* no queueId that is a UUID */
	FRAME_NOT_JSON		/* text holds what could not be read; nothing after it is */
};

struct frame {
	enum frame_kind kind;
	const char *text;		/* this value's own bytes within the message, borrowed */
	size_t text_len;
	char queue_id[UUID_LEN + 1];	/* lower case */
	const char *interval;		/* borrowed; NULL if there is none */
	const char *invalid;		/* why the frame is invalid, NULL: it is not */
	int64_t time_us;		/* its timestamp; 0 where there is none */
	bool has_time;
	size_t nleaf;
	struct leaf leaf[FIELD_MAX];
};

struct json;

/* metric: names to decode, borrowed for good; the first nasked of them were asked for,
 * only these can make a frame invalid (the rest serve outlier rules). NULL: no memory. */
struct json *json_new(const char *const *metric, size_t nmetric, size_t nasked);
void json_free(struct json *js);

/* Begins on one text message (one or several JSON values); text is borrowed until done. */
void json_begin(struct json *js, const char *text, size_t len);

/* The next frame of it, false at the end. *frame is filled in place, its pointers are
 * borrowed until the next call. */
bool json_next(struct json *js, struct frame *frame);

/*
 * The end of the one strict JSON value (RFC 8259) that begins at s, NULL if there is none;
 * white space before it is skipped. Depth at most 512.
 */
const char *json_skip(const char *s, const char *end);

/* A member of a JSON object's text: key and value as they stand there. */
struct json_member {
	const char *key;	/* without its quotes, escapes untouched */
	size_t key_len;
	const char *value;
	size_t value_len;
};

/* Walks the members of the object at *s; begin with *s at `{`. 1: a member, 0: the end
 * (*s is behind `}`), -1: not strict JSON. */
int json_walk(const char **s, const char *end, struct json_member *m);

/* A JSON string's text with its quotes, unescaped into out (which grows); false if broken. */
bool json_unescape(const char *s, size_t len, struct buf *out);

/* Writers. A string: quoted, escaped, invalid UTF-8 as U+FFFD, control characters (C0, DEL,
 * C1) as \u00XX. A double: the shortest of 15 to 17 digits that reads back the same;
 * integers up to 2^53 as integers; never NaN or infinite. No locale changes either. */
void json_put_string(struct buf *out, const char *s, size_t len);
void json_put_double(struct buf *out, double x);
void json_put_time_ms(struct buf *out, int64_t ms);	/* with quotes */
void json_put_time_us(struct buf *out, int64_t us);

#define DOUBLE_TEXT_MAX 32
size_t double_format(char out[DOUBLE_TEXT_MAX], double x);	/* returns its length */

#endif

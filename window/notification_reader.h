/*
 * The inside of notification.h and observation_query.h: what events and answers have in common,
 * that is strings, groups and metrics, each with its numbers.
 */
#ifndef WINDOW_NOTIFICATION_READER_H
#define WINDOW_NOTIFICATION_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "util/lines.h"
#include "util/slice.h"
#include "window/notification.h"

#define NOTIFICATION_READER_MEDIA 32	/* media types of one message */

struct notification_reader_interval {
	char text[64];
	size_t len;			/* 0: none yet */
	int64_t from_ms, to_ms;
};

struct notifications {
	notification_group *on_group;	/* NULL: none */
	void *on_group_arg;
	struct json_cursor c;
	bool more;
	bool complete;			/* of an answer: the text is one, with all of its results */
	struct lines plain;		/* strings that had escapes */
	const char *why;		/* why the message is invalid; NULL: it is not */
	bool incomplete;		/* a metric's number or name could not be read */
	bool failed;			/* out of memory */
	struct slice media[NOTIFICATION_READER_MEDIA];
	size_t nmedia;
	struct notification_value value[NOTIFICATION_VALUES_MAX];
	size_t nvalue;
	struct notification_reader_interval last;	/* many messages have the same one */
	struct json_keys keys;		/* of the stats at hand */
};

/* The members that are read. An object that has one twice is invalid, because nobody knows which
 * of the two values holds (RFC 8259 §4). */
enum notification_reader_member {
	MEMBER_TOPIC_NAME = 1 << 0,
	MEMBER_EVENT_BODY = 1 << 1,
	MEMBER_MESSAGE = 1 << 2,
	MEMBER_GROUP = 1 << 3,
	MEMBER_DATA = 1 << 4,
	MEMBER_RESULTS = 1 << 5,
	MEMBER_QUEUE_ID = 1 << 6,
	MEMBER_MEDIA_TYPE = 1 << 7,
	MEMBER_INTERVAL = 1 << 8,
	MEMBER_METRICS = 1 << 9,
	MEMBER_METRIC = 1 << 10,
	MEMBER_QUALIFIER = 1 << 11,
	MEMBER_STATS = 1 << 12,
	MEMBER_VALUE = 1 << 13,
	MEMBER_COUNT = 1 << 14
};

/* Before and after the members of a message, or of an answer's result, are read. */
void notification_reader_clear(struct notifications *ns, struct notification *n);
void notification_reader_finish(struct notifications *ns, struct notification *n);

/* The message is invalid; the first reason counts. */
void notification_reader_invalid(struct notifications *ns, const char *why);

/* A list of metrics becomes values. flat_count: a metric may have `count` without `stats`. */
void notification_reader_metrics(struct notifications *ns, bool flat_count);
/* `group`: returns the media type; the queue has to be that of the topic, if that names one. */
struct slice notification_reader_group(struct notifications *ns, struct notification *n);
/* The values from first on have the media type. */
void notification_reader_media(struct notifications *ns, struct slice media, size_t first);

/* The text of a string that has escapes. */
struct slice notification_reader_unescape(struct notifications *ns, const struct json_text *text);

static inline struct slice notification_reader_plain(struct notifications *ns,
	const struct json_text *text)
{
	return text->escaped ? notification_reader_unescape(ns, text)
		: (struct slice){ text->s, text->len };
}

static inline void notification_reader_once(struct notifications *ns, unsigned *seen,
	enum notification_reader_member member)
{
	if (*seen & member)
		notification_reader_invalid(ns, "an object has a member twice");
	*seen |= member;
}

/* The string at the cursor; any other value is skipped, and absent. */
static inline struct slice notification_reader_string(struct notifications *ns)
{
	struct json_text text;

	if (json_string(&ns->c, &text))
		return notification_reader_plain(ns, &text);
	json_pass(&ns->c);
	return (struct slice){ NULL, 0 };
}

static inline struct slice notification_reader_name(struct notifications *ns)
{
	struct slice name = notification_reader_string(ns);

	if (name.len > NOTIFICATION_NAME_MAX)
		notification_reader_invalid(ns, "a name is too long");
	return name;
}

/* Enters the object or array at the cursor; false: it is another value, and skipped. */
static inline bool notification_reader_enter(struct notifications *ns, char opener)
{
	if (json_peek(&ns->c) != opener) {
		json_pass(&ns->c);
		return false;
	}
	json_enter(&ns->c);
	return true;
}

#endif

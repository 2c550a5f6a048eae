/*
 * Messages of a notification channel: events of queues, read into values, and the service's own
 * messages. Each value has a media type, metric, qualifier and statistic. The text is read once,
 * and what the service leaves open (order of members, numbers as strings, unknown names) is
 * accepted.
 */
#ifndef MESSAGE_NOTIFICATION_H
#define MESSAGE_NOTIFICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/slice.h"
#include "util/text.h"

#define NOTIFICATION_VALUES_MAX 4096	/* of one message; of an answer: of one result */
#define NOTIFICATION_NAME_MAX 128	/* bytes of a metric, qualifier, stat or media type */

enum notification_value_kind {
	VALUE_NUMBER,
	VALUE_START,	/* when the longest wait began, µs since 1970 */
	VALUE_AGE,	/* how long it has lasted, µs */
	VALUE_NOBODY	/* nobody waits */
};

struct notification_value {
	struct slice media, metric, qualifier, stat;	/* stat: `ageMs` for all but NUMBER */
	enum notification_value_kind kind;
	double number;
	int64_t us;
	bool has_interval;
	int64_t from_ms, to_ms;		/* of the interval; equal: an instant */
};

enum notification_kind {
	NOTIFICATION_EVENT,		/* of a queue */
	NOTIFICATION_HEARTBEAT,
	NOTIFICATION_PONG,
	NOTIFICATION_CLOSING,		/* v2.system.socket_closing */
	NOTIFICATION_UNSUBSCRIBED,	/* v2.system.no_longer_subscribed: by another channel */
	NOTIFICATION_REVOKED,		/* v2.system.token_revoked */
	NOTIFICATION_OTHER,		/* of no interest: a reply, another topic */
	NOTIFICATION_INVALID,		/* malformed; of a queue, or of an unknown one */
	NOTIFICATION_NOT_JSON
};

struct notification {
	enum notification_kind kind;
	const char *text;		/* of this message alone, within the text */
	size_t text_len;
	char queue_id[UUID_LEN + 1];	/* EVENT, and INVALID if it is known; else empty */
	const char *why;		/* INVALID: what is wrong */
	int64_t instant_us;		/* the newest instant in it; NO_TIME: none */
	const struct slice *media;	/* its media types; s NULL: without one */
	size_t nmedia;
	const struct notification_value *value;
	size_t nvalue;
	bool incomplete;		/* of an answer: part of it could not be read */
};

struct notifications;

struct notifications *notifications_new(void);	/* NULL: out of memory */
void notifications_free(struct notifications *ns);

/* Begins to read a text (one or several JSON values), which is borrowed until the end. */
void notifications_begin(struct notifications *ns, const char *text, size_t len);
/* The next message, borrowed until the next call; false at the end. */
bool notifications_next(struct notifications *ns, struct notification *n);
/* Whether anything could not be read because memory ran out. */
bool notifications_failed(const struct notifications *ns);

#endif

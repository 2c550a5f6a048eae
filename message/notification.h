/*
 * Reads the messages of a notification channel: events of queues, which become values with a media
 * type, metric, qualifier and statistic, and control messages such as heartbeats. Members may come
 * in any order. Unknown members, topics and names are no errors, because the service may add some.
 */
#ifndef MESSAGE_NOTIFICATION_H
#define MESSAGE_NOTIFICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/metric_types.h"
#include "util/slice.h"
#include "util/text.h"

#define NOTIFICATION_VALUES_MAX 4096	/* in one message, or in one result of a snapshot */
#define NOTIFICATION_NAME_MAX 128	/* bytes of a metric, qualifier, stat or media type */

enum notification_value_kind {
	VALUE_NUMBER,
	VALUE_START,	/* `us`: when the longest wait began, since 1970 */
	VALUE_AGE,	/* `us`: how long the longest wait has lasted */
	VALUE_NOBODY	/* nobody waits */
};

struct notification_value {
	struct slice media, metric, qualifier, stat;	/* stat: `ageMs` unless kind is a number */
	enum metric_kind metric_kind;
	enum notification_value_kind kind;
	double number;
	int64_t us;
	bool has_interval;
	int64_t from_ms, to_ms;		/* the interval; an instant if they are equal */
};

enum notification_kind {
	NOTIFICATION_EVENT,		/* of a queue */
	NOTIFICATION_HEARTBEAT,
	NOTIFICATION_PONG,
	NOTIFICATION_CLOSING,		/* v2.system.socket_closing */
	NOTIFICATION_UNSUBSCRIBED,	/* v2.system.no_longer_subscribed: another channel is */
	NOTIFICATION_REVOKED,		/* v2.system.token_revoked */
	NOTIFICATION_OTHER,		/* not used: a reply, another topic */
	NOTIFICATION_INVALID,		/* a malformed event; its queue may be unknown */
	NOTIFICATION_NOT_JSON
};

struct notification {
	enum notification_kind kind;
	const char *text;		/* only this message; borrowed */
	size_t text_len;
	char queue_id[UUID_LEN + 1];	/* of EVENT, of INVALID if it is known; else empty */
	const char *why;		/* of INVALID: what is wrong */
	int64_t instant_us;		/* the newest instant in it; NO_TIME: none */
	const struct slice *media;	/* its media types; one without text has the values
					   that have no media type */
	size_t nmedia;
	const struct notification_value *value;
	size_t nvalue;
	bool incomplete;		/* a snapshot's result: part of it could not be read */
};

struct notifications;

struct notifications *notifications_new(void);	/* NULL: out of memory */
void notifications_free(struct notifications *ns);

/* Begins to read a text with one or several messages. It is borrowed until the last one is read. */
void notifications_begin(struct notifications *ns, const char *text, size_t len);
/* Reads the next message, which is borrowed until the next call. False: there are no more. */
bool notifications_next(struct notifications *ns, struct notification *n);
/* Whether memory ran out, so that something was not read. */
bool notifications_failed(const struct notifications *ns);

#endif

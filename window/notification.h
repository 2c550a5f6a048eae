/*
 * One message of the notification service, or one answer of its observation query, to values:
 * queue, media type, metric, qualifier, stat, number. One pass over the text; what the
 * service leaves open (order of members, numbers as strings, unknown names) is tolerated.
 * Knows no transport, and not what a value is worth: that is board's.
 */
#ifndef WINDOW_NOTIFICATION_H
#define WINDOW_NOTIFICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/slice.h"
#include "util/text.h"

#define NOTIFICATION_VALUES_MAX 4096	/* of one message; of an answer: of one result */
#define NOTIFICATION_NAME_MAX 128	/* bytes of a metric, qualifier, stat or media type */

/* The metrics that an observation query may ask for, a bit each; 0: it is none of these. */
#define NOTIFICATION_QUERY_METRICS 11
extern const char *const notice_query_metrics[NOTIFICATION_QUERY_METRICS];
uint32_t notification_query_bit(struct slice metric);

enum notification_value_kind {
	VALUE_NUMBER,
	VALUE_START,	/* when somebody began to wait, µs since 1970 */
	VALUE_AGE,	/* how long somebody has waited, µs */
	VALUE_NOBODY	/* nobody waits */
};

struct notification_value {
	struct slice media, metric, qualifier, stat;	/* stat `ageMs` for all but NUMBER */
	enum notification_value_kind kind;
	double number;
	int64_t us;
	bool has_interval;
	int64_t from_ms, to_ms;		/* of the interval; equal: an instant */
};

enum notification_kind {
	NOTIFICATION_EVENT, /* of a queue */
	NOTIFICATION_HEARTBEAT,
	NOTIFICATION_PONG,
	NOTIFICATION_CLOSING, /* v2.system.socket_closing */
	NOTIFICATION_UNSUBSCRIBED, /* v2.system.no_longer_subscribed: another channel has come */
	NOTIFICATION_REVOKED, /* v2.system.token_revoked */
	NOTIFICATION_OTHER, /* of no interest: a reply, another topic */
	NOTIFICATION_INVALID, /* of a queue, or of none, and not as it has to be */
	NOTIFICATION_NOT_JSON
};

struct notification {
	enum notification_kind kind;
	const char *text;		/* this value's own bytes within the message */
	size_t text_len;
	char queue_id[UUID_LEN + 1];	/* EVENT, and INVALID where it is known; else empty */
	const char *why;		/* INVALID */
	int64_t instant_us;		/* of the newest instant in it; NO_TIME: none */
	const struct slice *media;	/* groups that it speaks of; s NULL: without media type */
	size_t nmedia;
	const struct notification_value *value;
	size_t nvalue;
	bool gap;			/* of an answer: not all that it tells could be read */
};

struct notifications;

struct notifications *notifications_new(void);	/* NULL: no memory */
void notifications_free(struct notifications *ns);

/* Called when it is known of which queue an observation tells (media without text), and again
 * when it is known of whom, before its values are read. */
typedef void notification_group(void *arg, const char *queue_id, struct slice media);
void notifications_on_group(struct notifications *ns, notification_group *each, void *arg);

/* Begins on one text message (one or several JSON values); borrowed until done. */
void notifications_begin(struct notifications *ns, const char *text, size_t len);
bool notifications_next(struct notifications *ns, struct notification *notice);

/*
 * An observation query's answer: each result is one notice of kind EVENT (its values without
 * an interval) or INVALID. False at the end; then notifications_answer_is_whole() tells whether
 * the text was what such an answer is.
 */
void notifications_begin_answer(struct notifications *ns, const char *text, size_t len);
bool notifications_next_result(struct notifications *ns, struct notification *notice);
bool notifications_answer_is_whole(const struct notifications *ns);

/* The presence's name in an answer (systemToOrganizationMappings), read by calling back for
 * each pair; false: out of memory or malformed. */
typedef bool notification_presence(void *arg, struct slice id, struct slice name);
bool notifications_presences(struct notifications *ns, const char *text, size_t len,
	notification_presence *each, void *arg);
bool notifications_failed(
	const struct notifications *ns); /* memory lacked for some of what was read */

#endif

/*
 * Helpers of two parsers, notification.c and observation_query.c, for the JSON that their messages
 * have in common: strings, members of objects, groups, and metrics with their numbers. Only these
 * two include this file.
 */
#ifndef MESSAGE_READER_H
#define MESSAGE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "message/notification.h"
#include "util/lines.h"
#include "util/name_memo.h"
#include "util/slice.h"

#define READER_MEDIA 32			/* media types in one message */

struct notifications {
	struct json_cursor c;
	bool more;			/* not all messages or results are read */
	bool complete;			/* see observation_query_is_complete */
	struct lines plain;		/* unescaped copies of strings with escapes */
	const char *why;		/* why the message is invalid; NULL: it is valid */
	bool incomplete;		/* a metric's number or name could not be read */
	bool failed;			/* out of memory */
	struct slice media[READER_MEDIA];
	size_t nmedia;
	struct notification_value value[NOTIFICATION_VALUES_MAX];
	size_t nvalue;
	struct json_keys keys;		/* of the `stats` being read */
	struct name_memo kinds;		/* of metrics */
};

/* Begin and end a message, or a result of an answer; the caller reads its members in between. */
void reader_clear(struct notifications *ns, struct notification *n);
void reader_finish(struct notifications *ns, struct notification *n);

/* Marks the message as invalid. Only the first reason is kept. */
void reader_invalid(struct notifications *ns, const char *why);

/* Reads an array of metrics and appends their values; null has none. If it is neither, sets
 * `incomplete`; a bad element makes the message invalid. flat_count: a metric may have `count`
 * itself instead of in `stats`. */
void reader_metrics(struct notifications *ns, bool flat_count);
/* Reads the member `group`: sets the queue, which has to be that of the topic if there is one, and
 * returns the media type. */
struct slice reader_group(struct notifications *ns, struct notification *n);
/* Sets the media type of the values from `first` on. */
void reader_media(struct notifications *ns, struct slice media, size_t first);

/* Reads the members of an object with `group` and `data`. The function `data` reads the latter. */
typedef void reader_data(struct notifications *ns, struct notification *n);
void reader_observations(struct notifications *ns, struct notification *n, reader_data *data);

/* Unescapes a string that has escapes. The result is borrowed until the next message. */
struct slice reader_unescape(struct notifications *ns, const struct json_text *text);
/* Unescapes any string. One without escapes is not copied, and stays borrowed from the message. */
static inline struct slice reader_plain(struct notifications *ns, const struct json_text *text)
{
	return text->escaped ? reader_unescape(ns, text) : (struct slice){ text->s, text->len };
}

/* The name of a member. An array of them has the order in which the members usually come. */
#define READER_MEMBER(name) { "\"" name "\":", sizeof(name) + 2 }
struct reader_members {			/* all zero at the start of an object */
	int next;			/* index of the member that probably comes next */
	unsigned seen;			/* bit i: member i has come */
};

/* Skips members up to the next one whose key is in name[0..n-1] (made by READER_MEMBER), and stops
 * before its value. Returns the index of the name; -1: the object ends, or the text is invalid. */
int reader_find(struct notifications *ns, const struct slice *name, int n);

/*
 * Does what reader_find does, but faster for members in the usual order: as it is inlined, it
 * compares with constants. A member that comes twice makes the message invalid, because it is not
 * defined which of the two values counts (RFC 8259 §4).
 */
static inline __attribute__((always_inline)) int reader_member(struct notifications *ns,
	const struct slice *name, int n, struct reader_members *m)
{
	int i = 0;

	if (json_end(&ns->c))
		return -1;
	while (i < n && (i < m->next || !json_expect(&ns->c, name[i].s, name[i].len)))
		i++;
	if (i == n)
		i = reader_find(ns, name, n);
	if (i < 0)
		return i;
	if (m->seen & 1u << i)
		reader_invalid(ns, "an object has a member twice");
	m->seen |= 1u << i;
	m->next = i + 1;
	return i;
}

/* Reads a string. Skips any other value and returns an absent slice. */
static inline struct slice reader_string(struct notifications *ns)
{
	struct json_text text;

	if (json_string(&ns->c, &text))
		return reader_plain(ns, &text);
	json_pass(&ns->c);
	return (struct slice){ NULL, 0 };
}

/* Reads a string that is a name. If it is too long, the message is invalid. */
static inline struct slice reader_name(struct notifications *ns)
{
	struct slice name = reader_string(ns);

	if (name.len > NOTIFICATION_NAME_MAX)
		reader_invalid(ns, "a name is too long");
	return name;
}

/* Enters the object or array that begins with `opener`. False: it is another value, which is
 * skipped; it makes the message invalid unless `why` is NULL. */
static inline bool reader_enter(struct notifications *ns, char opener, const char *why)
{
	if (json_peek(&ns->c) == opener) {
		json_enter(&ns->c);
		return true;
	}
	json_pass(&ns->c);
	if (why)
		reader_invalid(ns, why);
	return false;
}

#endif

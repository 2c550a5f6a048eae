/*
 * The inside of notification.h and observation_query.h: what events and answers have in common,
 * that is members of objects, strings, groups and metrics, each with its numbers.
 */
#ifndef MESSAGE_READER_H
#define MESSAGE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "message/notification.h"
#include "util/lines.h"
#include "util/slice.h"

#define READER_MEDIA 32			/* media types of one message */

struct notifications {
	struct json_cursor c;
	bool more;
	bool complete;			/* of an answer: the text is one, with all of its results */
	struct lines plain;		/* strings that had escapes */
	const char *why;		/* why the message is invalid; NULL: it is not */
	bool incomplete;		/* a metric's number or name could not be read */
	bool failed;			/* out of memory */
	struct slice media[READER_MEDIA];
	size_t nmedia;
	struct notification_value value[NOTIFICATION_VALUES_MAX];
	size_t nvalue;
	struct json_keys keys;		/* of the stats at hand */
};

/* Before and after the members of a message, or of an answer's result, are read. */
void reader_clear(struct notifications *ns, struct notification *n);
void reader_finish(struct notifications *ns, struct notification *n);

/* The message is invalid; the first reason counts. */
void reader_invalid(struct notifications *ns, const char *why);

/* A list of metrics becomes values. flat_count: a metric may have `count` without `stats`. */
void reader_metrics(struct notifications *ns, bool flat_count);
/* `group`: returns the media type; the queue has to be that of the topic, if that names one. */
struct slice reader_group(struct notifications *ns, struct notification *n);
/* The values from first on have the media type. */
void reader_media(struct notifications *ns, struct slice media, size_t first);

/* The rest of an object with `group` and `data`, the latter read by the caller's function. */
typedef void reader_data(struct notifications *ns, struct notification *n);
void reader_observations(struct notifications *ns, struct notification *n, reader_data *data);

/* The text of a string that has escapes. */
struct slice reader_unescape(struct notifications *ns, const struct json_text *text);

static inline struct slice reader_plain(struct notifications *ns, const struct json_text *text)
{
	return text->escaped ? reader_unescape(ns, text) : (struct slice){ text->s, text->len };
}

/* A name of a member. Lists have them in the order in which they usually come. */
#define READER_MEMBER(name) { "\"" name "\":", sizeof(name) + 2 }
struct reader_members {			/* all zero at the start of an object */
	int next;			/* the one that probably comes next */
	unsigned seen;			/* a bit for each */
};

/* Reads the next key, in any order, that is one of n names, and skips the other members. Returns
 * its place among the names; -1: the object ends. */
int reader_find(struct notifications *ns, const struct slice *name, int n);

/*
 * The same, faster in the usual order: inlined, it compares with constants. An object that has a
 * member twice is invalid, because nobody knows which of the two values holds (RFC 8259 §4).
 */
static inline __attribute__((always_inline)) int reader_member(struct notifications *ns,
	const struct slice *name, int n, struct reader_members *m)
{
	int i = 0;

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

/* The string at the cursor; any other value is skipped, and absent. */
static inline struct slice reader_string(struct notifications *ns)
{
	struct json_text text;

	if (json_string(&ns->c, &text))
		return reader_plain(ns, &text);
	json_pass(&ns->c);
	return (struct slice){ NULL, 0 };
}

static inline struct slice reader_name(struct notifications *ns)
{
	struct slice name = reader_string(ns);

	if (name.len > NOTIFICATION_NAME_MAX)
		reader_invalid(ns, "a name is too long");
	return name;
}

/* Enters the object or array at the cursor. False: it is another value, which is skipped, and makes
 * the message invalid unless why is NULL. */
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

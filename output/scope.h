/*
 * Scopes: the part before the colon of a threshold, or of a range of --check. A scope selects the
 * rows that are compared.
 *
 *   QUEUE   QUEUE/MEDIA   /MEDIA   none: every queue
 *
 * QUEUE is an ID, or a name in upper or lower case; a name with blanks, dots, slashes or operators
 * must be in double quotes. One `struct scopes` owns all scopes of a command line.
 */
#ifndef OUTPUT_SCOPE_H
#define OUTPUT_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/lines.h"
#include "window/queue_index.h"
#include "window/row.h"
#include "window/row_name.h"

struct scope;
struct scopes;

/* names: the queues of which the options give a name; NULL: none. They are borrowed until the last
 * scope is taken. Returns NULL if out of memory. */
struct scopes *scopes_new(const struct queue_index *names);
void scopes_free(struct scopes *ss);	/* NULL is fine */

/*
 * Reads the scope at the beginning of *text, if there is one, and moves *text past it. Messages
 * quote flag (`--fail-if`) and expr, the whole expression, which is borrowed as long as ss exists.
 * The scope belongs to ss. NULL: why says what is wrong.
 */
const struct scope *scopes_take(struct scopes *ss, const char *flag, const char *expr, char **text,
	char *why, size_t size);

/* The scope's queue, in lower case; NULL: it has none, or has the other of ID and name. */
const char *scope_queue_id(const struct scope *s);
const char *scope_queue_name(const struct scope *s);
const char *scope_media(const struct scope *s);	/* NULL: none is given */
/* The flag and the expression that the scope was given in, for messages. */
const char *scope_flag(const struct scope *s);
const char *scope_expr(const struct scope *s);
bool scope_same(const struct scope *a, const struct scope *b);
/* How narrow a scope is: 0 if it is empty, more for a media type, a queue, and both. */
unsigned scope_rank(const struct scope *s);

/* In these functions ss may be NULL, which means that there are no scopes. */
size_t scopes_count(const struct scopes *ss);
const struct scope *scopes_at(const struct scopes *ss, size_t i);
/* Whether the scope has a queue's name that the options do not give, so that it must be found. */
bool scope_needs_names(const struct scope *s);
/* The first of those scopes; NULL: there is none. */
const struct scope *scopes_needing_names(const struct scopes *ss);
void scopes_add_names(const struct scopes *ss, struct lines *names);	/* adds those names */

/* Checks that the queue of each scope is one of the run's queues. False: appends to why a text
 * about the first scope whose queue is not, with a NUL at its end. */
bool scopes_find(struct scopes *ss, const struct queue_index *queues, struct buf *why);

bool scopes_have_queue(struct scopes *ss, const struct scope *s, const struct row *row);
/*
 * True if the number must be compared in row i of the window, because the scope covers the row. A
 * scope without a media type covers the queue's own row. If that row does not have the number (a
 * total, for example), it covers the queue's rows of media types.
 */
bool scopes_cover(struct scopes *ss, const struct scope *s, const struct row_window *w, size_t i,
	const struct row_name *name);
bool scopes_failed(const struct scopes *ss);	/* out of memory */

#endif

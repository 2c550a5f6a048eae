/*
 * Scopes: what stands before the colon of a threshold or of a range of --check, and says which
 * rows it is compared with.
 *
 *   QUEUE   QUEUE/MEDIA   /MEDIA   none: every queue
 *
 * QUEUE is an ID, or a name without regard to case; a name with blanks, dots, slashes or operators
 * stands in double quotes. One `struct scopes` owns the scopes of a command line.
 */
#ifndef OUTPUT_SCOPE_H
#define OUTPUT_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/lines.h"
#include "window/row.h"
#include "window/row_name.h"

struct scope;
struct scopes;

struct scopes *scopes_new(void);	/* NULL: out of memory */
void scopes_free(struct scopes *ss);	/* NULL is fine */

/*
 * Takes the scope at the beginning of *text, if there is one, and moves *text past it. flag and
 * expr are what a message names: `--fail-if`, and the expression; expr is borrowed for the life of
 * ss. NULL: why says what is wrong. The scope belongs to ss.
 */
const struct scope *scopes_take(struct scopes *ss, const char *flag, const char *expr, char **text,
	char *why, size_t size);

/* In lower case; NULL: the scope names no queue so. */
const char *scope_queue_id(const struct scope *s);
const char *scope_queue_name(const struct scope *s);
bool scope_same(const struct scope *a, const struct scope *b);
/* How much a scope says: more for a queue than for a media type, most for both. */
unsigned scope_rank(const struct scope *s);

/* ss NULL, in these: there are no scopes. */
size_t scopes_count(const struct scopes *ss);
const struct scope *scopes_at(const struct scopes *ss, size_t i);
bool scopes_name_queues(const struct scopes *ss);	/* any scope has a queue's name */
void scopes_add_names(const struct scopes *ss, struct lines *names);

/* Whether each scope is one of the run's n queues, given by ID and name (NULL: not known). False:
 * why describes the first scope that is not, with a NUL at the end. */
bool scopes_find(struct scopes *ss, const char *const *id, const char *const *name, size_t n,
	struct buf *why);

/*
 * Whether the number is to be compared in row i of the window: the row has to be in the scope. A
 * scope without a media type covers the queue's own rows, and rows of media types for a number
 * that the queue's own row does not have, as totals.
 */
bool scopes_cover(struct scopes *ss, const struct scope *s, const struct row_window *w, size_t i,
	const struct row_name *name);
bool scopes_failed(const struct scopes *ss);	/* out of memory */

#endif

/*
 * The spool of --callback-spool: deliveries are kept on disk until they are delivered, by this run
 * or a later one. Each is a file STARTMS-RUN-WINDOW-PART-HASH.json of mode 0600 in a directory of
 * mode 0700: a header line (id, url, type), then the body. NAME.refused is a delivery that its
 * receiver refused: it is sent again once per run, and removed first when the spool is full. The
 * run that holds DIR/lock also sends the deliveries of other runs that have ended. A run without
 * the lock only writes.
 */
#ifndef WEBHOOK_SPOOL_H
#define WEBHOOK_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"
#include "util/lines.h"

#define SPOOL_NAME_MAX 96
#define SPOOL_ITEM_MAX (16u << 20)	/* bytes of a file, with its header line */

struct spool_item {		/* pointers borrowed until the next call */
	char name[SPOOL_NAME_MAX];
	const char *id, *url, *type;
	const char *body;
	size_t len;
};

struct spool;

/* Makes the directory if it does not exist (mode 0700), but not its parents. With the lock, removes
 * files that crashed runs left half written; it is not an error if another run holds the lock.
 * ST_USAGE, with --callback-spool in err: the directory belongs to another user, others may access
 * it, or it cannot be made, written or locked. */
enum status spool_open(struct spool **s, const char *dir, uint64_t max_bytes, struct err *err);
void spool_free(struct spool *s);
bool spool_is_ours_to_send(const struct spool *s);	/* this run has the lock */

enum spool_put { SPOOL_KEPT, SPOOL_FULL, SPOOL_FAILED };

/* Writes a delivery under a temporary name, renames it and sets item->name. It is durable after the
 * next spool_sync(); a power failure before that may leave a torn file, which the next run renames
 * to NAME.broken. If the spool would exceed max_bytes, removes the oldest refused deliveries; FULL:
 * that was not enough. FAILED: err says why (ST_OUTPUT), without the URL. */
enum spool_put spool_put(struct spool *s, int64_t start_ms, const char *run, int64_t window,
	size_t part, struct spool_item *item, struct err *err);
/* Makes the deliveries durable that were put since the last call: syncs one file, or the whole file
 * system if there are several. False: err says why (ST_OUTPUT), and they may not be durable. */
bool spool_sync(struct spool *s, struct err *err);
/* How many refused deliveries were removed to make room since the last call. */
size_t spool_displaced(struct spool *s);

/* Removes a delivery that has been delivered, or never will be. */
void spool_drop(struct spool *s, const char *name);
void spool_refuse(struct spool *s, const char *name);	/* renames it to NAME.refused */

/* Reads the next delivery to the URL, oldest first, of those that were in the spool when it was
 * opened. Set *place to 0 before the first call for a URL. False: there are no more, or this run
 * does not have the lock. Renames broken files to NAME.broken, with a warning that does not show
 * the URL. */
bool spool_next(struct spool *s, const char *url, size_t *place, struct spool_item *item,
	struct lines *warnings);

#endif

/*
 * The spool of --callback-spool: deliveries are kept on disk until they are delivered, by this run
 * or a later one. Each is a file STARTMS-RUN-WINDOW-PART-HASH.json of mode 0600 in a directory of
 * mode 0700: a header line (id, url, type), then the body. NAME.refused is a delivery that its
 * receiver refused: it is sent again once per run, and removed first when the spool is full. The
 * run that holds DIR/lock sends what other runs left, except those that are still running; the
 * other runs only write.
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

/* Makes the directory if it does not exist (mode 0700), but not its parents. ST_USAGE, with
 * --callback-spool in err: it belongs to another user, others may access it, or it cannot be made,
 * written or locked. That another run holds the lock is no error. With the lock, removes what
 * crashed runs left half written. */
enum status spool_open(struct spool **s, const char *dir, uint64_t max_bytes, struct err *err);
void spool_free(struct spool *s);
bool spool_is_ours_to_send(const struct spool *s);	/* this run has the lock */

enum spool_put { SPOOL_KEPT, SPOOL_FULL, SPOOL_FAILED };

/* Writes a delivery under a temporary name and renames it; it is durable after the next
 * spool_sync(). A power failure before that may leave a torn file, which the next run sets aside.
 * Sets item->name. If the files would have more than max_bytes, removes refused deliveries, the
 * oldest first; FULL: that was not enough. FAILED: err says why (ST_OUTPUT), without the URL. */
enum spool_put spool_put(struct spool *s, int64_t start_ms, const char *run, int64_t window,
	size_t part, struct spool_item *item, struct err *err);
/* Syncs what was put since the last call: one file, or else the whole file system. False: err says
 * why (ST_OUTPUT), and what was put may not be durable. */
bool spool_sync(struct spool *s, struct err *err);
/* How many refused deliveries were removed to make room since the last call. */
size_t spool_displaced(struct spool *s);

void spool_drop(struct spool *s, const char *name);	/* it was delivered, or never will be */
void spool_refuse(struct spool *s, const char *name);	/* it is kept as NAME.refused */

/* Reads what earlier runs had left for a URL when the spool was opened, oldest first. *place is 0
 * before the first call for that URL; each call moves it on. False: no more, or this run does not
 * have the lock. Broken files are renamed to NAME.broken with a warning, which does not show the
 * URL. */
bool spool_next(struct spool *s, const char *url, size_t *place, struct spool_item *item,
	struct lines *warnings);

#endif

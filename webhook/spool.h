/*
 * Deliveries kept on disk until they have arrived, for a later run where this one cannot: one
 * file each, STARTMS-RUN-WINDOW-PART-HASH.json, mode 0600 in a directory of ours of mode 0700;
 * a header line (id, url, type), then the body. NAME.refused is one that its receiver refused:
 * it is sent again once a run, and makes room where the spool is full. Whoever holds DIR/lock may
 * send what others left, though not what a run that still goes on has put; who does not only
 * writes.
 */
#ifndef WEBHOOK_SPOOL_H
#define WEBHOOK_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"
#include "util/lines.h"

#define SPOOL_NAME_MAX 96
#define SPOOL_ITEM_MAX (16u << 20)	/* bytes of a file, its header line included */

struct spool_item {		/* pointers borrowed until the next call */
	char name[SPOOL_NAME_MAX];
	const char *id, *url, *type;
	const char *body;
	size_t len;
};

struct spool;

/* Makes the directory where it is missing (mode 0700), not its parents. ST_USAGE: it is not ours,
 * open to others, or cannot be made, written or locked; err names --callback-spool. A lock that
 * another holds is no error. Its holder clears away what crashed runs left half written. */
enum status spool_open(struct spool **s, const char *dir, uint64_t max_bytes, struct err *err);
void spool_free(struct spool *s);
bool spool_is_ours_to_send(const struct spool *s);	/* the lock is held */

enum spool_put { SPOOL_KEPT, SPOOL_FULL, SPOOL_FAILED };

/* Written whole under a temporary name and renamed; on the disk with the next spool_sync. A power
 * failure before that may leave a torn file, which the next run sets aside.
 * item->name is made. FULL: with it all files of the spool would pass max_bytes, also without
 * any that were refused; these are removed for it, oldest first. FAILED: err says why
 * (ST_OUTPUT), without the URL; nothing is kept. */
enum spool_put spool_put(struct spool *s, int64_t start_ms, const char *run, int64_t window,
	size_t part, struct spool_item *item, struct err *err);
/* Puts on the disk what was put since the last call, with one sync of the file system where that
 * is more than one file. False: err says why (ST_OUTPUT); what was put cannot be relied on. */
bool spool_sync(struct spool *s, struct err *err);
/* How many refused deliveries were removed to make room since the last call. */
size_t spool_displaced(struct spool *s);

void spool_drop(struct spool *s, const char *name);	/* it has arrived, or never will */
void spool_refuse(struct spool *s, const char *name);	/* it stays, as NAME.refused */

/* What earlier runs had left for a URL when the spool was opened, oldest first: the first item
 * whose name comes after `after` ("" at the beginning; item->name is fine, its file may be
 * dropped by then). False: none, or the lock is not held. Broken or foreign files are set aside
 * (NAME.broken) with a warning, which has no URL. */
bool spool_next(struct spool *s, const char *url, const char *after, struct spool_item *item,
	struct lines *warnings);

#endif

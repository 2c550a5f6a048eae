/*
 * --verify-audit: checks that an audit log was not changed since --audit-chain wrote it, and that
 * rows match the digests in it. Reads both once, in constant memory.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "audit/hash_chain.h"
#include "util/base.h"
#include "util/buf.h"

/* Torn lines that were repaired, from line `first` on. lines is 0 if only a newline was missing
 * before line `first`. */
struct verify_tear {
	uint64_t first, lines;
};

struct verify_conf {		/* all borrowed */
	const char *log;	/* "-": stdin */
	const struct buf *key;	/* each whole line must have a MAC with it; NULL: checks no MACs */
	const char *expect;	/* the hash that the last line must have; NULL: any */
	const char *rows;	/* the file of rows; "-": stdin; NULL: checks no rows */
	const char *run;	/* the rows belong to this run; NULL: to all runs, in order */
	/* Called for each repair; NULL: nothing is called. */
	void (*tear)(void *arg, const struct verify_tear *tear);
	void *arg;
};

/* ST_OK: nothing was changed, and *end describes the last line. ST_PROTOCOL: something was; err has
 * the line's number and what is wrong with it. ST_USAGE: a file cannot be opened. */
enum status verify_audit(const struct verify_conf *conf, struct hash_chain *end, struct err *err);

#endif

/*
 * --verify-audit: checks that an audit log is as --audit-chain wrote it, and that rows are those
 * whose digests are in it. Reads both once, in constant memory.
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
	const struct buf *key;	/* each whole line must have a MAC of it; NULL: checks none */
	const char *expect;	/* the last line's hash; NULL: any */
	const char *rows;	/* "-": stdin; NULL: none */
	const char *run;	/* the rows are of this run only; NULL: of all, in order */
	void (*tear)(void *arg, const struct verify_tear *tear);	/* for each; NULL: none */
	void *arg;
};

/* ST_OK: all is as it was written, and *end is the last line. ST_PROTOCOL: it is not; err has the
 * line's number and what is wrong with it. ST_USAGE: a file cannot be opened. */
enum status verify_audit(const struct verify_conf *conf, struct hash_chain *end, struct err *err);

#endif

/*
 * Whether a log is what --audit-chain wrote, and whether rows are those that it tells of. One
 * pass over both, in constant memory.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "audit/hash_chain.h"
#include "util/base.h"
#include "util/buf.h"

/* Lines that were torn and then repaired, the first one's number; 0 lines: a newline was
 * missing before line `first`. */
struct verify_tear {
	uint64_t first, lines;
};

struct verify_conf {		/* all borrowed */
	const char *log;	/* "-": stdin */
	const struct buf *key;	/* every line that is whole has a MAC; NULL: none is looked at */
	const char *expect;	/* the last line's hash; NULL: any */
	const char *rows;	/* "-": stdin; NULL: none */
	const char *run;	/* the rows are of this run alone; NULL: of all, in order */
	void (*tear)(void *arg, const struct verify_tear *tear);
	void *arg;
};

/* *end is the last line, where all is good. ST_PROTOCOL, with the line's number and what is
 * wrong with it, where anything is not; ST_USAGE where a file cannot be opened. */
enum status verify_audit(const struct verify_conf *conf, struct hash_chain *end, struct err *err);

#endif

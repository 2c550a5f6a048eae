/*
 * The file of --audit-file: lines at its end, shared with other runs under flock(2), whatever
 * becomes of the name meanwhile (a rotation), with or without a chain. Each line waits for the
 * lock 1 s at most. What is no regular file has no end to look at and no lock: a chain there
 * is this run's own.
 */
#ifndef AUDIT_AUDIT_FILE_H
#define AUDIT_AUDIT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/hash_chain.h"
#include "util/base.h"

struct auditfile;

/* NULL, or why lines cannot be added, chained ones where chain is given, signed with key (NULL:
 * none). Nothing is written, nor made where it does not exist. */
const char *auditfile_unfit(const char *path, bool chain, const struct buf *key);

/* key NULL: none; it is copied, and wiped by auditfile_close. The file is made with mode 0600
 * where there is none. ST_USAGE where it cannot be opened. */
enum status auditfile_open(struct auditfile **file, const char *path, bool chain,
	const struct buf *key, struct err *err);
void auditfile_close(struct auditfile *f);	/* NULL is fine */

/* Has the file to itself until auditfile_unlock, and has looked at its end. *tear says what
 * is to be repaired, where the result of auditfile_is_torn is true. */
enum status auditfile_lock(struct auditfile *f, struct err *err);
void auditfile_unlock(struct auditfile *f);
bool auditfile_is_torn(const struct auditfile *f);
const struct chain_tear *auditfile_tear(const struct auditfile *f);	/* NULL: no chain */

/* One write. line is a JSON object without its closing brace; it gets the chain's members,
 * brace and newline, and a newline before it that the line before lacks. */
enum status auditfile_put(struct auditfile *f, struct buf *line, struct err *err);

#endif

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
#include "util/buf.h"

struct audit_file;

/* NULL, or why lines cannot be added, chained ones where chain is given, signed with key (NULL:
 * none). Nothing is written, nor made where it does not exist. */
const char *audit_file_unfit(const char *path, bool chain, const struct buf *key);

/* key NULL: none; it is copied, and wiped by audit_file_close. The file is made with mode 0600
 * where there is none. ST_USAGE where it cannot be opened. */
enum status audit_file_open(struct audit_file **file, const char *path, bool chain,
	const struct buf *key, struct err *err);
void audit_file_close(struct audit_file *f);	/* NULL is fine */

/* Has the file to itself until audit_file_unlock, and has looked at its end. *tear says what
 * is to be repaired, where the result of audit_file_is_torn is true. */
enum status audit_file_lock(struct audit_file *f, struct err *err);
void audit_file_unlock(struct audit_file *f);
bool audit_file_is_torn(const struct audit_file *f);
const struct hash_chain_tear *audit_file_tear(const struct audit_file *f);	/* NULL: no chain */

/* One write. line is a JSON object without its closing brace; it gets the chain's members,
 * brace and newline, and a newline before it that the line before lacks. */
enum status audit_file_put(struct audit_file *f, struct buf *line, struct err *err);

#endif

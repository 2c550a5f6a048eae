/*
 * The file of --audit-file: lines are appended under flock(2), so that several runs can share it,
 * with or without a hash chain. If the file is renamed (log rotation), the next line goes to a new
 * one. A line waits at most 1 s for the lock. A pipe cannot be locked or read back, so a chain that
 * is written to one has the lines of this run only.
 */
#ifndef AUDIT_AUDIT_FILE_H
#define AUDIT_AUDIT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/hash_chain.h"
#include "util/base.h"
#include "util/buf.h"

struct audit_file;

/* Returns why lines cannot be added to the file, or NULL. chain: the lines will be chained; key:
 * they will be signed with it (NULL: not signed). Writes nothing and does not make the file. */
const char *audit_file_unfit(const char *path, bool chain, const struct buf *key);

/* Opens the file, or makes it with mode 0600. Copies the key, which may be NULL; audit_file_close()
 * wipes the copy. ST_USAGE: the file cannot be opened. */
enum status audit_file_open(struct audit_file **file, const char *path, bool chain,
	const struct buf *key, struct err *err);
void audit_file_close(struct audit_file *f);	/* NULL is fine */

/* Locks the file until audit_file_unlock() and reads its end. If audit_file_is_torn() is then true,
 * an earlier write was cut off, and audit_file_tear() describes the damaged lines. */
enum status audit_file_lock(struct audit_file *f, struct err *err);
void audit_file_unlock(struct audit_file *f);
bool audit_file_is_torn(const struct audit_file *f);
const struct hash_chain_tear *audit_file_tear(const struct audit_file *f);	/* NULL: no chain */

/* Appends a line in one write. line is a JSON object without its closing brace; this adds the
 * chain's members, the brace and a newline. If the line before has no newline, writes one first. */
enum status audit_file_put(struct audit_file *f, struct buf *line, struct err *err);

#endif

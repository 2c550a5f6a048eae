/*
 * Lines that hold on to each other. A chained line is a JSON object on one line whose bytes
 * end with
 *
 *     ,"seq":N,"prev":"HEX"}    or    ,"seq":N,"prev":"HEX","mac":"HEX"}
 *
 * N is its number in the file, from 1; prev the SHA-256 of the line before without its
 * newline, 64 zeros in the first; mac HMAC-SHA-256 over the line's bytes up to `,"mac"`. No
 * JSON reader is asked where these members are: only this end of the bytes counts, in the one
 * form that is written. A line without it can only be a torn one, the first bytes of an audit
 * line whose write was cut off. It counts as a line, and the next chained one says `audit.repaired`
 * and how many lines and bytes are torn and their digest.
 *
 * Pure: no file is known here. Writer and verifier share it.
 */
#ifndef AUDIT_HASH_CHAIN_H
#define AUDIT_HASH_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define HASH_CHAIN_HEX 64		/* digits of a SHA-256 */
#define HASH_CHAIN_LINE_MAX 4096	/* bytes of a line with its newline */
#define HASH_CHAIN_END_MAX 176	/* the most that hash_chain_seal adds, a newline included */
#define HASH_CHAIN_TEAR_MAX 65536 /* torn lines one after the other; beyond, it is none of ours */

/* SHA-256 and HMAC-SHA-256, set up once. */
struct chain_work;

/* key NULL: no MAC. It is copied, and wiped by hash_chain_work_free. NULL: out of memory. */
struct chain_work *hash_chain_work_new(const void *key, size_t len);
void hash_chain_work_free(struct chain_work *w);
bool hash_chain_work_has_key(const struct chain_work *w);

/* In hex. False: the library failed. */
bool hash_chain_hash(struct chain_work *w, const void *bytes, size_t len,
	char hex[HASH_CHAIN_HEX + 1]);
bool hash_chain_mac(struct chain_work *w, const void *bytes, size_t len,
	char hex[HASH_CHAIN_HEX + 1]);

/* The last line, whole or torn: what the next one holds on to. */
struct hash_chain {
	uint64_t seq;			/* 0: there is none */
	char last[HASH_CHAIN_HEX + 1];	/* zeros then */
};
extern const struct hash_chain chain_new;

/* line is a JSON object but for its closing brace, with one member at least. The chain's
 * members, brace and newline are added, and the chain goes on to it. */
bool hash_chain_seal(struct hash_chain *chain, struct chain_work *w, struct buf *line);

/* The members at a line's end. */
struct hash_chain_link {
	uint64_t seq;
	const char *prev;	/* HASH_CHAIN_HEX digits each, in the line */
	const char *mac;	/* NULL: none */
	size_t mac_from;	/* how many bytes the MAC is over */
};
/* The line's bytes without its newline; false: it has no such end. */
bool hash_chain_split(const char *line, size_t len, struct hash_chain_link *link);

/* --- the end of a file, before a line is added ------------------------------------------ */

struct hash_chain_tear {
	uint64_t lines;		/* without the members of a chain, at the file's end */
	uint64_t bytes;		/* of those, newlines between them included */
	char digest[HASH_CHAIN_HEX + 1];
	bool open;		/* the last line lacks its newline */
};

enum hash_chain_end {
	HASH_CHAIN_WHOLE,		/* nothing, or a whole line */
	HASH_CHAIN_TORN,		/* lines are to be repaired, or a newline is missing */
	HASH_CHAIN_SHORT,		/* more of the file has to be seen */
	HASH_CHAIN_FOREIGN,		/* lines that are of no chain */
	HASH_CHAIN_OTHER_KEY,	/* the last one is signed, and not with this key */
	HASH_CHAIN_FAILED		/* the library failed */
};

/* tail is the end of a file, or all of it. Fills chain and tear where WHOLE or TORN. */
enum hash_chain_end hash_chain_look(struct chain_work *w, const char *tail, size_t len, bool all,
	struct hash_chain *chain, struct hash_chain_tear *tear);

#endif

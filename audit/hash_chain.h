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

#include "util/base.h"

#define CHAIN_HEX 64		/* digits of a SHA-256 */
#define CHAIN_LINE_MAX 4096	/* bytes of a line with its newline */
#define CHAIN_END_MAX 176	/* the most that chain_seal adds, a newline included */
#define CHAIN_TEAR_MAX 65536	/* torn lines one after the other; beyond, it is none of ours */

/* SHA-256 and HMAC-SHA-256, set up once. */
struct chain_work;

/* key NULL: no MAC. It is copied, and wiped by chain_work_free. NULL: out of memory. */
struct chain_work *chain_work_new(const void *key, size_t len);
void chain_work_free(struct chain_work *w);
bool chain_work_has_key(const struct chain_work *w);

/* In hex. False: the library failed. */
bool chain_hash(struct chain_work *w, const void *bytes, size_t len, char hex[CHAIN_HEX + 1]);
bool chain_mac(struct chain_work *w, const void *bytes, size_t len, char hex[CHAIN_HEX + 1]);

/* The last line, whole or torn: what the next one holds on to. */
struct chain {
	uint64_t seq;			/* 0: there is none */
	char last[CHAIN_HEX + 1];	/* zeros then */
};
extern const struct chain chain_new;

/* line is a JSON object but for its closing brace, with one member at least. The chain's
 * members, brace and newline are added, and the chain goes on to it. */
bool chain_seal(struct chain *chain, struct chain_work *w, struct buf *line);

/* The members at a line's end. */
struct chain_link {
	uint64_t seq;
	const char *prev;	/* CHAIN_HEX digits each, in the line */
	const char *mac;	/* NULL: none */
	size_t mac_from;	/* how many bytes the MAC is over */
};
/* The line's bytes without its newline; false: it has no such end. */
bool chain_split(const char *line, size_t len, struct chain_link *link);

/* --- the end of a file, before a line is added ------------------------------------------ */

struct chain_tear {
	uint64_t lines;		/* without the members of a chain, at the file's end */
	uint64_t bytes;		/* of those, newlines between them included */
	char digest[CHAIN_HEX + 1];
	bool open;		/* the last line lacks its newline */
};

enum chain_end {
	CHAIN_WHOLE,		/* nothing, or a whole line */
	CHAIN_TORN,		/* lines are to be repaired, or a newline is missing */
	CHAIN_SHORT,		/* more of the file has to be seen */
	CHAIN_FOREIGN,		/* lines that are of no chain */
	CHAIN_OTHER_KEY,	/* the last one is signed, and not with this key */
	CHAIN_FAILED		/* the library failed */
};

/* tail is the end of a file, or all of it. Fills chain and tear where WHOLE or TORN. */
enum chain_end chain_look(struct chain_work *w, const char *tail, size_t len, bool all,
	struct chain *chain, struct chain_tear *tear);

#endif

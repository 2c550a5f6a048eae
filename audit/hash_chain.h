/*
 * The hash chain of --audit-chain: each line has the hash of the line before. A chained line is a
 * JSON object on one line that ends with
 *
 *     ,"seq":N,"prev":"HEX"}    or    ,"seq":N,"prev":"HEX","mac":"HEX"}
 *
 * N is the line's number in the file, from 1; prev is the SHA-256 of the line before without its
 * newline, 64 zeros in the first line; mac is the HMAC-SHA-256 of the line's bytes up to `,"mac"`.
 * These members are found by the last bytes of the line, in exactly the form that is written, not
 * with a JSON parser. A line without them can only be a torn one: the first bytes of a line
 * whose write was cut off. It counts as a line, and the next chained line is an `audit.repaired`
 * with the number of torn lines and bytes, their digest, and the hash of the line before them,
 * which nothing else would hold.
 *
 * Used by the writer and the verifier. Opens no files.
 */
#ifndef AUDIT_HASH_CHAIN_H
#define AUDIT_HASH_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define HASH_CHAIN_HEX 64		/* hex digits of a SHA-256 */
#define HASH_CHAIN_LINE_MAX 4096	/* bytes, with the newline */
#define HASH_CHAIN_END_MAX 176	/* bytes that hash_chain_seal() adds at most */
#define HASH_CHAIN_TEAR_MAX 65536 /* bytes of torn lines; a file with more was not written by us */

/* Contexts of libcrypto for SHA-256 and HMAC-SHA-256, made once. */
struct hash_chain_work;

/* Copies the key; hash_chain_work_free() wipes the copy. key NULL: no MAC. Returns NULL: out of
 * memory. */
struct hash_chain_work *hash_chain_work_new(const void *key, size_t len);
void hash_chain_work_free(struct hash_chain_work *w);
bool hash_chain_work_has_key(const struct hash_chain_work *w);

/* Both write hex digits; hash_chain_mac needs a key. False: libcrypto failed. */
bool hash_chain_hash(struct hash_chain_work *w, const void *bytes, size_t len,
	char hex[HASH_CHAIN_HEX + 1]);
bool hash_chain_mac(struct hash_chain_work *w, const void *bytes, size_t len,
	char hex[HASH_CHAIN_HEX + 1]);

/* The last line, whole or torn, that the next one refers to. */
struct hash_chain {
	uint64_t seq;			/* 0: the file is empty */
	char last[HASH_CHAIN_HEX + 1];	/* the line's hash; zeros if the file is empty */
};
extern const struct hash_chain hash_chain_empty;

/* Adds the chain's members, the closing brace and a newline to line, a JSON object with at least
 * one member, and makes it the chain's last line. False: libcrypto failed, or out of memory. */
bool hash_chain_seal(struct hash_chain *chain, struct hash_chain_work *w, struct buf *line);

/* The chain's members at the end of a line. */
struct hash_chain_link {
	uint64_t seq;
	const char *prev;	/* HASH_CHAIN_HEX digits each, in the line */
	const char *mac;	/* NULL: none */
	size_t mac_from;	/* length of what the MAC covers */
};
/* line: without its newline. False: it does not end with these members. */
bool hash_chain_split(const char *line, size_t len, struct hash_chain_link *link);

/* --- the end of a file, before a line is added ------------------------------------------ */

struct hash_chain_tear {
	uint64_t lines;		/* at the file's end, without the chain's members */
	uint64_t bytes;		/* of these lines, with the newlines between them */
	char digest[HASH_CHAIN_HEX + 1];
	char after[HASH_CHAIN_HEX + 1];	/* hash of the whole line before them; zeros: none */
	bool open;		/* the last line lacks its newline */
};

enum hash_chain_end {
	HASH_CHAIN_WHOLE,	/* empty, or a whole line is last */
	HASH_CHAIN_TORN,	/* the last lines are damaged, or a newline is missing */
	HASH_CHAIN_SHORT,	/* the tail is too short: pass more of the file */
	HASH_CHAIN_FOREIGN,	/* the last lines do not belong to a chain */
	HASH_CHAIN_OTHER_KEY,	/* the last line is signed, but not with this key */
	HASH_CHAIN_FAILED	/* libcrypto failed */
};

/* Examines the end of a file. all: tail is the whole file. WHOLE and TORN fill chain and tear. */
enum hash_chain_end hash_chain_look(struct hash_chain_work *w, const char *tail, size_t len,
	bool all, struct hash_chain *chain, struct hash_chain_tear *tear);

#endif

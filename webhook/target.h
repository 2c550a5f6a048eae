/*
 * Where callbacks go and what they carry, as the options name it: URLs, header lines, keys,
 * the spool's directory. All of a URL but scheme, host and port is a secret, and so is a
 * header line; no problem that is told shows more.
 */
#ifndef WEBHOOK_TARGET_H
#define WEBHOOK_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/lines.h"
#include "util/text.h"
#include "webhook/payload.h"
#include "webhook/signature.h"

#define TARGETS_MAX 16
#define TARGET_HEADERS_MAX 64

struct target {
	char *url;	/* as it was given: a secret */
	char *shown;	/* scheme://host[:port] */
	bool plain;	/* http */
};

struct targets {
	struct target *v;
	size_t n;
	struct lines files;		/* of --callback @FILE */
	const char *header_file, *key_file, *spool;	/* borrowed; NULL: none */
	uint64_t spool_max;		/* bytes */
	bool allow_private;
	enum payload_format format;
	int64_t timeout_ms;
	struct lines headers;		/* `Name: value` */
	struct signature_keys *keys;	/* NULL: not signed */
};

/* A URL, or @FILE that holds one; one that is given twice is taken once, with a warning. */
void targets_add(struct targets *t, const char *value, struct lines *problems,
	struct lines *warnings);

/* Scheme, host and port of what may be a bad URL, the mark `***@` for a user and password; of
 * anything else what stands before a slash. Returns out. */
const char *target_shown(char out[TEXT_SHOWN_SIZE], const char *url);

/* What the other options name, once all of them are known: reads header lines and keys; the
 * spool is looked at, not made. */
void targets_check(struct targets *t, struct lines *problems, struct lines *warnings);

void targets_free(struct targets *t);	/* wipes */

/* The secret parts, one after another from *at, which begins at 0: what stands in a URL behind
 * its host, a header's value, and its last word. NULL: no more. Borrowed. */
const char *targets_secret(const struct targets *t, size_t *at);

#endif

/*
 * The targets of webhooks, read from the options --callback and --callback-*: URLs, header lines,
 * signature keys, the spool's directory. Errors and warnings show no header lines, and only scheme,
 * host and port of a URL, because the rest may be a secret.
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
	const char *flag;	/* what the URL was given with, for messages; borrowed */
	char *url;	/* as it was given; a secret */
	char *shown;	/* scheme://host[:port] */
	bool plain;	/* http */
};

struct targets {
	struct target *v;
	size_t n;
	struct lines files;		/* the FILEs of --callback @FILE */
	const char *header_file, *key_file, *spool;	/* borrowed; NULL: none */
	uint64_t spool_max;		/* bytes */
	bool allow_private;
	enum payload_format format;
	int64_t timeout_ms;
	struct lines headers;		/* `Name: value` */
	struct signature_keys *keys;	/* NULL: not signed */
};

/* Adds a URL, or the one in @FILE. Ignores a URL that was added before, with a warning. flag: what
 * it is given with, such as `--callback`. */
void targets_add(struct targets *t, const char *value, const char *flag, struct lines *problems,
	struct lines *warnings);

/* Writes to out what may be shown of a URL, which need not be valid: scheme, host and port, with
 * `***@` for a user and password. Returns out. */
const char *target_shown(char out[TEXT_SHOWN_SIZE], const char *url);

/* Call it once all options are known: reads header lines and keys, and checks the spool's directory
 * without making it. */
struct targets_flags {		/* how messages name what was given */
	const char *header_file, *key_file, *spool;
};
void targets_check(struct targets *t, const struct targets_flags *flags, struct lines *problems,
	struct lines *warnings);

void targets_free(struct targets *t);	/* wipes */

/* Returns the secrets one by one, borrowed; NULL: there are no more. Set *at to 0 before the first
 * call. A secret is what follows the host of a URL, the value of a header, or its last word. */
const char *targets_secret(const struct targets *t, size_t *at);

#endif

/*
 * Replaces known secrets in texts before they are written. Finds them plain or in Base64, with any
 * of their bytes percent-encoded or escaped as in JSON, and also if their end was cut off.
 */
#ifndef AUDIT_REDACT_H
#define AUDIT_REDACT_H

#include <stdbool.h>
#include <stddef.h>

struct redact_secrets {		/* all zero: none */
	struct redact_form *form;
	size_t n;
};

/* Adds a secret, which is copied. A text may have been cut within a secret: redact_text() also
 * replaces the first bytes of a secret if a word ends after them, and if 8 or more of them follow
 * the part that is not secret (the host of a URL, `Bearer`, `streaming-0-`). Ignores secrets of
 * less than 4 bytes. False: out of memory. */
bool redact_add(struct redact_secrets *secrets, const char *secret, size_t len);
void redact_free(struct redact_secrets *secrets);	/* wipes them */

/* Replaces each secret in the text by REDACTED, in place. */
void redact_text(const struct redact_secrets *secrets, char *text);

#endif

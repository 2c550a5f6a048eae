/*
 * Takes known secrets out of texts before they are written: plain or in Base64, with any of
 * their bytes percent-encoded or escaped as in JSON, and also cut off at the end.
 */
#ifndef AUDIT_REDACT_H
#define AUDIT_REDACT_H

#include <stdbool.h>
#include <stddef.h>

struct redact_secrets {		/* all zero: none */
	struct redact_form *form;
	size_t n;
};

/* From here on redact_text() replaces this secret, and its first bytes where a word ends after
 * them: 8 or more beyond what is not secret in it (the host of a URL, `Bearer`,
 * `streaming-0-`). Copies it; one of less than 4 bytes is left out. False: out of memory. */
bool redact_add(struct redact_secrets *secrets, const char *secret, size_t len);
void redact_free(struct redact_secrets *secrets);	/* wipes them */

/* Replaces each secret in the text by REDACTED, in place. */
void redact_text(const struct redact_secrets *secrets, char *text);

#endif

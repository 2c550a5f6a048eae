/*
 * Signatures of webhook deliveries (Standard Webhooks 1.0): HMAC-SHA256 with the keys of
 * --callback-key-file.
 */
#ifndef WEBHOOK_SIGNATURE_H
#define WEBHOOK_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/lines.h"

struct signature_keys;

/* Reads 1 to 16 keys of 24 to 64 bytes from a file or pipe: `whsec_BASE64` lines, `#` comments
 * and blank lines. The file's bytes are wiped from memory. NULL: the file cannot be read, others
 * may read it, or a line is not a key; problems gets a line that says so without showing a key. */
struct signature_keys *signature_keys_read(const char *path, const char *flag,
	struct lines *problems);
void signature_keys_free(struct signature_keys *keys);	/* wipes; NULL is fine */

/* Appends `v1,BASE64 v1,BASE64`, a signature of `ID.TIMESTAMP.BODY` for each key. False: out of
 * memory. */
bool signature_sign(const struct signature_keys *keys, const char *id, int64_t timestamp_s,
	const char *body, size_t len, struct buf *out);

#endif

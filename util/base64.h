/* Base64 with padding (RFC 4648 §4). */
#ifndef UTIL_BASE64_H
#define UTIL_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

/* Appends the bytes in Base64, with a NUL behind the text. False: out of memory, or over the limit
 * of out. */
bool base64_put(struct buf *out, const void *bytes, size_t n);

/* The number of bytes that the text stands for. 0: it is empty or not Base64; libcrypto also takes
 * other text. */
size_t base64_size(const char *text, size_t len);
/* Writes the bytes that the text stands for, which base64_size() has accepted. out has to have room
 * for len / 4 * 3 bytes, because those of the padding are written too, as 0. False: libcrypto
 * refuses the text. */
bool base64_get(unsigned char *out, const char *text, size_t len);

#endif

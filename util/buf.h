/*
 * A buffer of bytes that grows up to a limit. When it cannot grow (out of memory, or past the
 * limit) it sets `failed`, keeps the bytes it has, and refuses all that follows: append without
 * checks and look at `failed` once at the end. All zero is an empty buffer without a limit.
 */
#ifndef UTIL_BUF_H
#define UTIL_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t limit;	/* bytes; 0: none */
	bool failed;
	bool secret;	/* when it grows, the old memory is overwritten */
};

void buf_free(struct buf *buf);
void buf_wipe(struct buf *buf);		/* buf_free for secrets: overwrites them first */
void buf_clear(struct buf *buf);	/* empties it and resets `failed`; keeps the memory */
char *buf_reserve(struct buf *buf, size_t n);	/* room for n more bytes, NULL on failure */
bool buf_add(struct buf *buf, const void *bytes, size_t n);
bool buf_str(struct buf *buf, const char *s);
bool buf_char(struct buf *buf, char c);
bool buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Writes all of it, and waits even if fd is non-blocking; false: errno says why. */
bool buf_write(const struct buf *buf, int fd);

#endif

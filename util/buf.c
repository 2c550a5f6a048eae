#include "util/buf.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUF_FIRST 256

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ .limit = buf->limit, .secret = buf->secret };
}

void buf_wipe(struct buf *buf)
{
	if (buf->data)
		OPENSSL_cleanse(buf->data, buf->cap);
	buf_free(buf);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

static bool buf_grow(struct buf *buf, size_t need)
{
	size_t cap = buf->cap ? buf->cap : BUF_FIRST;
	char *data;

	while (cap < need) {
		if (__builtin_mul_overflow(cap, (size_t)2, &cap))
			return false;
	}
	data = buf->secret ? malloc(cap) : realloc(buf->data, cap);
	if (!data)
		return false;
	if (buf->secret && buf->data) {
		memcpy(data, buf->data, buf->len);
		OPENSSL_cleanse(buf->data, buf->cap);
		free(buf->data);
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

char *buf_reserve(struct buf *buf, size_t n)
{
	size_t need;

	if (buf->failed)
		return NULL;
	if (__builtin_add_overflow(buf->len, n, &need)
	    || (buf->limit && need > buf->limit)
	    || ((need > buf->cap || !buf->data) && !buf_grow(buf, need))) {
		buf->failed = true;
		return NULL;
	}
	return buf->data + buf->len;
}

bool buf_add(struct buf *buf, const void *bytes, size_t n)
{
	char *to = buf_reserve(buf, n);

	if (!to)
		return false;
	if (n)
		memcpy(to, bytes, n);
	buf->len += n;
	return true;
}

bool buf_str(struct buf *buf, const char *s)
{
	return buf_add(buf, s, strlen(s));
}

bool buf_char(struct buf *buf, char c)
{
	return buf_add(buf, &c, 1);
}

bool buf_printf(struct buf *buf, const char *fmt, ...)
{
	size_t room = buf->data ? buf->cap - buf->len : 0;
	va_list ap;
	char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room ? buf->data + buf->len : NULL, room, fmt, ap);
	va_end(ap);
	to = n < 0 ? NULL : buf_reserve(buf, (size_t)n + 1);
	if (!to) {
		buf->failed = true;
		return false;
	}
	if ((size_t)n >= room) {	/* it was cut off */
		va_start(ap, fmt);
		vsnprintf(to, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	buf->len += (size_t)n;
	return true;
}

bool buf_write(const struct buf *buf, int fd)
{
	struct pollfd out = { .fd = fd, .events = POLLOUT };

	for (size_t done = 0; done < buf->len;) {
		ssize_t n = write(fd, buf->data + done, buf->len - done);

		if (n < 0 && errno != EINTR && (errno != EAGAIN || poll(&out, 1, -1) < 0))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

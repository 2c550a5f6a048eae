/*
 * What every layer stands on: the exit statuses, one error text, growing memory,
 * and lists of lines to tell the user.
 */
#ifndef UTIL_BASE_H
#define UTIL_BASE_H

#ifndef __LP64__
#error "gsqstat needs a 64-bit machine"
#endif

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GSQSTAT_VERSION "0.1.0"

/* The exit statuses; gsqstat(1) EXIT STATUS is the contract. 128+N: signal N. */
enum status {
	ST_OK = 0,
	ST_HELD = 1,		/* a --fail-if did */
	ST_USAGE = 2,
	ST_AUTH = 3,
	ST_RATE = 4,
	ST_NET = 5,
	ST_REFUSED = 6,
	ST_OUTPUT = 7,
	ST_PROTOCOL = 8,
	ST_CALLBACK = 9,
	ST_SIGNAL = 128,	/* plus the signal's number */
	ST_READER_LEFT = 141	/* 128 + SIGPIPE */
};

/* The one text of an error: needs no free, so it can say "out of memory" too. */
struct err {
	char text[1024];
};

/* Writes the text and returns st, so that a failure is one statement. */
enum status err_set(struct err *err, enum status st, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* What a parser that says in words why it refuses its input returns where memory lacked instead.
 * Compare the address: that is no fault of the input, and nothing may be counted as invalid. */
extern const char why_no_memory[];
enum status err_nomem(struct err *err);	/* out of memory: ST_OUTPUT, no row can follow */

/*
 * Bytes that grow up to a limit. A failed growth (out of memory, or past the limit) sets
 * `failed` for good and leaves the bytes as they were: check once at the end.
 * All zero is a valid empty buffer without a limit.
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t limit;	/* bytes; 0: none */
	bool failed;
};

void buf_free(struct buf *buf);
void buf_wipe(struct buf *buf);	/* the same, for secrets */
void buf_clear(struct buf *buf);	/* empty again, memory kept, `failed` reset */
void str_wipe(char **s);	/* a secret string: wiped, freed, NULL; NULL is fine */
char *buf_reserve(struct buf *buf, size_t n);	/* room for n more bytes, NULL on failure */
bool buf_add(struct buf *buf, const void *bytes, size_t n);
bool buf_str(struct buf *buf, const char *s);
bool buf_char(struct buf *buf, char c);
bool buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_write(const struct buf *buf, int fd);	/* all of it, to a file; false: see errno */

/* A list of lines, each owned by the list: usage errors, warnings, queue IDs. */
struct lines {
	char **v;
	size_t n;
	size_t cap;
	bool failed;	/* a line was lost to a lack of memory */
};

void lines_add(struct lines *lines, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void lines_free(struct lines *lines);

/* Asks memory for what is to change soon, and does not wait for it. NULL is fine. */
#define CACHE_LINE 64
static inline void mem_fetch(const void *from, size_t bytes)
{
	for (size_t i = 0; from && i < bytes; i += CACHE_LINE)
		__builtin_prefetch((const char *)from + i, 1);
}

#define US_PER_MS 1000

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif

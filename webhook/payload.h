/*
 * One window as the bodies of HTTP deliveries (schema gsqstat-window/1, at most 256 KiB each,
 * split at rows; plain, or as a CloudEvent in structured mode), and their signatures
 * (Standard Webhooks 1.0). Knows no transport, no clock.
 */
#ifndef WEBHOOK_PAYLOAD_H
#define WEBHOOK_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"

#define PAYLOAD_BODY_MAX (256u << 10)
#define PAYLOAD_ID_MAX 64	/* RUN-WINDOW-PART and a NUL */

enum payload_format { PAYLOAD_PLAIN, PAYLOAD_CLOUDEVENTS };

struct payload_window {		/* all borrowed */
	const char *run;
	int64_t index, start_ms, end_ms;
	uint64_t frames;		/* 0: `meta` is null */
	uint64_t updates;
	double lag_mean_us, updates_per_second;	/* NaN: null */
	int coverage_e4;		/* -1: null */
	const char *rows;		/* NDJSON, each row ended by LF */
	size_t rows_len;
};

const char *payload_type(enum payload_format format);	/* of the body, for Content-Type */

/* How many parts the window makes, at least one, and one of them (appended to out, with its
 * id). A row that is longer than any part goes alone. False: out of memory. */
size_t payload_parts(const struct payload_window *w, enum payload_format format);
bool payload_part(const struct payload_window *w, enum payload_format format, size_t part,
	char id[PAYLOAD_ID_MAX], struct buf *out);

struct signature_keys;

/* A file or pipe of `whsec_BASE64` lines, `#` comments and blank lines, 1 to 16 keys of 24 to 64
 * bytes. NULL after a line of problems, which shows no key: unreadable, open to others, not
 * ours, a line that is none. The file's bytes are wiped. */
struct signature_keys *signature_keys_read(const char *flag, const char *path,
	struct lines *problems);
void signature_keys_free(struct signature_keys *keys);	/* wipes; NULL is fine */

/* `v1,BASE64 v1,BASE64`, one for each key, over id.timestamp.body. False: out of memory. */
bool signature_sign(const struct signature_keys *keys, const char *id, int64_t timestamp_s,
	const char *body, size_t len, struct buf *out);

#endif

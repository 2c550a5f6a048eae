/*
 * The JSON bodies of webhook deliveries: one window as one or more parts (schema
 * gsqstat-window/1, split between rows, at most 256 KiB each), plain or as CloudEvents in
 * structured mode. Sends nothing and reads no clock.
 */
#ifndef WEBHOOK_PAYLOAD_H
#define WEBHOOK_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "window/row.h"

#define PAYLOAD_BODY_MAX (256u << 10)
#define PAYLOAD_ID_MAX 64	/* RUN-WINDOW-PART, with its NUL */

enum payload_format { PAYLOAD_PLAIN, PAYLOAD_CLOUDEVENTS };

struct payload_window {		/* all borrowed */
	const char *run;
	const struct row_window *window;
	const char *rows;		/* NDJSON, each row ended by LF */
	size_t rows_len;
};

const char *payload_type(enum payload_format format);	/* for Content-Type */

/* payload_parts(): how many parts the window has, at least one. payload_part(): appends one of them
 * to out, and writes its id. A row that is longer than a part may be has a part of its own. False:
 * out of memory. */
size_t payload_parts(const struct payload_window *w, enum payload_format format);
bool payload_part(const struct payload_window *w, enum payload_format format, size_t part,
	char id[PAYLOAD_ID_MAX], struct buf *out);

#endif

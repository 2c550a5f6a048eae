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
#define PAYLOAD_ID_MAX 64	/* bytes of RUN-WINDOW-PART, with the NUL */

enum payload_format { PAYLOAD_PLAIN, PAYLOAD_CLOUDEVENTS };

struct payload_window {		/* all borrowed */
	const char *run;
	const struct row_window *window;
	const char *rows;		/* NDJSON, each row ended by LF */
	size_t rows_len;
};

const char *payload_type(enum payload_format format);	/* the value of Content-Type */

/* How many parts the window has, at least one. A row that is longer than the limit gets a part to
 * itself. */
size_t payload_parts(const struct payload_window *w, enum payload_format format);
/* Appends one of the parts, counted from 0, to out, and writes its id. False: out of memory. */
bool payload_part(const struct payload_window *w, enum payload_format format, size_t part,
	char id[PAYLOAD_ID_MAX], struct buf *out);

#endif

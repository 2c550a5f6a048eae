/*
 * The bytes of a sample, which --sketch adds to rows so that they can be joined without error.
 * gsqstat-rows(5) describes each byte. The smallest and the greatest value are not among them,
 * because the row has them.
 */
#ifndef STATS_SKETCH_H
#define STATS_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/sample.h"
#include "util/buf.h"

struct sketch {
	int64_t arrival_us;	/* when the last value came, µs since 1970; NO_TIME: none did */
	bool by_time;		/* weights are µs, not numbers of values */
	struct sample sample;	/* its last, min and max are 0; count 0: no values */
};

/* Appends `1:` and the bytes in Base64. False: out of memory. */
bool sketch_put(struct buf *out, const struct sketch *s);
/* Reads the text into *s; pass that to sketch_free(), also after a failure. Returns what is wrong
 * (NULL: nothing), or why_no_memory. */
const char *sketch_get(const char *text, size_t len, struct sketch *s);
void sketch_free(struct sketch *s);

#endif

/*
 * Integers in LEB128 (DWARF 5, section 7.6): groups of 7 bits, the lowest first, with bit 7 set in
 * all bytes but the last. Reading refuses what is not the shortest form of a number, so that a
 * number has one form only.
 */
#ifndef STATS_LEB128_H
#define STATS_LEB128_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

/* Append n; out->failed says whether it worked. */
void leb128_put(struct buf *out, uint64_t n);
void leb128_put_signed(struct buf *out, int64_t n);

struct leb128_reader {
	const unsigned char *at, *end;
	bool failed;	/* no whole number, one of more than 64 bits, or not the shortest form */
};

/* Read a number. 0 if the reader has failed, now or before. */
uint64_t leb128_get(struct leb128_reader *r);
int64_t leb128_get_signed(struct leb128_reader *r);

/* Returns the bytes of the next number, which may have any length, and moves behind it. *n is how
 * many they are; 0 if the reader has failed. */
const unsigned char *leb128_get_bytes(struct leb128_reader *r, bool is_signed, size_t *n);

#endif

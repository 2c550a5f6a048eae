/*
 * Remembers a number for each of the names that were looked up last. Each message has the same few
 * metrics, so this saves most searches in tables and lists of patterns.
 */
#ifndef UTIL_NAME_MEMO_H
#define UTIL_NAME_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/slice.h"

#define NAME_MEMO_PLACES 64
#define NAME_MEMO_NAME_MAX 24	/* bytes; longer names are not remembered */

struct name_memo {			/* start with all zero: no name */
	struct name_memo_entry {
		uint32_t value;
		uint32_t len;		/* 0: no name */
		char name[NAME_MEMO_NAME_MAX];
	} entry[NAME_MEMO_PLACES];
};

/* The place of a name, which must not be empty. Few names of metrics share one. */
static inline struct name_memo_entry *name_memo_place(struct name_memo *memo, struct slice name)
{
	size_t hash = 3 * name.len + (unsigned char)name.s[name.len / 2];

	return &memo->entry[hash % NAME_MEMO_PLACES];
}

/* Gets the number of a name. False: it is not remembered. */
static inline bool name_memo_get(struct name_memo *memo, struct slice name, uint32_t *value)
{
	const struct name_memo_entry *e;

	if (!name.len)
		return false;
	e = name_memo_place(memo, name);
	if (e->len != name.len || !slice_bytes_same(e->name, name.s, name.len))
		return false;
	*value = e->value;
	return true;
}

/* Remembers the number of a name, in place of another name that has the same place. */
static inline void name_memo_put(struct name_memo *memo, struct slice name, uint32_t value)
{
	struct name_memo_entry *e;

	if (!name.len || name.len > NAME_MEMO_NAME_MAX)
		return;
	e = name_memo_place(memo, name);
	memcpy(e->name, name.s, name.len);
	e->len = (uint32_t)name.len;
	e->value = value;
}

#endif

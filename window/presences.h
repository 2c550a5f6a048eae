/*
 * The organisation's presences: their IDs, which the service sends as qualifiers, and their names.
 */
#ifndef WINDOW_PRESENCES_H
#define WINDOW_PRESENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/lines.h"
#include "util/slice.h"

#define PRESENCES_MAX 512

struct presences {			/* all zero: none; the members are private */
	struct lines id, name;
};

void presences_free(struct presences *ps);

/* The name of a presence; the ID itself if it is none. */
struct slice presences_name(const struct presences *ps, struct slice id);

/* *added: it is new, and there was room for it. False: out of memory. */
bool presences_add(struct presences *ps, struct slice id, struct slice name, bool *added);

#endif

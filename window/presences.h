/*
 * The presences of the organisation, such as `Available` or `Lunch`. The service sends their IDs as
 * qualifiers; rows have their names.
 */
#ifndef WINDOW_PRESENCES_H
#define WINDOW_PRESENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/lines.h"
#include "util/slice.h"

#define PRESENCES_MAX 512

struct presences {			/* start with all zero; the members are private */
	struct lines id, name;
};

void presences_free(struct presences *ps);

/* The name of the presence with that ID; the ID itself if there is no such presence. */
struct slice presences_name(const struct presences *ps, struct slice id);

/* Adds a presence. *added is false if it is known already or there is no room. False: out of
 * memory. */
bool presences_add(struct presences *ps, struct slice id, struct slice name, bool *added);

#endif

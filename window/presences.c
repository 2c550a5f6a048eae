#include "window/presences.h"

#include <stdlib.h>

#include "window/notification.h"

struct presences_entry {
	char *id, *name;
};

void presences_free(struct presences *ps)
{
	for (size_t i = 0; i < ps->n; i++) {
		free(ps->v[i].id);
		free(ps->v[i].name);
	}
	free(ps->v);
	*ps = (struct presences){ 0 };
}

static const struct presences_entry *find(const struct presences *ps, struct slice id)
{
	for (size_t i = 0; id.s && i < ps->n; i++)
		if (slice_is(id, ps->v[i].id))
			return &ps->v[i];
	return NULL;
}

struct slice presences_name(const struct presences *ps, struct slice id)
{
	const struct presences_entry *entry = find(ps, id);

	return entry ? slice_of(entry->name) : id;
}

static bool grow(struct presences *ps)
{
	size_t cap = ps->cap ? 2 * ps->cap : 16;
	struct presences_entry *v;

	if (ps->n < ps->cap)
		return true;
	v = reallocarray(ps->v, cap, sizeof(*v));
	if (!v)
		return false;
	ps->v = v;
	ps->cap = cap;
	return true;
}

bool presences_add(struct presences *ps, struct slice id, struct slice name, bool *added)
{
	struct presences_entry entry;

	*added = false;
	if (find(ps, id) || id.len > NOTIFICATION_NAME_MAX || name.len > NOTIFICATION_NAME_MAX
	    || ps->n == PRESENCES_MAX)
		return true;
	if (!grow(ps))
		return false;
	entry = (struct presences_entry){ slice_dup(id), slice_dup(name) };
	if (!entry.id || !entry.name) {
		free(entry.id);
		free(entry.name);
		return false;
	}
	ps->v[ps->n++] = entry;
	*added = true;
	return true;
}

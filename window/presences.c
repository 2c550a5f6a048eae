#include "window/presences.h"

#include "message/notification.h"

void presences_free(struct presences *ps)
{
	lines_free(&ps->id);
	lines_free(&ps->name);
}

/* NULL: there is no presence with that ID. */
static const char *name_of(const struct presences *ps, struct slice id)
{
	for (size_t i = 0; i < ps->name.n; i++)
		if (slice_is(id, ps->id.v[i]))
			return ps->name.v[i];
	return NULL;
}

struct slice presences_name(const struct presences *ps, struct slice id)
{
	const char *name = name_of(ps, id);

	return name ? slice_of(name) : id;
}

bool presences_add(struct presences *ps, struct slice id, struct slice name, bool *added)
{
	*added = false;
	if (name_of(ps, id) || id.len > NOTIFICATION_NAME_MAX || name.len > NOTIFICATION_NAME_MAX
	    || ps->name.n == PRESENCES_MAX)
		return true;
	lines_add(&ps->id, "%.*s", (int)id.len, id.s);
	if (!ps->id.failed)
		lines_add(&ps->name, "%.*s", (int)name.len, name.s);
	*added = !ps->id.failed && !ps->name.failed;
	return *added;
}

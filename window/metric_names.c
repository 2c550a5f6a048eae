#include "window/metric_names.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"

struct metric_name_entry **metric_names_place(const struct metric_names *names,
	const struct metric_name *name)
{
	uint64_t h = text_hash(name->total, name->metric.s, name->metric.len);
	size_t i;

	h = text_hash(h, name->qualifier.s, name->qualifier.len);
	i = (size_t)text_hash(h, name->stat.s, name->stat.len) & (names->nslot - 1);
	while (names->slot[i] && !metric_name_is(names->slot[i], name))
		i = (i + 1) & (names->nslot - 1);
	return &names->slot[i];
}

bool metric_names_grow(struct metric_names *names)
{
	struct metric_name_entry **old = names->slot;
	size_t nold = names->nslot, n = nold ? 2 * nold : 64;

	if (2 * (names->n + 1) <= nold)
		return true;
	names->slot = calloc(n, sizeof(struct metric_name_entry *));
	if (!names->slot) {
		names->slot = old;
		return false;
	}
	names->nslot = n;
	for (size_t i = 0; i < nold; i++)
		if (old[i])
			*metric_names_place(names, &old[i]->name) = old[i];
	free(old);
	return true;
}

/* Copies the text to *at and moves *at behind it. An absent slice stays absent. */
static struct slice copy(char **at, struct slice s)
{
	struct slice copied = { *at, s.len };

	if (!s.s)
		return s;
	memcpy(*at, s.s, s.len);
	*at += s.len;
	return copied;
}

struct metric_name_entry *metric_name_entry_new(const struct metric_name *name)
{
	struct metric_name_entry *e = calloc(1, sizeof(*e) + name->metric.len + name->qualifier.len
		+ name->stat.len);
	char *at;

	if (!e)
		return NULL;
	at = e->text;
	e->name = (struct metric_name){ copy(&at, name->metric), copy(&at, name->qualifier),
		copy(&at, name->stat), name->total };
	return e;
}

void metric_name_entry_free(struct metric_name_entry *e)
{
	if (!e)
		return;
	free(e->label[0]);
	free(e->label[1]);
	free(e);
}

void metric_names_free(struct metric_names *names)
{
	for (size_t i = 0; i < names->nslot; i++)
		metric_name_entry_free(names->slot[i]);
	free(names->slot);
	*names = (struct metric_names){ 0 };
}

/* Writes the name as rows show it, and a NUL. Returns the position of the NUL. */
static char *put_key(char *out, struct slice name)
{
	out = text_put_key(out, name.s, name.len);
	*out = '\0';
	return out;
}

static char *put_unescaped(char *out, struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		*out++ = name.s[i];
	*out++ = '\n';
	return out;
}

struct series_label *metric_name_entry_label(size_t order, struct slice metric,
	struct slice qualifier, struct slice stat)
{
	bool differs = !text_is_key(metric.s, metric.len)
		|| !text_is_key(qualifier.s, qualifier.len) || !text_is_key(stat.s, stat.len);
	size_t size = metric.len + qualifier.len + stat.len + 3;
	struct series_label *label = calloc(1, sizeof(*label) + (differs ? 2 : 1) * size + 1);
	char *at;

	if (!label)
		return NULL;
	at = (char *)(label + 1);
	label->order = order;
	label->metric = at;
	label->path = at = put_key(at, metric) + 1;
	at = put_key(at, qualifier);
	if (at > label->path)
		*at++ = '.';
	at = put_key(at, stat) + 1;
	if (differs) {
		label->unescaped = at;
		*put_unescaped(put_unescaped(put_unescaped(at, metric), qualifier), stat) = '\0';
	}
	return label;
}

#include "window/metric_names.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"

struct metric_name_entry **metric_names_place(const struct metric_names *ts,
	const struct metric_name *name)
{
	uint64_t h = text_hash(name->total, name->metric.s, name->metric.len);
	size_t i;

	h = text_hash(h, name->qualifier.s, name->qualifier.len);
	i = (size_t)text_hash(h, name->stat.s, name->stat.len) & (ts->nslot - 1);
	while (ts->slot[i] && !term_is(ts->slot[i], name))
		i = (i + 1) & (ts->nslot - 1);
	return &ts->slot[i];
}

bool metric_names_grow(struct metric_names *ts)
{
	struct metric_name_entry **old = ts->slot;
	size_t nold = ts->nslot, n = nold ? 2 * nold : 64;

	if (2 * (ts->n + 1) <= nold)
		return true;
	ts->slot = calloc(n, sizeof(struct metric_name_entry *));
	if (!ts->slot) {
		ts->slot = old;
		return false;
	}
	ts->nslot = n;
	for (size_t i = 0; i < nold; i++)
		if (old[i])
			*metric_names_place(ts, &old[i]->name) = old[i];
	free(old);
	return true;
}

/* The text at *at, which moves on; a slice without text stays so. */
static struct slice keep(char **at, struct slice s)
{
	struct slice kept = { *at, s.len };

	if (!s.s)
		return s;
	memcpy(*at, s.s, s.len);
	*at += s.len;
	return kept;
}

struct metric_name_entry *metric_name_entry_new(const struct metric_name *name)
{
	struct metric_name_entry *t = calloc(1, sizeof(*t) + name->metric.len + name->qualifier.len
		+ name->stat.len);
	char *at;

	if (!t)
		return NULL;
	at = t->text;
	t->name = (struct metric_name){ keep(&at, name->metric), keep(&at, name->qualifier),
		keep(&at, name->stat), name->total };
	return t;
}

void metric_name_entry_free(struct metric_name_entry *t)
{
	if (!t)
		return;
	free(t->label[0]);
	free(t->label[1]);
	free(t);
}

void metric_names_free(struct metric_names *ts)
{
	for (size_t i = 0; i < ts->nslot; i++)
		metric_name_entry_free(ts->slot[i]);
	free(ts->slot);
	*ts = (struct metric_names){ 0 };
}

/* Returns its end, a NUL. */
static char *put_key(char *out, struct slice name)
{
	out = text_put_key(out, name.s, name.len);
	*out = '\0';
	return out;
}

static char *put_told(char *out, struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		*out++ = name.s[i];
	*out++ = '\n';
	return out;
}

struct series_label *metric_name_entry_label(size_t order, struct slice metric,
	struct slice qualifier, struct slice stat)
{
	bool told = !text_is_key(metric.s, metric.len)
		|| !text_is_key(qualifier.s, qualifier.len) || !text_is_key(stat.s, stat.len);
	size_t size = metric.len + qualifier.len + stat.len + 3;
	struct series_label *label = calloc(1, sizeof(*label) + (told ? 2 : 1) * size + 1);
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
	if (told) {
		label->told = at;
		*put_told(put_told(put_told(at, metric), qualifier), stat) = '\0';
	}
	return label;
}

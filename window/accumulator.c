#include "window/accumulator.h"

#include <stdlib.h>
#include <string.h>

#include "util/time.h"

void accumulator_free(struct accumulator *acc)
{
	if (!acc)
		return;
	for (size_t i = 0; i < acc->nfield; i++) {
		sample_free(&acc->field[i]->sample);
		free(acc->field[i]->path);
		free(acc->field[i]);
	}
	sample_free(&acc->lag_us);
	free(acc);
}

static int field_find(const struct accumulator *acc, const struct stream_event_leaf *leaf)
{
	for (size_t i = 0; i < acc->nfield; i++) {
		const struct accumulator_field *f = acc->field[i];

		if (f->metric == leaf->metric && f->path_len == leaf->path_len
		    && memcmp(f->path, leaf->path, leaf->path_len) == 0)
			return (int)i;
	}
	return -1;
}

/* Whether one path is the beginning of the other, as `voice` of `voice.active`. A row cannot have
 * both: `voice` would be a number and an object. */
static bool paths_clash(const char *a, size_t na, const char *b, size_t nb)
{
	size_t n = na < nb ? na : nb;

	return na != nb && memcmp(a, b, n) == 0 && (na < nb ? b : a)[n] == '.';
}

static bool leaf_clashes(const struct accumulator *acc, const struct stream_event *frame, size_t i)
{
	const struct stream_event_leaf *leaf = &frame->leaf[i];

	for (size_t k = 0; acc && k < acc->nfield; k++)
		if (acc->field[k]->metric == leaf->metric
		    && paths_clash(acc->field[k]->path, acc->field[k]->path_len,
			leaf->path, leaf->path_len))
			return true;
	for (size_t k = 0; k < i; k++)
		if (frame->leaf[k].metric == leaf->metric
		    && paths_clash(frame->leaf[k].path, frame->leaf[k].path_len,
			leaf->path, leaf->path_len))
			return true;
	return false;
}

bool accumulator_fits(const struct accumulator *acc, const struct stream_event *frame,
	int slot[FIELD_MAX])
{
	size_t fresh = 0;

	for (size_t i = 0; i < frame->nleaf; i++) {
		slot[i] = acc ? field_find(acc, &frame->leaf[i]) : -1;
		if (slot[i] >= 0)
			continue;
		fresh++;
		if (leaf_clashes(acc, frame, i))
			return false;
	}
	return (acc ? acc->nfield : 0) + fresh <= FIELD_MAX;
}

static struct accumulator_field *field_add(struct accumulator *acc,
	const struct stream_event_leaf *leaf)
{
	struct accumulator_field *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->path = strndup(leaf->path, leaf->path_len);
	if (!f->path) {
		free(f);
		return NULL;
	}
	f->metric = leaf->metric;
	f->path_len = leaf->path_len;
	acc->field[acc->nfield++] = f;
	return f;
}

bool accumulator_accept(struct accumulator *acc, const struct stream_event *frame,
	const int slot[FIELD_MAX], int64_t arrival_us)
{
	for (size_t i = 0; i < frame->nleaf; i++) {
		const struct stream_event_leaf *leaf = &frame->leaf[i];
		struct accumulator_field *f;

		f = slot[i] >= 0 ? acc->field[slot[i]] : field_add(acc, leaf);
		if (!f || !sample_add(&f->sample, leaf->value))
			return false;
		f->arrival_us = arrival_us;
	}
	acc->updates++;
	if (arrival_us == NO_TIME)
		return true;
	if (frame->time_us <= arrival_us)
		return sample_add(&acc->lag_us, (double)(arrival_us - frame->time_us));
	acc->clock_skew++;
	return true;
}

static int field_order(const void *a, const void *b)
{
	const struct accumulator_field *x = *(struct accumulator_field *const *)a,
				       *y = *(struct accumulator_field *const *)b;

	if (x->metric != y->metric)
		return x->metric < y->metric ? -1 : 1;
	return strcmp(x->path, y->path);
}

void accumulator_sort(struct accumulator *acc)
{
	qsort(acc->field, acc->nfield, sizeof(acc->field[0]), field_order);
}

#include "window/accumulator.h"

#include <stdlib.h>
#include <string.h>

#include "util/time.h"

void accumulator_free(struct accumulator *cell)
{
	if (!cell)
		return;
	for (size_t i = 0; i < cell->nfield; i++) {
		sample_free(&cell->field[i]->sample);
		free(cell->field[i]->path);
		free(cell->field[i]);
	}
	sample_free(&cell->lag_us);
	free(cell);
}

static bool field_is(const struct accumulator_field *f, const struct stream_event_leaf *leaf)
{
	return f->metric == leaf->metric && f->path_len == leaf->path_len
		&& memcmp(f->path, leaf->path, leaf->path_len) == 0;
}

/* The frames of a queue look alike, so the field mostly follows the one before. */
static int field_find(const struct accumulator *cell, const struct stream_event_leaf *leaf,
	size_t hint)
{
	if (hint < cell->nfield && field_is(cell->field[hint], leaf))
		return (int)hint;
	for (size_t i = 0; i < cell->nfield; i++)
		if (field_is(cell->field[i], leaf))
			return (int)i;
	return -1;
}

/* `voice` and `voice.active` cannot both be numbers: one row could not print them. */
static bool paths_clash(const char *a, size_t na, const char *b, size_t nb)
{
	size_t n = na < nb ? na : nb;

	return na != nb && memcmp(a, b, n) == 0 && (na < nb ? b : a)[n] == '.';
}

static bool leaf_clashes(const struct accumulator *cell, const struct stream_event *frame, size_t i)
{
	const struct stream_event_leaf *leaf = &frame->leaf[i];

	for (size_t k = 0; cell && k < cell->nfield; k++)
		if (cell->field[k]->metric == leaf->metric
		    && paths_clash(cell->field[k]->path, cell->field[k]->path_len,
			leaf->path, leaf->path_len))
			return true;
	for (size_t k = 0; k < i; k++)
		if (frame->leaf[k].metric == leaf->metric
		    && paths_clash(frame->leaf[k].path, frame->leaf[k].path_len,
			leaf->path, leaf->path_len))
			return true;
	return false;
}

bool accumulator_fits(const struct accumulator *cell, const struct stream_event *frame,
	int slot[FIELD_MAX])
{
	size_t fresh = 0, hint = 0;

	for (size_t i = 0; i < frame->nleaf; i++) {
		slot[i] = cell ? field_find(cell, &frame->leaf[i], hint) : -1;
		hint = (size_t)(slot[i] + 1);
		if (slot[i] >= 0)
			continue;
		fresh++;
		if (leaf_clashes(cell, frame, i))
			return false;
	}
	return (cell ? cell->nfield : 0) + fresh <= FIELD_MAX;
}

static struct accumulator_field *field_add(struct accumulator *cell,
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
	cell->field[cell->nfield++] = f;
	return f;
}

bool accumulator_accept(struct accumulator *cell, const struct stream_event *frame,
	const int slot[FIELD_MAX], int64_t arrival_us)
{
	for (size_t i = 0; i < frame->nleaf; i++) {
		const struct stream_event_leaf *leaf = &frame->leaf[i];
		struct accumulator_field *f;

		f = slot[i] >= 0 ? cell->field[slot[i]] : field_add(cell, leaf);
		if (!f || !sample_add(&f->sample, leaf->value))
			return false;
	}
	cell->updates++;
	if (arrival_us == NO_TIME)
		return true;
	if (frame->time_us <= arrival_us)
		return sample_add(&cell->lag_us, (double)(arrival_us - frame->time_us));
	cell->clock_skew++;
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

void accumulator_sort(struct accumulator *cell)
{
	qsort(cell->field, cell->nfield, sizeof(cell->field[0]), field_order);
}

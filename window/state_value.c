#include "window/state_value.h"

#include <stdlib.h>

#include "message/metric_types.h"
#include "message/observation_query.h"
#include "util/base.h"

/* Notes that memory ran out if ok is false. Returns ok. */
static bool check(struct queue_states *qs, bool ok)
{
	qs->failed |= !ok;
	return ok;
}

/* --- the table ---------------------------------------------------------------------- */

struct metric_name state_value_name(const struct notification_value *v, bool total)
{
	return (struct metric_name){ v->metric, v->qualifier, v->stat, total };
}

static size_t slot_of(const struct queue_states *qs, const struct queue_state_group *g,
	const struct metric_name_entry *e)
{
	uint64_t h = (uintptr_t)g * 0x9E3779B97F4A7C15u ^ (uintptr_t)e;

	return (size_t)(h * 0x9E3779B97F4A7C15u >> 32) & (qs->nslot - 1);
}

struct state_value *state_value_find(const struct queue_states *qs,
	const struct queue_state_group *g, const struct metric_name *name)
{
	const struct metric_name_entry *e = *metric_names_place(&qs->names, name);

	if (!e)
		return NULL;
	for (size_t i = slot_of(qs, g, e); qs->value[i]; i = (i + 1) & (qs->nslot - 1))
		if (qs->value[i]->group == g && qs->value[i]->entry == e)
			return qs->value[i];
	return NULL;
}

static void put_in_table(struct queue_states *qs, struct state_value *sv)
{
	size_t i = slot_of(qs, sv->group, sv->entry);

	while (qs->value[i])
		i = (i + 1) & (qs->nslot - 1);
	qs->value[i] = sv;
}

static bool grow(struct queue_states *qs)
{
	struct state_value **old = qs->value;
	size_t nold = qs->nslot, n = nold ? 2 * nold : 1024;

	if (2 * (qs->nvalue + 1) <= nold)
		return true;
	qs->value = calloc(n, sizeof(struct state_value *));
	if (!qs->value) {
		qs->value = old;
		return false;
	}
	qs->nslot = n;
	for (size_t i = 0; i < nold; i++)
		if (old[i])
			put_in_table(qs, old[i]);
	free(old);
	return true;
}

bool state_values_init(struct queue_states *qs)
{
	return metric_names_grow(&qs->names) && grow(qs);
}

void state_values_free(struct queue_states *qs)
{
	for (size_t i = 0; i < qs->nslot; i++)
		free(qs->value[i]);
	free(qs->value);
	metric_names_free(&qs->names);
}

static struct state_value *value_new(struct queue_state_group *g, struct metric_name_entry *e)
{
	struct state_value *sv = calloc(1, sizeof(*sv));

	if (!sv)
		return NULL;
	sv->group = g;
	sv->entry = e;
	sv->event_us = INT64_MIN;
	return sv;
}

static void pair(struct state_value *age, struct state_value *gauge)
{
	if (!age || !gauge)
		return;
	age->other = gauge;
	gauge->other = age;
	age->now.beside = &gauge->now;
}

/* Pairs an age with the gauge of those who wait, once both are known. */
static void find_other(const struct queue_states *qs, struct state_value *sv)
{
	const struct metric_type *type = metric_type_of(sv->entry->name.metric);
	const struct metric_name own = { .metric = slice_of(type->name),
		.stat = slice_of(type->kind == METRIC_AGE ? "ageMs" : "count") };
	const struct metric_name other = { .metric = slice_of(type->beside),
		.stat = slice_of(type->kind == METRIC_AGE ? "count" : "ageMs") };

	if (!type->beside || !metric_name_is(sv->entry, &own))
		return;
	if (type->kind == METRIC_AGE)
		pair(sv, state_value_find(qs, sv->group, &other));
	else
		pair(state_value_find(qs, sv->group, &other), sv);
}

/* --- the series of a value ---------------------------------------------------------- */

/* The label of the name. If the qualifier is a presence whose name is known, it has that name.
 * NULL: out of memory. */
static const struct series_label *label_of(struct queue_states *qs, struct metric_name_entry *e)
{
	struct slice qualifier = presences_name(&qs->presences, e->name.qualifier);
	struct series_label **label = &e->label[qualifier.s != e->name.qualifier.s];

	if (!*label)
		*label = metric_name_entry_label(wanted_metrics_order(&qs->wanted, e->name.metric),
			e->name.metric, qualifier, e->name.stat);
	check(qs, *label != NULL);
	return *label;
}

static struct series_set *sums_of(const struct state_value *sv)
{
	return &sv->group->queue->group[0]->series;
}

enum row_kind state_value_kind(const struct metric_name *name)
{
	if (slice_is(name->stat, "ageMs"))
		return ROW_AGE;
	if (!name->total)
		return ROW_GAUGE;
	return slice_is(name->stat, "count") || slice_is(name->stat, "sum") ? ROW_TOTAL
		: ROW_PLAIN;
}

/* --- sums over qualifiers ----------------------------------------------------------- */

/* Whether the value is a number of agents, and part of the sum over the qualifiers of its
 * metric. */
static bool is_counted(const struct metric_name *name)
{
	return !name->total && name->qualifier.len && slice_is(name->stat, "count")
		&& metric_type_of(name->metric)->qualifier;
}

/* The label of the sum over qualifiers: the metric with the path `count`. NULL: out of memory. */
static const struct series_label *total_label(struct queue_states *qs, struct slice metric)
{
	struct metric_name name = { .metric = metric, .stat = slice_of("count") };
	struct metric_name_entry **slot;

	if (!check(qs, metric_names_grow(&qs->names)))
		return NULL;
	slot = metric_names_place(&qs->names, &name);
	if (!*slot) {
		*slot = metric_name_entry_new(&name);
		qs->names.n += *slot != NULL;
	}
	return check(qs, *slot != NULL) ? label_of(qs, *slot) : NULL;
}

/* For how long in this window a gauge that is new now has been 0, because the snapshot left it
 * out. */
static int64_t zero_us(const struct queue_states *qs, const struct state_value *sv)
{
	const struct queue_state *q = sv->group->queue;
	int64_t from_us = q->complete_up_us > qs->window_up_us ? q->complete_up_us
		: qs->window_up_us;

	return q->complete.known
		&& qs->snapshot_metrics & observation_query_bit(sv->entry->name.metric)
		? queue_states_seen_us(qs, qs->now_us) - from_us : 0;
}

/* Finds or makes the series with that label. NULL: no room (sets `full`), or out of memory. */
static struct series *make_series(struct queue_states *qs, struct series_set *set,
	const struct series_label *label, enum row_kind kind)
{
	bool full = false;
	struct series *s = label ? series_set_make(set, label, kind, &full) : NULL;

	qs->full |= full;
	check(qs, s || full);
	return s;
}

/* Adds the value to a series. If the series is new, it was 0 for zero_for_us of the window. */
static bool feed(struct queue_states *qs, struct state_value *sv, struct series *s,
	int64_t zero_for_us, bool summed)
{
	return check(qs, (!zero_for_us || !series_is_new(s) || series_add_zero(s, zero_for_us))
		&& series_add(s, &sv->now, summed));
}

/* Adds the value to the sum over its qualifiers. */
static bool link_total(struct queue_states *qs, struct state_value *sv)
{
	struct series *s = make_series(qs, &sv->group->series,
		total_label(qs, sv->entry->name.metric), ROW_GAUGE);
	bool fresh = s && series_is_new(s);

	if (!s || !check(qs, series_sum_over(s, &sv->group->queue->complete)
	    && (!fresh || series_add_zero(s, zero_us(qs, sv)))
	    && series_add(s, &sv->now, true)))
		return false;
	sv->total = s;
	return true;
}

/* Adds the value to its series. */
static bool link_series(struct queue_states *qs, struct state_value *sv)
{
	const struct metric_name *name = &sv->entry->name;
	enum row_kind kind = state_value_kind(name);
	int64_t us = kind == ROW_GAUGE ? zero_us(qs, sv) : 0;
	const struct series_label *label;

	if (wanted_metrics_order(&qs->wanted, name->metric) == WANTED_METRICS_NONE)
		return true;
	label = label_of(qs, sv->entry);
	sv->own = make_series(qs, &sv->group->series, label, kind);
	if (!sv->own || !feed(qs, sv, sv->own, us, false)
	    || (is_counted(name) && !link_total(qs, sv)))
		return false;
	if (!sv->group->media || (kind != ROW_AGE
	    && (kind != ROW_GAUGE || !slice_is(name->stat, "count"))))
		return true;
	sv->sum = make_series(qs, sums_of(sv), label, kind);
	return sv->sum && feed(qs, sv, sv->sum, us, true);
}

static void unlink_series(struct state_value *sv)
{
	if (sv->own)
		series_set_drop(&sv->group->series, sv->own, &sv->now);
	if (sv->sum)
		series_set_drop(sums_of(sv), sv->sum, &sv->now);
	if (sv->total)
		series_set_drop(&sv->group->series, sv->total, &sv->now);
	sv->own = sv->sum = sv->total = NULL;
}

/* --- values ------------------------------------------------------------------------- */

static struct state_value *value_add(struct queue_states *qs, struct queue_state_group *g,
	const struct metric_name *name)
{
	struct metric_name_entry **slot, *e;
	struct state_value *sv;

	/* look up the label of the sum first: it may take a slot, or move those of all names */
	if ((is_counted(name) && !total_label(qs, name->metric))
	    || !check(qs, metric_names_grow(&qs->names) && grow(qs)))
		return NULL;
	slot = metric_names_place(&qs->names, name);
	e = *slot ? *slot : metric_name_entry_new(name);
	sv = e ? value_new(g, e) : NULL;
	if (!check(qs, sv != NULL) || !link_series(qs, sv)) {
		if (sv)
			unlink_series(sv);
		free(sv);
		if (!*slot)
			metric_name_entry_free(e);
		return NULL;
	}
	qs->names.n += !*slot;
	*slot = e;
	put_in_table(qs, sv);
	qs->nvalue++;
	find_other(qs, sv);
	return sv;
}

/* The value that the last messages had in this position; NULL: it has another name. */
static struct state_value *guess(const struct queue_state_group *g, const struct metric_name *name)
{
	struct state_value *sv = NULL;

	if (name->total && g->nth < QUEUE_STATE_TOTALS)
		sv = g->total[g->nth];
	else if (!name->total && g->nth < QUEUE_STATE_GAUGES)
		sv = g->gauge[g->nth];
	return sv && metric_name_is(sv->entry, name) ? sv : NULL;
}

static void remember(struct queue_state_group *g, struct state_value *sv)
{
	if (sv->entry->name.total && g->nth < QUEUE_STATE_TOTALS)
		g->total[g->nth] = sv;
	else if (!sv->entry->name.total && g->nth < QUEUE_STATE_GAUGES)
		g->gauge[g->nth] = sv;
	g->nth++;
}

struct state_value *state_value_make(struct queue_states *qs, struct queue_state_group *g,
	const struct notification_value *v, bool total)
{
	struct metric_name name = state_value_name(v, total);
	struct state_value *sv = guess(g, &name);

	if (!sv) {
		if (wanted_metrics_order(&qs->wanted, v->metric) == WANTED_METRICS_NONE
		    && (total || !wanted_metrics_ends_wait(v->metric)))
			return NULL;
		sv = state_value_find(qs, g, &name);
		if (!sv)
			sv = value_add(qs, g, &name);
		if (!sv)
			return NULL;
	}
	remember(g, sv);
	return sv;
}

void state_value_refresh(struct queue_states *qs, const struct state_value *sv)
{
	check(qs, series_refresh(sv->own, &sv->now, qs->now_us, qs->up)
		&& series_refresh(sv->sum, &sv->now, qs->now_us, qs->up)
		&& series_refresh(sv->total, &sv->now, qs->now_us, qs->up));
}

enum state_value_use state_value_use(const struct notification_value *v)
{
	bool spans = v->has_interval && v->from_ms < v->to_ms;

	if (v->kind != VALUE_NUMBER)
		return STATE_VALUE_GAUGE;
	if (spans)
		return STATE_VALUE_TOTAL;
	return v->metric_kind == METRIC_TOTAL ? STATE_VALUE_UNUSED
		: STATE_VALUE_GAUGE;
}

void state_value_set(struct queue_states *qs, struct state_value *sv,
	const struct notification_value *v)
{
	bool nobody = sv->now.known && sv->now.value == 0;

	sv->now.known = true;
	sv->now.value = v->number;
	sv->now.waiting = v->kind == VALUE_START || v->kind == VALUE_AGE;
	sv->now.start_us = v->kind == VALUE_AGE ? qs->now_us - v->us : v->us;
	state_value_refresh(qs, sv);
	/* an age depends on whether the gauge beside it is 0 */
	if (sv->other && nobody != (v->number == 0))
		state_value_refresh(qs, sv->other);
}

/* --- names of presences ------------------------------------------------------------- */

/* Gives a series of the value a new label; it keeps what it has counted. If another series has that
 * label already, the value becomes part of that one. */
static void rename_series(struct queue_states *qs, struct series_set *set, struct series **s,
	const struct state_value *sv, const struct series_label *label)
{
	struct series *to;

	if (!*s)
		return;
	to = series_set_rename(set, *s, label);
	if (to == *s || series_kind(to) != series_kind(*s)
	    || !check(qs, series_set_move(set, *s, to, &sv->now)))
		return;
	*s = to;
	check(qs, series_refresh(to, &sv->now, qs->now_us, qs->up));
}

/* Renames the series of values that came before the name of their presence. */
static void rename_values(struct queue_states *qs, struct slice id)
{
	for (size_t i = 0; i < qs->nslot; i++) {
		struct state_value *sv = qs->value[i];
		const struct series_label *label = sv && slice_same(sv->entry->name.qualifier, id)
			? label_of(qs, sv->entry) : NULL;

		if (!label)
			continue;
		rename_series(qs, &sv->group->series, &sv->own, sv, label);
		rename_series(qs, sums_of(sv), &sv->sum, sv, label);
	}
}

void state_values_presence(struct queue_states *qs, struct slice id, struct slice name)
{
	bool added;

	if (check(qs, presences_add(&qs->presences, id, name, &added)) && added)
		rename_values(qs, id);
}

#include "window/state_value.h"

#include <stdlib.h>

#include "util/base.h"
#include "window/observation_query.h"

/* An age and the gauge that says whether anybody waits. */
static const char *const longest[][2] = {
	{ "oLongestWaiting", "oWaiting" }, { "oLongestInteracting", "oInteracting" }
};

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

/* Finds the gauge of those who wait for an age, or the age for the gauge. */
static void pair(const struct queue_states *qs, struct state_value *sv)
{
	static const char *const stat[] = { "ageMs", "count" };
	const struct metric_name *name = &sv->entry->name;

	for (size_t i = 0; i < ARRAY_LEN(longest); i++)
		for (size_t side = 0; side < 2; side++) {
			struct metric_name other = { .metric = slice_of(longest[i][!side]),
				.stat = slice_of(stat[!side]) };

			if (name->total || name->qualifier.s
			    || !slice_is(name->metric, longest[i][side])
			    || !slice_is(name->stat, stat[side]))
				continue;
			sv->other = state_value_find(qs, sv->group, &other);
			if (!sv->other)
				continue;
			sv->other->other = sv;
			if (side)
				sv->other->now.beside = &sv->now;
			else
				sv->now.beside = &sv->other->now;
		}
}

/* --- the series of a value ---------------------------------------------------------- */

/* The label, with the name of the presence if that is known. NULL: out of memory. */
static const struct series_label *label_of(struct queue_states *qs, struct metric_name_entry *e)
{
	struct slice qualifier = presences_name(&qs->presences, e->name.qualifier);
	struct series_label **label = &e->label[qualifier.s != e->name.qualifier.s];

	if (!*label)
		*label = metric_name_entry_label(
			wanted_metrics_find(&qs->wanted, e->name.metric)->order,
			e->name.metric, qualifier, e->name.stat);
	return *label;
}

static struct series_set *sums_of(const struct state_value *sv)
{
	return &sv->group->queue->group[0]->series;
}

enum series_kind state_value_kind(const struct metric_name *name)
{
	if (slice_is(name->stat, "ageMs"))
		return SERIES_AGE;
	if (!name->total)
		return SERIES_GAUGE;
	return slice_is(name->stat, "count") || slice_is(name->stat, "sum") ? SERIES_TOTAL
		: SERIES_PLAIN;
}

/* --- sums over qualifiers ----------------------------------------------------------- */

static const char *const counted[] = {
	"oOnQueueUsers", "oUserRoutingStatuses", "oOffQueueUsers", "oUserPresences"
};

/* Whether the value counts in the number of agents that its metric has over all qualifiers. */
static bool is_counted(const struct metric_name *name)
{
	for (size_t i = 0; i < ARRAY_LEN(counted); i++)
		if (slice_is(name->metric, counted[i]))
			return !name->total && name->qualifier.len && slice_is(name->stat, "count");
	return false;
}

/* The label of METRIC with the path `count`. NULL: out of memory. */
static const struct series_label *total_label(struct queue_states *qs, struct slice metric)
{
	struct metric_name name = { .metric = metric, .stat = slice_of("count") };
	struct metric_name_entry **slot;

	if (!metric_names_grow(&qs->names))
		return NULL;
	slot = metric_names_place(&qs->names, &name);
	if (!*slot) {
		*slot = metric_name_entry_new(&name);
		qs->names.n += *slot != NULL;
	}
	return *slot ? label_of(qs, *slot) : NULL;
}

/* For how long in the window a gauge of the metric that the snapshot left out has been 0. */
static int64_t zero_us(const struct queue_states *qs, const struct queue_state *q,
	struct slice metric, int64_t at_us)
{
	int64_t from_us = q->complete_up_us > qs->window_up_us ? q->complete_up_us
		: qs->window_up_us;

	return q->complete.known && qs->snapshot_metrics & observation_query_bit(metric)
		? queue_states_seen_us(qs, at_us) - from_us : 0;
}

/* Adds the value to the sum over its qualifiers. */
static bool link_total(struct queue_states *qs, struct state_value *sv, int64_t at_us, bool *full)
{
	const struct metric_name *name = &sv->entry->name;
	const struct queue_state *q = sv->group->queue;
	const struct series_label *label = total_label(qs, name->metric);
	struct series *s = label ? series_set_make(&sv->group->series, label, SERIES_GAUGE, full)
		: NULL;
	bool fresh = s && series_is_new(s);

	if (!s || !series_sum_over(s, &q->complete)
	    || (fresh && !series_add_zero(s, zero_us(qs, q, name->metric, at_us)))
	    || !series_add(s, &sv->now, true))
		return false;
	sv->total = s;
	return true;
}

/* Adds the value to a series, which was 0 for that time if it is new. */
static bool feed(const struct state_value *sv, struct series *s, int64_t zero_for_us, bool summed)
{
	return (!zero_for_us || !series_is_new(s) || series_add_zero(s, zero_for_us))
		&& series_add(s, &sv->now, summed);
}

/* Adds the value to its series. A gauge that first comes at at_us was 0 from the snapshot that left
 * it out until then. */
static bool link_series(struct queue_states *qs, struct state_value *sv, int64_t at_us, bool *full)
{
	const struct metric_name *name = &sv->entry->name;
	enum series_kind kind = state_value_kind(name);
	int64_t us = kind == SERIES_GAUGE ? zero_us(qs, sv->group->queue, name->metric, at_us) : 0;
	const struct series_label *label;

	*full = false;
	if (wanted_metrics_find(&qs->wanted, name->metric)->order == WANTED_METRICS_NONE)
		return true;
	label = label_of(qs, sv->entry);
	sv->own = label ? series_set_make(&sv->group->series, label, kind, full) : NULL;
	if (!sv->own || !feed(sv, sv->own, us, false))
		return false;
	if (is_counted(name) && !link_total(qs, sv, at_us, full))
		return false;
	if (!sv->group->media || (kind != SERIES_AGE
	    && (kind != SERIES_GAUGE || !slice_is(name->stat, "count"))))
		return true;
	sv->sum = series_set_make(sums_of(sv), label, kind, full);
	return sv->sum && feed(sv, sv->sum, us, true);
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
	const struct metric_name *name, int64_t at_us, bool *full)
{
	/* the name of the sum first, because it may take the slot of the name of the value */
	bool room = (!is_counted(name) || total_label(qs, name->metric))
		&& metric_names_grow(&qs->names) && grow(qs),
	     no_room = false;
	struct metric_name_entry **slot = room ? metric_names_place(&qs->names, name) : NULL,
				 *e = NULL;
	struct state_value *sv = NULL;

	if (slot)
		e = *slot ? *slot : metric_name_entry_new(name);
	if (e)
		sv = value_new(g, e);
	if (!sv || !link_series(qs, sv, at_us, &no_room)) {
		qs->failed = qs->failed || !no_room;
		*full = *full || no_room;
		if (sv)
			unlink_series(sv);
		free(sv);
		if (slot && !*slot)
			metric_name_entry_free(e);
		return NULL;
	}
	qs->names.n += !*slot;
	*slot = e;
	put_in_table(qs, sv);
	qs->nvalue++;
	pair(qs, sv);
	return sv;
}

/* The value that the last messages had at this place, if it has the name. */
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
	const struct notification_value *v, bool total, int64_t at_us, bool *full)
{
	struct metric_name name = state_value_name(v, total);
	struct state_value *sv = guess(g, &name);

	if (!sv) {
		const struct wanted_metric *m = wanted_metrics_find(&qs->wanted, v->metric);

		if (m->order == WANTED_METRICS_NONE && (total || !m->needed))
			return NULL;
		sv = state_value_find(qs, g, &name);
		if (!sv)
			sv = value_add(qs, g, &name, at_us, full);
		if (!sv)
			return NULL;
	}
	remember(g, sv);
	return sv;
}

bool state_value_refresh(const struct queue_states *qs, const struct state_value *sv, int64_t at_us)
{
	return series_refresh(sv->own, &sv->now, at_us, qs->up)
		&& series_refresh(sv->sum, &sv->now, at_us, qs->up)
		&& series_refresh(sv->total, &sv->now, at_us, qs->up);
}

enum state_value_use state_value_use(const struct notification_value *v)
{
	bool spans = v->has_interval && v->from_ms < v->to_ms;

	if (v->kind != VALUE_NUMBER)
		return STATE_VALUE_GAUGE;
	if (spans)
		return STATE_VALUE_TOTAL;
	return v->metric.len && (v->metric.s[0] == 'n' || v->metric.s[0] == 't'
		|| slice_is(v->metric, "oServiceLevel")) ? STATE_VALUE_UNUSED : STATE_VALUE_GAUGE;
}

bool state_value_set(const struct queue_states *qs, struct state_value *sv,
	const struct notification_value *v, int64_t at_us)
{
	bool nobody = sv->now.known && sv->now.value == 0;

	sv->now.known = true;
	sv->now.value = v->number;
	sv->now.waiting = v->kind == VALUE_START || v->kind == VALUE_AGE;
	sv->now.start_us = v->kind == VALUE_AGE ? at_us - v->us : v->us;
	/* nobody waits if the gauge beside an age is 0 */
	return state_value_refresh(qs, sv, at_us)
		&& (!sv->other || nobody == (v->number == 0)
			|| state_value_refresh(qs, sv->other, at_us));
}

/* --- names of presences ------------------------------------------------------------- */

/* Gives a series of the value a new label, and it keeps what it has counted. If another series has
 * that label, the value moves to that one, from at_us on. */
static bool rename_series(const struct queue_states *qs, struct series_set *set, struct series **s,
	const struct state_value *sv, const struct series_label *label, int64_t at_us)
{
	struct series *to;

	if (!*s)
		return true;
	to = series_set_rename(set, *s, label);
	if (to == *s || series_kind(to) != series_kind(*s))
		return true;
	if (!series_set_move(set, *s, to, &sv->now))
		return false;
	*s = to;
	return series_refresh(to, &sv->now, at_us, qs->up);
}

/* Values that came before the name of their presence. */
static bool rename_values(struct queue_states *qs, struct slice id, int64_t at_us)
{
	for (size_t i = 0; i < qs->nslot; i++) {
		struct state_value *sv = qs->value[i];
		const struct series_label *label;

		if (!sv || !slice_same(sv->entry->name.qualifier, id))
			continue;
		label = label_of(qs, sv->entry);
		if (!label || !rename_series(qs, &sv->group->series, &sv->own, sv, label, at_us)
		    || !rename_series(qs, sums_of(sv), &sv->sum, sv, label, at_us))
			return false;
	}
	return true;
}

bool state_values_presence(struct queue_states *qs, struct slice id, struct slice name,
	int64_t at_us)
{
	bool added;

	return presences_add(&qs->presences, id, name, &added)
		&& (!added || rename_values(qs, id, at_us));
}

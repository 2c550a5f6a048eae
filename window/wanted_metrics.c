#include "window/wanted_metrics.h"

#include <string.h>

#include "util/text.h"

static size_t order_of(const struct wanted_metrics *wanted, struct slice metric)
{
	for (size_t i = 0; i < wanted->npattern; i++)
		if (text_matches(wanted->pattern[i], metric.s, metric.len))
			return i;
	return WANTED_METRICS_NONE;
}

/* The longest wait is over when its gauge is 0. */
static bool is_needed(struct slice metric)
{
	return slice_is(metric, "oWaiting") || slice_is(metric, "oInteracting");
}

const struct wanted_metric *wanted_metrics_find(struct wanted_metrics *wanted, struct slice metric)
{
	struct wanted_metric *m = &wanted->metric[metric.len > sizeof(m->name)
			? WANTED_METRICS_REMEMBERED
			: text_hash(0, metric.s, metric.len) % WANTED_METRICS_REMEMBERED];

	if (m->valid && m->len == metric.len && memcmp(m->name, metric.s, metric.len) == 0)
		return m;
	m->order = order_of(wanted, metric);
	m->needed = is_needed(metric);
	m->valid = metric.len <= sizeof(m->name);
	if (m->valid) {
		m->len = (uint8_t)metric.len;
		memcpy(m->name, metric.s, metric.len);
	}
	return m;
}

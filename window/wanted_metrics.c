#include "window/wanted_metrics.h"

#include "util/text.h"

uint32_t wanted_metrics_order(struct wanted_metrics *wanted, struct slice metric)
{
	uint32_t order;

	if (name_memo_get(&wanted->orders, metric, &order))
		return order;
	order = 0;
	while (order < wanted->npattern
	       && !text_matches(wanted->pattern[order], metric.s, metric.len))
		order++;
	if (order == wanted->npattern)
		order = WANTED_METRICS_NONE;
	name_memo_put(&wanted->orders, metric, order);
	return order;
}

bool wanted_metrics_ends_wait(struct slice metric)
{
	return slice_is(metric, "oWaiting") || slice_is(metric, "oInteracting");
}

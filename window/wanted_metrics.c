#include "window/wanted_metrics.h"

#include "util/text.h"

size_t wanted_metrics_order(const struct wanted_metrics *wanted, struct slice metric)
{
	for (size_t i = 0; i < wanted->npattern; i++)
		if (text_matches(wanted->pattern[i], metric.s, metric.len))
			return i;
	return WANTED_METRICS_NONE;
}

bool wanted_metrics_ends_wait(struct slice metric)
{
	return slice_is(metric, "oWaiting") || slice_is(metric, "oInteracting");
}

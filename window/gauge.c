#include "window/gauge.h"

static void gauge_clear(struct gauge *g)
{
	exact_sum_free(&g->sum);
	exact_sum_free(&g->squares);
	quantile_free(g->quantile);
	g->quantile = NULL;
	g->observed_us = g->events = 0;
	g->confirmed = false;
	g->nstretch = 0;
}

void gauge_free(struct gauge *g)
{
	gauge_clear(g);
	*g = (struct gauge){ 0 };
}

static bool observe(struct gauge *g, double value, uint64_t us)
{
	if (!exact_sum_add_both(&g->sum, &g->squares, value, us)
	    || !quantile_add_time(g->quantile, value, us))
		return false;
	if (!g->observed_us || value < g->min)
		g->min = value;
	if (!g->observed_us || value > g->max)
		g->max = value;
	g->observed_us += us;
	return true;
}

static bool add_stretches(struct gauge *g)
{
	bool ok = true;

	if (g->nstretch && !g->quantile && !(g->quantile = quantile_new()))
		return false;
	for (size_t i = 0; ok && i < g->nstretch; i++)
		ok = observe(g, g->stretch[i].value, g->stretch[i].us);
	g->nstretch = 0;
	return ok;
}

/* A value that held for no time was not observed. */
bool gauge_add(struct gauge *g, double value, int64_t us)
{
	if (us <= 0)
		return true;
	if (g->nstretch == GAUGE_STRETCHES && !add_stretches(g))
		return false;
	g->stretch[g->nstretch].value = value;
	g->stretch[g->nstretch++].us = (uint64_t)us;
	return true;
}

bool gauge_hold(struct gauge *g, int64_t at_us, bool up)
{
	int64_t us = at_us > g->from_us ? at_us - g->from_us : 0;

	g->from_us += us;
	return !up || !g->known || gauge_add(g, g->value, us);
}

bool gauge_set(struct gauge *g, int64_t at_us, bool up, bool known, double value)
{
	bool ok = gauge_hold(g, at_us, up);

	g->known = known;
	g->value = value + 0.0;	/* -0 is 0 */
	return ok;
}

bool gauge_summarise(struct gauge *g, bool up, struct gauge_summary *out)
{
	double p[QUANTILES];

	if (!add_stretches(g))
		return false;
	*out = (struct gauge_summary){
		.known = g->known && up,
		.last = g->value,
		.observed = g->observed_us > 0,
		.observed_us = g->observed_us,
		.events = g->events,
		.carried = !g->events && !g->confirmed
	};
	if (!out->observed)
		return true;
	out->min = g->min;
	out->max = g->max;
	quantile_at(g->quantile, quantile_percent, QUANTILES, g->min, g->max, p);
	out->p50 = p[0];
	out->p90 = p[1];
	out->p95 = p[2];
	out->p99 = p[3];
	return exact_sum_moments(&g->sum, &g->squares, g->observed_us, 1, &out->mean, &out->stddev);
}

void gauge_carry(struct gauge *g)
{
	gauge_clear(g);
}

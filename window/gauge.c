#include "window/gauge.h"

static void gauge_clear(struct gauge *g)
{
	sample_free(&g->held);
	g->events = 0;
	g->confirmed = false;
	g->nstretch = 0;
}

void gauge_free(struct gauge *g)
{
	gauge_clear(g);
	*g = (struct gauge){ 0 };
}

/* Moves the waiting values to `held`. */
static bool add_stretches(struct gauge *g)
{
	bool ok = true;

	for (size_t i = 0; ok && i < g->nstretch; i++)
		ok = sample_add_time(&g->held, g->stretch[i].value, g->stretch[i].us);
	g->nstretch = 0;
	return ok;
}

bool gauge_add(struct gauge *g, double value, int64_t us)
{
	if (us <= 0)	/* a value that held for no time was not observed */
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
	g->value = value + 0.0;	/* turns -0 into 0 */
	return ok;
}

bool gauge_summarise(struct gauge *g, bool up, struct gauge_summary *out)
{
	if (!add_stretches(g))
		return false;
	*out = (struct gauge_summary){
		.known = g->known && up,
		.last = g->value,
		.carried = !g->events && !g->confirmed,
		.events = g->events,
		.observed = g->held.count > 0
	};
	return !out->observed || sample_summarise(&g->held, 1, &out->held);
}

void gauge_carry(struct gauge *g)
{
	gauge_clear(g);
}

#include "window/metric_types.h"

#include <math.h>
#include <string.h>

#include "util/base.h"
#include "util/text.h"

/* --- names -------------------------------------------------------------------------- */

/* The metrics of the observation query and of the conversation aggregates, in the API's
 * documentation of 2026. The service may add others. */
static const char *const known_metrics[] = {
	"nBlindTransferred", "nBotInteractions", "nCallbackAttempts", "nCallbackOverSla",
	"nCallbackScheduled", "nCfcOffered", "nCobrowseSessions", "nConnected", "nConsult",
	"nConsultTransferred", "nConversations", "nError", "nOffered", "nOutbound",
	"nOutboundAbandoned", "nOutboundAttempted", "nOutboundConnected", "nOverSla",
	"nStateTransitionError", "nTakeover", "nTransferred", "oActiveUsers", "oAlerting",
	"oAudioMessageCount", "oCallbackServiceLevel", "oExternalAudioMessageCount",
	"oExternalMediaCount", "oFlow", "oInteracting", "oLongestInteracting",
	"oLongestWaiting", "oMediaCount", "oMemberUsers", "oMessageCount",
	"oMessageSegmentCount", "oMessageTurn", "oOffQueueUsers", "oOnQueueUsers",
	"oServiceLevel", "oServiceTarget", "oSkillExpressionApplications", "oUserPresences",
	"oUserRoutingStatuses", "oWaiting", "tAbandon", "tAcd", "tActiveCallback",
	"tActiveCallbackComplete", "tAcw", "tAgentResponseTime", "tAgentVideoConnected",
	"tAlert", "tAnswered", "tAverageAgentResponseTime", "tAverageCustomerResponseTime",
	"tBarging", "tCallbackAbandon", "tCallbackConnect", "tCallbackNotReached",
	"tCallbackVirtualWait", "tCfcAbandon", "tCfcAcd", "tCfcAnswered", "tCfcFlowOut",
	"tCoaching", "tCoachingComplete", "tConnected", "tContacting", "tDialing",
	"tFirstConnect", "tFirstDial", "tFirstEngagement", "tFirstResponse", "tFlowOut",
	"tHandle", "tHeld", "tHeldComplete", "tIvr", "tMonitoring", "tMonitoringComplete",
	"tNotResponding", "tPark", "tParkComplete", "tScreenMonitoring", "tShortAbandon",
	"tSnippetRecord", "tTalk", "tTalkComplete", "tTransmitting", "tUserResponseTime",
	"tVoicemail", "tWait"
};

bool metric_types_know(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_LEN(known_metrics); i++)
		if (text_fits(pattern, known_metrics[i], strlen(known_metrics[i])))
			return true;
	return false;
}

const char *metric_types_nearest(const char *name)
{
	return nearest_word(name, known_metrics, ARRAY_LEN(known_metrics));
}

/* --- gauge -------------------------------------------------------------------------- */

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

static bool flush(struct gauge *g)
{
	bool ok = true;

	if (g->nstretch && !g->quantile && !(g->quantile = quantile_new()))
		return false;
	if (g->nstretch)
		quantile_fetch(g->quantile);
	for (size_t i = 0; ok && i < g->nstretch; i++)
		ok = observe(g, g->stretch[i].value, g->stretch[i].us);
	g->nstretch = 0;
	return ok;
}

/* What held for no time at all was not observed. */
bool gauge_was(struct gauge *g, double value, int64_t us)
{
	if (us <= 0)
		return true;
	if (g->nstretch == GAUGE_STRETCHES && !flush(g))
		return false;
	g->stretch[g->nstretch].value = value;
	g->stretch[g->nstretch++].us = (uint64_t)us;
	return true;
}

bool gauge_hold(struct gauge *g, int64_t at_us, bool up)
{
	int64_t us = at_us > g->from_us ? at_us - g->from_us : 0;

	g->from_us += us;
	return !up || !g->known || gauge_was(g, g->value, us);
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

	if (!flush(g))
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

/* --- age ---------------------------------------------------------------------------- */

void age_hold(struct age *a, int64_t at_us, bool up)
{
	if (at_us <= a->from_us)
		return;
	a->from_us = at_us;
	a->has_last = up && a->waiting;
	if (!a->has_last)
		return;
	/* who began in the future, by another clock, waits since now */
	a->last_us = at_us > a->start_us ? at_us - a->start_us : 0;
	if (!a->has_most || a->last_us > a->most_us)
		a->most_us = a->last_us;
	a->has_most = true;
}

void age_set(struct age *a, int64_t at_us, bool up, bool waiting, int64_t start_us)
{
	age_hold(a, at_us, up);
	a->waiting = waiting;
	a->start_us = start_us;
}

void age_carry(struct age *a)
{
	a->has_last = a->has_most = false;
}

/* --- total -------------------------------------------------------------------------- */

struct total_interval total_interval_at(struct total_interval when, int64_t at_us)
{
	int64_t length_ms = when.to_ms - when.from_ms, passed;

	if (when.to_ms * US_PER_MS >= at_us)
		return when;
	/* the first that does not end before at_us */
	passed = (at_us - when.to_ms * US_PER_MS + length_ms * US_PER_MS - 1)
		/ (length_ms * US_PER_MS);
	when.from_ms += passed * length_ms;
	when.to_ms += passed * length_ms;
	return when;
}

static bool is_same(struct total_interval a, struct total_interval b)
{
	return a.from_ms == b.from_ms && a.to_ms == b.to_ms;
}

static bool is_newer(struct total_interval a, struct total_interval b)
{
	return a.from_ms != b.from_ms ? a.from_ms > b.from_ms : a.to_ms > b.to_ms;
}

/* The oldest interval makes room; what it has added to the window stays. */
static void drop_oldest(struct total *t)
{
	if (t->part[--t->n].touched) {
		t->gone += t->part[t->n].last - t->part[t->n].base;
		t->gone_unknown |= !t->part[t->n].has_base;
	}
	if (!isfinite(t->gone)) {
		t->gone = 0;
		t->gone_unknown = true;
	}
}

void total_set(struct total *t, struct total_interval when, double value, bool whole)
{
	size_t i = 0;

	while (i < t->n && is_newer(t->part[i].when, when))
		i++;
	if (i == t->n || !is_same(t->part[i].when, when)) {
		if (i == TOTAL_INTERVALS)	/* a revision of what is long over */
			return;
		if (t->n == TOTAL_INTERVALS)
			drop_oldest(t);
		t->n++;
		memmove(&t->part[i + 1], &t->part[i], (t->n - i - 1) * sizeof(t->part[0]));
		memset(&t->part[i], 0, sizeof(t->part[i]));
		t->part[i].when = when;
		t->part[i].has_base = whole;
		t->part[i].base = 0;
	}
	t->part[i].last = value;
	t->part[i].touched = true;
}

void total_lost(struct total *t, int64_t at_us)
{
	t->down = t->n > 0;
	if (t->down)
		t->ends_us = total_interval_at(t->part[0].when, at_us + 1).to_ms * US_PER_MS;
}

void total_found(struct total *t, int64_t at_us, int64_t window_us)
{
	if (t->down && t->ends_us <= at_us && at_us > window_us)
		t->hidden = true;
	t->down = false;
}

/* The increase over all intervals that the window touched. */
static bool increase(const struct total *t, int64_t end_us, struct total_summary *out)
{
	struct exact_sum sum = { 0 };
	bool ok = true;

	out->has_delta = !t->hidden && !t->gone_unknown && !(t->down && t->ends_us <= end_us);
	ok = exact_sum_add(&sum, t->gone, 1);
	for (size_t i = 0; ok && i < t->n; i++) {
		if (!t->part[i].touched)
			continue;
		out->has_delta = out->has_delta && t->part[i].has_base;
		ok = exact_sum_add(&sum, t->part[i].last, 1)
			&& exact_sum_add(&sum, -t->part[i].base, 1);
	}
	ok = ok && exact_sum_moments(&sum, &sum, 1, 1, &out->delta, NULL);
	exact_sum_free(&sum);
	/* of two doubles far apart no double holds the difference */
	out->has_delta = out->has_delta && isfinite(out->delta);
	return ok;
}

bool total_summarise(const struct total *t, struct total_interval running, bool whole,
	int64_t end_us, struct total_summary *out)
{
	*out = (struct total_summary){ .has_total = whole };
	for (size_t i = 0; i < t->n; i++)
		if (is_same(t->part[i].when, running)) {
			out->has_total = true;
			out->total = t->part[i].last;
		}
	return increase(t, end_us, out);
}

void total_carry(struct total *t)
{
	t->hidden = t->gone_unknown = false;
	t->gone = 0;
	for (size_t i = 0; i < t->n; i++) {
		t->part[i].touched = false;
		t->part[i].has_base = true;
		t->part[i].base = t->part[i].last;
	}
}

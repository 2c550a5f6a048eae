#include "run/clock_check.h"

#include <stdlib.h>

#include "util/time.h"

#define AHEAD_MIN_US 1000000	/* do not warn below: no two clocks agree exactly */

void clock_check_add(struct clock_check *c, int64_t at_us, int64_t timestamp_us, bool stale)
{
	if (at_us == NO_TIME)
		return;
	c->n++;
	if (!stale && timestamp_us <= at_us)
		return;
	if (c->noff < CLOCK_CHECK_MAX)
		c->off_us[c->noff] = at_us - timestamp_us;
	c->noff++;
}

static int by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void warn(struct clock_check *c, struct audit_events *events, int64_t window, bool replay)
{
	const size_t n = c->noff < CLOCK_CHECK_MAX ? c->noff : CLOCK_CHECK_MAX;
	int64_t median;

	if (c->warned || !c->noff || c->noff <= c->n / 2)
		return;
	qsort(c->off_us, n, sizeof(c->off_us[0]), by_size);
	median = c->off_us[n / 2];
	if (median < 0 && median > -AHEAD_MIN_US)
		return;
	c->warned = true;
	audit_events_doubt(events, "check the clock of %s: the timestamps of %zu of %zu frames in "
		"window %lld are %.3f s %s it (median)",
		replay ? "the machine that recorded" : "this machine", c->noff, c->n,
		(long long)window, (double)(median < 0 ? -median : median) / 1e6,
		median < 0 ? "ahead of" : "behind");
}

void clock_check_window(struct clock_check *c, struct audit_events *events, int64_t window,
	bool replay)
{
	warn(c, events, window, replay);
	c->n = c->noff = 0;
}

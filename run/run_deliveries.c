#include "run/run_deliveries.h"

#include "run/run_clock.h"
#include "run/signals.h"
#include "run/wait.h"
#include "util/time.h"

#define SIGNAL_END_US 500000	/* for all deliveries after a signal */

void run_deliveries_step(struct run *run)
{
	if (!run->deliveries)
		return;
	deliveries_step(run->deliveries, run->now_us, run->clock->real_us(run->clock),
		&run->warnings);
	audit_events_warnings(run->events, &run->warnings);
}

void run_deliveries_begin_end(struct run *run, enum status st)
{
	const struct options *set = run->set;
	int64_t us = (set->retry_for_ms ? set->retry_for_ms : set->targets.timeout_ms)
		* US_PER_MS;

	if (st > ST_SIGNAL && st != ST_READER_LEFT)
		us = SIGNAL_END_US;
	if (run->deliveries)
		deliveries_end(run->deliveries, run->now_us + us);
}

enum status run_deliveries_finish(struct run *run, int signal, struct err *err)
{
	struct err wait_err;
	int cut = 0;

	for (;;) {
		run_deliveries_step(run);
		if (deliveries_are_done(run->deliveries))
			break;
		if (signal) {	/* a second one leaves no time */
			deliveries_end(run->deliveries, run->now_us + (cut ? 0 : SIGNAL_END_US));
			cut = cut ? cut : signal;
		}
		if (wait_for(run, WAIT_MAX_US, &wait_err) != ST_OK)
			deliveries_end(run->deliveries, run->now_us);
		run_clock_read(run);
		signal = signals_take(run);
	}
	return cut ? signals_status(cut, err) : ST_OK;
}

enum status run_deliveries_status(const struct run *run, enum status st, struct err *err)
{
	const struct deliveries_totals *t;
	unsigned long long dropped, refused;

	if (st != ST_OK || !run->deliveries)
		return st;
	t = deliveries_totals(run->deliveries);
	dropped = t->dropped;
	refused = t->refused;
	if (refused)
		st = err_set(err, ST_CALLBACK, "callbacks that were refused and stay in the "
			"spool: %llu, not delivered: %llu; the last failure: %s", refused, dropped,
			t->failure);
	else if (dropped)
		st = err_set(err, ST_CALLBACK, "%llu callback%s not delivered; the last failure: "
			"%s", dropped, dropped == 1 ? " was" : "s were", t->failure);
	if (st != ST_OK)
		audit_redact(run->audit, err->text);
	return st;
}

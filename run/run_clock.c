#include "run/run_clock.h"

#include "run/run_state.h"
#include "util/time.h"

#define APART_US 5000000	/* a larger difference between the clocks causes a warning */

/* Warns if the system's clock was set, because rows still have the times of the run's clock. */
static void compare(struct run *run, int64_t real_us)
{
	int64_t ahead_us = real_us - run->now_us;
	char text[DURATION_TEXT_MAX];

	if (run->clock_warned || !run->input->real_time
	    || (ahead_us >= -APART_US && ahead_us <= APART_US))
		return;
	run->clock_warned = true;
	time_format_duration(text, (ahead_us < 0 ? -ahead_us : ahead_us) / 1000000 * 1000);
	audit_events_doubt(run->events,
		"the system clock was set %s by %s during the run; times in rows still "
		"follow the clock as it was at the start",
		ahead_us < 0 ? "back" : "forward", text);
}

void run_clock_read(struct run *run)
{
	int64_t real_us = run->clock->real_us(run->clock);

	run->now_us = run->clock->now_us(run->clock);
	if (run->events)
		audit_events_time(run->events, run->now_us, real_us);
	if (run->started)
		compare(run, real_us);
}

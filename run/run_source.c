#include "run/run_source.h"

#include "run/run_state.h"

#define CHANNEL_END_US 2000000	/* how long deleting the subscriptions may take */

int64_t run_source_close(const struct run *run, struct source *source)
{
	source_close(source, run->now_us);
	return source->channel ? CHANNEL_END_US : 0;
}

bool run_source_step_close(struct run *run, struct source *source)
{
	struct session_event event;

	source_step(source, run->now_us);
	while (source_next(source, run->now_us, &event))
		if (event.kind == SESSION_CLOSED)
			audit_events_stream(run->events, &event);
	return source_is_closed(source);
}

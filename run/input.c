#include "run/input.h"

#include "run/run_state.h"
#include "util/time.h"

/* The input of a run without a queue, which is over at once. */
static enum status none_open(void **state, struct run *run, struct err *err)
{
	(void)err;
	*state = run;
	return ST_OK;
}

static void none_free(void *state)
{
	(void)state;
}

static struct input_report none_report(const void *state)
{
	(void)state;
	return (struct input_report){ .fd = -1, .due_us = NO_TIME, .deadline_us = INT64_MAX,
		.doing = "nothing", .over = INPUT_NO_QUEUE };
}

static const struct input input_none = {
	.real_time = true,
	.open = none_open,
	.free = none_free,
	.report = none_report
};

const struct input *input_of(const struct options *set)
{
	static const struct input *const inputs[] = {
		[TASK_LIVE] = &input_live, [TASK_LIST_QUEUES] = &input_list_queues,
		[TASK_REPLAY] = &input_replay, [TASK_DOCTOR] = &input_doctor
	};

	return set->no_queue ? &input_none : inputs[set->task];
}

struct input_report input_report(const struct run *run)
{
	return run->input->report(run->input_state);
}

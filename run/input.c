#include "run/input.h"

#include "run/run_state.h"

const struct input *input_of(const struct options *set)
{
	static const struct input *const inputs[] = {
		[TASK_LIVE] = &input_live, [TASK_LIST_QUEUES] = &input_list_queues,
		[TASK_REPLAY] = &input_replay, [TASK_DOCTOR] = &input_doctor
	};

	return inputs[set->task];
}

struct input_report input_report(const struct run *run)
{
	return run->input->report(run->input_state);
}

#include "run/input.h"

#include "run/run_state.h"

const struct input *input_of(const struct options *set)
{
	if (set->doctor)
		return &input_doctor;
	return set->replay ? &input_replay : &input_live;
}

struct input_report input_report(const struct run *run)
{
	return run->input->report(run->input_state);
}

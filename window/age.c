#include "window/age.h"

void age_hold(struct age *a, int64_t at_us, bool up)
{
	if (at_us <= a->from_us)
		return;
	a->from_us = at_us;
	a->has_last = up && a->waiting;
	if (!a->has_last)
		return;
	/* the clock of the service may be ahead: a wait cannot begin in the future */
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

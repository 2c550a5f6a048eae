/* Turns the events of a source into lines of --doctor. */
#ifndef RUN_DOCTOR_EVENTS_H
#define RUN_DOCTOR_EVENTS_H

#include "run/doctor_state.h"
#include "util/base.h"

/* The first check of a part. */
enum check doctor_first(enum part part);
/* Whether each check of the part has its line. */
bool doctor_part_is_over(const struct doctor *d);

/* Print the line of the next check: it was done (mark is OK or WARN), or it failed, and then those
 * after it in its part cannot be done. */
void doctor_pass(struct doctor *d, enum doctor_mark mark, const char *text);
void doctor_fail(struct doctor *d, enum status status, const char *text);
/* Prints a line for each check of the part that is left, with the reason why it is not done. */
void doctor_skip(struct doctor *d, const char *why);
/* Prints a line for each queue, once. Call it when all that tells something of queues was done. */
void doctor_tell_queues(struct doctor *d);

/* Takes what the source of the part has, until the part is over. */
enum status doctor_take_events(struct doctor *d, struct err *err);

#endif

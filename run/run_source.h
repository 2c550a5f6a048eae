/*
 * Closes the source of a run, for the inputs that have one: a live run and --doctor.
 */
#ifndef RUN_RUN_SOURCE_H
#define RUN_RUN_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "source/source.h"

struct run;

/* Begins the polite close. Returns how many us it may take. */
int64_t run_source_close(const struct run *run, struct source *source);
/* Continues it. Of the events, reports only that the connection was closed. Returns true when the
 * source is closed. */
bool run_source_step_close(struct run *run, struct source *source);

#endif

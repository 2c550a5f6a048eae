/* The files of --record and --rejects during a run. If one cannot be written, the run goes on. */
#ifndef RUN_RUN_SIDE_FILES_H
#define RUN_RUN_SIDE_FILES_H

#include "run/run_state.h"
#include "util/base.h"

/* Writes what can be written without blocking. Warns of a new failure. */
void run_side_files_flush(struct run *run);
bool run_side_files_wait(const struct run *run);	/* some lines are not written yet */
/* Closes both. ST_OUTPUT: one of them has failed, now or earlier. */
enum status run_side_files_close(struct run *run, struct err *err);

#endif

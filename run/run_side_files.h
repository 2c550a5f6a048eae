/* The files of --record and --rejects during a run. A failure of theirs does not end it. */
#ifndef RUN_RUN_SIDE_FILES_H
#define RUN_RUN_SIDE_FILES_H

#include "run/run_state.h"
#include "util/base.h"

/* Writes what can be written now; a new failure becomes a warning. */
void run_side_files_flush(struct run *run);
bool run_side_files_wait(const struct run *run);	/* lines are not written yet */
/* Closes them. ST_OUTPUT: one of them has failed. */
enum status run_side_files_close(struct run *run, struct err *err);

#endif

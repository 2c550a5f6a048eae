/*
 * What each signal does.
 *
 *   SIGINT, SIGTERM, SIGHUP  end the run, with exit status 128 + N. Windows that are over are
 *                            printed whole, the one that is open as a partial window. A second
 *                            one of these signals ends the process at once.
 *   SIGUSR1                  writes an audit event run.status with the totals; the run goes on.
 *   SIGPIPE, SIGXFSZ         are ignored: the write that caused them fails instead.
 *
 * A signal that the parent process ignores (nohup) stays ignored. A run gets its signals through
 * a signalfd(2), as it gets data. Before a run has begun, the first group ends the process at
 * once; with --check that prints the line of a plugin with state UNKNOWN.
 */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "util/base.h"

struct run;

/* Sets handlers for the time before the run. Call first in main(). */
void signals_begin(bool check);

/* Blocks the signals above that are not ignored, stores them in *set, and returns a signalfd for
 * them. -1: see errno. */
int signals_open(sigset_t *set);
/* Reads the signals that have come, and writes run.status for SIGUSR1. Returns the signal that ends
 * the run; 0: none. */
int signals_take(struct run *run);
/* Sets the text and returns the status of a run that the signal ended. */
enum status signals_status(int signal, struct err *err);

/* From here on another signal of the set, except SIGUSR1, ends the process at once. */
void signals_end_at_once(const struct run *run, const sigset_t *set);

#endif

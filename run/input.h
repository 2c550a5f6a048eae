/*
 * Where the windows of a run come from: a connection (live.c) or recordings (replay.c). An input
 * hands its windows to the run's sinks; these two get messages, and own a pipeline that makes
 * windows of them. The inputs of --doctor (doctor.c) and --list-queues (list_queues.c) make none. A
 * new input is a file in run/ that defines a struct input, and a line in input.c that chooses it.
 */
#ifndef RUN_INPUT_H
#define RUN_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "util/base.h"

#define INPUT_NO_QUEUE "the shard has no queue"	/* why such a run is over */

struct run;

struct input_report {
	int64_t deadline_us;	/* call turn() again by then */
	int fd;			/* call turn() again when this can be read; -1: none */
	int64_t due_us;		/* when the next window ends; NO_TIME: not by the run's clock */
	bool up;		/* connected */
	const char *doing;	/* a few words, for the progress line */
	unsigned attempt;	/* to do that; 0: the first */
	const char *over;	/* why there are no more windows; NULL: there may be more */
	/* A failure that does not end the run, with its text. ST_OK: none. */
	enum status fault;
	const char *fault_text;
};

/* state is what the input itself allocates and keeps. */
struct input {
	/* Windows end by the run's clock. If not, the input waits for the readers of rows, and
	 * stalled() is never called. */
	bool real_time;

	/* Borrows the run. Pass *state to free() also after a failure. */
	enum status (*open)(void **state, struct run *run, struct err *err);
	void (*free)(void *state);	/* NULL is allowed */
	struct input_report (*report)(const void *state);

	/* Takes what has come since the last turn, and prints the windows that are over. */
	enum status (*turn)(void *state, struct err *err);
	/* All below may be NULL: there is nothing to do. */

	/* A signal ends the run: prints the windows that are over by now. */
	enum status (*catch_up)(void *state, struct err *err);
	/* The process did not run from from_us until now. Call before turn(). */
	enum status (*stalled)(void *state, int64_t from_us, struct err *err);

	/* Prints the windows that are still open, as partial ones. Call if the run ends early; no
	 * turn follows. */
	enum status (*print_rest)(void *state, struct err *err);
	/* Warns of what the windows lacked. Call when no window follows. */
	void (*end)(void *state);
	/* Begins the polite close. Call after end(). Returns how many us it may take. */
	int64_t (*close)(void *state);
	/* Continues it. Returns true when the input is closed. */
	bool (*step_close)(void *state);
};

struct input_report input_report(const struct run *run);

const struct input *input_of(const struct options *set);

extern const struct input input_live, input_replay, input_doctor, input_list_queues;

#endif

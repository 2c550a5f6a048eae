/*
 * Where the windows of a run come from: a connection (live.c) or recordings (replay.c). An input
 * hands its windows to the run's sinks; these two get messages, and own a pipeline that makes
 * windows of them. A new input is a file in run/ that defines a struct input, and a line in input.c
 * that chooses it.
 */
#ifndef RUN_INPUT_H
#define RUN_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "util/base.h"

struct run;

struct input_report {
	int64_t deadline_us;	/* when the next turn is due at the latest */
	int fd;			/* to wait for until it can be read; -1: none */
	int64_t due_us;		/* when the next window ends; NO_TIME: not by the run's clock */
	bool up;		/* connected */
	const char *doing;	/* a few words, for the progress line */
	const char *over;	/* why no window follows; NULL: one may */
	/* What is wrong without ending the run, and a text of it. ST_OK: nothing. */
	enum status fault;
	const char *fault_text;
};

/* state is the input's own. */
struct input {
	/* Windows end by the run's clock. Otherwise the input exists before the run, and waits for
	 * the readers of rows; only then may stalled() and catch_up() be NULL. */
	bool real_time;

	/* Borrows the run. After a failure *state may be set, for free() alone. */
	enum status (*open)(void **state, struct run *run, struct err *err);
	void (*free)(void *state);	/* NULL is allowed */
	struct input_report (*report)(const void *state);

	/* Takes what has come since the last turn, and prints the windows that are over. */
	enum status (*turn)(void *state, struct err *err);
	/* A signal ends the run: prints the windows that are over by now. */
	enum status (*catch_up)(void *state, struct err *err);
	/* The process did not run from from_us until now. Call it before turn(). */
	enum status (*stalled)(void *state, int64_t from_us, struct err *err);

	/* Call when no turn follows: prints the windows that are open now, as partial ones, if the
	 * run was cut short. */
	enum status (*print_rest)(void *state, struct err *err);
	/* Call when no window follows: adds warnings of what its windows lack. */
	void (*end)(void *state);
	/* Call after that. Returns how long the polite close may take. */
	int64_t (*close)(void *state);
	/* Goes on with that. True: it is closed, and there is nothing more to wait for. */
	bool (*step_close)(void *state);
};

struct input_report input_report(const struct run *run);

const struct input *input_of(const struct options *set);

extern const struct input input_live, input_replay;

#endif

/* The input of --list-queues: looks up all queues and prints them. It has no windows. */
#include <stdlib.h>

#include "output/list.h"
#include "run/run_api.h"
#include "run/run_state.h"
#include "util/time.h"

struct listing {
	struct run *run;
	struct run_api api;
	bool printed;
};

static enum status list_open(void **state, struct run *run, struct err *err)
{
	static const struct lines all = { 0 };
	struct listing *l = calloc(1, sizeof(*l));
	enum status st;

	*state = l;
	if (!l)
		return err_nomem(err);
	l->run = run;
	st = run_api_open(&l->api, run, err);
	return st == ST_OK ? run_api_look_up(&l->api, &all, err) : st;
}

static void list_free(void *state)
{
	struct listing *l = state;

	if (l)
		run_api_free(&l->api);
	free(l);
}

static enum status print(struct listing *l, const struct queue_list *list, struct err *err)
{
	struct run *run = l->run;
	const struct list_conf conf = { .format = run->set->format, .header = run->set->header,
		.ascii = run->set->ascii, .fd = writer_fd(run->writer) };

	buf_clear(&run->text);
	l->printed = true;
	return queue_list_put(&run->text, list, &conf)
		? writer_window(run->writer, &run->text, err) : err_nomem(err);
}

static enum status list_turn(void *state, struct err *err)
{
	struct listing *l = state;
	const struct queue_list *list;
	enum status st = run_api_lookup_turn(&l->api, &list, err);

	if (st == ST_OK && list)
		st = print(l, list, err);
	audit_events_warnings(l->run->events, &l->run->warnings);
	return st;
}

static struct input_report list_report(const void *state)
{
	const struct listing *l = state;

	return (struct input_report){
		.deadline_us = queue_lookup_deadline_us(l->api.lookup),
		.fd = -1,
		.due_us = NO_TIME,
		.doing = "looking up queues",
		.attempt = l->run->totals.attempt,
		.over = l->printed ? "every queue was listed" : NULL
	};
}

const struct input input_list_queues = {
	.real_time = true,
	.open = list_open,
	.free = list_free,
	.report = list_report,
	.turn = list_turn
};

/*
 * The input of --doctor: does what a live run does, step by step, and prints a line about each step
 * instead of rows. The checks are in parts. Each part opens a source of its own, which ends at the
 * first failure, so that a part that fails does not keep the others from being checked.
 */
#include <stdio.h>
#include <stdlib.h>

#include "run/doctor_events.h"
#include "run/doctor_state.h"
#include "run/run_queues.h"
#include "run/run_source.h"
#include "run/setup.h"
#include "source/channel_api.h"
#include "util/time.h"

/* --- parts ------------------------------------------------------------------------------ */

static enum status take_list(struct doctor *d, struct err *err)
{
	const struct queue_list *list = queue_lookup_list(d->api.lookup);
	struct lines problems = { 0 };
	char text[128];
	enum status st = run_queues_match(d->run, list, &problems, err);

	snprintf(text, sizeof(text), "%zu queues", list->n);
	doctor_pass(d, DOCTOR_OK, text);
	for (size_t i = 0; i < problems.n; i++)
		doctor_report_fail(&d->report, ST_USAGE, "queue", problems.v[i]);
	snprintf(text, sizeof(text), "--queue-name: %zu queues; --source notifications takes %d",
		d->run->queues.n, CHANNEL_QUEUES_MAX);
	if (d->run->queues.n > CHANNEL_QUEUES_MAX)
		doctor_report_fail(&d->report, ST_USAGE, "queue", text);
	lines_free(&problems);
	return st;
}

static bool asks(const struct options *set)
{
	return channel_api_query_metrics((const char *const *)set->patterns.v, set->patterns.n);
}

/* Whether a run with these options does what is in this part. */
static bool is_used(const struct options *set, enum part part)
{
	const bool notifications = set->source == SOURCE_NOTIFICATIONS;

	switch (part) {
	case PART_LIST: return notifications && set->queue_names.n;
	case PART_QUERY: return notifications && (set->now || set->snapshot) && asks(set);
	case PART_CHANNEL: return notifications && !set->now;
	case PART_STREAM: return !notifications;
	case PARTS: break;
	}
	return true;
}

static void next_part(struct doctor *d, enum part part)
{
	while (!is_used(d->run->set, part))
		part++;
	d->part = part;
	d->begun = false;
}

/* The query is asked as --now does, without a channel, and the channel is opened as --no-snapshot
 * does, without a query. */
static bool open_channel(struct doctor *d)
{
	const struct run *run = d->run;
	struct channel_conf conf = setup_channel_conf(run->set, run->now_us);

	conf.once = d->part == PART_QUERY;
	conf.snapshot = false;
	conf.resync_us = 0;
	conf.spares = true;
	d->source.channel = channel_new(&conf, (const char *const *)run->queues.v, run->queues.n,
		run->http, d->api.token, run->now_us);
	return d->source.channel;
}

static bool open_stream(struct doctor *d)
{
	const struct options *set = d->run->set;
	struct stream_conf conf = setup_stream_conf(set);

	d->payload = stream_payload((const char *const *)set->queues.v, set->queues.n,
		set->interval, set->metric, set->nasked);
	conf.payload = d->payload;
	if (d->payload)
		d->source.stream = stream_new(&conf, d->run->http, d->api.token, d->run->now_us);
	return d->source.stream;
}

static enum status begin_part(struct doctor *d, struct err *err)
{
	const size_t n = d->run->queues.n;
	bool ok;

	d->begun = true;
	d->next = doctor_first(d->part);
	if (d->no_token)
		doctor_skip(d, "not checked: there is no token");
	else if (d->part != PART_LIST && !n)
		doctor_skip(d, "not checked: no queue is known");
	else if (n > CHANNEL_QUEUES_MAX)
		doctor_skip(d, "not checked: there are too many queues");
	if (doctor_part_is_over(d))
		return ST_OK;
	if (d->part == PART_LIST)
		return run_api_look_up(&d->api, &d->run->set->queue_names, err);
	if (!d->known && n)
		d->known = calloc(n, sizeof(*d->known));
	ok = d->known && (d->part == PART_STREAM ? open_stream(d) : open_channel(d));
	return ok ? ST_OK : err_nomem(err);
}

/* The source of the last part stays open: it is closed at the end of the run. */
static void end_part(struct doctor *d)
{
	if (d->part < PART_CHANNEL)
		source_free(&d->source);
	next_part(d, d->part + 1);
	if (d->part != PARTS)
		return;
	doctor_tell_queues(d);
	doctor_report_clock(&d->report, true);
	snprintf(d->summary, sizeof(d->summary), "%zu %s; see the lines that begin with FAIL",
		d->report.failed, d->report.failed == 1 ? "step failed" : "steps failed");
}

static enum status step_part(struct doctor *d, struct err *err)
{
	struct run *run = d->run;

	if (d->part == PART_LIST) {
		queue_lookup_step(d->api.lookup, run->now_us, &run->warnings);
		return queue_lookup_is_ready(d->api.lookup) ? take_list(d, err) : ST_OK;
	}
	source_watch(&d->source, run->now_us, INT64_MIN);
	source_step(&d->source, run->now_us);
	return ST_OK;
}

static void check_time(struct doctor *d)
{
	if (d->run->now_us < d->until_us)
		return;
	if (d->next == CHECK_PONG)
		doctor_fail(d, ST_NET, "none within --pong-timeout, although other messages came");
	else if (d->next == CHECK_INTERVALS)
		doctor_pass(d, DOCTOR_OK, "frames came");
}

/* --- the input -------------------------------------------------------------------------- */

static enum status doctor_open(void **state, struct run *run, struct err *err)
{
	const struct options *set = run->set;
	struct doctor *d = calloc(1, sizeof(*d));
	enum status st;

	*state = d;
	if (!d)
		return err_nomem(err);
	st = run_api_open(&d->api, run, err);
	if (st != ST_OK)
		return st;
	d->run = d->report.run = run;
	d->until_us = INT64_MAX;
	d->frames = stream_events_new(set->metric, set->nmetric, set->nasked, set->outlier,
		set->noutlier);
	d->notifications = notifications_new();
	if (!d->frames || !d->notifications)
		return err_nomem(err);
	doctor_report_settings(&d->report);
	next_part(d, PART_LIST);
	return ST_OK;
}

static void doctor_free(void *state)
{
	struct doctor *d = state;

	if (!d)
		return;
	for (size_t i = 0; d->known && i < d->run->queues.n; i++)
		free(d->known[i].refused);
	free(d->known);
	source_free(&d->source);
	run_api_free(&d->api);
	stream_events_free(d->frames);
	notifications_free(d->notifications);
	free(d->payload);
	free(d);
}

static enum status doctor_turn(void *state, struct err *err)
{
	struct doctor *d = state;
	enum status st = d->begun ? doctor_take_events(d, err) : begin_part(d, err);

	if (st == ST_OK && !doctor_part_is_over(d))
		st = step_part(d, err);
	if (st == ST_OK)
		st = doctor_take_events(d, err);
	check_time(d);
	doctor_report_warnings(&d->report);
	if (d->token_told || d->no_token)
		doctor_report_clock(&d->report, false);
	if (st == ST_OK && doctor_part_is_over(d))
		end_part(d);
	if (st == ST_OK && d->report.written != ST_OK)
		st = err_set(err, d->report.written, "%s", d->report.err.text);
	return st;
}

static int64_t part_deadline_us(const struct doctor *d)
{
	int64_t us;

	if (!d->begun || doctor_part_is_over(d))
		return INT64_MIN;
	us = d->part == PART_LIST ? queue_lookup_deadline_us(d->api.lookup)
		: source_deadline_us(&d->source);
	return us < d->until_us ? us : d->until_us;
}

static struct input_report doctor_report(const void *state)
{
	const struct doctor *d = state;

	return (struct input_report){
		.deadline_us = part_deadline_us(d),
		.fd = -1,
		.due_us = NO_TIME,
		.up = source_is_up(&d->source),
		.doing = "checking",
		.over = d->part == PARTS ? "every step was checked" : NULL,
		.fault = d->report.status,
		.fault_text = d->summary
	};
}

static int64_t doctor_close(void *state)
{
	struct doctor *d = state;

	return run_source_close(d->run, &d->source);
}

static bool doctor_step_close(void *state)
{
	struct doctor *d = state;

	return run_source_step_close(d->run, &d->source);
}

const struct input input_doctor = {
	.open = doctor_open,
	.free = doctor_free,
	.report = doctor_report,
	.turn = doctor_turn,
	.close = doctor_close,
	.step_close = doctor_step_close
};

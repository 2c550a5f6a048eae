#include "run/doctor_events.h"

#include <stdio.h>
#include <string.h>

#include "message/observation_query.h"
#include "run/setup.h"
#include "util/text.h"
#include "util/time.h"

#define FRAMES_WANTED 2		/* of each queue of the stream: one an interval */

static const char *const names[] = {
	[CHECK_LIST] = "queue list",
	[CHECK_QUERY] = "query",
	[CHECK_COUNT] = "channels",
	[CHECK_CHANNEL] = "new channel",
	[CHECK_TOPICS] = "topics",
	[CHECK_SOCKET] = "socket",
	[CHECK_MESSAGE] = "first message",
	[CHECK_PONG] = "pong",
	[CHECK_STREAM] = "stream",
	[CHECK_FRAME] = "first message",
	[CHECK_INTERVALS] = "intervals"
};

static const struct { enum check first, last; } checks[PARTS] = {
	[PART_LIST] = { CHECK_LIST, CHECK_LIST },
	[PART_QUERY] = { CHECK_QUERY, CHECK_QUERY },
	[PART_CHANNEL] = { CHECK_COUNT, CHECK_PONG },
	[PART_STREAM] = { CHECK_STREAM, CHECK_INTERVALS }
};

/* --- lines ------------------------------------------------------------------------------ */

void doctor_pass(struct doctor *d, enum doctor_mark mark, const char *text)
{
	doctor_report_line(&d->report, mark, names[d->next++], "%s", text);
}

void doctor_skip(struct doctor *d, const char *why)
{
	while (d->next <= checks[d->part].last)
		doctor_report_line(&d->report, DOCTOR_SKIPPED, names[d->next++], "%s", why);
}

void doctor_fail(struct doctor *d, enum status status, const char *text)
{
	char why[64];

	if (d->next == CHECK_MESSAGE && d->lost)
		doctor_pass(d, DOCTOR_SKIPPED, "none came");
	snprintf(why, sizeof(why), "not checked, because of: %s", names[d->next]);
	doctor_report_fail(&d->report, status, names[d->next++], text);
	doctor_skip(d, why);
}

/* The source of the part has ended by itself. */
static void over(struct doctor *d, const struct session_event *event)
{
	if (!d->token_told) {
		d->no_token = true;
		doctor_report_fail(&d->report, event->status, "token", event->text);
		doctor_report_clock(&d->report, false);
		doctor_skip(d, "not checked: there is no token");
	} else if (event->status == ST_OK) {	/* the client has all channels that it can have */
		doctor_pass(d, DOCTOR_WARN, event->text);
		doctor_skip(d, "not checked: no channel was created");
	} else {
		doctor_fail(d, event->status, event->text);
	}
}

static void tell_token(struct doctor *d, const struct session_event *event)
{
	int64_t left_ms = event->expires_ms - d->run->now_us / US_PER_MS;
	char left[DURATION_TEXT_MAX];

	d->token_told = event->generation;
	time_format_duration(left, (left_ms + 30000) / 60000 * 60000);
	doctor_report_line(&d->report, DOCTOR_OK, "token", "%s%s%s",
		event->kind == SESSION_TOKEN_CACHED ? "as given; the next steps use it"
		: "new, not from the cache", event->expires_ms ? "; valid for " : "",
		event->expires_ms ? left : "");
	doctor_report_clock(&d->report, false);
}

/* The name of a queue, if the list of queues or a file has it; else its ID. */
static const char *name_of(const struct doctor *d, const char *id)
{
	const struct queue_list *list = d->api.lookup && queue_lookup_is_ready(d->api.lookup)
		? queue_lookup_list(d->api.lookup) : NULL;
	const struct queue_index *of_files = &d->run->set->file_names;
	const size_t at = queue_index_find(of_files, id);
	const char *name;

	for (size_t i = 0; list && i < list->n; i++)
		if (strcmp(list->v[i].id, id) == 0)
			return list->v[i].name;
	name = at == QUEUE_INDEX_NONE ? NULL : queue_index_name(of_files, at);
	return name ? name : id;
}

static void tell_queue(struct doctor *d, size_t i)
{
	const struct doctor_queue *k = &d->known[i];
	const char *id = d->run->queues.v[i], *name = name_of(d, id);
	const bool asked = d->asked || d->run->set->source == SOURCE_STREAM;
	char text[SESSION_TEXT_MAX];

	if (k->refused && !d->run->set->skip_refused) {
		snprintf(text, sizeof(text), "%.200s: refused: %.400s; " CHANNEL_LACKS, name,
			k->refused);
		doctor_report_fail(&d->report, ST_AUTH, "queue", text);
	} else if (k->refused) {
		doctor_report_line(&d->report, DOCTOR_WARN, "queue", "%s: refused: %s", name,
			k->refused);
	} else if (asked && !k->answered) {
		doctor_report_line(&d->report, DOCTOR_WARN, "queue", "%s: no values came: the ID "
			"does not exist, the client's role has no access to the queue, or it has "
			"no values now", name);
	} else {
		doctor_report_line(&d->report, DOCTOR_OK, "queue", "%s%s%s%s: %s", name,
			name == id ? "" : " (", name == id ? "" : id, name == id ? "" : ")",
			asked ? "its values came" : "permitted");
	}
}

void doctor_tell_queues(struct doctor *d)
{
	bool checked = d->asked;

	if (d->queues_told || !d->run->queues.n)
		return;
	d->queues_told = true;
	for (size_t i = 0; d->known && i < d->run->queues.n; i++)
		checked = checked || d->known[i].refused || d->known[i].answered;
	if (d->source.channel)
		checked = checked || channel_progress(d->source.channel).subscribed;
	for (size_t i = 0; d->known && checked && i < d->run->queues.n; i++)
		tell_queue(d, i);
	if (!checked)
		doctor_report_line(&d->report, DOCTOR_SKIPPED, "queue",
			"not checked: no step that tells something of a queue was done");
}

enum check doctor_first(enum part part)
{
	return checks[part].first;
}

bool doctor_part_is_over(const struct doctor *d)
{
	return d->part == PARTS || (d->begun && d->next > checks[d->part].last);
}

/* --- what came -------------------------------------------------------------------------- */

/* NULL: it is none of the run. */
static struct doctor_queue *find(struct doctor *d, const char *queue_id)
{
	const struct lines *queues = &d->run->queues;

	for (size_t i = 0; i < queues->n; i++)
		if (strcmp(queues->v[i], queue_id) == 0)
			return &d->known[i];
	return NULL;
}

static void take_answer(struct doctor *d, const struct session_event *event)
{
	struct notification n;
	struct doctor_queue *k;

	observation_query_begin(d->notifications, event->text, event->len);
	while (observation_query_next(d->notifications, &n)) {
		k = find(d, n.queue_id);
		if (k)
			k->answered = true;
	}
}

/* All answers of the query have come. */
static void tell_answers(struct doctor *d)
{
	char text[64];
	size_t n = 0;

	for (size_t i = 0; i < d->run->queues.n; i++)
		n += d->known[i].answered;
	snprintf(text, sizeof(text), "values of %zu of %zu queues", n, d->run->queues.n);
	d->asked = true;
	doctor_pass(d, DOCTOR_OK, text);
}

static void tell_first(struct doctor *d, const struct notification *n)
{
	static const char *const kinds[] = {
		[NOTIFICATION_EVENT] = "an event of queue ",
		[NOTIFICATION_HEARTBEAT] = "a heartbeat",
		[NOTIFICATION_PONG] = "the pong; events come when something changes in a queue",
		[NOTIFICATION_CLOSING] = "the service will close the socket soon",
		[NOTIFICATION_UNSUBSCRIBED] = "the service removed the channel",
		[NOTIFICATION_REVOKED] = "the token was revoked",
		[NOTIFICATION_OTHER] = "one without values of a queue",
		[NOTIFICATION_INVALID] = "a malformed event: ",
		[NOTIFICATION_NOT_JSON] = "it is not JSON"
	};
	char text[256];

	snprintf(text, sizeof(text), "%s%s", kinds[n->kind], n->kind == NOTIFICATION_EVENT
		? name_of(d, n->queue_id) : n->kind == NOTIFICATION_INVALID ? n->why : "");
	doctor_pass(d, n->kind >= NOTIFICATION_INVALID ? DOCTOR_WARN : DOCTOR_OK, text);
}

static void take_notifications(struct doctor *d, const struct session_event *event)
{
	struct notification n;
	char text[64];

	notifications_begin(d->notifications, event->text, event->len);
	while (notifications_next(d->notifications, &n)) {
		if (d->next == CHECK_MESSAGE)
			tell_first(d, &n);
		if (d->next == CHECK_PONG && n.kind == NOTIFICATION_PONG) {
			snprintf(text, sizeof(text), "%lld ms after the ping",
				(long long)(event->at_us - d->ping_us) / US_PER_MS);
			doctor_pass(d, DOCTOR_OK, text);
		}
		channel_control(d->source.channel, event->socket, n.kind, d->run->now_us);
	}
}

static const char *frame_fault(const struct stream_event *frame)
{
	switch (frame->kind) {
	case STREAM_EVENT_STATISTICS: return frame->invalid;
	case STREAM_EVENT_OTHER_EVENT: return "an event of another type";
	case STREAM_EVENT_NO_QUEUE: return "a frame without a queue";
	case STREAM_EVENT_NOT_JSON: return "it is not JSON";
	}
	return NULL;
}

static void take_frame(struct doctor *d, const struct stream_event *frame)
{
	const char *fault = frame_fault(frame);
	struct doctor_queue *k = fault ? NULL : find(d, frame->queue_id);
	char text[256];

	if (k) {
		k->frames++;
		k->answered = true;
	}
	snprintf(text, sizeof(text), "%s%s", fault ? fault : "a frame of queue ",
		fault ? "" : frame->queue_id);
	if (d->next == CHECK_FRAME)
		doctor_pass(d, fault ? DOCTOR_WARN : DOCTOR_OK, text);
}

static void take_frames(struct doctor *d, const struct session_event *event)
{
	struct stream_event frame;
	unsigned least = FRAMES_WANTED;

	stream_events_begin(d->frames, event->text, event->len);
	while (stream_events_next(d->frames, &frame))
		take_frame(d, &frame);
	for (size_t i = 0; i < d->run->queues.n; i++)
		least = d->known[i].frames < least ? d->known[i].frames : least;
	if (d->next == CHECK_INTERVALS && least == FRAMES_WANTED)
		doctor_pass(d, DOCTOR_OK, "two frames of each queue came");
}

/* Reports how many channels the client has. With 20 the source ends, and its text says so. */
static void tell_count(struct doctor *d, size_t others)
{
	const bool room = others + CHANNELS_OF_RUN <= CHANNELS_OF_CLIENT;
	char text[256];

	if (others >= CHANNELS_OF_CLIENT)
		return;
	snprintf(text, sizeof(text), "the client has %zu of %d%s", others, CHANNELS_OF_CLIENT,
		room ? "" : ", and a run has two for moments: the service would then remove "
		"one, first one without a connection; use an OAuth client of its own");
	doctor_pass(d, room ? DOCTOR_OK : DOCTOR_WARN, text);
}

/* Call it when all events before this one, and all refusals, were taken. */
static void tell_progress(struct doctor *d)
{
	struct channel_progress p = { .counted = false };

	if (d->part == PART_CHANNEL && d->source.channel)
		p = channel_progress(d->source.channel);
	if (d->next == CHECK_COUNT && p.counted)
		tell_count(d, p.other_channels);
	if (d->next == CHECK_CHANNEL && p.created)
		doctor_pass(d, DOCTOR_OK, "created");
	if (d->next == CHECK_TOPICS && p.subscribed) {
		doctor_pass(d, DOCTOR_OK, "subscribed");
		doctor_tell_queues(d);
	}
}

static void take_message(struct doctor *d, const struct session_event *event)
{
	if (d->part == PART_STREAM)
		take_frames(d, event);
	else
		take_notifications(d, event);
}

static void pinged(struct doctor *d, const struct session_event *event)
{
	d->ping_us = event->at_us;
	d->until_us = event->at_us + d->run->set->pong_timeout_ms * US_PER_MS;
}

static void connected(struct doctor *d, const struct session_event *event)
{
	d->lost = false;
	if (d->next == CHECK_SOCKET || d->next == CHECK_STREAM)
		doctor_pass(d, DOCTOR_OK, "connected");
	if (d->source.channel)
		channel_ping(d->source.channel, d->run->now_us);
	else
		d->until_us = event->at_us + d->run->set->idle_timeout_ms * US_PER_MS;
}

static enum status take_secret(struct doctor *d, const struct session_event *event, struct err *err)
{
	const char *token = event->kind == SESSION_SECRET ? event->text : token_value(d->api.token);

	return !token || !*token || setup_secret(d->run, token) ? ST_OK : err_nomem(err);
}

static enum status refused(struct doctor *d, const struct session_event *event, struct err *err)
{
	struct doctor_queue *k = find(d, event->queue_id);

	if (!k || k->refused)
		return ST_OK;
	k->refused = text_format("%.*s", (int)event->len, event->text);
	return k->refused ? ST_OK : err_nomem(err);
}

static enum status take_event(struct doctor *d, const struct session_event *event, struct err *err)
{
	switch (event->kind) {
	case SESSION_TOKEN_ACQUIRED:
	case SESSION_TOKEN_CACHED:
		tell_token(d, event);
		break;
	case SESSION_REFUSED:
		return refused(d, event, err);
	case SESSION_WARNING:
		doctor_report_line(&d->report, DOCTOR_WARN, names[d->next], "%s", event->text);
		break;
	case SESSION_ANSWER:
		take_answer(d, event);
		break;
	case SESSION_CONNECTED:
		connected(d, event);
		break;
	case SESSION_MESSAGE:
		take_message(d, event);
		break;
	case SESSION_SILENT:
		pinged(d, event);
		break;
	case SESSION_LOST:
		d->lost = true;
		break;
	case SESSION_RETRY:
		if (d->lost)
			doctor_fail(d, ST_NET, event->text);
		break;
	case SESSION_OVER:
		over(d, event);
		break;
	case SESSION_TOKEN_REFUSED:
	case SESSION_TOKEN_RETRY:
	case SESSION_CLOSED:
	case SESSION_SECRET:
	case SESSION_RESYNC_FAILED:
		break;
	}
	return ST_OK;
}

static bool next_event(struct doctor *d, struct session_event *event)
{
	return d->part == PART_LIST ? queue_lookup_next(d->api.lookup, event)
		: source_next(&d->source, d->run->now_us, event);
}

/* Each part reports the token, but it is requested once. */
static bool is_known_token(const struct doctor *d, const struct session_event *event)
{
	return (event->kind == SESSION_TOKEN_ACQUIRED || event->kind == SESSION_TOKEN_CACHED)
		&& event->generation == d->token_told;
}

enum status doctor_take_events(struct doctor *d, struct err *err)
{
	struct session_event event;
	bool answered = false;
	enum status st = ST_OK;

	while (st == ST_OK && !doctor_part_is_over(d) && next_event(d, &event)) {
		if (event.kind != SESSION_REFUSED)
			tell_progress(d);
		st = take_secret(d, &event, err);
		if (st != ST_OK)
			break;
		if (is_known_token(d, &event))
			continue;
		totals_session(&d->run->totals, &event);
		audit_events_stream(d->run->events, &event);
		st = take_event(d, &event, err);
		answered = answered || event.kind == SESSION_ANSWER;
		if (st == ST_OK && notifications_failed(d->notifications))
			st = err_nomem(err);
	}
	tell_progress(d);
	if (answered && d->next == CHECK_QUERY)
		tell_answers(d);
	return st;
}


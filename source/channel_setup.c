#include "source/channel_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"
#include "util/time.h"

#define QUERY "/api/v2/analytics/queues/observations/query"
#define BEHIND_US 1000000	/* libcurl's own bound is behind ours */
#define AGAIN_US 5000000	/* between attempts of a job beside a socket that is up */
#define CHANGE_LEAST_US 1000000	/* between tokens, however short they live */
#define REFUSED_IN_VAIN 200	/* queues; there are 300 requests a minute for all runs */
#define RESYNC_LEAST_US 2000000	/* between snapshots, so that each difference counts once */
#define EVICTED_US 60000000	/* between channels that others evict in turns */

void channel_setup_drop_bodies(struct channel *ch)
{
	for (size_t i = 0; i < CHANNEL_BATCHES; i++)
		buf_free(&ch->body[i]);
	ch->nbody = ch->answers_told = 0;
	ch->answers_due = false;
}

/* --- the job ------------------------------------------------------------------------- */

/* The step stays where it is: its next request, or the last one again. */
static void go_on(struct channel *ch, int64_t not_before_us)
{
	rest_free(ch->rest);
	ch->rest = NULL;
	ch->begun = false;
	ch->not_before_us = not_before_us;
}

/* Of a queue that was refused once there is no row any more. */
static void topics_begin(struct channel *ch)
{
	struct channel_setup_topics *t = &ch->topics;

	t->n = t->next = t->suspect = 0;
	t->in_pieces = t->any = false;
	for (size_t i = 0; i < ch->nqueue; i++)
		if (!ch->refused[i])
			t->queue[t->n++] = i;
	t->size = t->n;
}

/* From its beginning. */
void channel_setup_enter(struct channel *ch, enum channel_setup_step step, int64_t not_before_us)
{
	go_on(ch, not_before_us);
	ch->step = step;
	if (step == STEP_TOPICS)
		topics_begin(ch);
	if (step == STEP_SNAPSHOT || step == STEP_RESYNC) {
		ch->next_queue = 0;
		channel_setup_drop_bodies(ch);
	}
}

/* A job that fails while a socket is up does no harm yet: no failure of the run's. */
bool channel_setup_is_beside(const struct channel *ch)
{
	return ch->started && ch->cur >= 0;
}

/* After a failure: what a step of several requests has behind it is not asked for again. */
static void again(struct channel *ch, enum channel_setup_step step, int64_t not_before_us)
{
	if (step == ch->step)
		go_on(ch, not_before_us);
	else
		channel_setup_enter(ch, step, not_before_us);
}

/* The channel goes; its subscriptions are deleted when there is time for it. */
static void leave_channel(struct channel *ch)
{
	if (ch->id && ch->nleft < CHANNEL_LEFT_MAX)
		ch->left[ch->nleft++] = ch->id;
	else
		text_wipe(&ch->id);
	ch->id = NULL;
	text_wipe(&ch->uri);
}

static void new_channel(struct channel *ch, int64_t not_before_us)
{
	leave_channel(ch);
	ch->handover = ch->renewal = false;
	channel_setup_enter(ch, STEP_TOKEN, not_before_us);
}

static void over(struct channel *ch, enum status status, const char *text)
{
	session_over(&ch->a, status, text);
	channel_setup_enter(ch, STEP_NONE, INT64_MAX);
}

/* Beside a socket that is up: a warning in place of a failure, and when to try again. */
static int64_t warn_beside(struct channel *ch, const struct retry_failure *f, int64_t now_us)
{
	bool asked = retry_policy(f)->then == RETRY_LATER && f->retry_after_us > AGAIN_US;

	session_tell(&ch->a, STREAM_WARNING, f->text);
	return now_us + (asked ? f->retry_after_us : AGAIN_US);
}

void channel_setup_failed(struct channel *ch, enum channel_setup_step step,
	const struct retry_failure *f, int64_t now_us)
{
	const enum retry_verdict then = retry_policy(f)->then;
	int64_t at_us;

	if (channel_setup_is_beside(ch) && then != RETRY_NEVER && then != RETRY_NEW_TOKEN) {
		at_us = warn_beside(ch, f, now_us);
	} else {
		session_failed(&ch->a, ch->token, now_us, f);
		at_us = ch->a.again_us;
	}
	if (ch->a.over)
		channel_setup_enter(ch, STEP_NONE, INT64_MAX);
	else if (then == RETRY_NEW_CHANNEL || then == RETRY_NEW_TOKEN)
		new_channel(ch, at_us);
	else
		again(ch, step, at_us);
}

/* A failure that the step itself found. */
static void step_failed(struct channel *ch, enum http_failure kind, const char *text,
	int64_t now_us)
{
	struct retry_failure f = { .what = FAILED_API, .kind = kind, .retry_after_us = -1,
		.text = text };

	channel_setup_failed(ch, ch->step, &f, now_us);
}

static int64_t attempt_bound_us(const struct channel *ch, int64_t now_us)
{
	int64_t bound_us = ch->conf.connect_timeout_us;

	return channel_setup_is_beside(ch) ? bound_us
		: backoff_attempt_end_us(&ch->a.retry, now_us, bound_us) - now_us;
}

/* The request of a step, to path, the channel's ID and tail (NULL: path alone). */
static void ask(struct channel *ch, const char *method, const char *path, const char *tail,
	const char *body, int64_t now_us)
{
	struct rest_call call = { .method = method, .token = token_value(ch->token),
		.body = body, .timeout_us = attempt_bound_us(ch, now_us) };
	char *url = NULL;
	bool ok = asprintf(&url, "%s%s%s%s", ch->conf.api_url, path, tail ? ch->id : "",
		tail ? tail : "") >= 0;

	call.url = url;
	if (call.timeout_us < 1)
		call.timeout_us = 1;
	ch->rest = ok && call.token ? rest_start(ch->http, &call, now_us) : NULL;
	ch->begun = ch->rest != NULL;
	if (ok)
		text_wipe(&url);
	if (!ch->rest)
		over(ch, ST_OUTPUT, "out of memory");
}

static void begin_topics(struct channel *ch, int64_t now_us)
{
	const char *queue[CHANNEL_QUEUES_MAX] = { NULL };
	const struct channel_setup_topics *t = &ch->topics;
	struct buf body = { 0 };

	for (size_t i = 0; i < t->size; i++)
		queue[i] = ch->queue[t->queue[t->next + i]];
	if (channel_api_put_topics(&body, queue, t->size) && buf_char(&body, '\0'))
		ask(ch, t->in_pieces ? "POST" : "PUT", CHANNELS_PATH "/",
			"/subscriptions?ignoreErrors=true", body.data, now_us);
	else
		over(ch, ST_OUTPUT, "out of memory");
	buf_free(&body);
}

static size_t batch_size(const struct channel *ch)
{
	size_t n = ch->nqueue - ch->next_queue;

	return n < CHANNEL_API_SNAPSHOT_QUEUES ? n : CHANNEL_API_SNAPSHOT_QUEUES;
}

/* The next one comes after the interval, and not before the pause that the service asks for. */
static void plan_resync(struct channel *ch, int64_t now_us, int64_t pause_us)
{
	int64_t us = ch->conf.resync_us > RESYNC_LEAST_US ? ch->conf.resync_us : RESYNC_LEAST_US;

	if (ch->conf.resync_us)
		ch->resync_at_us = now_us + (us > pause_us ? us : pause_us);
}

/* Nothing changes but that the values are not compared this time. */
static void resync_failed(struct channel *ch, const char *text, int64_t now_us, int64_t pause_us)
{
	session_tell(&ch->a, STREAM_RESYNC_FAILED, text);
	plan_resync(ch, now_us, pause_us);
	channel_setup_enter(ch, STEP_NONE, INT64_MAX);
}

static void all_answered(struct channel *ch)
{
	ch->answers_due = true;
	ch->answers_resync = ch->step == STEP_RESYNC;
	ch->snapshot_due = ch->a.token_renewed = false;
	channel_setup_enter(ch, STEP_NONE, INT64_MAX);
}

static void begin_snapshot(struct channel *ch, int64_t now_us)
{
	struct buf body = { 0 };
	bool any = true;

	if (!channel_api_put_query(&body, ch->queue + ch->next_queue, batch_size(ch),
		    ch->conf.pattern, ch->conf.npattern, &any)
		|| !buf_char(&body, '\0')) {
		over(ch, ST_OUTPUT, "out of memory");
	} else if (!any) { /* nothing wanted has a value that can be asked for */
		buf_str(&ch->body[0], "{}");
		ch->asked_us[0] = now_us;
		ch->nbody = 1;
		all_answered(ch);
	} else {
		ch->asked_us[ch->nbody] = now_us;
		ask(ch, "POST", QUERY, NULL, body.data, now_us);
	}
	buf_free(&body);
}

/* The one that is not in use; where none is current, none that still brings what it has. */
static size_t free_slot(const struct channel *ch)
{
	if (ch->cur >= 0)
		return ch->cur == 0;
	return ch->line[0].state != LINE_NONE && ch->line[1].state == LINE_NONE;
}

static void begin_connect(struct channel *ch, int64_t now_us)
{
	size_t slot = free_slot(ch);
	struct channel_line *l = &ch->line[slot];
	int64_t bound_us = attempt_bound_us(ch, now_us);

	if (l->state != LINE_NONE) {	/* still draining: its time is over */
		struct session_event *e = session_tell(&ch->a, STREAM_LOST, "closed");

		e->socket = slot;
		e->at_us = now_us;
		ws_free(l->ws);
	}
	*l = (struct channel_line){ .ws = ws_open(ch->http, ch->uri, NULL,
		(bound_us + BEHIND_US) / US_PER_MS) };
	if (!l->ws) {
		step_failed(ch, HTTP_NETWORK, "no connection could be begun", now_us);
		return;
	}
	l->state = LINE_CONNECTING;
	l->until_us = now_us + bound_us;
	ch->begun = true;
}

/* Before its end by the margin; what lives hardly longer than that gets half its life. */
static int64_t change_at_us(const struct channel *ch, int64_t now_us)
{
	int64_t expires_us = token_result(ch->token)->expires_ms * US_PER_MS;
	int64_t at_us = expires_us - ch->conf.margin_us;
	int64_t half_us = now_us + (expires_us - now_us) / 2;

	if (expires_us <= 0)
		return INT64_MAX;
	if (at_us < half_us)
		at_us = half_us;
	return at_us < now_us + CHANGE_LEAST_US ? now_us + CHANGE_LEAST_US : at_us;
}

static void after_token(struct channel *ch, int64_t now_us)
{
	session_token_came(&ch->a, ch->token);
	ch->change_us = change_at_us(ch, now_us);
	channel_setup_enter(ch, ch->conf.once ? STEP_SNAPSHOT : STEP_CREATE, now_us);
}

void channel_setup_judge_token(struct channel *ch, enum token_state state, int64_t now_us)
{
	struct retry_failure f = retry_failure_of_token(token_result(ch->token));

	if (state == TOKEN_READY)
		after_token(ch, now_us);
	else if (state == TOKEN_FAILED)
		channel_setup_failed(ch, STEP_TOKEN, &f, now_us);
	else
		ch->begun = true;
}

void channel_setup_begin(struct channel *ch, int64_t now_us, struct lines *warnings)
{
	int64_t end_us = session_end_us(&ch->a, now_us);

	switch (ch->step) {
	case STEP_NONE:
		break;
	case STEP_TOKEN:
		channel_setup_judge_token(ch, token_want(ch->token, now_us,
			channel_setup_is_beside(ch) ? now_us + 2 * ch->conf.connect_timeout_us
			: end_us + BEHIND_US, warnings), now_us);
		break;
	case STEP_CREATE:
		ask(ch, "POST", CHANNELS_PATH, NULL, "{}", now_us);
		break;
	case STEP_TOPICS:
		begin_topics(ch, now_us);
		break;
	case STEP_HEAD:
		ask(ch, "HEAD", CHANNELS_PATH "/", "", NULL, now_us);
		break;
	case STEP_CONNECT:
		begin_connect(ch, now_us);
		break;
	case STEP_SNAPSHOT:
	case STEP_RESYNC:
		begin_snapshot(ch, now_us);
		break;
	}
}

/* --- answers ------------------------------------------------------------------------- */

static void created(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	char *id, *uri, text[256];
	const char *why =
		channel_api_parse_channel(answer->body, answer->len, ch->conf.plain, &id, &uri);

	if (why == why_no_memory) {
		over(ch, ST_OUTPUT, why);
		return;
	}
	if (why) {
		snprintf(text, sizeof(text), "the answer to a new channel is malformed: %s", why);
		step_failed(ch, HTTP_BREACH, text, now_us);
		return;
	}
	leave_channel(ch);
	ch->id = id;
	ch->uri = uri;
	session_tell(&ch->a, STREAM_SECRET, id);
	session_tell(&ch->a, STREAM_SECRET, uri);
	channel_setup_enter(ch, STEP_TOPICS, now_us);
}

static bool refuse(struct channel *ch, size_t queue, const char *reason)
{
	if (ch->refused[queue])
		return true;
	ch->refused[queue] = true;
	ch->reason_queue[ch->nrefused++] = queue;
	lines_add(&ch->reasons, "%s", reason);
	return !ch->reasons.failed;
}

static bool on_refusal(void *arg, const struct channel_api_refusal *r)
{
	struct channel *ch = arg;

	for (size_t i = 0; i < ch->nqueue; i++) {
		if (strcmp(ch->queue[i], r->queue_id) != 0)
			continue;
		if (r->observations)
			return refuse(ch, i, r->reason[0] ? r->reason : "no reason was told");
		if (!ch->refused[i] && ch->nquiet++ == 0)
			snprintf(ch->quiet, sizeof(ch->quiet), "the activity of queue %s is not "
				"told: %.200s", ch->queue[i], r->reason);
	}
	return true;
}

/* One line for all of them: their observations come, so that hardly anything is missing. */
static void tell_quiet(struct channel *ch)
{
	char text[sizeof(ch->quiet) + 64];

	snprintf(text, sizeof(text), ch->nquiet > 1 ? "%s (and that of %zu other queues)" : "%s",
		ch->quiet, ch->nquiet - 1);
	if (ch->nquiet)
		session_tell(&ch->a, STREAM_WARNING, text);
	ch->nquiet = 0;
}

static void subscribed(struct channel *ch, int64_t now_us)
{
	bool renewal = ch->renewal;

	ch->topics_us = now_us;
	ch->renewal = false;
	tell_quiet(ch);
	if (renewal)
		ch->a.token_renewed = false;
	if (ch->nrefused == ch->nqueue)
		step_failed(ch, HTTP_FORBIDDEN, "every queue was refused", now_us);
	else if (renewal)
		channel_setup_enter(ch, STEP_NONE, INT64_MAX);
	else
		channel_setup_enter(ch, STEP_CONNECT, now_us);
}

/* The piece is settled: the next one, size long if there are so many. */
static void next_piece(struct channel *ch, size_t size, int64_t now_us)
{
	struct channel_setup_topics *t = &ch->topics;
	char text[128];

	t->next += t->size;
	t->size = size < t->n - t->next ? size : t->n - t->next;
	if (t->next == t->n) {
		subscribed(ch, now_us);
	} else if (!t->any && t->next >= REFUSED_IN_VAIN) {
		snprintf(text, sizeof(text), "%zu queues were refused and none was not; %zu more "
			"were not asked for", t->next, t->n - t->next);
		step_failed(ch, HTTP_FORBIDDEN, text, now_us);
	} else {
		go_on(ch, now_us);
	}
}

static void piece_permitted(struct channel *ch, int64_t now_us)
{
	struct channel_setup_topics *t = &ch->topics;
	size_t end = t->next + t->size, size = 2 * t->size;

	t->any = true;
	if (t->suspect > end)
		size = t->suspect - end > 1 ? (t->suspect - end) / 2 : 1;
	else
		t->suspect = 0;
	next_piece(ch, size, now_us);
}

static void piece_forbidden(struct channel *ch, const char *text, int64_t now_us)
{
	struct channel_setup_topics *t = &ch->topics;

	if (t->size > 1) {
		t->in_pieces = true;
		t->suspect = t->next + t->size;
		t->size /= 2;
		go_on(ch, now_us);
		return;
	}
	t->suspect = 0;
	if (refuse(ch, t->queue[t->next], text))
		next_piece(ch, 1, now_us);
	else
		over(ch, ST_OUTPUT, "out of memory");
}

static void put_topics(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	const char *why = channel_api_parse_topics(answer->body, answer->len, on_refusal, ch);
	char text[256];

	if (why == why_no_memory) {
		over(ch, ST_OUTPUT, why);
		return;
	}
	if (why) {
		snprintf(text, sizeof(text), "the answer to the topics is malformed: %s", why);
		step_failed(ch, HTTP_BREACH, text, now_us);
		return;
	}
	piece_permitted(ch, now_us);
}

static void took_snapshot(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	static const char why[] = "the answer to the observation query is malformed";

	if (!channel_api_is_object(answer->body, answer->len)) {
		if (ch->step == STEP_RESYNC)
			resync_failed(ch, why, now_us, 0);
		else
			step_failed(ch, HTTP_BREACH, why, now_us);
		return;
	}
	if (!buf_add(&ch->body[ch->nbody], answer->body, answer->len)) {
		over(ch, ST_OUTPUT, "out of memory");
		return;
	}
	ch->nbody++;
	ch->next_queue += batch_size(ch);
	if (ch->next_queue < ch->nqueue) {
		go_on(ch, now_us);
	} else {
		plan_resync(ch, now_us, 0);
		all_answered(ch);
	}
}

static void answered(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	switch (ch->step) {
	case STEP_CREATE:
		created(ch, answer, now_us);
		break;
	case STEP_TOPICS:
		put_topics(ch, answer, now_us);
		break;
	case STEP_HEAD:
		session_tell(&ch->a, STREAM_WARNING, "an idle close: the channel is still there");
		channel_setup_enter(ch, STEP_CONNECT, now_us);
		break;
	case STEP_SNAPSHOT:
	case STEP_RESYNC:
		took_snapshot(ch, answer, now_us);
		break;
	case STEP_NONE:
	case STEP_TOKEN:
	case STEP_CONNECT:
		break;
	}
}

/* A newer channel of the client has taken the place of this one. If two runs did that to each
 * other in turns, neither would have a minute. */
void channel_setup_evicted(struct channel *ch, int64_t now_us)
{
	struct retry_failure f = { .what = FAILED_SOCKET, .kind = HTTP_NETWORK,
		.retry_after_us = -1 };
	char text[256], left[DURATION_TEXT_MAX];
	int n = snprintf(text, sizeof(text), "evicted: a newer channel of this client has taken "
		"its place; a client has 20 at most");

	f.text = text;
	if (ch->evicted_us + EVICTED_US > now_us) {
		f.retry_after_us = ch->evicted_us + EVICTED_US - now_us;
		time_format_duration(left, f.retry_after_us / US_PER_MS);
		snprintf(text + n, sizeof(text) - (size_t)n, "; a new one is made once a minute, "
			"that is in %s", left);
	}
	leave_channel(ch);
	ch->handover = ch->renewal = false;
	channel_setup_failed(ch, STEP_TOKEN, &f, now_us);
	ch->evicted_us = ch->not_before_us;
}

static void failed(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	struct retry_failure f = retry_failure_of_answer(
		ch->step == STEP_TOPICS ? FAILED_TOPICS : FAILED_API, answer);
	char text[640];

	snprintf(text, sizeof(text), "%.400s%s%.200s", answer->text,
		answer->missing_permissions[0] ? "; missing permissions: " : "",
		answer->missing_permissions);
	if (f.kind == HTTP_FORBIDDEN)
		f.text = text;
	if (ch->step == STEP_RESYNC)
		resync_failed(ch, answer->text, now_us, answer->retry_after_us);
	else if (ch->step == STEP_TOPICS && f.kind == HTTP_FORBIDDEN)
		piece_forbidden(ch, text, now_us);
	else if (ch->step == STEP_HEAD && f.kind == HTTP_NOT_FOUND)
		channel_setup_evicted(ch, now_us);
	else
		channel_setup_failed(ch, ch->step, &f, now_us);
}

void channel_setup_step_rest(struct channel *ch, int64_t now_us)
{
	const struct rest_answer *answer;

	if (!rest_step(ch->rest, now_us))
		return;
	answer = rest_answer(ch->rest);
	if (answer->kind == HTTP_OK)
		answered(ch, answer, now_us);
	else
		failed(ch, answer, now_us);
}

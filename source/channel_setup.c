#include "source/channel_setup.h"

#include <stdio.h>

#include "source/channel_snapshot.h"
#include "source/channel_topics.h"
#include "util/text.h"
#include "util/time.h"

#define AGAIN_US 5000000	/* between attempts in the background */
#define CHANGE_LEAST_US 1000000	/* between tokens, no matter how soon they expire */
#define EVICTED_US 60000000	/* between new channels after evictions */

/* --- the steps ---------------------------------------------------------------------- */

void channel_setup_continue(struct channel *ch, int64_t not_before_us)
{
	rest_free(ch->setup.rest);
	ch->setup.rest = NULL;
	ch->setup.begun = false;
	ch->setup.not_before_us = not_before_us;
}

void channel_setup_enter(struct channel *ch, enum channel_setup_step step, int64_t not_before_us)
{
	channel_setup_continue(ch, not_before_us);
	ch->setup.step = step;
	if (step == STEP_TOPICS)
		channel_topics_reset(ch);
	if (step == STEP_SNAPSHOT || step == STEP_RESYNC)
		channel_snapshot_reset(ch);
}

bool channel_setup_in_background(const struct channel *ch)
{
	return ch->started && ch->current >= 0;
}

/* Tries a step again after a failure. Requests of the step that have succeeded are not repeated. */
static void again(struct channel *ch, enum channel_setup_step step, int64_t not_before_us)
{
	if (step == ch->setup.step)
		channel_setup_continue(ch, not_before_us);
	else
		channel_setup_enter(ch, step, not_before_us);
}

static void abandon_channel(struct channel *ch)
{
	if (ch->id && ch->nabandoned < CHANNEL_ABANDONED_MAX)
		ch->abandoned[ch->nabandoned++] = ch->id;
	else
		text_wipe(&ch->id);
	ch->id = NULL;
	text_wipe(&ch->uri);
}

static void new_channel(struct channel *ch, int64_t not_before_us)
{
	abandon_channel(ch);
	ch->setup.handover = ch->setup.renewal = false;
	channel_setup_enter(ch, STEP_TOKEN, not_before_us);
}

void channel_setup_over(struct channel *ch, enum status status, const char *text)
{
	session_over(&ch->session, status, text);
	channel_setup_enter(ch, STEP_NONE, INT64_MAX);
}

/* In the background a failure is only a warning. Returns when to try again. */
static int64_t warn_in_background(struct channel *ch, const struct retry_failure *f, int64_t now_us)
{
	bool asked = retry_policy(f)->then == RETRY_LATER && f->retry_after_us > AGAIN_US;

	session_report(&ch->session, SESSION_WARNING, f->text);
	return now_us + (asked ? f->retry_after_us : AGAIN_US);
}

void channel_setup_failed(struct channel *ch, enum channel_setup_step step,
	const struct retry_failure *f, int64_t now_us)
{
	const enum retry_verdict then = retry_policy(f)->then;
	int64_t at_us;

	if (channel_setup_in_background(ch) && then != RETRY_NEVER && then != RETRY_NEW_TOKEN) {
		at_us = warn_in_background(ch, f, now_us);
	} else {
		session_failed(&ch->session, ch->token, now_us, f);
		at_us = ch->session.again_us;
	}
	if (ch->session.over)
		channel_setup_enter(ch, STEP_NONE, INT64_MAX);
	else if (then == RETRY_NEW_CHANNEL || then == RETRY_NEW_TOKEN)
		new_channel(ch, at_us);
	else
		again(ch, step, at_us);
}

void channel_setup_step_failed(struct channel *ch, enum http_failure kind, const char *text,
	int64_t now_us)
{
	struct retry_failure f = { .what = FAILED_API, .kind = kind, .retry_after_us = -1,
		.text = text };

	channel_setup_failed(ch, ch->setup.step, &f, now_us);
}

void channel_setup_malformed(struct channel *ch, const char *what, const char *why, int64_t now_us)
{
	char text[256];

	if (why == why_no_memory) {
		channel_setup_over(ch, ST_OUTPUT, why);
		return;
	}
	snprintf(text, sizeof(text), "the service's answer to the request for %s is malformed: "
		"%s", what, why);
	channel_setup_step_failed(ch, HTTP_BREACH, text, now_us);
}

static int64_t time_limit_us(const struct channel *ch, int64_t now_us)
{
	int64_t limit_us = ch->conf.connect_timeout_us;

	return channel_setup_in_background(ch) ? limit_us
		: backoff_attempt_end_us(&ch->session.retry, now_us, limit_us) - now_us;
}

void channel_setup_ask(struct channel *ch, const char *method, const char *path, const char *tail,
	const char *body, int64_t now_us)
{
	struct rest_call call = { .method = method, .token = token_value(ch->token),
		.body = body, .timeout_us = time_limit_us(ch, now_us) };
	char *url = NULL;
	bool ok = asprintf(&url, "%s%s%s%s", ch->conf.api_url, path, tail ? ch->id : "",
		tail ? tail : "") >= 0;

	call.url = url;
	if (call.timeout_us < 1)
		call.timeout_us = 1;
	ch->setup.rest = ok && call.token ? rest_start(ch->http, &call, now_us) : NULL;
	ch->setup.begun = ch->setup.rest != NULL;
	if (ok)
		text_wipe(&url);
	if (!ch->setup.rest)
		channel_setup_over(ch, ST_OUTPUT, "out of memory");
}

/* The socket that is not current. If none is, one that still has messages to take is kept. */
static size_t free_slot(const struct channel *ch)
{
	if (ch->current >= 0)
		return ch->current == 0;
	return ch->socket[0].state != CHANNEL_NONE && ch->socket[1].state == CHANNEL_NONE;
}

static void begin_connect(struct channel *ch, int64_t now_us)
{
	size_t slot = free_slot(ch);
	struct channel_socket *l = &ch->socket[slot];
	int64_t limit_us = time_limit_us(ch, now_us);

	if (l->state != CHANNEL_NONE) {	/* still draining, but its time is over */
		struct session_event *e = session_report(&ch->session, SESSION_LOST, "closed");

		e->socket = slot;
		e->at_us = now_us;
		ws_free(l->ws);
	}
	*l = (struct channel_socket){ .ws = ws_open(ch->http, ch->uri, NULL,
		(limit_us + SESSION_LIBCURL_EXTRA_US) / US_PER_MS) };
	if (!l->ws) {
		channel_setup_step_failed(ch, HTTP_NETWORK, "could not start a connection: "
			"libcurl failed or memory ran out", now_us);
		return;
	}
	l->state = CHANNEL_CONNECTING;
	l->until_us = now_us + limit_us;
	ch->setup.begun = true;
}

/* When to replace the token: the margin before it expires, but not in the first half of the time
 * that it has left. */
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
	session_token_came(&ch->session, ch->token);
	ch->change_us = change_at_us(ch, now_us);
	channel_setup_enter(ch, ch->conf.once ? STEP_SNAPSHOT
		: ch->conf.spares ? STEP_COUNT : STEP_CREATE, now_us);
}

void channel_setup_take_token(struct channel *ch, enum token_state state, int64_t now_us)
{
	struct retry_failure f = retry_failure_of_token(token_result(ch->token));

	if (state == TOKEN_READY)
		after_token(ch, now_us);
	else if (state == TOKEN_FAILED)
		channel_setup_failed(ch, STEP_TOKEN, &f, now_us);
	else
		ch->setup.begun = true;
}

void channel_setup_begin(struct channel *ch, int64_t now_us)
{
	int64_t end_us = session_end_us(&ch->session, now_us);

	switch (ch->setup.step) {
	case STEP_NONE:
		break;
	case STEP_TOKEN:
		channel_setup_take_token(ch, token_want(ch->token, now_us,
			channel_setup_in_background(ch) ? now_us + 2 * ch->conf.connect_timeout_us
			: end_us + SESSION_LIBCURL_EXTRA_US), now_us);
		break;
	case STEP_COUNT:
		channel_setup_ask(ch, "GET", CHANNELS_PATH "?includechannels=oauthclient", NULL,
			NULL, now_us);
		break;
	case STEP_CREATE:
		channel_setup_ask(ch, "POST", CHANNELS_PATH, NULL, "{}", now_us);
		break;
	case STEP_TOPICS:
		channel_topics_ask(ch, now_us);
		break;
	case STEP_HEAD:
		channel_setup_ask(ch, "HEAD", CHANNELS_PATH "/", "", NULL, now_us);
		break;
	case STEP_CONNECT:
		begin_connect(ch, now_us);
		break;
	case STEP_SNAPSHOT:
	case STEP_RESYNC:
		channel_snapshot_ask(ch, now_us);
		break;
	}
}

/* --- answers ------------------------------------------------------------------------- */

static void counted(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	struct channel_progress *p = &ch->progress;
	const char *why = channel_api_count_channels(answer->body, answer->len,
		&p->other_channels);
	char text[256];

	if (why) {
		channel_setup_malformed(ch, "the list of channels", why, now_us);
		return;
	}
	p->counted = true;
	if (p->other_channels < CHANNELS_OF_CLIENT) {
		channel_setup_enter(ch, STEP_CREATE, now_us);
		return;
	}
	snprintf(text, sizeof(text), "the client has %zu of %d channels: a run would create "
		"another one, and the service would then remove one, first one without a "
		"connection; end a program that uses this client, or use an OAuth client of its "
		"own", p->other_channels, CHANNELS_OF_CLIENT);
	channel_setup_over(ch, ST_OK, text);
}

static void created(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	char *id, *uri;
	const char *why = channel_api_parse_channel(answer->body, answer->len, ch->conf.plain,
		&id, &uri);

	if (why) {
		channel_setup_malformed(ch, "a channel", why, now_us);
		return;
	}
	abandon_channel(ch);
	ch->id = id;
	ch->uri = uri;
	ch->progress.created = true;
	session_report(&ch->session, SESSION_SECRET, id);
	session_report(&ch->session, SESSION_SECRET, uri);
	channel_setup_enter(ch, STEP_TOPICS, now_us);
}

static void answered(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	switch (ch->setup.step) {
	case STEP_COUNT:
		counted(ch, answer, now_us);
		break;
	case STEP_CREATE:
		created(ch, answer, now_us);
		break;
	case STEP_TOPICS:
		channel_topics_answered(ch, answer, now_us);
		break;
	case STEP_HEAD:
		session_report(&ch->session, SESSION_WARNING,
			"the service closed an idle connection; connecting to the same channel "
			"again");
		channel_setup_enter(ch, STEP_CONNECT, now_us);
		break;
	case STEP_SNAPSHOT:
	case STEP_RESYNC:
		channel_snapshot_answered(ch, answer, now_us);
		break;
	case STEP_NONE:
	case STEP_TOKEN:
	case STEP_CONNECT:
		break;
	}
}

/* Two runs could evict each other in turns. So after an eviction a new channel is made at most once
 * a minute. */
void channel_setup_evicted(struct channel *ch, int64_t now_us)
{
	struct retry_failure f = { .what = FAILED_SOCKET, .kind = HTTP_NETWORK,
		.retry_after_us = -1 };
	char text[256], left[DURATION_TEXT_MAX];
	int n = snprintf(text, sizeof(text), "evicted: the service removed this channel, because "
		"its OAuth client created more than 20");

	f.text = text;
	if (ch->evicted_us + EVICTED_US > now_us) {
		f.retry_after_us = ch->evicted_us + EVICTED_US - now_us;
		time_format_duration(left, f.retry_after_us / US_PER_MS);
		snprintf(text + n, sizeof(text) - (size_t)n, "; the next attempt is in %s (at most "
			"one a minute)", left);
	}
	abandon_channel(ch);
	ch->setup.handover = ch->setup.renewal = false;
	channel_setup_failed(ch, STEP_TOKEN, &f, now_us);
	ch->evicted_us = ch->setup.not_before_us;
}

static void failed(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	struct retry_failure f = retry_failure_of_answer(
		ch->setup.step == STEP_TOPICS ? FAILED_TOPICS : FAILED_API, answer);
	char text[640];

	snprintf(text, sizeof(text), "%.400s%s%.200s", answer->text,
		answer->missing_permissions[0] ? "; missing permissions: " : "",
		answer->missing_permissions);
	if (f.kind == HTTP_FORBIDDEN)
		f.text = text;
	if (ch->setup.step == STEP_RESYNC)
		channel_snapshot_resync_failed(ch, answer->text, now_us, answer->retry_after_us);
	else if (ch->setup.step == STEP_TOPICS && f.kind == HTTP_FORBIDDEN)
		channel_topics_forbidden(ch, text, now_us);
	else if (ch->setup.step == STEP_HEAD && f.kind == HTTP_NOT_FOUND)
		channel_setup_evicted(ch, now_us);
	else
		channel_setup_failed(ch, ch->setup.step, &f, now_us);
}

void channel_setup_step_rest(struct channel *ch, int64_t now_us)
{
	const struct rest_answer *answer;

	if (!rest_step(ch->setup.rest, now_us))
		return;
	answer = rest_answer(ch->setup.rest);
	if (answer->kind == HTTP_OK)
		answered(ch, answer, now_us);
	else
		failed(ch, answer, now_us);
}

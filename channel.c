#include "channel.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "rest.h"
#include "text.h"
#include "ws.h"

#define LINES 2			/* sockets open at the same time, at most */
#define LEFT_MAX 8		/* channels left behind that wait for their deletion */
#define BATCHES ((CHANNEL_QUEUES_MAX + API_SNAPSHOT_QUEUES - 1) / API_SNAPSHOT_QUEUES)
#define CHANNELS "/api/v2/notifications/channels"
#define QUERY "/api/v2/analytics/queues/observations/query"
#define US_PER_MS 1000
#define BEHIND_US 1000000	/* libcurl's own bound is behind ours */
#define AGAIN_US 5000000	/* between attempts of a job beside a socket that is up */
#define CHANGE_LEAST_US 1000000	/* between tokens, however short they live */
#define RENEW_US (INT64_C(20) * 3600 * 1000000)
#define EVICTED_US 60000000	/* between channels that others evict in turns */
#define UNSUBSCRIBED_US 1000000	/* for the close that comes with it */
#define HANDOVER_US 60000000	/* how long the server keeps the old socket at most */
#define OVERLAP_US 1000000	/* what was sent before the new socket is on its way */
#define LACKS "the OAuth client needs a role with Analytics > Queue Observation > View in " \
	"the queue's division (client-credentials clients get roles, not scopes)"

enum line_state { LINE_NONE, LINE_CONNECTING, LINE_UP, LINE_SILENT, LINE_DRAINING, LINE_CLOSING };

struct line {
	struct ws *ws;
	enum line_state state;
	int64_t until_us;	/* the state's deadline */
	bool unsubscribed;	/* another channel has come */
};

enum step {
	STEP_NONE, STEP_TOKEN, STEP_CREATE, STEP_TOPICS, STEP_HEAD, STEP_CONNECT, STEP_SNAPSHOT
};

struct channel {
	struct channel_conf conf;
	const char *const *queue;
	size_t nqueue;
	bool *refused;			/* by queue */
	size_t nrefused, refused_told;
	size_t nquiet;			/* queues of which the activity alone was refused */
	char quiet[400];		/* the first one's words */
	struct lines reasons;		/* of the refused ones, in the order they came */
	size_t reason_queue[CHANNEL_QUEUES_MAX];
	struct net *net;
	struct token *token;
	struct attempt a;
	/* the channel of now; secrets */
	char *id, *uri;
	char *left[LEFT_MAX];
	size_t nleft;
	struct line line[LINES];
	int cur;			/* the line that counts; -1: none is up */
	/* the job */
	enum step step;
	bool begun;			/* the step's request is under way */
	bool renewal;			/* the topics alone */
	bool handover;			/* to a second socket of the same channel */
	bool one_by_one;		/* topics, after a 403 for all of them */
	size_t next_queue;		/* of topics one by one, or of the snapshot */
	int64_t not_before_us;
	struct rest *rest;
	struct buf body[BATCHES];
	int64_t asked_us[BATCHES];
	size_t nbody, answers_told;
	bool answers_due;
	/* all of it */
	bool token_renewed, started, closing, closed_told;
	bool snapshot_due;		/* since the start or a loss */
	int64_t topics_us, evicted_us, change_us;	/* change: of the token, INT64_MAX: never */
	struct rest *deletion[LEFT_MAX + 1];
	bool held;			/* a message waits behind the event that it made */
	struct stream_event message;
};

static void wipe(char **s)
{
	if (*s)
		OPENSSL_cleanse(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

struct channel *channel_new(const struct channel_conf *conf, const char *const *queue,
	size_t nqueue, struct net *net, struct token *token, int64_t now_us)
{
	struct channel *ch = calloc(1, sizeof(*ch));

	if (!ch)
		return NULL;
	ch->conf = *conf;
	ch->queue = queue;
	ch->nqueue = nqueue;
	ch->net = net;
	ch->token = token;
	ch->cur = -1;
	ch->step = STEP_TOKEN;
	ch->not_before_us = now_us;
	ch->evicted_us = INT64_MIN / 2;
	ch->change_us = INT64_MAX;
	ch->snapshot_due = conf->snapshot || conf->once;
	ch->refused = calloc(nqueue + 1, sizeof(*ch->refused));
	attempt_init(&ch->a, conf->retry_for_us, now_us);
	if (ch->refused)
		return ch;
	channel_free(ch);
	return NULL;
}

static void drop_bodies(struct channel *ch)
{
	for (size_t i = 0; i < BATCHES; i++)
		buf_free(&ch->body[i]);
	ch->nbody = ch->answers_told = 0;
	ch->answers_due = false;
}

void channel_free(struct channel *ch)
{
	if (!ch)
		return;
	for (size_t i = 0; i < LINES; i++)
		ws_free(ch->line[i].ws);
	rest_free(ch->rest);
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		rest_free(ch->deletion[i]);
	for (size_t i = 0; i < ch->nleft; i++)
		wipe(&ch->left[i]);
	wipe(&ch->id);
	wipe(&ch->uri);
	drop_bodies(ch);
	lines_free(&ch->reasons);
	free(ch->refused);
	free(ch);
}

/* --- the job ------------------------------------------------------------------------- */

static void enter(struct channel *ch, enum step step, int64_t not_before_us)
{
	rest_free(ch->rest);
	ch->rest = NULL;
	ch->begun = false;
	ch->step = step;
	ch->not_before_us = not_before_us;
	if (step == STEP_TOPICS || step == STEP_SNAPSHOT)
		ch->next_queue = 0;
	if (step == STEP_SNAPSHOT)
		drop_bodies(ch);
}

/* A job that fails while a socket is up does no harm yet: no failure of the run's. */
static bool is_beside(const struct channel *ch)
{
	return ch->started && ch->cur >= 0;
}

/* After a failure that attempt judged: the same step again, or the end. */
static void settle(struct channel *ch, enum step step)
{
	if (ch->a.over)
		enter(ch, STEP_NONE, INT64_MAX);
	else
		enter(ch, step, ch->a.again_us);
}

static void over_with(struct channel *ch, enum status status, const char *text,
	const char *advice)
{
	attempt_over_with(&ch->a, status, text, advice);
	enter(ch, STEP_NONE, INT64_MAX);
}

static void over(struct channel *ch, enum status status, const char *text)
{
	attempt_over(&ch->a, status, text);
	enter(ch, STEP_NONE, INT64_MAX);
}

static void try_again(struct channel *ch, enum step step, enum status status, int64_t now_us,
	int64_t retry_after_us, int http_status, const char *text)
{
	struct attempt_failure f = { STREAM_RETRY, status, retry_after_us, http_status, text };

	if (is_beside(ch)) {
		attempt_tell(&ch->a, STREAM_WARNING, text);
		enter(ch, step, now_us + (retry_after_us > AGAIN_US ? retry_after_us : AGAIN_US));
		return;
	}
	attempt_again(&ch->a, now_us, &f);
	settle(ch, step);
}

static void breach(struct channel *ch, enum step step, int64_t now_us, const char *text)
{
	if (is_beside(ch)) {
		try_again(ch, step, ST_NET, now_us, -1, 0, text);
		return;
	}
	attempt_breach(&ch->a, STREAM_RETRY, now_us, text);
	settle(ch, step);
}

static int64_t attempt_bound_us(const struct channel *ch, int64_t now_us)
{
	int64_t bound_us = ch->conf.connect_timeout_us;

	return is_beside(ch) ? bound_us
		: retry_attempt_end_us(&ch->a.retry, now_us, bound_us) - now_us;
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
	ch->rest = ok && call.token ? rest_start(ch->net, &call, now_us) : NULL;
	ch->begun = ch->rest != NULL;
	if (ok)
		wipe(&url);
	if (!ch->rest)
		over(ch, ST_OUTPUT, "out of memory");
}

static void begin_topics(struct channel *ch, int64_t now_us)
{
	struct buf body = { 0 };
	size_t n = ch->one_by_one ? 1 : ch->nqueue;

	if (api_put_topics(&body, ch->queue + ch->next_queue, n) && buf_char(&body, '\0'))
		ask(ch, ch->one_by_one ? "POST" : "PUT", CHANNELS "/",
			"/subscriptions?ignoreErrors=true", body.data, now_us);
	else
		over(ch, ST_OUTPUT, "out of memory");
	buf_free(&body);
}

static size_t batch_size(const struct channel *ch)
{
	size_t n = ch->nqueue - ch->next_queue;

	return n < API_SNAPSHOT_QUEUES ? n : API_SNAPSHOT_QUEUES;
}

static void all_answered(struct channel *ch)
{
	ch->answers_due = true;
	ch->snapshot_due = ch->token_renewed = false;
	enter(ch, STEP_NONE, INT64_MAX);
}

static void begin_snapshot(struct channel *ch, int64_t now_us)
{
	struct buf body = { 0 };
	bool any = true;

	if (!api_put_query(&body, ch->queue + ch->next_queue, batch_size(ch), ch->conf.pattern,
	    ch->conf.npattern, &any) || !buf_char(&body, '\0')) {
		over(ch, ST_OUTPUT, "out of memory");
	} else if (!any) {	/* nothing wanted has a value that can be asked for */
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

static void begin_connect(struct channel *ch, int64_t now_us)
{
	size_t slot = ch->cur == 0 ? 1 : 0;
	struct line *l = &ch->line[slot];
	int64_t bound_us = attempt_bound_us(ch, now_us);

	if (l->state != LINE_NONE) {	/* still draining: its time is over */
		struct stream_event *e = attempt_tell(&ch->a, STREAM_LOST, "closed");

		e->socket = slot;
		e->at_us = now_us;
		ws_free(l->ws);
	}
	*l = (struct line){ .ws = ws_open(ch->net, ch->uri, NULL,
		(bound_us + BEHIND_US) / US_PER_MS) };
	if (!l->ws) {
		try_again(ch, STEP_CONNECT, ST_NET, now_us, -1, 0, "no connection could be begun");
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
	attempt_token_came(&ch->a, ch->token);
	ch->change_us = change_at_us(ch, now_us);
	enter(ch, ch->conf.once ? STEP_SNAPSHOT : STEP_CREATE, now_us);
}

static void token_failed(struct channel *ch, int64_t now_us)
{
	const struct token_result *r = token_result(ch->token);

	if (is_beside(ch) && (r->failure == TOKEN_LIMITED || r->failure == TOKEN_NETWORK
	    || r->failure == TOKEN_BREACH)) {
		try_again(ch, STEP_TOKEN, ST_NET, now_us, r->retry_after_us,
			(int)r->http_status, r->text);
		return;
	}
	attempt_token_failed(&ch->a, ch->token, now_us, LACKS);
	settle(ch, STEP_TOKEN);
}

static void judge_token(struct channel *ch, enum token_state state, int64_t now_us)
{
	switch (state) {
	case TOKEN_READY:
		after_token(ch, now_us);
		break;
	case TOKEN_FAILED:
		token_failed(ch, now_us);
		break;
	case TOKEN_NONE:
	case TOKEN_LOCKING:
	case TOKEN_ASKING:
		ch->begun = true;
		break;
	}
}

static void begin(struct channel *ch, int64_t now_us, struct lines *warnings)
{
	int64_t end_us = retry_attempt_end_us(&ch->a.retry, now_us, ch->conf.retry_for_us
		? ch->conf.retry_for_us : 2 * ch->conf.connect_timeout_us);

	switch (ch->step) {
	case STEP_NONE:
		break;
	case STEP_TOKEN:
		judge_token(ch, token_want(ch->token, now_us,
			is_beside(ch) ? now_us + 2 * ch->conf.connect_timeout_us
			: end_us + BEHIND_US, warnings), now_us);
		break;
	case STEP_CREATE:
		ask(ch, "POST", CHANNELS, NULL, "{}", now_us);
		break;
	case STEP_TOPICS:
		begin_topics(ch, now_us);
		break;
	case STEP_HEAD:
		ask(ch, "HEAD", CHANNELS "/", "", NULL, now_us);
		break;
	case STEP_CONNECT:
		begin_connect(ch, now_us);
		break;
	case STEP_SNAPSHOT:
		begin_snapshot(ch, now_us);
		break;
	}
}

/* --- answers ------------------------------------------------------------------------- */

/* The channel goes; its subscriptions are deleted when there is time for it. */
static void leave_channel(struct channel *ch)
{
	if (ch->id && ch->nleft < LEFT_MAX)
		ch->left[ch->nleft++] = ch->id;
	else
		wipe(&ch->id);
	ch->id = NULL;
	wipe(&ch->uri);
}

static void new_channel(struct channel *ch, int64_t not_before_us)
{
	leave_channel(ch);
	ch->handover = ch->renewal = false;
	enter(ch, STEP_TOKEN, not_before_us);
}

static void created(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	char *id, *uri, text[256];
	const char *why = api_parse_channel(answer->body, answer->len, ch->conf.plain, &id, &uri);

	if (why) {
		snprintf(text, sizeof(text), "the answer to a new channel is malformed: %s", why);
		breach(ch, STEP_CREATE, now_us, text);
		return;
	}
	leave_channel(ch);
	ch->id = id;
	ch->uri = uri;
	attempt_tell(&ch->a, STREAM_SECRET, id);
	attempt_tell(&ch->a, STREAM_SECRET, uri);
	ch->one_by_one = false;
	enter(ch, STEP_TOPICS, now_us);
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

static bool on_refusal(void *arg, const struct api_refusal *r)
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
		attempt_tell(&ch->a, STREAM_WARNING, text);
	ch->nquiet = 0;
}

static void subscribed(struct channel *ch, int64_t now_us)
{
	bool renewal = ch->renewal;

	ch->topics_us = now_us;
	ch->renewal = false;
	tell_quiet(ch);
	if (renewal)
		ch->token_renewed = false;
	if (ch->nrefused == ch->nqueue)
		over_with(ch, ST_AUTH, "every queue was refused", LACKS);
	else if (renewal)
		enter(ch, STEP_NONE, INT64_MAX);
	else
		enter(ch, STEP_CONNECT, now_us);
}

static void put_topics(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	const char *why = api_parse_topics(answer->body, answer->len, on_refusal, ch);
	char text[256];

	if (why) {
		snprintf(text, sizeof(text), "the answer to the topics is malformed: %s", why);
		breach(ch, STEP_TOPICS, now_us, text);
		return;
	}
	if (ch->one_by_one && ++ch->next_queue < ch->nqueue) {
		size_t next = ch->next_queue;

		enter(ch, STEP_TOPICS, now_us);
		ch->next_queue = next;
		return;
	}
	subscribed(ch, now_us);
}

static void took_snapshot(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	size_t next = ch->next_queue + batch_size(ch), nbody = ch->nbody + 1;

	if (!buf_add(&ch->body[ch->nbody], answer->body, answer->len)) {
		over(ch, ST_OUTPUT, "out of memory");
		return;
	}
	ch->nbody = nbody;
	if (next >= ch->nqueue) {
		all_answered(ch);
		return;
	}
	rest_free(ch->rest);
	ch->rest = NULL;
	ch->begun = false;
	ch->next_queue = next;
	ch->not_before_us = now_us;
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
		attempt_tell(&ch->a, STREAM_WARNING, "an idle close: the channel is still there");
		enter(ch, STEP_CONNECT, now_us);
		break;
	case STEP_SNAPSHOT:
		took_snapshot(ch, answer, now_us);
		break;
	case STEP_NONE:
	case STEP_TOKEN:
	case STEP_CONNECT:
		break;
	}
}

static void unauthorised(struct channel *ch, const char *text, int64_t now_us)
{
	attempt_tell(&ch->a, STREAM_TOKEN_REFUSED, text)->http_status = 401;
	token_drop(ch->token);
	ch->a.told_token = NULL;
	if (ch->token_renewed || ch->conf.retry_for_us == 0) {
		over_with(ch, ST_AUTH, text, attempt_check_these);
		return;
	}
	ch->token_renewed = true;
	new_channel(ch, now_us);
}

static void forbidden(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	char text[640];
	size_t next = ch->next_queue;

	snprintf(text, sizeof(text), "%.300s%s%.200s", answer->text,
		answer->missing_permissions[0] ? "; missing permissions: " : "",
		answer->missing_permissions);
	if (ch->step != STEP_TOPICS) {
		over_with(ch, ST_AUTH, text, LACKS);
		return;
	}
	if (!ch->one_by_one) {	/* one of them is enough for that: which? */
		ch->one_by_one = true;
		enter(ch, STEP_TOPICS, now_us);
		return;
	}
	if (!refuse(ch, next, text)) {
		over(ch, ST_OUTPUT, "out of memory");
	} else if (next + 1 < ch->nqueue) {
		enter(ch, STEP_TOPICS, now_us);
		ch->next_queue = next + 1;
	} else {
		subscribed(ch, now_us);
	}
}

/* A newer channel of the client has taken the place of this one. If two runs did that to each
 * other in turns, neither would have a minute. */
static void evicted(struct channel *ch, int64_t now_us)
{
	struct attempt_failure f = { STREAM_RETRY, ST_NET, -1, 0, "evicted: a newer channel of "
		"this client has taken its place; a client has 20 at most" };

	if (ch->evicted_us + EVICTED_US > now_us)
		f.retry_after_us = ch->evicted_us + EVICTED_US - now_us;
	leave_channel(ch);
	ch->handover = ch->renewal = false;
	attempt_again(&ch->a, now_us, &f);
	settle(ch, STEP_TOKEN);
	ch->evicted_us = ch->not_before_us;
}

static void not_found(struct channel *ch, const char *text, int64_t now_us)
{
	if (ch->step == STEP_HEAD) {
		evicted(ch, now_us);
	} else if (ch->step == STEP_TOPICS) {
		leave_channel(ch);
		try_again(ch, STEP_TOKEN, ST_NET, now_us, -1, 404, text);
	} else {
		over_with(ch, ST_REFUSED, text, "this host has no such API");
	}
}

static void failed(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	enum step step = ch->step;
	size_t next = ch->next_queue;
	char text[512];

	snprintf(text, sizeof(text), "%.500s", answer->text);
	switch (answer->kind) {
	case REST_OK:
		break;
	case REST_UNAUTHORISED:
		unauthorised(ch, text, now_us);
		break;
	case REST_FORBIDDEN:
		forbidden(ch, answer, now_us);
		break;
	case REST_NOT_FOUND:
		not_found(ch, text, now_us);
		break;
	case REST_LIMITED:
	case REST_SERVER:
	case REST_NETWORK:
		try_again(ch, step, answer->kind == REST_LIMITED ? ST_RATE : ST_NET, now_us,
			answer->retry_after_us, (int)answer->http_status, text);
		if (step == STEP_TOPICS)
			ch->next_queue = next;	/* those before it are put */
		break;
	case REST_REJECTED:
		over(ch, ST_REFUSED, text);
		break;
	case REST_CERTIFICATE:
		over_with(ch, ST_PROTOCOL, text, "--cacert names the authority to trust");
		break;
	case REST_BREACH:
		breach(ch, step, now_us, text);
		break;
	}
}

static void step_rest(struct channel *ch, int64_t now_us)
{
	const struct rest_answer *answer;

	if (!rest_step(ch->rest, now_us))
		return;
	answer = rest_answer(ch->rest);
	if (answer->kind == REST_OK)
		answered(ch, answer, now_us);
	else
		failed(ch, answer, now_us);
}

/* --- sockets ------------------------------------------------------------------------- */

static void opened(struct channel *ch, size_t slot, int64_t now_us)
{
	struct stream_event *e = attempt_tell(&ch->a, STREAM_CONNECTED, NULL);
	bool replaces = ch->cur >= 0;

	e->at_us = ch->started ? now_us : now_us - now_us % US_PER_MS;
	e->socket = slot;
	retry_connected(&ch->a.retry, now_us);
	ch->a.status = ST_OK;
	if (replaces) {
		ch->line[ch->cur].state = LINE_DRAINING;
		ch->line[ch->cur].until_us = now_us + (ch->handover ? HANDOVER_US : OVERLAP_US);
	}
	ch->cur = (int)slot;
	ch->line[slot].state = LINE_UP;
	ch->line[slot].until_us = now_us + ch->conf.idle_timeout_us;
	ch->handover = false;
	ch->started = ch->started || !ch->conf.snapshot;
	ch->token_renewed = ch->token_renewed && ch->snapshot_due;
	enter(ch, ch->snapshot_due ? STEP_SNAPSHOT : STEP_NONE,
		ch->snapshot_due ? now_us : INT64_MAX);
}

static void drop(struct line *l)
{
	ws_free(l->ws);
	*l = (struct line){ .ws = NULL };
}

/* A handshake that failed. */
static void not_opened(struct channel *ch, const struct ws_event *e, int64_t now_us)
{
	char text[ATTEMPT_TEXT_MAX];

	snprintf(text, sizeof(text), "the channel's socket was refused: %.300s", e->reason);
	switch (e->end) {
	case WS_END_REFUSED:
		if (e->http_status == 401 || e->http_status == 403 || e->http_status == 404) {
			leave_channel(ch);
			ch->handover = false;
			try_again(ch, STEP_TOKEN, ST_NET, now_us, -1, e->http_status, text);
		} else if (e->http_status == 429 || e->http_status >= 500) {
			try_again(ch, STEP_CONNECT, e->http_status == 429 ? ST_RATE : ST_NET,
				now_us, e->retry_after_us, e->http_status, text);
		} else {
			over(ch, ST_REFUSED, text);
		}
		break;
	case WS_END_CERTIFICATE:
		over_with(ch, ST_PROTOCOL, e->reason, "--cacert names the authority to trust");
		break;
	case WS_END_BREACH:
		breach(ch, STEP_CONNECT, now_us, e->reason);
		break;
	case WS_END_CLOSED:
	case WS_END_NETWORK:
	case WS_END_OURS:
	case WS_END_TOO_BIG:
	case WS_END_BAD_TEXT:
		try_again(ch, STEP_CONNECT, ST_NET, now_us, -1, 0, e->reason);
		break;
	}
}

/* The socket that counted has ended. A job that was to replace it goes on, and counts now. */
static void lost(struct channel *ch, size_t slot, const struct ws_event *e, int64_t now_us)
{
	bool unsubscribed = ch->line[slot].unsubscribed;
	char text[ATTEMPT_TEXT_MAX];

	snprintf(text, sizeof(text), "the service closed the socket: %d %.200s", e->close_code,
		e->reason);
	attempt_lost(&ch->a, now_us, now_us, slot, e->close_code, e->reason);
	ch->cur = -1;
	ch->snapshot_due = ch->conf.snapshot;
	if (e->end == WS_END_CLOSED && e->close_code == WS_CLOSE_POLICY) {
		over(ch, ST_REFUSED, text);
	} else if (e->end == WS_END_BREACH) {
		breach(ch, STEP_CONNECT, now_us, e->reason);
	} else if (unsubscribed) {
		evicted(ch, now_us);
	} else if (ch->step == STEP_NONE || ch->step == STEP_SNAPSHOT || ch->renewal) {
		ch->renewal = false;
		try_again(ch, e->close_code == 1001 ? STEP_HEAD : STEP_CONNECT, ST_NET, now_us,
			-1, 0, text);
	} else if (!ch->begun) {
		ch->not_before_us = now_us;
	}
}

static void ended(struct channel *ch, size_t slot, const struct ws_event *e, int64_t now_us)
{
	enum line_state state = ch->line[slot].state;
	struct stream_event *told;

	switch (state) {
	case LINE_NONE:
		break;
	case LINE_CONNECTING:
		not_opened(ch, e, now_us);
		break;
	case LINE_UP:
	case LINE_SILENT:
		lost(ch, slot, e, now_us);
		break;
	case LINE_DRAINING:
	case LINE_CLOSING:
		if (ch->closing) {
			if (!ch->closed_told)
				attempt_tell(&ch->a, STREAM_CLOSED, NULL)->close_code
					= e->close_code;
			ch->closed_told = true;
			break;
		}
		told = attempt_tell(&ch->a, STREAM_LOST, e->reason);
		told->at_us = now_us;
		told->socket = slot;
		told->close_code = e->close_code;
		break;
	}
	drop(&ch->line[slot]);
}

/* Puts the event that a message makes, or the sign of life before it. */
static bool take_message(struct channel *ch, size_t slot, const struct ws_event *e,
	int64_t now_us, struct stream_event *event)
{
	struct line *l = &ch->line[slot];
	bool was_silent = l->state == LINE_SILENT;

	if (l->state != LINE_UP && l->state != LINE_DRAINING && !was_silent)
		return false;
	ch->message = (struct stream_event){
		.kind = STREAM_MESSAGE, .at_us = now_us, .text = e->text, .len = e->len,
		.binary = e->kind == WS_BINARY, .socket = slot
	};
	if (l->state != LINE_DRAINING && !l->unsubscribed) {
		l->state = LINE_UP;
		l->until_us = now_us + ch->conf.idle_timeout_us;
	}
	if (was_silent) {
		*event = (struct stream_event){ .kind = STREAM_CONNECTED, .at_us = now_us,
			.socket = slot };
		ch->held = true;
		ch->a.status = ST_OK;
	} else {
		*event = ch->message;
	}
	return true;
}

static bool next_of_line(struct channel *ch, size_t slot, int64_t now_us,
	struct stream_event *event)
{
	struct ws_event e;

	while (!ch->a.waiting && ch->line[slot].ws && ws_next(ch->line[slot].ws, &e)) {
		switch (e.kind) {
		case WS_OPENED:
			if (ch->line[slot].state == LINE_CONNECTING)
				opened(ch, slot, now_us);
			break;
		case WS_TEXT:
		case WS_BINARY:
			if (take_message(ch, slot, &e, now_us, event))
				return true;
			break;
		case WS_ENDED:
			ended(ch, slot, &e, now_us);
			break;
		}
	}
	return false;
}

/* The snapshot's answers are told when all of them are in. */
static bool next_answer(struct channel *ch, int64_t now_us, struct stream_event *event)
{
	size_t i = ch->answers_told;

	if (!ch->answers_due || i == ch->nbody)
		return false;
	*event = (struct stream_event){
		.kind = STREAM_ANSWER, .at_us = now_us, .answer = ANSWER_SNAPSHOT,
		.text = ch->body[i].data, .len = ch->body[i].len, .asked_us = ch->asked_us[i]
	};
	ch->answers_told++;
	ch->started = true;
	return true;
}

static bool next_refusal(struct channel *ch, struct stream_event *event)
{
	if (ch->refused_told == ch->nrefused)
		return false;
	*event = (struct stream_event){
		.kind = STREAM_REFUSED,
		.queue_id = ch->queue[ch->reason_queue[ch->refused_told]],
		.text = ch->reasons.v[ch->refused_told],
		.len = strlen(ch->reasons.v[ch->refused_told])
	};
	ch->refused_told++;
	return true;
}

bool channel_next(struct channel *ch, int64_t now_us, struct stream_event *event)
{
	if (ch->held) {
		ch->held = false;
		*event = ch->message;
		return true;
	}
	if (next_refusal(ch, event) || attempt_take(&ch->a, event)
	    || next_answer(ch, now_us, event))
		return true;
	for (size_t i = 0; i < LINES; i++)
		if (next_of_line(ch, i, now_us, event))
			return true;
	return attempt_take(&ch->a, event);
}

/* --- once a turn --------------------------------------------------------------------- */

static void ask_for_life(struct channel *ch, struct line *l, int64_t now_us)
{
	struct stream_event *e;

	if (!ws_send(l->ws, "{\"message\":\"ping\"}")) {
		l->until_us = now_us + US_PER_MS;
		return;
	}
	e = attempt_tell(&ch->a, STREAM_SILENT, "no message for --idle-timeout; a ping is sent");
	e->at_us = now_us;
	e->socket = (size_t)ch->cur;
	l->state = LINE_SILENT;
	l->until_us = now_us + ch->conf.pong_timeout_us;
	ch->a.status = ST_NET;
}

bool channel_watch(struct channel *ch, int64_t now_us)
{
	struct line *l = ch->cur >= 0 ? &ch->line[ch->cur] : NULL;
	const struct ws_event dead = { .end = WS_END_NETWORK, .reason = l && l->unsubscribed
		? "unsubscribed by the service"
		: "no answer to a ping within --pong-timeout" };

	if (!l || now_us < l->until_us || ch->held)
		return false;
	if (l->state == LINE_UP && !l->unsubscribed) {
		ask_for_life(ch, l, now_us);
	} else if (l->state == LINE_SILENT || l->unsubscribed) {
		size_t slot = (size_t)ch->cur;

		lost(ch, slot, &dead, now_us);
		drop(&ch->line[slot]);
	} else {
		return false;
	}
	return true;
}

static void step_lines(struct channel *ch, int64_t now_us)
{
	for (size_t i = 0; i < LINES; i++) {
		struct line *l = &ch->line[i];

		if (!l->ws)
			continue;
		if (l->state == LINE_DRAINING && now_us >= l->until_us) {
			l->state = LINE_CLOSING;
			l->until_us = INT64_MAX;	/* ws has a bound of its own */
			ws_close(l->ws, now_us);
		}
		ws_step(l->ws, now_us);
	}
}

static void step_handshake(struct channel *ch, int64_t now_us)
{
	for (size_t i = 0; i < LINES; i++) {
		struct line *l = &ch->line[i];
		const struct ws_event late = { .end = WS_END_NETWORK,
			.reason = "no handshake within --connect-timeout" };

		if (l->state != LINE_CONNECTING || now_us < l->until_us)
			continue;
		drop(l);
		not_opened(ch, &late, now_us);
	}
}

/* What time brings: topics anew, a channel with the next token. */
static void begin_by_time(struct channel *ch, int64_t now_us)
{
	if (ch->step != STEP_NONE || ch->cur < 0 || !ch->started || ch->conf.once)
		return;
	if (now_us >= ch->change_us) {
		ch->a.told_token = NULL;
		enter(ch, STEP_TOKEN, now_us);
	} else if (now_us - ch->topics_us >= RENEW_US) {
		ch->renewal = true;
		enter(ch, STEP_TOPICS, now_us);
	}
}

static void step_deletions(struct channel *ch, int64_t now_us)
{
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		if (ch->deletion[i] && rest_step(ch->deletion[i], now_us)) {
			rest_free(ch->deletion[i]);
			ch->deletion[i] = NULL;
		}
}

/* The subscriptions of a channel are deleted; the ID is consumed. */
static void begin_deletion(struct channel *ch, char **id, int64_t now_us)
{
	struct rest_call call = { .method = "DELETE", .token = token_value(ch->token),
		.timeout_us = ch->conf.connect_timeout_us };
	char *url = NULL;
	size_t i = 0;

	while (i < ARRAY_LEN(ch->deletion) && ch->deletion[i])
		i++;
	if (i < ARRAY_LEN(ch->deletion) && call.token
	    && asprintf(&url, "%s" CHANNELS "/%s/subscriptions",
		ch->conf.api_url, *id) >= 0) {
		call.url = url;
		ch->deletion[i] = rest_start(ch->net, &call, now_us);
		wipe(&url);
	}
	wipe(id);
}

/* Those of a channel that a socket still hangs on, or while nothing may be asked, stay. */
static void delete_left(struct channel *ch, int64_t now_us)
{
	if (ch->cur >= 0 ? ch->step != STEP_NONE || ch->line[1 - ch->cur].state != LINE_NONE
	    : ch->line[0].ws || ch->line[1].ws || now_us < ch->not_before_us
	    || !token_value(ch->token))
		return;
	while (ch->nleft)
		begin_deletion(ch, &ch->left[--ch->nleft], now_us);
}

void channel_step(struct channel *ch, int64_t now_us, struct lines *warnings)
{
	step_lines(ch, now_us);
	step_deletions(ch, now_us);
	if (ch->a.waiting || ch->closing || ch->a.over)
		return;
	step_handshake(ch, now_us);
	if (ch->rest)
		step_rest(ch, now_us);
	else if (ch->begun && ch->step == STEP_TOKEN)
		judge_token(ch, token_step(ch->token, now_us, warnings), now_us);
	begin_by_time(ch, now_us);
	delete_left(ch, now_us);
	if (ch->step == STEP_NONE || ch->begun || now_us < ch->not_before_us || ch->a.over)
		return;
	if (!is_beside(ch) && ch->conf.retry_for_us && now_us >= ch->a.retry.deadline_us) {
		attempt_time_is_up(&ch->a, ch->a.failure[0] ? ch->a.failure : "no connection");
		enter(ch, STEP_NONE, INT64_MAX);
		return;
	}
	begin(ch, now_us, warnings);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t channel_deadline_us(const struct channel *ch)
{
	int64_t at = INT64_MAX;

	if (ch->a.waiting || ch->held || ch->refused_told < ch->nrefused
	    || (ch->answers_due && ch->answers_told < ch->nbody))
		return INT64_MIN;
	for (size_t i = 0; i < LINES; i++)
		if (ch->line[i].ws)
			at = earlier(at, earlier(ch->line[i].until_us,
				ws_deadline_us(ch->line[i].ws)));
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		if (ch->deletion[i])
			at = earlier(at, rest_deadline_us(ch->deletion[i]));
	if (ch->rest)
		at = earlier(at, rest_deadline_us(ch->rest));
	else if (ch->begun && ch->step == STEP_TOKEN)
		at = earlier(at, token_deadline_us(ch->token));
	else if (ch->step != STEP_NONE && !ch->begun)
		at = earlier(at, ch->not_before_us);
	return at;
}

/* A job that can wait: nothing of it is lost if another one comes first. */
static bool is_free(const struct channel *ch)
{
	return ch->step == STEP_NONE || ch->step == STEP_SNAPSHOT || ch->renewal;
}

void channel_tell(struct channel *ch, size_t socket, enum channel_told told, int64_t now_us)
{
	struct line *l = &ch->line[socket];

	if (ch->cur != (int)socket || ch->closing || ch->a.over)
		return;
	switch (told) {
	case CHANNEL_CLOSING:
		if (!is_free(ch) && !(ch->step == STEP_TOKEN && ch->id))
			break;		/* another socket is on its way */
		ch->handover = true;
		ch->renewal = false;
		enter(ch, STEP_CONNECT, now_us);
		break;
	case CHANNEL_UNSUBSCRIBED:	/* the server closes it, or it would be silent for good */
		l->unsubscribed = true;
		l->until_us = now_us + UNSUBSCRIBED_US;
		break;
	case CHANNEL_REVOKED:
		if (!is_free(ch))
			break;
		token_drop(ch->token);
		ch->a.told_token = NULL;
		ch->renewal = false;
		enter(ch, STEP_TOKEN, now_us);
		break;
	}
}

/* --- the end ------------------------------------------------------------------------- */

bool channel_is_up(const struct channel *ch)
{
	return ch->cur >= 0 && ch->line[ch->cur].state == LINE_UP;
}

size_t channel_refused(const struct channel *ch)
{
	return ch->nrefused;
}

enum status channel_status(const struct channel *ch)
{
	if (!channel_is_up(ch) && !ch->conf.once)
		return ch->a.status == ST_OK ? ST_NET : ch->a.status;
	return ch->nrefused && !ch->conf.skip_refused ? ST_AUTH : ST_OK;
}

void channel_close(struct channel *ch, int64_t now_us)
{
	if (ch->closing)
		return;
	ch->closing = true;
	ch->a.first = ch->a.waiting = 0;
	ch->held = false;
	enter(ch, STEP_NONE, INT64_MAX);
	for (size_t i = 0; i < LINES; i++) {
		struct line *l = &ch->line[i];

		if (l->state == LINE_CONNECTING)
			drop(l);
		if (!l->ws)
			continue;
		l->state = LINE_CLOSING;
		l->until_us = INT64_MAX;
		ws_close(l->ws, now_us);
	}
	while (ch->nleft)
		begin_deletion(ch, &ch->left[--ch->nleft], now_us);
	if (ch->id)
		begin_deletion(ch, &ch->id, now_us);
}

bool channel_is_closed(const struct channel *ch)
{
	if (!ch->closing || ch->a.waiting)
		return false;
	for (size_t i = 0; i < LINES; i++)
		if (ch->line[i].ws)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(ch->deletion); i++)
		if (ch->deletion[i])
			return false;
	return true;
}

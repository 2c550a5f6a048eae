#include "source/queue_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/rest.h"
#include "source/queue_cache.h"
#include "util/base.h"

#define LACKS "the OAuth client needs a role with Routing > Queue > View " \
	"(client-credentials clients get roles, not scopes)"
#define PAGES_MAX 200

enum lookup_state { CACHE, TOKEN, ASKING, BACKOFF, READY, OVER };

struct queue_lookup {
	struct queue_lookup_conf conf;
	struct http *http;
	struct token *token;
	struct session session;
	enum lookup_state state;
	int64_t until_us;		/* if no request is under way: when to step next */
	struct queue_list list;		/* from the pages so far, or from the cache */
	struct rest *rest;		/* ASKING: the request for a page */
	unsigned page;			/* its number, from 1 */
	int64_t end_us;			/* when all pages must have come */
};

struct queue_lookup *queue_lookup_new(const struct queue_lookup_conf *conf, struct http *http,
	struct token *token, int64_t now_us)
{
	struct queue_lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->conf = *conf;
	l->http = http;
	l->token = token;
	l->until_us = now_us;
	l->page = 1;
	session_init(&l->session, conf->retry_for_us, conf->request_us, now_us, LACKS);
	return l;
}

void queue_lookup_free(struct queue_lookup *l)
{
	if (!l)
		return;
	rest_free(l->rest);
	queue_list_free(&l->list);
	free(l);
}

bool queue_lookup_next(struct queue_lookup *l, struct session_event *event)
{
	return session_next(&l->session, event);
}

static void settle(struct queue_lookup *l)
{
	l->state = l->session.over ? OVER : BACKOFF;
	l->until_us = l->session.over ? INT64_MAX : l->session.again_us;
}

/* The next attempt continues with the same page. */
static void failed(struct queue_lookup *l, int64_t now_us, struct retry_failure f)
{
	session_failed(&l->session, l->token, now_us, &f);
	rest_free(l->rest);
	l->rest = NULL;
	settle(l);
}

static void failed_with(struct queue_lookup *l, int64_t now_us, enum http_failure kind,
	const char *text)
{
	failed(l, now_us, (struct retry_failure){ .what = FAILED_API, .kind = kind,
		.retry_after_us = -1, .text = text });
}

static void ready(struct queue_lookup *l)
{
	l->state = READY;
	l->until_us = INT64_MAX;
}

static struct queue_cache_key cache_key(const struct queue_lookup *l)
{
	return (struct queue_cache_key){ l->conf.api_url, l->conf.client };
}

/* --- pages -------------------------------------------------------------------------- */

static void ask_page(struct queue_lookup *l, int64_t now_us)
{
	struct rest_call call = { .method = "GET", .token = token_value(l->token),
		.timeout_us = l->conf.request_us };
	char *url = NULL;

	rest_free(l->rest);
	l->rest = NULL;
	if (call.timeout_us > l->end_us - now_us)
		call.timeout_us = l->end_us - now_us;
	if (asprintf(&url, "%s/api/v2/routing/queues?pageSize=500&pageNumber=%u",
	    l->conf.api_url, l->page) > 0) {
		call.url = url;
		l->rest = rest_start(l->http, &call, now_us);
		free(url);
	}
	l->state = ASKING;
	if (!l->rest)
		failed_with(l, now_us, HTTP_NETWORK, why_no_memory);
}

static void take_page(struct queue_lookup *l, const struct rest_answer *a, int64_t now_us,
	struct lines *warnings)
{
	const struct queue_cache_key key = cache_key(l);
	struct queue_list_page page;
	const char *why = queue_list_parse_page(a->body, a->len, &l->list, &page);
	char text[SESSION_TEXT_MAX];

	if (!why && (l->page < page.page_count || (page.has_next && page.queues))) {
		if (l->page++ < PAGES_MAX) {
			ask_page(l, now_us);
			return;
		}
		why = "it has more than 200 pages of 500 queues; give IDs with --queue";
	}
	if (why == why_no_memory) {
		failed_with(l, now_us, HTTP_NETWORK, why);
	} else if (why) {
		snprintf(text, sizeof(text), "the list of queues cannot be read: %s (%.300s)", why,
			a->text);
		failed_with(l, now_us, HTTP_BREACH, text);
	} else {
		queue_list_sort(&l->list);
		if (l->conf.client)
			queue_cache_store(&key, &l->list, now_us, warnings);
		ready(l);
	}
}

static void step_page(struct queue_lookup *l, int64_t now_us, struct lines *warnings)
{
	const struct rest_answer *answer;

	if (!rest_step(l->rest, now_us))
		return;
	answer = rest_answer(l->rest);
	if (answer->kind == HTTP_OK)
		take_page(l, answer, now_us, warnings);
	else
		failed(l, now_us, retry_failure_of_answer(FAILED_API, answer));
}

/* --- once a turn -------------------------------------------------------------------- */

static void take_token(struct queue_lookup *l, enum token_state state, int64_t now_us)
{
	l->state = TOKEN;
	if (state == TOKEN_READY) {
		session_token_came(&l->session, l->token);
		l->end_us = session_end_us(&l->session, now_us);
		ask_page(l, now_us);
	} else if (state == TOKEN_FAILED) {
		failed(l, now_us, retry_failure_of_token(token_result(l->token)));
	}
}

static bool is_cached(struct queue_lookup *l, int64_t now_us, struct lines *warnings)
{
	struct queue_cache_key key = cache_key(l);

	return l->conf.client && !l->conf.fresh && queue_cache_load(&key, l->conf.pattern,
		l->conf.npattern, now_us, &l->list, warnings);
}

static void begin(struct queue_lookup *l, int64_t now_us, struct lines *warnings)
{
	if (l->state == BACKOFF && now_us >= l->session.retry.deadline_us && l->conf.retry_for_us) {
		session_time_is_up(&l->session, "the list of queues could not be read");
		settle(l);
		return;
	}
	if (l->state == CACHE && is_cached(l, now_us, warnings)) {
		ready(l);
		return;
	}
	take_token(l, token_want(l->token, now_us, session_end_us(&l->session, now_us)), now_us);
}

void queue_lookup_step(struct queue_lookup *l, int64_t now_us, struct lines *warnings)
{
	if (l->session.waiting)
		return;
	switch (l->state) {
	case CACHE:
		begin(l, now_us, warnings);
		break;
	case BACKOFF:
		if (now_us >= l->until_us)
			begin(l, now_us, warnings);
		break;
	case TOKEN:
		take_token(l, token_step(l->token, now_us), now_us);
		break;
	case ASKING:
		step_page(l, now_us, warnings);
		break;
	case READY:
	case OVER:
		break;
	}
}

int64_t queue_lookup_deadline_us(const struct queue_lookup *l)
{
	if (l->session.waiting)
		return INT64_MIN;
	switch (l->state) {
	case TOKEN: return token_deadline_us(l->token);
	case ASKING: return rest_deadline_us(l->rest);
	case CACHE:
	case BACKOFF:
	case READY:
	case OVER: break;
	}
	return l->until_us;
}

bool queue_lookup_is_ready(const struct queue_lookup *l)
{
	return l->state == READY && !l->session.waiting;
}

const struct queue_list *queue_lookup_list(const struct queue_lookup *l)
{
	return &l->list;
}

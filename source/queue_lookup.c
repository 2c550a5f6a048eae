#include "source/queue_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "source/queue_cache.h"
#include "source/queue_fetch.h"

#define LACKS "the OAuth client needs a role with Routing > Queue > View " \
	"(client-credentials clients get roles, not scopes)"

enum lookup_state { CACHE, TOKEN, ASKING, BACKOFF, READY, OVER };

struct queue_lookup {
	struct queue_lookup_conf conf;
	struct token *token;
	struct queue_fetch *fetch;
	struct queue_list cached;
	const struct queue_list *list;	/* of fetch, or cached */
	struct session session;
	enum lookup_state state;
	int64_t until_us;
};

struct queue_lookup *queue_lookup_new(const struct queue_lookup_conf *conf, struct http *http,
	struct token *token, int64_t now_us)
{
	struct queue_fetch_conf fetch = { conf->api_url, conf->request_us };
	struct queue_lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->conf = *conf;
	l->token = token;
	l->until_us = now_us;
	session_init(&l->session, conf->retry_for_us, conf->request_us, now_us, LACKS);
	l->fetch = queue_fetch_new(&fetch, http);
	if (!l->fetch) {
		queue_lookup_free(l);
		return NULL;
	}
	l->list = queue_fetch_list(l->fetch);
	return l;
}

void queue_lookup_free(struct queue_lookup *l)
{
	if (!l)
		return;
	queue_fetch_free(l->fetch);
	queue_list_free(&l->cached);
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

static void failed(struct queue_lookup *l, int64_t now_us, struct retry_failure f)
{
	session_failed(&l->session, l->token, now_us, &f);
	settle(l);
}

static void judge(struct queue_lookup *l, enum queue_fetch_state state, int64_t now_us)
{
	l->state = ASKING;
	if (state == QUEUE_FETCH_READY) {
		l->state = READY;
		l->until_us = INT64_MAX;
	} else if (state == QUEUE_FETCH_FAILED) {
		failed(l, now_us, retry_failure_of_answer(FAILED_API,
			queue_fetch_failure(l->fetch)));
	}
}

static void take_token(struct queue_lookup *l, enum token_state state, int64_t now_us)
{
	l->state = TOKEN;
	if (state == TOKEN_READY) {
		session_token_came(&l->session, l->token);
		judge(l, queue_fetch_ask(l->fetch, token_value(l->token), now_us,
			session_end_us(&l->session, now_us)), now_us);
	} else if (state == TOKEN_FAILED) {
		failed(l, now_us, retry_failure_of_token(token_result(l->token)));
	}
}

static struct queue_cache_key cache_key(const struct queue_lookup *l)
{
	return (struct queue_cache_key){ l->conf.api_url, l->conf.client };
}

static bool is_cached(struct queue_lookup *l, int64_t now_us, struct lines *warnings)
{
	struct queue_cache_key key = cache_key(l);

	if (!l->conf.client || l->conf.fresh || !queue_cache_load(&key, l->conf.pattern,
	    l->conf.npattern, now_us, &l->cached, warnings))
		return false;
	l->list = &l->cached;
	return true;
}

static void step_fetch(struct queue_lookup *l, int64_t now_us, struct lines *warnings)
{
	struct queue_cache_key key = cache_key(l);
	enum queue_fetch_state state = queue_fetch_step(l->fetch, now_us);

	if (state == QUEUE_FETCH_READY && l->conf.client)
		queue_cache_store(&key, l->list, now_us, warnings);
	judge(l, state, now_us);
}

static void begin(struct queue_lookup *l, int64_t now_us, struct lines *warnings)
{
	if (l->state == BACKOFF && now_us >= l->session.retry.deadline_us && l->conf.retry_for_us) {
		session_time_is_up(&l->session, l->session.failure);
		settle(l);
		return;
	}
	if (l->state == CACHE && is_cached(l, now_us, warnings)) {
		judge(l, QUEUE_FETCH_READY, now_us);
		return;
	}
	take_token(l, token_want(l->token, now_us, session_end_us(&l->session, now_us), warnings),
		now_us);
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
		take_token(l, token_step(l->token, now_us, warnings), now_us);
		break;
	case ASKING:
		step_fetch(l, now_us, warnings);
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
	case ASKING: return queue_fetch_deadline_us(l->fetch);
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
	return l->list;
}

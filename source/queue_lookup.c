#include "source/queue_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "source/queue_cache.h"

#define LACKS "the OAuth client needs a role with Routing > Queue > View " \
	"(client-credentials clients get roles, not scopes)"

enum lookup_state { CACHE, TOKEN, ASKING, BACKOFF, READY, OVER };

struct lookup {
	struct lookup_conf conf;
	struct token *token;
	struct names *names;
	struct name_list cached;
	const struct name_list *list;	/* of names, or cached */
	struct attempt a;
	enum lookup_state state;
	int64_t until_us;
	bool token_renewed;
};

struct lookup *lookup_new(const struct lookup_conf *conf, struct net *net, struct token *token,
	int64_t now_us)
{
	struct names_conf names = { conf->api_url, conf->request_us };
	struct lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->conf = *conf;
	l->token = token;
	l->until_us = now_us;
	attempt_init(&l->a, conf->retry_for_us, conf->request_us, now_us);
	l->names = names_new(&names, net);
	if (!l->names) {
		lookup_free(l);
		return NULL;
	}
	l->list = names_list(l->names);
	return l;
}

void lookup_free(struct lookup *l)
{
	if (!l)
		return;
	names_free(l->names);
	name_list_free(&l->cached);
	free(l);
}

bool lookup_next(struct lookup *l, struct stream_event *event)
{
	return attempt_take(&l->a, event);
}

static void settle(struct lookup *l)
{
	l->state = l->a.over ? OVER : BACKOFF;
	l->until_us = l->a.over ? INT64_MAX : l->a.again_us;
}

static void refused(struct lookup *l, const char *text, int64_t now_us)
{
	if (!attempt_renew(&l->a, l->token, &l->token_renewed, text)) {
		settle(l);
		return;
	}
	l->state = BACKOFF;
	l->until_us = now_us;
}

static void failed(struct lookup *l, int64_t now_us)
{
	const struct rest_answer *r = names_failure(l->names);
	struct attempt_failure f = { STREAM_RETRY, r->kind == REST_LIMITED ? ST_RATE : ST_NET,
		r->retry_after_us, (int)r->http_status, r->text };

	switch (r->kind) {
	case REST_UNAUTHORISED:
		refused(l, r->text, now_us);
		return;
	case REST_FORBIDDEN:
		attempt_over_with(&l->a, ST_AUTH, r->text, LACKS);
		break;
	case REST_NOT_FOUND:
		attempt_over_with(&l->a, ST_REFUSED, r->text, "this host has no such API");
		break;
	case REST_OK:
	case REST_LIMITED:
	case REST_SERVER:
	case REST_NETWORK:
		attempt_again(&l->a, now_us, &f);
		break;
	case REST_REJECTED:
		attempt_over(&l->a, ST_REFUSED, r->text);
		break;
	case REST_FATAL:
		attempt_over(&l->a, r->status, r->text);
		break;
	case REST_BREACH:
		attempt_breach(&l->a, STREAM_RETRY, now_us, r->text);
		break;
	}
	settle(l);
}

static void judge(struct lookup *l, enum names_state state, int64_t now_us)
{
	switch (state) {
	case NAMES_READY:
		l->state = READY;
		l->until_us = INT64_MAX;
		break;
	case NAMES_FAILED:
		failed(l, now_us);
		break;
	case NAMES_NONE:
	case NAMES_ASKING:
		l->state = ASKING;
		break;
	}
}

static int64_t end_us(const struct lookup *l, int64_t now_us)
{
	return retry_attempt_end_us(&l->a.retry, now_us, l->conf.retry_for_us
		? l->conf.retry_for_us : 2 * l->conf.request_us);
}

static void judge_token(struct lookup *l, enum token_state state, int64_t now_us)
{
	switch (state) {
	case TOKEN_READY:
		attempt_token_came(&l->a, l->token);
		judge(l, names_ask(l->names, token_value(l->token), now_us, end_us(l, now_us)),
			now_us);
		break;
	case TOKEN_FAILED:
		attempt_token_failed(&l->a, l->token, now_us, LACKS);
		settle(l);
		break;
	case TOKEN_NONE:
	case TOKEN_LOCKING:
	case TOKEN_ASKING:
		l->state = TOKEN;
		break;
	}
}

static struct namecache_key cache_key(const struct lookup *l)
{
	return (struct namecache_key){ l->conf.api_url, l->conf.client };
}

static bool is_cached(struct lookup *l, int64_t now_us, struct lines *warnings)
{
	struct namecache_key key = cache_key(l);

	if (!l->conf.client || l->conf.anew || !namecache_load(&key, l->conf.pattern,
	    l->conf.npattern, now_us, &l->cached, warnings))
		return false;
	l->list = &l->cached;
	return true;
}

static void step_names(struct lookup *l, int64_t now_us, struct lines *warnings)
{
	struct namecache_key key = cache_key(l);
	enum names_state state = names_step(l->names, now_us);

	if (state == NAMES_READY && l->conf.client)
		namecache_store(&key, l->list, now_us, warnings);
	judge(l, state, now_us);
}

static void begin(struct lookup *l, int64_t now_us, struct lines *warnings)
{
	if (l->state == BACKOFF && now_us >= l->a.retry.deadline_us && l->conf.retry_for_us) {
		attempt_time_is_up(&l->a, l->a.failure);
		settle(l);
		return;
	}
	if (l->state == CACHE && is_cached(l, now_us, warnings)) {
		judge(l, NAMES_READY, now_us);
		return;
	}
	judge_token(l, token_want(l->token, now_us, end_us(l, now_us), warnings), now_us);
}

void lookup_step(struct lookup *l, int64_t now_us, struct lines *warnings)
{
	if (l->a.waiting)
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
		judge_token(l, token_step(l->token, now_us, warnings), now_us);
		break;
	case ASKING:
		step_names(l, now_us, warnings);
		break;
	case READY:
	case OVER:
		break;
	}
}

int64_t lookup_deadline_us(const struct lookup *l)
{
	if (l->a.waiting)
		return INT64_MIN;
	switch (l->state) {
	case TOKEN: return token_deadline_us(l->token);
	case ASKING: return names_deadline_us(l->names);
	case CACHE:
	case BACKOFF:
	case READY:
	case OVER: break;
	}
	return l->until_us;
}

bool lookup_is_ready(const struct lookup *l)
{
	return l->state == READY && !l->a.waiting;
}

const struct name_list *lookup_list(const struct lookup *l)
{
	return l->list;
}

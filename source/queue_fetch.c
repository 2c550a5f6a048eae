#include "source/queue_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/text.h"

struct queue_fetch {
	struct queue_fetch_conf conf;
	struct http *http;
	enum queue_fetch_state state;
	struct queue_list list;
	struct rest *rest;
	struct rest_answer failure;
	char *token;
	unsigned page;		/* its number, from 1 */
	int64_t now_us, end_us;
};

struct queue_fetch *queue_fetch_new(const struct queue_fetch_conf *conf, struct http *http)
{
	struct queue_fetch *f = calloc(1, sizeof(*f));

	if (f) {
		f->conf = *conf;
		f->http = http;
	}
	return f;
}

static void end_asking(struct queue_fetch *f)
{
	rest_free(f->rest);
	f->rest = NULL;
	text_wipe(&f->token);
}

void queue_fetch_free(struct queue_fetch *f)
{
	if (!f)
		return;
	end_asking(f);
	queue_list_free(&f->list);
	free(f);
}

static enum queue_fetch_state failed(struct queue_fetch *f, const struct rest_answer *answer)
{
	f->failure = *answer;
	f->failure.body = "";
	f->failure.len = 0;
	end_asking(f);
	return f->state = QUEUE_FETCH_FAILED;
}

static enum queue_fetch_state failed_with(struct queue_fetch *f, enum http_failure kind,
	const char *what)
{
	struct rest_answer a = { .kind = kind, .retry_after_us = -1 };

	snprintf(a.text, sizeof(a.text), "%s", what);
	return failed(f, &a);
}

static enum queue_fetch_state ask_page(struct queue_fetch *f)
{
	struct rest_call call = {
		.method = "GET", .token = f->token, .timeout_us = f->conf.request_us
	};
	char *url = NULL;

	rest_free(f->rest);
	f->rest = NULL;
	if (call.timeout_us > f->end_us - f->now_us)
		call.timeout_us = f->end_us - f->now_us;
	if (f->token && asprintf(&url, "%s/api/v2/routing/queues?pageSize=500&pageNumber=%u",
	    f->conf.base_url, f->page) > 0) {
		call.url = url;
		f->rest = rest_start(f->http, &call, f->now_us);
		free(url);
	}
	if (!f->rest)
		return failed_with(f, HTTP_NETWORK, why_no_memory);
	return f->state = QUEUE_FETCH_ASKING;
}

enum queue_fetch_state queue_fetch_ask(struct queue_fetch *f, const char *token, int64_t now_us,
	int64_t end_us)
{
	if (f->state == QUEUE_FETCH_ASKING)
		return f->state;
	if (f->state != QUEUE_FETCH_FAILED) {
		queue_list_free(&f->list);
		f->page = 1;
	}
	f->now_us = now_us;
	f->end_us = end_us;
	f->token = strdup(token);
	return ask_page(f);
}

static enum queue_fetch_state take_page(struct queue_fetch *f, const struct rest_answer *a)
{
	struct queue_list_page page;
	const char *why;
	char text[sizeof(a->text)];

	if (a->kind != HTTP_OK)
		return failed(f, a);
	why = queue_list_parse_page(a->body, a->len, &f->list, &page);
	if (!why && (f->page < page.page_count || (page.has_next && page.queues))) {
		if (f->page++ < QUEUE_FETCH_PAGES_MAX)
			return ask_page(f);
		why = "it has more than 200 pages";
	}
	if (why == why_no_memory)
		return failed_with(f, HTTP_NETWORK, why);
	if (why) {
		snprintf(text, sizeof(text), "the list of queues cannot be read: %s (%.300s)", why,
			a->text);
		return failed_with(f, HTTP_BREACH, text);
	}
	end_asking(f);
	queue_list_sort(&f->list);
	return f->state = QUEUE_FETCH_READY;
}

enum queue_fetch_state queue_fetch_step(struct queue_fetch *f, int64_t now_us)
{
	f->now_us = now_us;
	if (f->state == QUEUE_FETCH_ASKING && rest_step(f->rest, now_us))
		return take_page(f, rest_answer(f->rest));
	return f->state;
}

int64_t queue_fetch_deadline_us(const struct queue_fetch *f)
{
	return f->state != QUEUE_FETCH_ASKING ? INT64_MAX
		: rest_is_done(f->rest) ? INT64_MIN : rest_deadline_us(f->rest);
}

const struct queue_list *queue_fetch_list(const struct queue_fetch *f)
{
	return &f->list;
}

const struct rest_answer *queue_fetch_failure(const struct queue_fetch *f)
{
	return &f->failure;
}

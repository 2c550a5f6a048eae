#include "source/channel_topics.h"

#include <stdio.h>
#include <string.h>

#include "source/channel_setup.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"

#define REFUSED_IN_VAIN 200	/* give up if so many queues were refused and none permitted: a
				   client can make only 300 requests a minute */

void channel_topics_reset(struct channel *ch)
{
	struct channel_topics *t = &ch->topics;

	t->n = t->next = t->suspect = 0;
	t->in_pieces = t->any = false;
	for (size_t i = 0; i < ch->nqueue; i++)
		if (!ch->refusals.refused[i])
			t->queue[t->n++] = i;
	t->size = t->n;
}

void channel_topics_ask(struct channel *ch, int64_t now_us)
{
	const char *queue[CHANNEL_QUEUES_MAX] = { NULL };
	const struct channel_topics *t = &ch->topics;
	struct buf body = { 0 };

	for (size_t i = 0; i < t->size; i++)
		queue[i] = ch->queue[t->queue[t->next + i]];
	if (channel_api_put_topics(&body, queue, t->size) && buf_char(&body, '\0'))
		channel_setup_ask(ch, t->in_pieces ? "POST" : "PUT", CHANNELS_PATH "/",
			"/subscriptions?ignoreErrors=true", body.data, now_us);
	else
		channel_setup_over(ch, ST_OUTPUT, "out of memory");
	buf_free(&body);
}

static bool refuse(struct channel *ch, size_t queue, const char *reason)
{
	if (ch->refusals.refused[queue])
		return true;
	ch->refusals.refused[queue] = true;
	ch->refusals.queue[ch->refusals.n++] = queue;
	lines_add(&ch->refusals.reason, "%s", reason);
	return !ch->refusals.reason.failed;
}

static bool on_refusal(void *arg, const struct channel_api_refusal *r)
{
	struct channel *ch = arg;

	for (size_t i = 0; i < ch->nqueue; i++) {
		if (strcmp(ch->queue[i], r->queue_id) != 0)
			continue;
		if (r->observations)
			return refuse(ch, i, r->reason[0] ? r->reason : "no reason was given");
		if (!ch->refusals.refused[i] && ch->refusals.nactivity++ == 0)
			snprintf(ch->refusals.activity, sizeof(ch->refusals.activity),
				"the activity of queue %s was refused: %.200s", ch->queue[i],
				r->reason);
	}
	return true;
}

/* There is one warning for all queues, because little is missing: their observations are
 * permitted. */
static void warn_of_activity(struct channel *ch)
{
	char text[sizeof(ch->refusals.activity) + 64];

	snprintf(text, sizeof(text),
		ch->refusals.nactivity > 1 ? "%s (and that of %zu other queues)" : "%s",
		ch->refusals.activity, ch->refusals.nactivity - 1);
	if (ch->refusals.nactivity)
		session_report(&ch->session, SESSION_WARNING, text);
	ch->refusals.nactivity = 0;
}

static void subscribed(struct channel *ch, int64_t now_us)
{
	bool renewal = ch->setup.renewal;
	char text[64];

	ch->topics_us = now_us;
	ch->setup.renewal = false;
	warn_of_activity(ch);
	if (renewal)
		ch->session.token_renewed = false;
	if (ch->refusals.n == ch->nqueue) {
		snprintf(text, sizeof(text), "all %zu queues were refused", ch->nqueue);
		channel_setup_step_failed(ch, HTTP_FORBIDDEN, text, now_us);
	} else {
		channel_setup_enter(ch, renewal ? STEP_NONE : STEP_CONNECT,
			renewal ? INT64_MAX : now_us);
	}
}

/* The piece is done. Asks for the next one, with at most size queues. */
static void next_piece(struct channel *ch, size_t size, int64_t now_us)
{
	struct channel_topics *t = &ch->topics;
	char text[128];

	t->next += t->size;
	t->size = size < t->n - t->next ? size : t->n - t->next;
	if (t->next == t->n) {
		subscribed(ch, now_us);
	} else if (!t->any && t->next >= REFUSED_IN_VAIN) {
		snprintf(text, sizeof(text), "all of the first %zu queues were refused; the other "
			"%zu were not tried", t->next, t->n - t->next);
		channel_setup_step_failed(ch, HTTP_FORBIDDEN, text, now_us);
	} else {
		channel_setup_continue(ch, now_us);
	}
}

static void piece_permitted(struct channel *ch, int64_t now_us)
{
	struct channel_topics *t = &ch->topics;
	size_t end = t->next + t->size, size = 2 * t->size;

	t->any = true;
	if (t->suspect > end)
		size = t->suspect - end > 1 ? (t->suspect - end) / 2 : 1;
	else
		t->suspect = 0;
	next_piece(ch, size, now_us);
}

void channel_topics_forbidden(struct channel *ch, const char *text, int64_t now_us)
{
	struct channel_topics *t = &ch->topics;

	if (t->size > 1) {
		t->in_pieces = true;
		t->suspect = t->next + t->size;
		t->size /= 2;
		channel_setup_continue(ch, now_us);
		return;
	}
	t->suspect = 0;
	if (refuse(ch, t->queue[t->next], text))
		next_piece(ch, 1, now_us);
	else
		channel_setup_over(ch, ST_OUTPUT, "out of memory");
}

void channel_topics_answered(struct channel *ch, const struct rest_answer *answer, int64_t now_us)
{
	const char *why = channel_api_parse_topics(answer->body, answer->len, on_refusal, ch);

	if (why)
		channel_setup_malformed(ch, "the topics", why, now_us);
	else
		piece_permitted(ch, now_us);
}

#include "source/channel_snapshot.h"

#include "source/channel_setup.h"
#include "util/base.h"
#include "util/buf.h"

#define QUERY "/api/v2/analytics/queues/observations/query"
#define RESYNC_LEAST_US 2000000	/* so that a difference is counted by one snapshot only */

void channel_snapshot_drop(struct channel *ch)
{
	for (size_t i = 0; i < CHANNEL_BATCHES; i++)
		buf_free(&ch->snapshot.body[i]);
	ch->snapshot.nbody = ch->snapshot.taken = 0;
	ch->snapshot.complete = false;
}

void channel_snapshot_reset(struct channel *ch)
{
	ch->snapshot.next_queue = 0;
	channel_snapshot_drop(ch);
}

static size_t batch_size(const struct channel *ch)
{
	size_t n = ch->nqueue - ch->snapshot.next_queue;

	return n < CHANNEL_API_SNAPSHOT_QUEUES ? n : CHANNEL_API_SNAPSHOT_QUEUES;
}

/* Plans the next resync: after --resync, but not within the pause that the service asks for. */
static void plan_resync(struct channel *ch, int64_t now_us, int64_t pause_us)
{
	int64_t us = ch->conf.resync_us > RESYNC_LEAST_US ? ch->conf.resync_us : RESYNC_LEAST_US;

	if (ch->conf.resync_us)
		ch->snapshot.resync_at_us = now_us + (us > pause_us ? us : pause_us);
}

void channel_snapshot_resync_failed(struct channel *ch, const char *text, int64_t now_us,
	int64_t pause_us)
{
	session_report(&ch->session, SESSION_RESYNC_FAILED, text);
	plan_resync(ch, now_us, pause_us);
	channel_setup_enter(ch, STEP_NONE, INT64_MAX);
}

static void all_answered(struct channel *ch)
{
	ch->snapshot.complete = true;
	ch->snapshot.resync = ch->setup.step == STEP_RESYNC;
	ch->snapshot.due = ch->session.token_renewed = false;
	channel_setup_enter(ch, STEP_NONE, INT64_MAX);
}

void channel_snapshot_ask(struct channel *ch, int64_t now_us)
{
	struct buf body = { 0 };
	bool any = true;

	if (!channel_api_put_query(&body, ch->queue + ch->snapshot.next_queue, batch_size(ch),
		    ch->conf.pattern, ch->conf.npattern, &any)
		|| !buf_char(&body, '\0')) {
		channel_setup_over(ch, ST_OUTPUT, "out of memory");
	} else if (!any) {	/* a query can ask for none of the metrics of --metric */
		buf_str(&ch->snapshot.body[0], "{}");
		ch->snapshot.asked_us[0] = now_us;
		ch->snapshot.nbody = 1;
		all_answered(ch);
	} else {
		ch->snapshot.asked_us[ch->snapshot.nbody] = now_us;
		channel_setup_ask(ch, "POST", QUERY, NULL, body.data, now_us);
	}
	buf_free(&body);
}

void channel_snapshot_answered(struct channel *ch, const struct rest_answer *answer,
	int64_t now_us)
{
	static const char why[] = "the answer to the observation query is malformed";

	if (!channel_api_is_object(answer->body, answer->len)) {
		if (ch->setup.step == STEP_RESYNC)
			channel_snapshot_resync_failed(ch, why, now_us, 0);
		else
			channel_setup_step_failed(ch, HTTP_BREACH, why, now_us);
		return;
	}
	if (!buf_add(&ch->snapshot.body[ch->snapshot.nbody], answer->body, answer->len)) {
		channel_setup_over(ch, ST_OUTPUT, "out of memory");
		return;
	}
	ch->snapshot.nbody++;
	ch->snapshot.next_queue += batch_size(ch);
	if (ch->snapshot.next_queue < ch->nqueue) {
		channel_setup_continue(ch, now_us);
	} else {
		plan_resync(ch, now_us, 0);
		all_answered(ch);
	}
}

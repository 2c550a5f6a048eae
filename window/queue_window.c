#include "window/queue_window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/exact_sum.h"
#include "util/text.h"
#include "util/time.h"
#include "window/coverage.h"
#include "window/dedup.h"
#include "window/queue_state.h"

struct queue_windows {
	struct queue_windows_conf conf;
	struct queue_states wall;
	struct queue_state *last;		/* that was asked for; NULL: none yet */
	char last_id[UUID_LEN + 1];
	enum queue_window_socket socket[QUEUE_WINDOW_SOCKETS];
	struct dedup *echo;
	bool failed, started;
	bool spoilt;			/* a result of the answer at hand names no queue */
	bool untimed;			/* coverage is not known */
	bool borrowed;			/* a window is out, what it held still stands here */
	int64_t open_since_us;		/* since when any socket is; INT64_MAX: none is */
	uint64_t frame;
	int64_t base_us, length_us, index;
	int64_t changed_us;		/* the last moment that brought something */
	bool stalled;			/* nothing is seen until stalled_until_us */
	int64_t stalled_until_us;
	struct coverage cover;
	struct queue_window closed;	/* what the caller has borrowed, and its memory */
	struct queue_window_row *row;
	size_t caprow;
	struct series_result *result;
	size_t nresult, capresult;
};

static int64_t window_us(const struct queue_windows *b)
{
	return b->base_us + (b->index - b->conf.first) * b->length_us;
}

static struct coverage_span window_span(const struct queue_windows *b)
{
	return (struct coverage_span){ window_us(b), window_us(b) + b->length_us };
}

/* Before the start: window 0, if it began now. What came before it is known, and counted in
 * no row. */
static void approach(struct queue_windows *b, int64_t at_us)
{
	int64_t unit = b->conf.align ? b->length_us : US_PER_MS;
	int64_t base_us = at_us / unit * unit;

	if (base_us == b->base_us)
		return;
	b->base_us = base_us;
	b->failed = !queue_states_hold(&b->wall, base_us) || b->failed;
	queue_states_carry(&b->wall, base_us);
	coverage_advance(&b->cover, window_span(b));
	if (b->changed_us < base_us)
		b->changed_us = base_us;
}

/* Before anything changes: the window that the caller had borrowed is done with. */
static void settle(struct queue_windows *b)
{
	if (b->borrowed)
		queue_states_carry(&b->wall, window_us(b));
	b->borrowed = false;
}

static bool any_socket(const struct queue_windows *b, enum queue_window_socket least)
{
	for (size_t i = 0; i < QUEUE_WINDOW_SOCKETS; i++)
		if (b->socket[i] >= least)
			return true;
	return false;
}

/* The end of a stall. */
static void resume(struct queue_windows *b)
{
	int64_t at_us = b->stalled_until_us;
	bool ok = true;

	b->stalled = false;
	if (!any_socket(b, SOCKET_CONNECTED)) {
		ok = coverage_down(&b->cover, at_us, window_span(b));
	} else {
		if (!b->cover.up)
			coverage_up(&b->cover, at_us);
		ok = queue_states_resume(&b->wall, at_us);
	}
	b->failed = b->failed || !ok;
}

/*
 * Returns the moment that counts. A window is closed before what comes at its end or later, so
 * at_us is never beyond it; were it, a figure would be observed for longer than the window is.
 */
static int64_t settle_at(struct queue_windows *b, int64_t at_us)
{
	settle(b);
	if (b->stalled && at_us >= b->stalled_until_us)
		resume(b);
	if (!b->started)
		approach(b, at_us);
	else if (at_us > window_span(b).to_us)
		at_us = window_span(b).to_us;
	b->changed_us = at_us;
	return at_us;
}

/* --- events -------------------------------------------------------------------------- */

static enum queue_windows_verdict take_invalid(struct queue_state *q)
{
	q->group[0]->tally.invalid++;
	return QUEUE_WINDOWS_INVALID;
}

static void take_duplicate(const struct notification *n, const struct queue_state *q)
{
	for (size_t i = 0; i < n->nmedia; i++) {
		struct queue_state_group *g = queue_states_group(q, n->media[i]);

		if (g)
			g->tally.duplicates++;
	}
}

/* The event counts in each group that it speaks of. */
static bool take_groups(struct queue_windows *b, const struct notification *n,
	struct queue_state *q, int64_t at_us, bool *full)
{
	for (size_t i = 0; i < n->nmedia; i++) {
		struct queue_state_group *g =
			queue_states_make_group(&b->wall, q, n->media[i], full);

		if (b->wall.failed)
			return false;
		if (!g)
			continue;
		g->tally.updates++;
		if (n->instant_us == NO_TIME)
			continue;
		if (n->instant_us > at_us)
			g->tally.clock_skew++;
		else if (!queue_states_lag(g, at_us - n->instant_us))
			return false;
	}
	return true;
}

static bool take_values(struct queue_windows *b, const struct notification *n,
	const struct queue_state *q, int64_t at_us, bool *full)
{
	struct queue_state_group *g = NULL;

	for (size_t i = 0; i < n->nvalue; i++) {
		const struct notification_value *v = &n->value[i];

		if (i == 0 || v->media.s != v[-1].media.s)
			g = queue_states_group(q, v->media);
		if (!g)
			continue;
		if (v->kind == VALUE_START && v->us > at_us)
			g->tally.clock_skew++;
		if (!queue_states_tell(&b->wall, g, v, b->frame, at_us, full))
			return false;
	}
	return queue_states_end_waits(&b->wall, n, q, INT64_MAX, at_us);
}

/* The queue of that ID; NULL: none, or refused. It is asked for some times a message. */
static struct queue_state *queue_of(struct queue_windows *b, const char *id)
{
	if (!id[0])
		return NULL;
	if (!b->last || memcmp(b->last_id, id, UUID_LEN) != 0) {
		b->last = queue_states_queue(&b->wall, id);
		memcpy(b->last_id, id, UUID_LEN);
	}
	return b->last && !b->last->refused ? b->last : NULL;
}

/* The same; a queue that is met for the first time is added where any may come. */
static struct queue_state *met(struct queue_windows *b, const char *id, enum notification_kind kind)
{
	struct queue_state *q = queue_of(b, id);

	if (q || !b->conf.any || !id[0] || kind != NOTIFICATION_EVENT
	    || queue_index_find(&b->wall.roster, id) != QUEUE_INDEX_NONE)
		return q;
	return b->last = queue_states_watch(&b->wall, id);
}

void queue_windows_expect(struct queue_windows *b, const char *queue_id, struct slice media)
{
	struct queue_state *last = b->last, *q = queue_of(b, queue_id);
	const struct queue_state_group *g;

	if (!q)
		return;
	if (q != last) {
		queue_states_expect_queue(q);
		return;
	}
	g = queue_states_group(q, media);
	if (g)
		queue_states_expect(g);
}

/* A half hour that begins later than one is long: clocks do not differ so. It would be the newest
 * one for good, and take the true ones' place. */
static bool is_of_the_future(const struct notification *n, int64_t at_us)
{
	for (size_t i = 0; i < n->nvalue; i++) {
		const struct notification_value *v = &n->value[i];

		if (v->has_interval && v->from_ms < v->to_ms
		    && v->from_ms - at_us / US_PER_MS > v->to_ms - v->from_ms)
			return true;
	}
	return false;
}

enum queue_windows_verdict queue_windows_take(struct queue_windows *b, const struct notification *n,
	size_t socket, int64_t at_us, int64_t *window)
{
	struct queue_state *q = met(b, n->queue_id, n->kind);
	bool full = false;

	at_us = settle_at(b, at_us);
	*window = b->index;
	if (b->wall.failed)
		return QUEUE_WINDOWS_NO_MEMORY;
	if (!q && b->conf.any && b->wall.nqueue == b->wall.room && n->queue_id[0])
		return QUEUE_WINDOWS_TOO_MANY_QUEUES;
	if (!q)
		return n->kind == NOTIFICATION_INVALID && !n->queue_id[0] ? QUEUE_WINDOWS_INVALID
			: QUEUE_WINDOWS_FOREIGN_QUEUE;
	if (n->kind == NOTIFICATION_INVALID || is_of_the_future(n, at_us))
		return take_invalid(q);
	if (dedup_is_duplicate(b->echo, n->text, n->text_len, socket, at_us)) {
		take_duplicate(n, q);
		return QUEUE_WINDOWS_DUPLICATE;
	}
	b->frame++;
	if (!take_groups(b, n, q, at_us, &full) || !take_values(b, n, q, at_us, &full)) {
		b->failed = true;
		return QUEUE_WINDOWS_NO_MEMORY;
	}
	return full ? take_invalid(q) : QUEUE_WINDOWS_ACCEPTED;
}

/* --- the first value ----------------------------------------------------------------- */

bool queue_windows_snapshot_begin(struct queue_windows *b, const uint32_t *asked, bool resync,
	int64_t asked_us)
{
	if (b->open_since_us > asked_us)
		return false;
	queue_states_begin_answer(&b->wall, asked ? *asked : b->conf.asked, resync);
	b->spoilt = false;
	return true;
}

static bool take_result(struct queue_windows *b, const struct notification *n,
	struct queue_state *q, int64_t asked_us, int64_t at_us, bool *full)
{
	for (size_t i = 0; i < n->nmedia; i++)
		if (!queue_states_make_group(&b->wall, q, n->media[i], full) && b->wall.failed)
			return false;
	for (size_t i = 0; i < n->nvalue; i++) {
		const struct notification_value *v = &n->value[i];
		struct queue_state_group *g = queue_states_group(q, v->media);

		if (g && v->kind == VALUE_START && v->us > at_us)
			g->tally.clock_skew++;
		if (g && !queue_states_answer(&b->wall, g, v, asked_us, at_us, full))
			return false;
	}
	return queue_states_end_waits(&b->wall, n, q, asked_us, at_us);
}

enum queue_windows_verdict queue_windows_snapshot_take(struct queue_windows *b,
	const struct notification *n, int64_t asked_us, int64_t at_us)
{
	struct queue_state *q = met(b, n->queue_id, n->kind);
	bool full = false;

	at_us = settle_at(b, at_us);
	if (!q && n->kind == NOTIFICATION_INVALID && !n->queue_id[0]) {
		b->spoilt = true;	/* it may be any queue's */
		return QUEUE_WINDOWS_INVALID;
	}
	if (!q)
		return QUEUE_WINDOWS_FOREIGN_QUEUE;
	q->answered = true;
	queue_states_answered(&b->wall, q, n->kind != NOTIFICATION_EVENT);
	if (n->kind != NOTIFICATION_EVENT)
		return QUEUE_WINDOWS_INVALID;
	if (!take_result(b, n, q, asked_us, at_us, &full)) {
		b->failed = true;
		return QUEUE_WINDOWS_NO_MEMORY;
	}
	queue_states_answered(&b->wall, q, full || n->incomplete);
	return full || n->incomplete ? QUEUE_WINDOWS_INVALID : QUEUE_WINDOWS_ACCEPTED;
}

void queue_windows_snapshot_end(struct queue_windows *b, int64_t asked_us, int64_t at_us)
{
	at_us = settle_at(b, at_us);
	if (!queue_states_end_answer(&b->wall, !b->spoilt, asked_us, at_us))
		b->failed = true;
}

bool queue_windows_resync_over(struct queue_windows *b, int64_t at_us, uint64_t *differences)
{
	return queue_states_resync_over(&b->wall, at_us, differences);
}

bool queue_windows_presence(struct queue_windows *b, struct slice id, struct slice name)
{
	settle(b);
	if (!queue_states_presence(&b->wall, id, name, b->changed_us))
		b->failed = true;
	return !b->failed;
}

/* --- the stream ---------------------------------------------------------------------- */

static bool set_up(struct queue_windows *b, bool up, int64_t at_us)
{
	bool ok;

	if (up == b->wall.up || b->stalled)
		return true;
	ok = queue_states_set_up(&b->wall, up, at_us, window_us(b));
	if (!up)
		return coverage_down(&b->cover, at_us, window_span(b)) && ok;
	coverage_up(&b->cover, at_us);
	return ok;
}

bool queue_windows_socket(struct queue_windows *b, size_t socket, enum queue_window_socket state,
	int64_t at_us)
{
	bool was_open = any_socket(b, SOCKET_SILENT), ok;

	/* what was counted stands: no loss reaches back behind it */
	at_us = settle_at(b, at_us > b->changed_us ? at_us : b->changed_us);
	if (state == SOCKET_CONNECTED && b->socket[socket] == SOCKET_LOST)
		dedup_open(b->echo, socket, at_us);
	if (state == SOCKET_LOST)
		dedup_close(b->echo, socket, at_us);
	b->socket[socket] = state;
	ok = set_up(b, any_socket(b, SOCKET_CONNECTED), at_us);
	if (!any_socket(b, SOCKET_SILENT)) {
		b->open_since_us = INT64_MAX;
		ok = queue_states_forget(&b->wall, at_us) && ok;
	} else if (!was_open) {
		b->open_since_us = at_us;
	}
	b->failed = b->failed || !ok;
	return ok;
}

bool queue_windows_stalled(struct queue_windows *b, int64_t from_us, int64_t until_us)
{
	struct coverage_span gap = { from_us, until_us };
	bool ok;

	gap.from_us = settle_at(b, from_us > b->changed_us ? from_us : b->changed_us);
	if ((!b->wall.up && !b->stalled) || gap.from_us >= gap.to_us)
		return !b->failed;
	ok = coverage_skip(&b->cover, gap, window_span(b));
	ok = queue_states_pause(&b->wall, gap.from_us) && ok;
	if (!b->stalled || gap.to_us > b->stalled_until_us)
		b->stalled_until_us = gap.to_us;
	b->stalled = true;
	b->failed = b->failed || !ok;
	return !b->failed;
}

/* --- windows ------------------------------------------------------------------------- */

void queue_windows_start(struct queue_windows *b, int64_t at_us)
{
	if (b->started)
		return;
	approach(b, at_us);
	b->started = true;
}

void queue_windows_untimed(struct queue_windows *b)
{
	b->untimed = true;
}

bool queue_windows_has_started(const struct queue_windows *b)
{
	return b->started;
}

static bool reserve(struct queue_windows *b)
{
	size_t rows = 0, results = 0;

	for (size_t q = 0; q < b->wall.nqueue; q++)
		for (size_t g = 0; g < b->wall.queue[q].ngroup; g++) {
			rows++;
			results += b->wall.queue[q].group[g]->figures.n;
		}
	if (rows > b->caprow) {
		struct queue_window_row *row = reallocarray(b->row, rows, sizeof(*row));

		if (!row)
			return false;
		b->row = row;
		b->caprow = rows;
	}
	if (results >= b->capresult) {	/* one more: an empty last row points there */
		struct series_result *result = reallocarray(b->result, results + 1,
			sizeof(*result));

		if (!result)
			return false;
		b->result = result;
		b->capresult = results + 1;
	}
	return true;
}

static bool make_row(struct queue_windows *b, const struct queue_state *q,
	const struct queue_state_group *g, int64_t end_us, struct queue_window_row *row)
{
	struct series_moment m = { .end_us = end_us, .up = b->wall.up };

	/* without one there is no total either */
	if (g->has_running)
		m.running = total_interval_at(g->running, end_us);
	m.whole = queue_states_has_been_up_since(&b->wall, m.running.from_ms * US_PER_MS);
	*row = (struct queue_window_row){
		.queue = (size_t)(q - b->wall.queue),
		.queue_id = queue_index_id(&b->wall.roster, (size_t)(q - b->wall.queue)),
		.media = g->media,
		.updates = g->tally.updates,
		.duplicates = g->tally.duplicates,
		.invalid = g->tally.invalid,
		.clock_skew = g->tally.clock_skew,
		.lag_us = g->tally.lag_us,
		.result = b->result + b->nresult,
		.nresult = g->figures.n
	};
	b->nresult += g->figures.n;
	return series_set_results(&g->figures, &m, b->result + (b->nresult - g->figures.n));
}

static bool make_rows(struct queue_windows *b, int64_t end_us, struct queue_window *w)
{
	if (!reserve(b))
		return false;
	w->row = b->row;
	b->nresult = 0;
	for (size_t i = 0; i < b->wall.nqueue; i++) {
		const struct queue_state *q = &b->wall.queue[i];

		for (size_t g = 0; !q->refused && g < q->ngroup; g++)
			if (!make_row(b, q, q->group[g], end_us, &b->row[w->nrow++]))
				return false;
	}
	return true;
}

/* The sums over all rows, for the audit line. */
static bool window_totals(struct queue_window *w)
{
	struct exact_sum lag = { 0 };
	uint64_t lags = 0;
	bool ok = true;

	w->lag_mean_us = NAN;
	for (size_t i = 0; ok && i < w->nrow; i++) {
		w->updates += w->row[i].updates;
		w->duplicates += w->row[i].duplicates;
		w->invalid += w->row[i].invalid;
		ok = exact_sum_merge(&lag, &w->row[i].lag_us.sum);
		lags += w->row[i].lag_us.count;
	}
	if (ok && lags)
		ok = exact_sum_moments(&lag, &lag, lags, 1, &w->lag_mean_us, NULL);
	exact_sum_free(&lag);
	return ok;
}

static const struct queue_window *close_window(struct queue_windows *b, int64_t end_us,
	bool partial)
{
	struct coverage_span span = { window_us(b), end_us };
	struct queue_window *w = &b->closed;
	bool ok;

	settle(b);
	if (b->stalled && end_us > b->stalled_until_us)
		resume(b);
	b->changed_us = end_us;
	ok = queue_states_hold(&b->wall, end_us);
	*w = (struct queue_window){
		.index = b->index,
		.start_ms = span.from_us / US_PER_MS,
		.end_ms = end_us / US_PER_MS,
		.partial = partial,
		.coverage_e4 = b->untimed ? -1
			: (int)(coverage_us(&b->cover, span) * 10000 / (end_us - span.from_us))
	};
	ok = ok && make_rows(b, end_us, w);
	if (!ok || !window_totals(w)) {
		b->failed = true;
		return NULL;
	}
	b->borrowed = true;
	b->index++;
	coverage_advance(&b->cover, window_span(b));
	return w;
}

bool queue_windows_all_printed(const struct queue_windows *b)
{
	return b->conf.count && b->index >= (int64_t)b->conf.count;
}

int64_t queue_windows_due_us(const struct queue_windows *b)
{
	return b->started && !queue_windows_all_printed(b) ? window_span(b).to_us : NO_TIME;
}

const struct queue_window *queue_windows_due(struct queue_windows *b, int64_t now_us)
{
	if (b->failed || queue_windows_due_us(b) == NO_TIME || queue_windows_due_us(b) > now_us)
		return NULL;
	return close_window(b, window_span(b).to_us, false);
}

const struct queue_window *queue_windows_rest(struct queue_windows *b, int64_t at_us, bool cut)
{
	struct coverage_span span = window_span(b);
	int64_t end_us = at_us / US_PER_MS * US_PER_MS;

	if (end_us < b->changed_us)	/* until then figures were observed */
		end_us += US_PER_MS;
	if (b->failed || queue_windows_due_us(b) == NO_TIME || at_us < span.from_us
	    || (b->conf.replay && at_us == span.from_us))
		return NULL;
	if (end_us < span.from_us + US_PER_MS)
		end_us = span.from_us + US_PER_MS;
	if (end_us > span.to_us)
		end_us = span.to_us;
	return close_window(b, end_us, cut || end_us < span.to_us);
}

int64_t queue_windows_printed(const struct queue_windows *b)
{
	return b->index;
}

int64_t queue_windows_printed_end_us(const struct queue_windows *b)
{
	return b->started && b->index > b->conf.first ? window_us(b) : NO_TIME;
}

bool queue_windows_failed(const struct queue_windows *b)
{
	return b->failed;
}

/* --- life ---------------------------------------------------------------------------- */

enum status queue_windows_new(struct queue_windows **out, const struct queue_windows_conf *conf,
	struct err *err)
{
	struct queue_windows *b = calloc(1, sizeof(*b));

	*out = b;
	if (!b)
		return err_nomem(err);
	b->conf = *conf;
	b->length_us = conf->length_ms * US_PER_MS;
	b->index = conf->first;
	b->open_since_us = INT64_MAX;
	b->echo = dedup_new();
	if (queue_states_init(&b->wall, conf->queue, conf->nqueue, conf->room, conf->pattern,
	    conf->npattern) && b->echo)
		return ST_OK;
	queue_windows_free(b);
	*out = NULL;
	return err_nomem(err);
}

void queue_windows_free(struct queue_windows *b)
{
	if (!b)
		return;
	queue_states_free(&b->wall);
	coverage_free(&b->cover);
	dedup_free(b->echo);
	free(b->row);
	free(b->result);
	free(b);
}

void queue_windows_refuse(struct queue_windows *b, const char *queue_id)
{
	struct queue_state *q = queue_states_queue(&b->wall, queue_id);

	if (q)
		q->refused = true;
}

bool queue_windows_has_metric(const struct queue_windows *b, const char *pattern)
{
	return queue_states_has_metric(&b->wall, pattern);
}

bool queue_windows_watch(struct queue_windows *b, const char *queue_id)
{
	b->last = NULL;
	return queue_states_watch(&b->wall, queue_id) != NULL;
}

bool queue_windows_was_answered(const struct queue_windows *b, size_t queue)
{
	return b->wall.queue[queue].answered;
}

const char *queue_windows_queue_id(const struct queue_windows *b, size_t queue)
{
	return queue < b->wall.nqueue ? queue_index_id(&b->wall.roster, queue) : NULL;
}

size_t queue_windows_queue_number(const struct queue_windows *b, const char *id)
{
	return queue_index_find(&b->wall.roster, id);
}

size_t queue_windows_queues(const struct queue_windows *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->wall.nqueue; i++)
		n += !b->wall.queue[i].refused;
	return n;
}

#include "run/audit_events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/buf.h"
#include "util/time.h"

#define QUIET_US 1000000	/* between two lines of one reason and queue */
#define BROKEN_LINES_TOLD 10

/* When a reason was last told of for a queue, and how often it was not since. */
struct quiet {
	int64_t told_us;
	uint64_t suppressed;
};

struct audit_events {
	struct audit *audit;
	struct audit_events_totals totals;
	int64_t now_us, real_us;
	struct quiet elsewhere[REJECT_KINDS];		/* frames of no asked queue */
	struct quiet (*of_queue)[VERDICT_REJECTS];		/* by queue number */
	size_t nqueue;
	uint64_t suppressed;
	int64_t lag_us;
	bool counts_resyncs;
	struct lines doubts;	/* texts of audit_events_doubt */
	char held[512];		/* the first threshold that did; "": none */
	const struct deliveries *callbacks;		/* NULL: none */
	struct quiet of_target[TARGETS_MAX][DELIVERIES_KINDS];
};

static const char *const in_no_row[REJECT_KINDS] = {
	[REJECT_NOT_JSON] = "not-json",
	[REJECT_BINARY] = "binary",
	[REJECT_EVENT_TYPE] = "event-type",
	[REJECT_NO_QUEUE] = "no-queue",
	[REJECT_FOREIGN_QUEUE] = "foreign-queue"
};

struct audit_events *audit_events_new(struct audit *audit)
{
	struct audit_events *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->audit = audit;
	r->lag_us = NO_TIME;
	return r;
}

void audit_events_free(struct audit_events *r)
{
	if (!r)
		return;
	free(r->of_queue);
	lines_free(&r->doubts);
	free(r);
}

const char *audit_events_reject_name(enum audit_events_reject reason)
{
	return in_no_row[reason] ? in_no_row[reason] : verdict_name((enum verdict)reason);
}

void audit_events_time(struct audit_events *r, int64_t now_us, int64_t real_us)
{
	r->now_us = now_us;
	r->real_us = real_us;
}

const struct audit_events_totals *audit_events_totals(const struct audit_events *r)
{
	return &r->totals;
}

static void begin(struct audit_events *r, enum audit_level level, const char *event)
{
	audit_begin(r->audit, level, event, r->real_us);
}

static void put_count(struct audit_events *r, const char *key, uint64_t n)
{
	audit_int(r->audit, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

static void put_json(struct audit_events *r, const char *key, struct buf *json)
{
	if (!json->failed)
		audit_json(r->audit, key, json->data, json->len);
	buf_free(json);
}

/* {"invalid":0,…} of the first n reasons. */
static void put_rejected(struct audit_events *r, const uint64_t *count, size_t n)
{
	struct buf json = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_printf(&json, "%c\"%s\":%llu", i ? ',' : '{',
			audit_events_reject_name((enum audit_events_reject)i),
			(unsigned long long)count[i]);
	buf_char(&json, '}');
	put_json(r, "rejected", &json);
}

void audit_events_start(struct audit_events *r, const char *settings_json,
	const struct lines *outlier_rules)
{
	struct buf rules = { 0 };

	begin(r, LEVEL_INFO, "run.start");
	audit_str(r->audit, "version", GSQSTAT_VERSION);
	buf_char(&rules, '[');
	for (size_t i = 0; i < outlier_rules->n; i++) {
		buf_str(&rules, i ? "," : "");
		json_put_string(&rules, outlier_rules->v[i], strlen(outlier_rules->v[i]));
	}
	buf_char(&rules, ']');
	put_json(r, "outlier", &rules);
	audit_json(r->audit, "settings", settings_json, strlen(settings_json));
	audit_end(r->audit);
}

void audit_events_warnings(struct audit_events *r, struct lines *warnings)
{
	for (size_t i = 0; i < warnings->n; i++) {
		begin(r, LEVEL_WARNING, "warning");
		audit_text(r->audit, "message", warnings->v[i]);
		audit_end(r->audit);
	}
	lines_free(warnings);
}

static bool was_told(const struct lines *told, const char *text)
{
	for (size_t i = 0; i < told->n; i++)
		if (strcmp(told->v[i], text) == 0)
			return true;
	return false;
}

void audit_events_doubt(struct audit_events *r, const char *fmt, ...)
{
	char text[sizeof(((struct err *)0)->text)];
	bool again;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	again = was_told(&r->doubts, text);
	if (!again)
		lines_add(&r->doubts, "%s", text);
	begin(r, again ? LEVEL_WARNING : LEVEL_DOUBT, "warning");
	audit_text(r->audit, "message", text);
	audit_end(r->audit);
}

void audit_events_counts_resyncs(struct audit_events *r)
{
	r->counts_resyncs = true;
}

void audit_events_resync(struct audit_events *r, uint64_t differences)
{
	r->totals.resyncs++;
	r->totals.differences += differences;
	begin(r, differences ? LEVEL_WARNING : LEVEL_INFO, "resync");
	put_count(r, "differences", differences);
	audit_end(r->audit);
	if (differences)
		audit_events_doubt(r,
			"a snapshot that was asked for again has other values than the "
			"messages have told: numbers since the last one may be wrong; run.end "
			"counts such values");
}

/* The name and level of each kind of event. */
static const struct {
	const char *name;
	enum audit_level level;
} stream_lines[] = {
	[STREAM_TOKEN_ACQUIRED] = { "token.acquired", LEVEL_INFO },
	[STREAM_TOKEN_CACHED] = { "token.cached", LEVEL_INFO },
	[STREAM_TOKEN_REFUSED] = { "token.refused", LEVEL_WARNING },
	[STREAM_TOKEN_RETRY] = { "token.retry", LEVEL_WARNING },
	[STREAM_CONNECTED] = { "stream.connected", LEVEL_INFO },
	[STREAM_MESSAGE] = { "stream.message", LEVEL_DEBUG },
	[STREAM_LOST] = { "stream.lost", LEVEL_WARNING },
	[STREAM_RETRY] = { "stream.retry", LEVEL_WARNING },
	[STREAM_CLOSED] = { "stream.closed", LEVEL_INFO },
	[STREAM_OVER] = { NULL, LEVEL_ERROR },	/* run.end says it */
	[STREAM_SILENT] = { "stream.silent", LEVEL_INFO },
	[STREAM_ANSWER] = { NULL, LEVEL_DEBUG },
	[STREAM_SECRET] = { NULL, LEVEL_DEBUG },
	[STREAM_REFUSED] = { "queue.refused", LEVEL_WARNING },
	[STREAM_WARNING] = { "warning", LEVEL_WARNING },
	[STREAM_RESYNC_FAILED] = { "resync.failed", LEVEL_WARNING }
};

static void count_stream(struct audit_events_totals *t, const struct session_event *event)
{
	switch (event->kind) {
	case STREAM_TOKEN_ACQUIRED:
		t->tokens++;
		break;
	case STREAM_CONNECTED:
		t->connected++;
		break;
	case STREAM_LOST:
		t->lost++;
		t->too_big += event->by_us && event->close_code == WS_CLOSE_TOO_BIG;
		t->bad_text += event->by_us && event->close_code == WS_CLOSE_BAD_TEXT;
		t->cut_messages += event->cut;
		break;
	case STREAM_TOKEN_RETRY:
	case STREAM_RETRY:
		t->retries++;
		break;
	case STREAM_RESYNC_FAILED:
		t->resyncs_failed++;
		break;
	case STREAM_TOKEN_CACHED:
	case STREAM_TOKEN_REFUSED:
	case STREAM_MESSAGE:
	case STREAM_CLOSED:
	case STREAM_OVER:
	case STREAM_SILENT:
	case STREAM_ANSWER:
	case STREAM_SECRET:
	case STREAM_REFUSED:
	case STREAM_WARNING:
		break;
	}
}

static void put_time(struct audit_events *r, const char *key, int64_t us)
{
	char text[TIME_TEXT_MAX];

	time_format_us(text, us);
	audit_str(r->audit, key, text);
}

static void put_expiry(struct audit_events *r, int64_t expires_ms)
{
	if (expires_ms)
		put_time(r, "expires", expires_ms * 1000);
	else
		audit_str(r->audit, "expires", NULL);
}

void audit_events_stream(struct audit_events *r, size_t stream, const struct session_event *event)
{
	enum session_event_kind kind = event->kind;

	count_stream(&r->totals, event);
	if (!stream_lines[kind].name || !audit_wants(r->audit, stream_lines[kind].level))
		return;
	begin(r, stream_lines[kind].level, stream_lines[kind].name);
	if (kind >= STREAM_CONNECTED && kind < STREAM_REFUSED)
		audit_int(r->audit, "stream", (int64_t)stream);
	if (kind == STREAM_CONNECTED || kind == STREAM_LOST || kind == STREAM_MESSAGE
	    || kind == STREAM_SILENT)
		put_time(r, "at", event->at_us);
	if (event->queue_id)
		audit_str(r->audit, "queueId", event->queue_id);
	if (event->http_status)
		audit_int(r->audit, "httpStatus", event->http_status);
	if (event->close_code)
		audit_int(r->audit, "closeCode", event->close_code);
	if (kind == STREAM_RETRY || kind == STREAM_TOKEN_RETRY) {
		audit_int(r->audit, "attempt", event->attempt);
		audit_int(r->audit, "waitMs", event->wait_us / 1000);
	}
	if (kind == STREAM_TOKEN_ACQUIRED || kind == STREAM_TOKEN_CACHED)
		put_expiry(r, event->expires_ms);
	if (kind == STREAM_MESSAGE) {	/* what it says is --record's */
		put_count(r, "bytes", event->len);
		audit_bool(r->audit, "binary", event->binary);
	} else if (kind == STREAM_WARNING) {
		audit_text(r->audit, "message", event->text);
	} else if (event->text) {
		audit_strn(r->audit, "reason", event->text, event->len);
	}
	audit_end(r->audit);
}

void audit_events_stalled(struct audit_events *r, int64_t from_us, int64_t until_us)
{
	r->totals.stalled_us += until_us - from_us;
	begin(r, LEVEL_WARNING, "run.stalled");
	put_time(r, "at", from_us);
	audit_int(r->audit, "stalledMs", (until_us - from_us) / US_PER_MS);
	audit_end(r->audit);
}

void audit_events_message(struct audit_events *r)
{
	r->totals.messages++;
}

void audit_events_frame(struct audit_events *r, bool update)
{
	r->totals.frames++;
	r->totals.updates += update;
}

void audit_events_lag(struct audit_events *r, int64_t us)
{
	r->lag_us = us < 0 ? NO_TIME : us;
}

int64_t audit_events_last_lag_us(const struct audit_events *r)
{
	return r->lag_us;
}

/* Where the silence about a reason and queue is kept; NULL: no memory, then nothing is told. */
static struct quiet *quiet_of(struct audit_events *r, enum audit_events_reject reason, size_t queue)
{
	if (queue == SIZE_MAX || reason >= (enum audit_events_reject)VERDICT_REJECTS)
		return &r->elsewhere[reason];
	if (queue >= r->nqueue) {
		size_t n = queue + 64;
		void *of_queue = reallocarray(r->of_queue, n, sizeof(*r->of_queue));

		if (!of_queue)
			return NULL;
		r->of_queue = of_queue;
		memset(r->of_queue + r->nqueue, 0, (n - r->nqueue) * sizeof(*r->of_queue));
		r->nqueue = n;
	}
	return &r->of_queue[queue][reason];
}

void audit_events_reject(struct audit_events *r, enum audit_events_reject reason,
	const char *queue_id, size_t queue, const char *detail)
{
	struct quiet *quiet = quiet_of(r, reason, queue);

	r->totals.rejected[reason]++;
	if (!quiet || (quiet->told_us && r->now_us - quiet->told_us < QUIET_US)) {
		r->suppressed++;
		if (quiet)
			quiet->suppressed++;
		return;
	}
	begin(r, LEVEL_WARNING, "frame.rejected");
	audit_str(r->audit, "reason", audit_events_reject_name(reason));
	audit_str(r->audit, "queueId", queue_id);
	if (detail)
		audit_str(r->audit, "detail", detail);
	put_count(r, "suppressed", quiet->suppressed);
	audit_end(r->audit);
	*quiet = (struct quiet){ .told_us = r->now_us };
}

void audit_events_broken_line(struct audit_events *r, uint64_t line, const char *why)
{
	if (++r->totals.broken_lines > BROKEN_LINES_TOLD)
		return;
	begin(r, LEVEL_WARNING, "warning");
	audit_str(r->audit, "message", "a line of the replay is broken");
	put_count(r, "line", line);
	audit_str(r->audit, "detail", why);
	audit_end(r->audit);
}

bool audit_events_wants_windows(const struct audit_events *r)
{
	return audit_wants(r->audit, LEVEL_INFO);
}

void audit_events_window(struct audit_events *r, const struct stream_window *window, size_t nqueue,
	struct audit_events_row_bytes bytes)
{
	double ms = (double)(window->end_ms - window->start_ms);

	r->totals.windows++;
	r->totals.rows += window->nrow;
	begin(r, LEVEL_INFO, "window.flush");
	audit_int(r->audit, "window", window->index);
	put_count(r, "updates", window->updates);
	put_rejected(r, window->rejected, VERDICT_REJECTS);
	put_count(r, "queues", nqueue);
	audit_double(r->audit, "avgLatencyUs", window->lag_mean_us);
	audit_double(r->audit, "updatesPerSecond", (double)window->updates * 1000 / ms);
	if (window->coverage_e4 < 0)
		audit_str(r->audit, "coverage", NULL);
	else
		audit_double(r->audit, "coverage", window->coverage_e4 / 10000.0);
	audit_bool(r->audit, "partial", window->partial);
	audit_hex(r->audit, "rowsDigest", bytes.digest);
	put_count(r, "rowsBytes", bytes.len);
	audit_end(r->audit);
}

void audit_events_held(struct audit_events *r, const struct threshold_hit *hit)
{
	const char *name = hit->row->queue_name;
	struct buf value = { 0 };

	if (!r->held[0]) {
		json_put_double(&value, hit->value);
		buf_char(&value, '\0');
		snprintf(r->held, sizeof(r->held), "--fail-if '%.120s' held: queue %s%s%.80s%s, "
			"window %lld, value %s", hit->text, hit->row->queue_id, name ? " (" : "",
			name ? name : "", name ? ")" : "", (long long)hit->window,
			value.failed ? "?" : value.data);
		buf_free(&value);
	}
	begin(r, LEVEL_ERROR, "threshold.held");
	audit_str(r->audit, "expr", hit->text);
	audit_str(r->audit, "queueId", hit->row->queue_id);
	if (name)
		audit_str(r->audit, "queueName", name);
	audit_int(r->audit, "window", hit->window);
	audit_double(r->audit, "value", hit->value);
	audit_end(r->audit);
}

const char *audit_events_first_held(const struct audit_events *r)
{
	return r->held[0] ? r->held : NULL;
}

/* --- callbacks ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum audit_level level;
} callback_lines[DELIVERIES_KINDS] = {
	[DELIVERIES_DELIVERED] = { "callback.delivered", LEVEL_DEBUG },
	[DELIVERIES_RETRY] = { "callback.retry", LEVEL_WARNING },
	[DELIVERIES_DROPPED] = { "callback.dropped", LEVEL_WARNING },
	[DELIVERIES_REFUSED] = { "callback.refused", LEVEL_WARNING },
	[DELIVERIES_SPOOLED] = { "callback.spooled", LEVEL_WARNING }
};

void audit_events_callbacks(struct audit_events *r, const struct deliveries *c)
{
	r->callbacks = c;
}

void audit_events_callback(struct audit_events *r, const struct deliveries_event *e)
{
	const bool ends_badly = e->kind == DELIVERIES_DROPPED || e->kind == DELIVERIES_REFUSED
		|| e->kind == DELIVERIES_SPOOLED;
	struct quiet *quiet = &r->of_target[e->target][e->kind];

	if (ends_badly && quiet->told_us && r->now_us - quiet->told_us < QUIET_US) {
		quiet->suppressed++;
		return;
	}
	begin(r, callback_lines[e->kind].level, callback_lines[e->kind].name);
	audit_str(r->audit, "url", e->to);
	audit_str(r->audit, "id", e->id);
	if (e->http_status)
		audit_int(r->audit, "httpStatus", e->http_status);
	if (e->attempt)
		audit_int(r->audit, "attempt", e->attempt);
	if (e->kind == DELIVERIES_RETRY)
		audit_int(r->audit, "waitMs", e->wait_us / 1000);
	if (e->reason)
		audit_str(r->audit, "reason", e->reason);
	if (ends_badly)
		put_count(r, "suppressed", quiet->suppressed);
	audit_end(r->audit);
	*quiet = (struct quiet){ .told_us = r->now_us };
}

static void put_callbacks(struct audit_events *r)
{
	const struct deliveries_totals *t = deliveries_totals(r->callbacks);
	struct buf json = { 0 };

	buf_printf(&json, "{\"delivered\":%llu,\"retried\":%llu,\"dropped\":%llu,"
		"\"refused\":%llu,\"spooled\":%llu}", (unsigned long long)t->delivered,
		(unsigned long long)t->retried, (unsigned long long)t->dropped,
		(unsigned long long)t->refused, (unsigned long long)t->spooled);
	put_json(r, "callbacks", &json);
}

/* --- the totals ------------------------------------------------------------------------ */

static void put_resyncs(struct audit_events *r)
{
	const struct audit_events_totals *t = &r->totals;
	struct buf json = { 0 };

	buf_printf(&json, "{\"done\":%llu,\"failed\":%llu,\"differences\":%llu}",
		(unsigned long long)t->resyncs, (unsigned long long)t->resyncs_failed,
		(unsigned long long)t->differences);
	put_json(r, "resync", &json);
}

static void put_totals(struct audit_events *r)
{
	const struct audit_events_totals *t = &r->totals;

	put_count(r, "windows", t->windows);
	put_count(r, "rows", t->rows);
	put_count(r, "messages", t->messages);
	put_count(r, "frames", t->frames);
	put_count(r, "updates", t->updates);
	put_rejected(r, t->rejected, REJECT_KINDS);
	put_count(r, "suppressed", r->suppressed);
	put_count(r, "connected", t->connected);
	put_count(r, "lost", t->lost);
	put_count(r, "retries", t->retries);
	put_count(r, "tokens", t->tokens);
	put_count(r, "tooBig", t->too_big);
	put_count(r, "badText", t->bad_text);
	put_count(r, "cutMessages", t->cut_messages);
	put_count(r, "brokenLines", t->broken_lines);
	audit_int(r->audit, "stalledMs", t->stalled_us / US_PER_MS);
	if (r->counts_resyncs)
		put_resyncs(r);
	if (r->callbacks)
		put_callbacks(r);
	put_count(r, "auditDropped", audit_dropped(r->audit));
}

void audit_events_status(struct audit_events *r, bool up)
{
	begin(r, LEVEL_INFO, "run.status");
	audit_bool(r->audit, "up", up);
	put_totals(r);
	audit_end(r->audit);
}

void audit_events_end(struct audit_events *r, enum status st, const char *message)
{
	bool quiet = st == ST_OK || st == ST_READER_LEFT;

	begin(r, quiet ? LEVEL_INFO : LEVEL_ERROR, "run.end");
	audit_int(r->audit, "exit", (int64_t)st);
	audit_text(r->audit, "message", message);
	put_totals(r);
	audit_end(r->audit);
}

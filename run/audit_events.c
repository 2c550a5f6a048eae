#include "run/audit_events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "net/ws_frame.h"
#include "util/buf.h"
#include "util/term_text.h"
#include "util/time.h"

#define QUIET_US 1000000	/* between two lines with the same reason and queue */
#define BROKEN_LINES_REPORTED 10	/* the others are only counted */

/* When a reason was last reported for a queue, and how many events were suppressed since then. */
struct quiet {
	int64_t reported_us;
	uint64_t suppressed;
};

struct audit_events {
	struct audit *audit;
	const struct totals *totals;
	int64_t now_us, real_us;
	struct quiet elsewhere[REJECT_KINDS];		/* frames of other or unknown queues */
	struct quiet (*of_queue)[VERDICT_REJECTS];		/* by queue number */
	size_t nqueue;
	uint64_t suppressed;
	uint64_t broken_lines;		/* of a replay */
	bool counts_resyncs, tells_retries, hides_foreign;
	struct lines doubts;	/* texts that audit_events_doubt has written */
	char threshold[512];	/* text of the first threshold that held; "": none */
	const struct deliveries *deliveries;		/* NULL: none */
	struct quiet of_target[TARGETS_MAX][DELIVERIES_KINDS];
};

struct audit_events *audit_events_new(struct audit *audit, const struct totals *totals)
{
	struct audit_events *events = calloc(1, sizeof(*events));

	if (!events)
		return NULL;
	events->audit = audit;
	events->totals = totals;
	return events;
}

void audit_events_free(struct audit_events *events)
{
	if (!events)
		return;
	free(events->of_queue);
	lines_free(&events->doubts);
	free(events);
}

void audit_events_tell_retries(struct audit_events *events)
{
	events->tells_retries = true;
}

void audit_events_hide_foreign(struct audit_events *events)
{
	events->hides_foreign = true;
}

void audit_events_time(struct audit_events *events, int64_t now_us, int64_t real_us)
{
	events->now_us = now_us;
	events->real_us = real_us;
}

static void begin(struct audit_events *events, enum audit_level level, const char *event)
{
	audit_begin(events->audit, level, event, events->real_us);
}

static void put_count(struct audit_events *events, const char *key, uint64_t n)
{
	audit_int(events->audit, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

static void put_json(struct audit_events *events, const char *key, struct buf *json)
{
	if (!json->failed)
		audit_json(events->audit, key, json->data, json->len);
	buf_free(json);
}

/* {"invalid":0,…} with the first n reasons. */
static void put_rejected(struct audit_events *events, const uint64_t *count, size_t n)
{
	struct buf json = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_printf(&json, "%c\"%s\":%llu", i ? ',' : '{',
			reject_name((enum reject)i),
			(unsigned long long)count[i]);
	buf_char(&json, '}');
	put_json(events, "rejected", &json);
}

static void put_shard(struct audit_events *events, const struct audit_events_shard *shard)
{
	if (!shard->shard)
		return;
	audit_str(events->audit, "shard", shard->shard);
	if (shard->queues < 0)
		return;
	put_count(events, "queues", (uint64_t)shard->queues);
	audit_hex(events->audit, "queuesSha256", shard->digest);
}

void audit_events_start(struct audit_events *events, const char *settings_json,
	const char *changed, const struct lines *outlier_rules,
	const struct audit_events_shard *shard)
{
	struct buf rules = { 0 };

	begin(events, LEVEL_INFO, "run.start");
	audit_say(events->audit, LEVEL_DEBUG, "version " GSQSTAT_VERSION "%s%s",
		*changed ? "; " : "", changed);
	audit_str(events->audit, "version", GSQSTAT_VERSION);
	buf_char(&rules, '[');
	for (size_t i = 0; i < outlier_rules->n; i++) {
		buf_str(&rules, i ? "," : "");
		json_put_string(&rules, outlier_rules->v[i], strlen(outlier_rules->v[i]));
	}
	buf_char(&rules, ']');
	put_json(events, "outlier", &rules);
	put_shard(events, shard);
	audit_json(events->audit, "settings", settings_json, strlen(settings_json));
	audit_end(events->audit);
}

void audit_events_shard(struct audit_events *events, const struct audit_events_shard *shard)
{
	begin(events, LEVEL_INFO, "run.shard");
	put_shard(events, shard);
	audit_end(events->audit);
}

static void warn(struct audit_events *events, enum audit_level level, const char *text)
{
	begin(events, level, "warning");
	audit_say(events->audit, level, "%s", text);
	audit_text(events->audit, "message", text);
	audit_end(events->audit);
}

void audit_events_warnings(struct audit_events *events, struct lines *warnings)
{
	for (size_t i = 0; i < warnings->n; i++)
		warn(events, LEVEL_WARNING, warnings->v[i]);
	lines_free(warnings);
}

void audit_events_doubt(struct audit_events *events, const char *fmt, ...)
{
	char text[sizeof(((struct err *)0)->text)];
	bool again;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	again = lines_has(&events->doubts, text);
	if (!again)
		lines_add(&events->doubts, "%s", text);
	warn(events, again ? LEVEL_WARNING : LEVEL_DOUBT, text);
}

void audit_events_counts_resyncs(struct audit_events *events)
{
	events->counts_resyncs = true;
}

void audit_events_resync(struct audit_events *events, uint64_t differences)
{
	begin(events, differences ? LEVEL_WARNING : LEVEL_INFO, "resync");
	put_count(events, "differences", differences);
	audit_end(events->audit);
	if (differences)
		audit_events_doubt(events,
			"a snapshot of --resync differs from the messages before it; numbers "
			"since the previous snapshot may be wrong (see the event resync)");
}

/* The name and level of each kind of event. A sentence ends with the event's text. A refused token
 * has none: either it is renewed, or the refusal is the error that ends the run. */
static const struct {
	const char *name;
	enum audit_level level;
	const char *sentence;		/* NULL: none */
} stream_lines[] = {
	[SESSION_TOKEN_ACQUIRED] = { "token.acquired", LEVEL_INFO, NULL },
	[SESSION_TOKEN_CACHED] = { "token.cached", LEVEL_INFO, NULL },
	[SESSION_TOKEN_REFUSED] = { "token.refused", LEVEL_WARNING, NULL },
	[SESSION_TOKEN_RETRY] = { "token.retry", LEVEL_WARNING, NULL },
	[SESSION_CONNECTED] = { "stream.connected", LEVEL_INFO, NULL },
	[SESSION_MESSAGE] = { "stream.message", LEVEL_DEBUG, NULL },
	[SESSION_LOST] = { "stream.lost", LEVEL_WARNING, "the connection was lost: " },
	[SESSION_RETRY] = { "stream.retry", LEVEL_WARNING, NULL },
	[SESSION_CLOSED] = { "stream.closed", LEVEL_INFO, NULL },
	[SESSION_OVER] = { NULL, LEVEL_ERROR, NULL },	/* run.end says it */
	[SESSION_SILENT] = { "stream.silent", LEVEL_INFO, NULL },
	[SESSION_ANSWER] = { NULL, LEVEL_DEBUG, NULL },
	[SESSION_SECRET] = { NULL, LEVEL_DEBUG, NULL },
	[SESSION_REFUSED] = { "queue.refused", LEVEL_WARNING, "a queue was refused: " },
	[SESSION_WARNING] = { "warning", LEVEL_WARNING, "" },
	[SESSION_RESYNC_FAILED] = { "resync.failed", LEVEL_WARNING, "--resync failed: " }
};

static void put_time(struct audit_events *events, const char *key, int64_t us)
{
	char text[TIME_TEXT_MAX];

	time_format_us(text, us);
	audit_str(events->audit, key, text);
}

static void put_expiry(struct audit_events *events, int64_t expires_ms)
{
	if (expires_ms)
		put_time(events, "expires", expires_ms * 1000);
	else
		audit_str(events->audit, "expires", NULL);
}

static void say_stream(struct audit_events *events, const struct session_event *event)
{
	bool was_sent = event->close_code && !event->by_us
		&& event->close_code != WS_CLOSE_NO_CODE && event->close_code != WS_CLOSE_ABNORMAL;
	char code[32] = "";

	if (was_sent)
		snprintf(code, sizeof(code), "close code %d%s", event->close_code,
			event->len ? ", " : "");
	audit_say(events->audit, stream_lines[event->kind].level, "%s%s%s%s%.*s",
		stream_lines[event->kind].sentence, event->queue_id ? event->queue_id : "",
		event->queue_id ? ": " : "", code, (int)event->len,
		event->text ? event->text : "");
}

static void say_retry(struct audit_events *events, const struct session_event *event)
{
	audit_say(events->audit, LEVEL_WARNING, "cannot connect: %.*s; trying again",
		(int)event->len, event->text ? event->text : "no reason is known");
}

/* Whether an outage's first failed attempt is reported. The first retry after a loss has the loss
 * as its reason, which is already reported. */
static bool is_first_failure(const struct totals *t, enum session_event_kind kind)
{
	const bool was_lost = !t->up && t->down_since_us != NO_TIME;

	return (kind == SESSION_RETRY || kind == SESSION_TOKEN_RETRY)
		&& t->failed == (was_lost ? 2 : 1);
}

void audit_events_stream(struct audit_events *events, const struct session_event *event)
{
	enum session_event_kind kind = event->kind;

	if (!stream_lines[kind].name || !audit_wants(events->audit, stream_lines[kind].level))
		return;
	begin(events, stream_lines[kind].level, stream_lines[kind].name);
	if (stream_lines[kind].sentence && !(kind == SESSION_LOST && events->totals->up))
		say_stream(events, event);
	else if (events->tells_retries && is_first_failure(events->totals, kind))
		say_retry(events, event);
	if (kind >= SESSION_CONNECTED && kind < SESSION_REFUSED)
		audit_int(events->audit, "stream", (int64_t)event->socket);
	if (kind == SESSION_CONNECTED || kind == SESSION_LOST || kind == SESSION_MESSAGE
	    || kind == SESSION_SILENT)
		put_time(events, "at", event->at_us);
	if (event->queue_id)
		audit_str(events->audit, "queueId", event->queue_id);
	if (event->http_status)
		audit_int(events->audit, "httpStatus", event->http_status);
	if (event->close_code)
		audit_int(events->audit, "closeCode", event->close_code);
	if (kind == SESSION_RETRY || kind == SESSION_TOKEN_RETRY) {
		audit_int(events->audit, "attempt", event->attempt);
		audit_int(events->audit, "waitMs", event->wait_us / 1000);
	}
	if (kind == SESSION_TOKEN_ACQUIRED || kind == SESSION_TOKEN_CACHED)
		put_expiry(events, event->expires_ms);
	if (kind == SESSION_MESSAGE) {	/* without its text, which --record keeps */
		put_count(events, "bytes", event->len);
		audit_bool(events->audit, "binary", event->binary);
	} else if (kind == SESSION_WARNING) {
		audit_text(events->audit, "message", event->text);
	} else if (event->text) {
		audit_strn(events->audit, "reason", event->text, event->len);
	}
	audit_end(events->audit);
}

void audit_events_stalled(struct audit_events *events, int64_t from_us, int64_t until_us)
{
	char text[DURATION_TEXT_MAX];

	time_format_duration(text, (until_us - from_us) / US_PER_MS);
	begin(events, LEVEL_WARNING, "run.stalled");
	audit_say(events->audit, LEVEL_WARNING, "the run stood still for %s and saw nothing "
		"meanwhile", text);
	put_time(events, "at", from_us);
	audit_int(events->audit, "stalledMs", (until_us - from_us) / US_PER_MS);
	audit_end(events->audit);
}

/* NULL: out of memory. */
static struct quiet *quiet_of(struct audit_events *events, enum reject reason,
	size_t queue)
{
	if (queue == SIZE_MAX || reason >= (enum reject)VERDICT_REJECTS)
		return &events->elsewhere[reason];
	if (queue >= events->nqueue) {
		size_t n = queue + 64;
		void *of_queue = reallocarray(events->of_queue, n, sizeof(*events->of_queue));

		if (!of_queue)
			return NULL;
		events->of_queue = of_queue;
		memset(events->of_queue + events->nqueue, 0,
			(n - events->nqueue) * sizeof(*events->of_queue));
		events->nqueue = n;
	}
	return &events->of_queue[queue][reason];
}

/* A terminal shows the first one of each reason. */
static void say_reject(struct audit_events *events, enum reject reason,
	const char *queue_id, const char *detail)
{
	if (events->totals->rejected[reason] > 1
	    || (reason == REJECT_FOREIGN_QUEUE && events->hides_foreign))
		return;
	audit_say(events->audit, LEVEL_WARNING, "dropped a frame: %s%s%s%s%s; more of them are "
		"only counted", reject_name(reason), detail ? ": " : "",
		detail ? detail : "", queue_id ? ", queue " : "", queue_id ? queue_id : "");
}

void audit_events_reject(struct audit_events *events, enum reject reason,
	const char *queue_id, size_t queue, const char *detail)
{
	const int64_t now_us = events->now_us;
	struct quiet *quiet = quiet_of(events, reason, queue);

	if (!quiet || (quiet->reported_us && now_us - quiet->reported_us < QUIET_US)) {
		events->suppressed++;
		if (quiet)
			quiet->suppressed++;
		return;
	}
	begin(events, LEVEL_WARNING, "frame.rejected");
	say_reject(events, reason, queue_id, detail);
	audit_str(events->audit, "reason", reject_name(reason));
	audit_str(events->audit, "queueId", queue_id);
	if (detail)
		audit_str(events->audit, "detail", detail);
	put_count(events, "suppressed", quiet->suppressed);
	audit_end(events->audit);
	*quiet = (struct quiet){ .reported_us = events->now_us };
}

void audit_events_broken_line(struct audit_events *events, uint64_t line, const char *why)
{
	if (++events->broken_lines > BROKEN_LINES_REPORTED)
		return;
	begin(events, LEVEL_WARNING, "warning");
	audit_say(events->audit, LEVEL_WARNING, "line %llu of the recording is broken: %s",
		(unsigned long long)line, why);
	audit_str(events->audit, "message", "a line of the recording is broken");
	put_count(events, "line", line);
	audit_str(events->audit, "detail", why);
	audit_end(events->audit);
}

bool audit_events_wants_windows(const struct audit_events *events)
{
	return audit_wants(events->audit, LEVEL_INFO);
}

void audit_events_window(struct audit_events *events, const struct row_window *window,
	struct audit_events_row_bytes bytes)
{
	begin(events, LEVEL_INFO, "window.flush");
	audit_int(events->audit, "window", window->index);
	put_count(events, "updates", window->updates);
	put_rejected(events, window->rejected, VERDICT_REJECTS);
	put_count(events, "queues", row_window_queues(window));
	audit_double(events->audit, "avgLatencyUs", window->lag_mean_us);
	audit_double(events->audit, "updatesPerSecond", row_window_updates_per_second(window));
	audit_double(events->audit, "coverage", window->coverage);
	audit_bool(events->audit, "partial", window->partial);
	audit_hex(events->audit, "rowsDigest", bytes.digest);
	put_count(events, "rowsBytes", bytes.len);
	audit_end(events->audit);
}

void audit_events_threshold(struct audit_events *events, const struct threshold_hit *hit)
{
	const char *name = hit->row->queue_name, *media = hit->row->media;
	struct buf value = { 0 };
	char text[sizeof(events->threshold)];

	json_put_double(&value, hit->value);
	buf_char(&value, '\0');
	snprintf(text, sizeof(text),
		"--fail-if '%.120s' held: queue %s%s%.80s%s%s%.40s, window %lld, value %s",
		hit->text, row_id(hit->row), name ? " (" : "", name ? name : "",
		name ? ")" : "", media ? ", " : "", media ? media : "",
		(long long)hit->window, value.failed ? "?" : value.data);
	buf_free(&value);
	if (!events->threshold[0])
		memcpy(events->threshold, text, sizeof(text));
	begin(events, LEVEL_ERROR, "threshold.held");
	audit_say(events->audit, LEVEL_ERROR, "%s", text);
	audit_str(events->audit, "expr", hit->text);
	for (enum row_member m = 0; m < ROW_MEMBERS; m++)
		if (row_members[m].label && row_text(hit->row, m))
			audit_str(events->audit, row_members[m].name, row_text(hit->row, m));
	audit_int(events->audit, "window", hit->window);
	audit_double(events->audit, "value", hit->value);
	audit_end(events->audit);
}

const char *audit_events_first_threshold(const struct audit_events *events)
{
	return events->threshold[0] ? events->threshold : NULL;
}

/* --- callbacks ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum audit_level level;
	const char *sentence;		/* NULL: none */
} delivery_lines[DELIVERIES_KINDS] = {
	[DELIVERIES_DELIVERED] = { "callback.delivered", LEVEL_DEBUG, NULL },
	[DELIVERIES_RETRY] = { "callback.retry", LEVEL_WARNING, NULL },
	[DELIVERIES_DROPPED] = { "callback.dropped", LEVEL_WARNING, "was dropped" },
	[DELIVERIES_REFUSED] = { "callback.refused", LEVEL_WARNING,
		"was refused, and stays in the spool" },
	[DELIVERIES_SPOOLED] = { "callback.spooled", LEVEL_WARNING, "stays in the spool" }
};

void audit_events_set_deliveries(struct audit_events *events, const struct deliveries *c)
{
	events->deliveries = c;
}

void audit_events_delivery(struct audit_events *events, const struct deliveries_event *e)
{
	const bool ends_badly = e->kind == DELIVERIES_DROPPED || e->kind == DELIVERIES_REFUSED
		|| e->kind == DELIVERIES_SPOOLED;
	struct quiet *quiet = &events->of_target[e->target][e->kind];

	if (ends_badly && quiet->reported_us && events->now_us - quiet->reported_us < QUIET_US) {
		quiet->suppressed++;
		return;
	}
	begin(events, delivery_lines[e->kind].level, delivery_lines[e->kind].name);
	if (delivery_lines[e->kind].sentence)
		audit_say(events->audit, LEVEL_WARNING, "a callback to %s %s%s%s", e->to,
			delivery_lines[e->kind].sentence, e->reason ? ": " : "",
			e->reason ? e->reason : "");
	audit_str(events->audit, "url", e->to);
	audit_str(events->audit, "id", e->id);
	if (e->http_status)
		audit_int(events->audit, "httpStatus", e->http_status);
	if (e->attempt)
		audit_int(events->audit, "attempt", e->attempt);
	if (e->kind == DELIVERIES_RETRY)
		audit_int(events->audit, "waitMs", e->wait_us / 1000);
	if (e->reason)
		audit_str(events->audit, "reason", e->reason);
	if (ends_badly)
		put_count(events, "suppressed", quiet->suppressed);
	audit_end(events->audit);
	*quiet = (struct quiet){ .reported_us = events->now_us };
}

static void put_deliveries(struct audit_events *events)
{
	const struct deliveries_totals *t = deliveries_totals(events->deliveries);
	struct buf json = { 0 };

	buf_printf(&json, "{\"delivered\":%llu,\"retried\":%llu,\"dropped\":%llu,"
		"\"refused\":%llu,\"spooled\":%llu}", (unsigned long long)t->delivered,
		(unsigned long long)t->retried, (unsigned long long)t->dropped,
		(unsigned long long)t->refused, (unsigned long long)t->spooled);
	put_json(events, "callbacks", &json);
}

/* --- the totals ------------------------------------------------------------------------ */

static void put_resyncs(struct audit_events *events)
{
	const struct totals *t = events->totals;
	struct buf json = { 0 };

	buf_printf(&json, "{\"done\":%llu,\"failed\":%llu,\"differences\":%llu}",
		(unsigned long long)t->resyncs, (unsigned long long)t->resyncs_failed,
		(unsigned long long)t->differences);
	put_json(events, "resync", &json);
}

static void put_totals(struct audit_events *events)
{
	const struct totals *t = events->totals;

	put_count(events, "windows", t->windows);
	put_count(events, "rows", t->rows);
	put_count(events, "messages", t->messages);
	put_count(events, "frames", t->frames);
	put_count(events, "updates", t->updates);
	put_rejected(events, t->rejected, REJECT_KINDS);
	put_count(events, "suppressed", events->suppressed);
	put_count(events, "connected", t->connected);
	put_count(events, "lost", t->lost);
	put_count(events, "retries", t->retries);
	put_count(events, "tokens", t->tokens);
	put_count(events, "tooBig", t->too_big);
	put_count(events, "badText", t->bad_text);
	put_count(events, "cutMessages", t->cut_messages);
	put_count(events, "brokenLines", events->broken_lines);
	audit_int(events->audit, "stalledMs", t->stalled_us / US_PER_MS);
	if (events->counts_resyncs)
		put_resyncs(events);
	if (events->deliveries)
		put_deliveries(events);
	put_count(events, "auditDropped", audit_dropped(events->audit));
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* The totals for people, in one line that begins with the text. */
static void say_totals(struct audit_events *events, enum audit_level level, const char *text)
{
	const struct totals *t = events->totals;
	int64_t down_us = totals_down_us(t, events->now_us);
	char number[TERM_TEXT_NUMBER_MAX], lost[TERM_TEXT_NUMBER_MAX + 16] = "";
	uint64_t dropped = 0;

	for (size_t i = 0; i < REJECT_KINDS; i++)
		dropped += t->rejected[i];
	if (t->lost && down_us > 0)
		snprintf(lost, sizeof(lost), " (%s lost)", term_text_number(number, NUMBER_MS,
			(double)down_us / US_PER_MS, 5));
	audit_say(events->audit, level, "%s: %llu window%s, %llu row%s, %llu reconnect%s%s, "
		"%llu frame%s dropped", text, (unsigned long long)t->windows, plural(t->windows),
		(unsigned long long)t->rows, plural(t->rows), (unsigned long long)t->reconnects,
		plural(t->reconnects), lost, (unsigned long long)dropped, plural(dropped));
}

void audit_events_status(struct audit_events *events, bool up)
{
	begin(events, LEVEL_INFO, "run.status");
	say_totals(events, LEVEL_INFO, up ? "connected" : "not connected");
	audit_bool(events->audit, "up", up);
	put_totals(events);
	audit_end(events->audit);
}

void audit_events_end(struct audit_events *events, enum status st, const char *message)
{
	bool quiet = st == ST_OK || st == ST_READER_LEFT;
	bool stopped = st > ST_SIGNAL && st != ST_READER_LEFT;

	begin(events, quiet ? LEVEL_INFO : LEVEL_ERROR, "run.end");
	say_totals(events, stopped ? LEVEL_INFO : LEVEL_DEBUG, quiet || stopped ? message
		: "ended by an error");
	audit_int(events->audit, "exit", (int64_t)st);
	audit_text(events->audit, "message", message);
	put_totals(events);
	audit_end(events->audit);
}

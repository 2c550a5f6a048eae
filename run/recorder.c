#include "run/recorder.h"

#include <string.h>

#include "run/run_state.h"
#include "source/channel_api.h"
#include "source/queue_list.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/time.h"

void recorder_free(struct recorder *rec)
{
	lines_free(&rec->secrets);
	buf_free(&rec->text);
}

bool recorder_secret(struct recorder *rec, const char *text, size_t len)
{
	lines_add(&rec->secrets, "%.*s", (int)len, text);
	return !rec->secrets.failed;
}

static const char *interval_of(const struct recorder *rec)
{
	const struct options *set = rec->run->set;

	return set->source == SOURCE_NOTIFICATIONS ? NULL : set->interval;
}

/* The first line lists the queues, so it is not written before they are known. */
static void begin(struct recorder *rec)
{
	const struct run *run = rec->run;
	struct buf line = { 0 };

	rec->begun = true;
	recording_entry_put_run(&line, run->began_us, run->set->source, &run->queues,
		interval_of(rec));
	side_file_put(run->record, &line);
	buf_free(&line);
}

/* Writes the line in rec->text. */
static void put_line(struct recorder *rec)
{
	if (!rec->begun)
		begin(rec);
	side_file_put(rec->run->record, &rec->text);
}

/* Messages of the notification service can contain the channel's ID, which is a secret. */
static void put_redacted(const struct recorder *rec, const char *text, size_t len, struct buf *out)
{
	while (len) {
		const char *first = text + len;
		size_t cut = 0;

		for (size_t i = 0; i < rec->secrets.n; i++) {
			size_t n = strlen(rec->secrets.v[i]);
			const char *at = memmem(text, len, rec->secrets.v[i], n);

			if (at && (at < first || (at == first && n > cut))) {
				first = at;
				cut = n;
			}
		}
		buf_add(out, text, (size_t)(first - text));
		buf_str(out, cut ? "REDACTED" : "");
		len -= (size_t)(first - text) + cut;
		text = first + cut;
	}
}

/* Records also which metrics the query named, so that a replay of other metrics knows which ones
 * the answer lacks. */
static void put_snapshot(struct recorder *rec, const struct session_event *event,
	const struct buf *safe)
{
	const struct lines *patterns = &rec->run->set->patterns;
	struct buf metrics = { 0 };

	if (channel_api_put_metrics(&metrics,
		    channel_api_query_metrics((const char *const *)patterns->v, patterns->n))
		&& buf_char(&metrics, '\0'))
		recording_entry_put_answer(&rec->text, event->at_us, event->asked_us, event->answer,
			metrics.data, safe->data ? safe->data : "", safe->len);
	else
		rec->text.failed = true;
	buf_free(&metrics);
}

void recorder_message(struct recorder *rec, const struct session_event *event)
{
	struct buf safe = { 0 };

	if (!rec->run->record)
		return;
	buf_clear(&rec->text);
	put_redacted(rec, event->text, event->len, &safe);
	if (event->kind == SESSION_ANSWER)
		put_snapshot(rec, event, &safe);
	else
		recording_entry_put_message(&rec->text, event->at_us, event->socket, event->binary,
			safe.data ? safe.data : "", safe.len);
	rec->text.failed = rec->text.failed || safe.failed;
	buf_free(&safe);
	put_line(rec);
}

/* Records an answer that imitates one of the API, and frees it. */
static void put_answer(struct recorder *rec, enum recording_entry_answer kind, struct buf *answer)
{
	buf_clear(&rec->text);
	if (answer->failed)
		rec->text.failed = true;
	else
		recording_entry_put_answer(&rec->text, rec->run->now_us, NO_TIME, kind, NULL,
			answer->data, answer->len);
	buf_free(answer);
	put_line(rec);
}

void recorder_names(struct recorder *rec, const struct queue_index *queues)
{
	struct buf page = { 0 };

	if (!rec->run->record || !queue_index_has_names(queues))
		return;
	queue_list_put_page(&page, queues);
	put_answer(rec, ANSWER_QUEUES, &page);
}

void recorder_state(struct recorder *rec, const struct session_event *event,
	enum recording_entry_kind kind)
{
	if (!rec->run->record)
		return;
	buf_clear(&rec->text);
	recording_entry_put_state(&rec->text, event->at_us, event->socket, kind,
		interval_of(rec));
	put_line(rec);
}

void recorder_stall(struct recorder *rec, int64_t from_us)
{
	if (!rec->run->record)
		return;
	buf_clear(&rec->text);
	recording_entry_put_stall(&rec->text, from_us, rec->run->now_us);
	put_line(rec);
}

void recorder_refusal(struct recorder *rec, const struct session_event *event)
{
	struct buf answer = { 0 };

	if (!rec->run->record)
		return;
	channel_api_put_refusal(&answer, event->queue_id, event->text, event->len);
	put_answer(rec, ANSWER_SUBSCRIPTIONS, &answer);
}

void recorder_end(struct recorder *rec)
{
	const struct run *run = rec->run;
	int64_t at_us = run->now_us, end_us = sinks_end_us(run->sinks);

	if (!run->record)
		return;
	if (run_is_over(run) && end_us != NO_TIME && end_us < at_us)
		at_us = end_us;
	buf_clear(&rec->text);
	recording_entry_put_end(&rec->text, at_us);
	put_line(rec);
}

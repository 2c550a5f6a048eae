#include "run/record.h"

#include <string.h>

#include "source/channel_api.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/time.h"

/* The first line has the queues, so it is written when they are known. */
static void begin(struct run *run)
{
	const struct options *set = run->set;
	struct buf line = { 0 };

	run->record_begun = true;
	recording_entry_put_run(&line, run->began_us,
		set->notifications ? SOURCE_NOTIFICATIONS : SOURCE_STREAM, &run->queues,
		set->notifications ? NULL : set->interval);
	side_file_put(run->record, &line);
	buf_free(&line);
}

/* run->text, a line */
static void put_line(struct run *run)
{
	if (!run->record_begun)
		begin(run);
	side_file_put(run->record, &run->text);
}

/* Messages of the notification service can contain the channel's ID, which is a secret. */
static void put_redacted(const struct run *run, const char *text, size_t len, struct buf *out)
{
	while (len) {
		const char *first = text + len;
		size_t cut = 0;

		for (size_t i = 0; i < run->secrets.n; i++) {
			size_t n = strlen(run->secrets.v[i]);
			const char *at = memmem(text, len, run->secrets.v[i], n);

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

/* With the metrics that were asked for, so that a replay that wants others knows that the answer
 * lacks them. */
static void put_snapshot(struct run *run, const struct session_event *event,
	const struct buf *safe)
{
	const struct lines *patterns = &run->set->patterns;
	struct buf metrics = { 0 };

	if (channel_api_put_metrics(&metrics,
		    channel_api_query_metrics((const char *const *)patterns->v, patterns->n))
		&& buf_char(&metrics, '\0'))
		recording_entry_put_answer(&run->text, event->at_us, event->asked_us, event->answer,
			metrics.data, safe->data ? safe->data : "", safe->len);
	else
		run->text.failed = true;
	buf_free(&metrics);
}

void record_message(struct run *run, const struct session_event *event)
{
	struct buf safe = { 0 };

	if (!run->record)
		return;
	buf_clear(&run->text);
	put_redacted(run, event->text, event->len, &safe);
	if (event->kind == SESSION_ANSWER)
		put_snapshot(run, event, &safe);
	else
		recording_entry_put_message(&run->text, event->at_us, event->socket, event->binary,
			safe.data ? safe.data : "", safe.len);
	run->text.failed = run->text.failed || safe.failed;
	buf_free(&safe);
	put_line(run);
}

/* An answer of the API that is made here; frees it. */
static void put_answer(struct run *run, enum recording_entry_answer kind, struct buf *answer)
{
	buf_clear(&run->text);
	if (answer->failed)
		run->text.failed = true;
	else
		recording_entry_put_answer(&run->text, run->now_us, NO_TIME, kind, NULL,
			answer->data, answer->len);
	buf_free(answer);
	put_line(run);
}

void record_names(struct run *run)
{
	struct buf page = { 0 };
	bool any = false;

	for (size_t i = 0; i < run->queues.n; i++)
		any = any || run->queue_name[i];
	if (!run->record || !any)
		return;
	queue_list_put_page(&page, (const char *const *)run->queues.v, run->queue_name,
		run->queues.n);
	put_answer(run, ANSWER_QUEUES, &page);
}

void record_state(struct run *run, const struct session_event *event,
	enum recording_entry_kind kind)
{
	if (!run->record)
		return;
	buf_clear(&run->text);
	recording_entry_put_state(&run->text, event->at_us, event->socket, kind,
		run->set->notifications ? NULL : run->set->interval);
	put_line(run);
}

void record_stall(struct run *run, int64_t from_us)
{
	if (!run->record)
		return;
	buf_clear(&run->text);
	recording_entry_put_stall(&run->text, from_us, run->now_us);
	put_line(run);
}

void record_refusal(struct run *run, const struct session_event *event)
{
	struct buf answer = { 0 };

	if (!run->record)
		return;
	channel_api_put_refusal(&answer, event->queue_id, event->text, event->len);
	put_answer(run, ANSWER_SUBSCRIPTIONS, &answer);
}

void record_end(struct run *run, int64_t at_us)
{
	if (!run->record)
		return;
	buf_clear(&run->text);
	recording_entry_put_end(&run->text, at_us);
	put_line(run);
}

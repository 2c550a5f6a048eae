/*
 * Lines for the windows of two queues. `0` and `1` bring the rest of the line on that socket, `A`
 * as an answer, `R` as one to a question that was asked again; `c`, `s` and `l` are socket 0's
 * states, `C`, `S` and `L` socket 1's; `t` lets the rest's milliseconds pass. What a window then
 * holds has to make sense and be JSON.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define dedup_new dedup_new_table
#define dedup_free dedup_free_table
#include "window/dedup.c"
#undef dedup_new
#undef dedup_free

#include "json.h"
#include "message/observation_query.h"
#include "output/output.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/slice.h"
#include "util/text.h"
#include "window/queue_window.h"

#define WINDOW_MS 10000
#define MOST_MS 10000000	/* that a line lets pass */
#define WINDOWS_MAX 4		/* after one line; a fuzzer has to be quick */
#define LINES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const queues[] = {
	"00000001-0000-4000-8000-000000000001", "00000002-0000-4000-8000-000000000002"
};
static const char *const patterns[] = { "oWaiting", "t*", "*" };

struct world {
	struct queue_windows *windows;
	struct notifications *reader;
	int64_t now_us;
};

static void must(bool true_here)
{
	if (!true_here)
		abort();
}

/* There is one table of duplicates for all inputs: it has 1.25 MB, and to map them for each would
 * take most of the time. It begins as a new one; no place is read before a message is put there. */
struct dedup *dedup_new(void)
{
	static struct dedup *table;

	if (!table)
		table = dedup_new_table();
	must(table);
	memset(table, 0, offsetof(struct dedup, came));
	table->table_until_us = NEVER;
	return table;
}

void dedup_free(struct dedup *table)
{
	(void)table;
}

static void check_slice(struct slice s)
{
	must(s.s || s.len == 0);
	must(s.len <= NOTIFICATION_NAME_MAX);
}

static void check_notice(const struct notification *n, const char *text, size_t len)
{
	must(n->text >= text && n->text + n->text_len <= text + len);
	must(strlen(n->queue_id) == 0 || strlen(n->queue_id) == UUID_LEN);
	must((n->kind == NOTIFICATION_INVALID) == (n->why && n->kind != NOTIFICATION_NOT_JSON));
	must(n->nvalue <= NOTIFICATION_VALUES_MAX);
	if (n->kind != NOTIFICATION_EVENT)
		return;
	for (size_t i = 0; i < n->nmedia; i++)
		check_slice(n->media[i]);
	for (size_t i = 0; i < n->nvalue; i++) {
		const struct notification_value *v = &n->value[i];

		check_slice(v->media);
		check_slice(v->metric);
		check_slice(v->qualifier);
		check_slice(v->stat);
		must(v->metric.s && v->stat.s && isfinite(v->number));
		must(!v->has_interval || v->from_ms <= v->to_ms);
		must(v->kind == VALUE_NUMBER || v->kind == VALUE_NOBODY || v->us >= 0);
	}
}

static void check_gauge(const double *stat, uint64_t window_us)
{
	const uint64_t observed_us = (uint64_t)llround(stat[STAT_OBSERVED_MS] * 1000);

	must(observed_us <= window_us && !isnan(stat[STAT_MEAN]) == (observed_us > 0));
	must(isnan(stat[STAT_LAST]) || isfinite(stat[STAT_LAST]));
	if (!observed_us)
		return;
	must(stat[STAT_MIN] <= stat[STAT_P50] && stat[STAT_P50] <= stat[STAT_P90]);
	must(stat[STAT_P90] <= stat[STAT_P95] && stat[STAT_P95] <= stat[STAT_P99]);
	must(stat[STAT_P99] <= stat[STAT_MAX]);
	must(stat[STAT_MIN] <= stat[STAT_MEAN] && stat[STAT_MEAN] <= stat[STAT_MAX]);
	must(stat[STAT_STDDEV] >= 0);
}

static bool is_within(const char *outer, const char *inner)
{
	size_t n = strlen(outer);

	return strncmp(outer, inner, n) == 0 && (inner[n] == '\0' || inner[n] == '.');
}

static void check_row(const struct row *row, uint64_t window_us)
{
	for (size_t i = 0; i < row->nseries; i++) {
		const struct row_series *f = &row->series[i];
		double last = f->stat[STAT_LAST];

		for (size_t k = 0; k < row->nseries; k++)
			must(k == i || strcmp(f->metric, row->series[k].metric) != 0
				|| !is_within(f->path, row->series[k].path));
		if (f->kind == ROW_GAUGE)
			check_gauge(f->stat, window_us);
		if (f->kind == ROW_AGE)		/* not if the most is null, either */
			must(isnan(last) || (last >= 0 && last <= f->stat[STAT_MAX]));
	}
}

static void check_window(const struct row_window *w)
{
	/* a run's end is cut to ms, what came in the rest of that ms is not */
	uint64_t most_us = (uint64_t)(w->end_ms - w->start_ms) * 1000 + (w->partial ? 999 : 0);
	struct buf out = { 0 };

	must(w->end_ms > w->start_ms && w->end_ms - w->start_ms <= WINDOW_MS);
	must(w->coverage >= 0 && w->coverage <= 1);
	for (size_t i = 0; i < w->nrow; i++)
		check_row(&w->row[i], most_us);
	must(output_ndjson.put(NULL, w, &out));
	for (const char *s = out.data, *end = s + out.len; s && s < end; s++) {
		const char *line_end = memchr(s, '\n', (size_t)(end - s));

		must(line_end && json_skip(s, line_end) == line_end);
		s = line_end;
	}
	buf_free(&out);
}

static void take_message(struct world *w, size_t socket, const char *text, size_t len)
{
	struct notification n;
	struct verdict_place place;

	notifications_begin(w->reader, text, len);
	while (notifications_next(w->reader, &n)) {
		check_notice(&n, text, len);
		if (n.kind == NOTIFICATION_EVENT || n.kind == NOTIFICATION_INVALID)
			must(queue_windows_take(w->windows, &n, socket, w->now_us, &place)
				!= VERDICT_NO_MEMORY);
	}
}

static bool take_presence(void *arg, struct slice id, struct slice name)
{
	return queue_windows_presence(arg, id, name);
}

static void take_answer(struct world *w, bool resync, const char *text, size_t len)
{
	int64_t asked_us = w->now_us - 1000;
	uint64_t differences;
	struct notification n;

	queue_windows_start(w->windows, w->now_us);
	queue_windows_resync_over(w->windows, w->now_us, &differences);
	if (!queue_windows_snapshot_begin(w->windows, NULL, resync, asked_us))
		return;
	observation_query_presences(w->reader, text, len, take_presence, w->windows);
	observation_query_begin(w->reader, text, len);
	while (observation_query_next(w->reader, &n)) {
		check_notice(&n, text, len);
		must(queue_windows_snapshot_take(w->windows, &n, asked_us, w->now_us)
			!= VERDICT_NO_MEMORY);
	}
	queue_windows_snapshot_end(w->windows, asked_us, w->now_us);
}

static void pass_time(struct world *w, const char *digits, size_t len)
{
	const struct row_window *closed;
	int64_t ms = 0;

	for (size_t i = 0; i < len && digits[i] >= '0' && digits[i] <= '9' && ms < MOST_MS; i++)
		ms = 10 * ms + (digits[i] - '0');
	if (ms > WINDOWS_MAX * WINDOW_MS)
		ms = WINDOWS_MAX * WINDOW_MS;
	w->now_us += ms * 1000 + 1;
	while ((closed = queue_windows_due(w->windows, w->now_us)))
		check_window(closed);
}

static void take_line(struct world *w, const char *line, size_t len)
{
	static const char states[] = "lscLSC";
	const char *state;

	if (len == 0)
		return;
	state = memchr(states, line[0], sizeof(states) - 1);
	if (line[0] == '0' || line[0] == '1')
		take_message(w, line[0] == '1', line + 1, len - 1);
	else if (line[0] == 'A' || line[0] == 'R')
		take_answer(w, line[0] == 'R', line + 1, len - 1);
	else if (line[0] == 't')
		pass_time(w, line + 1, len - 1);
	else if (state)
		must(queue_windows_socket(w->windows, (size_t)(state - states) / 3,
			(enum queue_window_socket)((state - states) % 3), w->now_us));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct window_clock clock = { .length_us = WINDOW_MS * 1000, .align = size % 2 };
	struct queue_index known = { 0 };
	struct queue_windows_conf conf = { .clock = &clock, .queues = &known,
		.queue = queues, .nqueue = 2, .pattern = patterns, .npattern = 3,
		.asked = UINT32_MAX
	};
	static struct notifications *reader;	/* for all inputs, as for all messages of a run */
	struct world w = { .now_us = 1795485600000000 };
	const char *s = (const char *)data, *end = s + size;
	const struct row_window *closed;
	struct err err;

	if (!reader)
		reader = notifications_new();
	w.reader = reader;
	must(w.reader && queue_windows_new(&w.windows, &conf, &err) == ST_OK);
	for (int i = 0; i < LINES_MAX && s < end; i++) {
		const char *line_end = memchr(s, '\n', (size_t)(end - s));

		if (!line_end)
			line_end = end;
		take_line(&w, s, (size_t)(line_end - s));
		s = line_end + 1;
	}
	must(!queue_windows_failed(w.windows));
	closed = queue_windows_rest(w.windows, w.now_us, true);
	if (closed)
		check_window(closed);
	queue_windows_free(w.windows);
	queue_index_free(&known);
	return 0;
}

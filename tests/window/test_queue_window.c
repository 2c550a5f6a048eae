/* A few windows on a clock that the test sets, and what each row has. */
#include <math.h>

#include "message/observation_query.h"
#include "tests/support/check.h"
#include "util/buf.h"
#include "util/time.h"
#include "window/queue_window.h"
#include "window/series.h"

#define Q1 "00000001-0000-4000-8000-000000000001"
#define Q2 "00000002-0000-4000-8000-000000000002"
#define S INT64_C(1000000)	/* µs */
#define T0 (INT64_C(1795485600) * S)

static const char *const queues[] = { Q1, Q2 };
static const char *const everything[] = { "*" };

static struct window_clock clock, running;	/* the windows change this copy */
static struct queue_index index_of_run;
static struct queue_windows_conf conf;		/* a test may change it */
static struct queue_windows *windows;
static const struct row_window *closed;		/* the one that a test looks at */
static struct notifications *reader;
static struct verdict_place place;

static int set_up(void **state __attribute__((unused)))
{
	clock = (struct window_clock){ .length_us = 10 * S };
	conf = (struct queue_windows_conf){ .clock = &running, .queues = &index_of_run,
		.queue = queues, .nqueue = 2, .pattern = everything, .npattern = 1 };
	reader = notifications_new();
	return reader ? 0 : -1;
}

static int tear_down(void **state __attribute__((unused)))
{
	queue_windows_free(windows);
	queue_index_free(&index_of_run);
	windows = NULL;
	notifications_free(reader);
	return 0;
}

static void open_windows(void)
{
	struct err err;

	queue_windows_free(windows);
	queue_index_free(&index_of_run);
	running = clock;
	assert_int_equal(queue_windows_new(&windows, &conf, &err), ST_OK);
}

static void socket_is(enum queue_window_socket change, int64_t at_us)
{
	assert_true(queue_windows_socket(windows, 0, change, at_us));
}

static void start(void)
{
	open_windows();
	socket_is(SOCKET_CONNECTED, T0);
	queue_windows_start(windows, T0);
}

static enum verdict put_text(const char *text, size_t socket, int64_t at_us)
{
	struct notification n;

	notifications_begin(reader, text, strlen(text));
	assert_true(notifications_next(reader, &n));
	return queue_windows_take(windows, &n, socket, at_us, &place);
}

/* An event of queue 1: list is of metrics. */
static enum verdict put(const char *media, const char *list, int64_t at_us)
{
	struct buf text = { 0 };
	enum verdict verdict;

	buf_printf(&text, "{\"topicName\":\"v2.analytics.queues." Q1 ".observations\","
		"\"eventBody\":{\"group\":{%s%s%s},\"data\":[{\"metrics\":[%s]}]}}",
		media ? "\"mediaType\":\"" : "", media ? media : "", media ? "\"" : "", list);
	assert_true(buf_char(&text, '\0'));
	verdict = put_text(text.data, 0, at_us);
	buf_free(&text);
	return verdict;
}

static enum verdict answer(const char *results, int64_t asked_us, int64_t at_us)
{
	struct buf text = { 0 };
	enum verdict verdict = VERDICT_ACCEPTED;
	struct notification n;

	assert_true(buf_printf(&text, "{\"results\":[%s]}", results));
	observation_query_begin(reader, text.data, text.len);
	while (observation_query_next(reader, &n))
		verdict = queue_windows_snapshot_take(windows, &n, asked_us, at_us);
	buf_free(&text);
	return verdict;
}

/* What a test of moments looks at: coverage, and for how long Q1's gauge was observed. */
static void assert_window(const struct row_window *w, int coverage_e4, uint64_t observed_us)
{
	const struct row *row = w->row;
	double ms = NAN;

	assert_non_null(w);
	for (size_t i = 0; i < row->nseries; i++)
		if (strcmp(row->series[i].metric, "oWaiting") == 0)
			ms = row->series[i].stat[STAT_OBSERVED_MS];
	assert_double_equal_exact(w->coverage, coverage_e4 / 10000.0);
	assert_double_equal_exact(ms, (double)observed_us / 1000);
}

static const struct row_window *due(int64_t at_us)
{
	const struct row_window *w = queue_windows_due(windows, at_us);

	assert_non_null(w);
	return w;
}

static const struct row_series *series_of(const struct row *row, const char *metric,
	const char *path)
{
	for (size_t i = 0; i < row->nseries; i++)
		if (strcmp(row->series[i].metric, metric) == 0
		    && strcmp(row->series[i].path, path) == 0)
			return &row->series[i];
	return NULL;
}

static const struct row_series *gauge_of(const struct row *row, const char *metric,
	const char *path)
{
	const struct row_series *f = series_of(row, metric, path);

	assert_non_null(f);
	assert_int_equal(f->kind, ROW_GAUGE);
	return f;
}

static void assert_stat(const struct row *row, const char *metric, const char *path,
	enum row_statistic stat, double want)
{
	assert_double_equal_exact(gauge_of(row, metric, path)->stat[stat], want);
}

#define COUNT(metric, n) "{\"metric\":\"" metric "\",\"stats\":{\"count\":" #n "}}"
#define USERS(id, n) "{\"metric\":\"oUserPresences\",\"qualifier\":\"" id \
	"\",\"stats\":{\"count\":" #n "}}"

TEST(rows__have_the_queue_first_then_media_types_by_name)
{
	start();
	assert_int_equal(put("voice", COUNT("oWaiting", 1), T0), VERDICT_ACCEPTED);
	assert_int_equal(put("chat", COUNT("oWaiting", 2), T0), VERDICT_ACCEPTED);
	assert_int_equal(put(NULL, COUNT("oActiveUsers", 3), T0), VERDICT_ACCEPTED);
	assert_null(queue_windows_due(windows, T0 + 10 * S - 1));
	closed = due(T0 + 10 * S);
	assert_string_equal(closed->source, "notifications");
	assert_int_equal(closed->members, 1u << ROW_QUEUE_ID | 1u << ROW_QUEUE_NAME
		| 1u << ROW_MEDIA);
	assert_true(closed->has_gauges && !closed->event_time);
	assert_int_equal(closed->nrow, 4);
	assert_null(closed->row[0].media);
	assert_string_equal(closed->row[1].media, "chat");
	assert_string_equal(closed->row[2].media, "voice");
	assert_null(closed->row[3].media);
	assert_string_equal(closed->row[3].queue_id, Q2);
	assert_int_equal(closed->updates, 3);
	assert_stat(&closed->row[0], "oWaiting", "count", STAT_LAST, 3);
	assert_double_equal_exact(closed->coverage, 1);
}

TEST(sum_over_media__has_the_statistics_of_the_sum)
{
	const struct row_series *g;

	start();
	put("voice", COUNT("oWaiting", 4), T0);
	put("chat", COUNT("oWaiting", 0), T0);
	put("voice", COUNT("oWaiting", 0), T0 + 5 * S);
	put("chat", COUNT("oWaiting", 4), T0 + 5 * S);
	g = gauge_of(&due(T0 + 10 * S)->row[0], "oWaiting", "count");
	assert_double_equal_exact(g->stat[STAT_MIN], 4);	/* not 0 and 0 */
	assert_double_equal_exact(g->stat[STAT_MEAN], 4);
	assert_double_equal_exact(g->stat[STAT_EVENTS], 4);
}

TEST(sum_over_media__is_replaced_by_a_value_without_media_type)
{
	start();
	put("voice", COUNT("oWaiting", 4), T0);
	put(NULL, COUNT("oWaiting", 7), T0);
	assert_stat(&due(T0 + 10 * S)->row[0], "oWaiting", "count", STAT_LAST, 7);
}

TEST(sum_over_media__that_overflows_is_unknown)
{
	start();
	put("voice", COUNT("oX", 1.7e308), T0);
	put("chat", COUNT("oX", 1.7e308), T0);
	closed = due(T0 + 10 * S);
	assert_true(isnan(gauge_of(&closed->row[0], "oX", "count")->stat[STAT_LAST]));
	assert_true(!isnan(gauge_of(&closed->row[1], "oX", "count")->stat[STAT_LAST]));
}

TEST(snapshot__loses_against_events_after_the_query)
{
	start();
	put(NULL, COUNT("oA", 1) "," COUNT("oB", 1), T0 + 1);
	put(NULL, COUNT("oB", 2), T0 + 3);
	assert_true(queue_windows_snapshot_begin(windows, NULL, false, T0 + 2));
	assert_int_equal(answer("{\"group\":{\"queueId\":\"" Q1 "\"},\"data\":[" COUNT("oA", 8) ","
		COUNT("oB", 8) "," COUNT("oC", 8) "]}", T0 + 2, T0 + 4), VERDICT_ACCEPTED);
	closed = due(T0 + 10 * S);
	assert_stat(&closed->row[0], "oA", "count", STAT_LAST, 8);
	assert_stat(&closed->row[0], "oB", "count", STAT_LAST, 2);
	assert_stat(&closed->row[0], "oC", "count", STAT_LAST, 8);
	assert_stat(&closed->row[0], "oC", "count", STAT_EVENTS, 0);
}

TEST(snapshot__asked_for_before_the_connection_is_ignored)
{
	open_windows();
	assert_false(queue_windows_snapshot_begin(windows, NULL, false, T0));
	socket_is(SOCKET_CONNECTED, T0);
	assert_false(queue_windows_snapshot_begin(windows, NULL, false, T0 - 1));
	assert_true(queue_windows_snapshot_begin(windows, NULL, false, T0));
}

#define RESULT(list) "{\"group\":{\"queueId\":\"" Q1 "\"},\"data\":[" list "]}"
#define IDLE(n) "{\"metric\":\"oOnQueueUsers\",\"qualifier\":\"IDLE\",\"stats\":{\"count\":" #n "}}"

TEST(snapshot__makes_gauges_that_it_omits_zero)
{
	const struct row *row;

	conf.asked = UINT32_MAX;
	start();
	put(NULL, IDLE(3) "," COUNT("oA", 3), T0);
	put("voice", COUNT("oWaiting", 3), T0);
	assert_true(queue_windows_snapshot_begin(windows, NULL, false, T0 + S));
	answer(RESULT(COUNT("oMemberUsers", 5)), T0 + S, T0 + 2 * S);
	queue_windows_snapshot_end(windows, T0 + S, T0 + 2 * S);
	put(NULL, IDLE(4), T0 + 6 * S);
	row = due(T0 + 10 * S)->row;
	assert_stat(&row[0], "oOnQueueUsers", "IDLE.count", STAT_MEAN, 2.2);
	assert_stat(&row[0], "oOnQueueUsers", "count", STAT_MEAN, 2);
	assert_stat(&row[0], "oOnQueueUsers", "count", STAT_OBSERVED_MS, 8000);
	assert_stat(&row[0], "oOnQueueUsers", "count", STAT_EVENTS, 2);
	assert_true(series_of(&row[0], "oOnQueueUsers", "count")->sum);
	assert_stat(&row[0], "oUserRoutingStatuses", "OFF_QUEUE.count", STAT_LAST, 0);
	assert_stat(&row[0], "oA", "count", STAT_LAST, 3);
	assert_stat(&row[1], "oWaiting", "count", STAT_LAST, 0);
	assert_null(series_of(&row[0], "oAlerting", "count"));
}

/* A value of the service is not a sum, whichever came first. */
TEST(sum_over_qualifiers__is_replaced_by_a_value_of_the_service)
{
	conf.asked = UINT32_MAX;
	for (int first = 0; first < 2; first++) {
		const struct row_series *f;

		start();
		if (first)
			put(NULL, COUNT("oOnQueueUsers", 9), T0);
		put(NULL, IDLE(3), T0);
		if (!first)
			put(NULL, COUNT("oOnQueueUsers", 9), T0);
		f = series_of(due(T0 + 10 * S)->row, "oOnQueueUsers", "count");
		assert_double_equal_exact(f->stat[STAT_LAST], 9);
		assert_false(f->sum);
	}
}

/* The window began before the stream was there, was down for a while, and the gauge comes late:
 * only what was up counts as zero. */
TEST(gauge__that_comes_late_was_zero_while_connected)
{
	const struct row_series *g;

	conf.asked = UINT32_MAX;
	start();
	assert_true(queue_windows_snapshot_begin(windows, NULL, false, T0 + S));
	answer(RESULT(COUNT("oMemberUsers", 5)), T0 + S, T0 + S);
	queue_windows_snapshot_end(windows, T0 + S, T0 + S);
	socket_is(SOCKET_SILENT, T0 + 2 * S);
	socket_is(SOCKET_CONNECTED, T0 + 5 * S);
	put("voice", COUNT("oWaiting", 6), T0 + 7 * S);
	g = gauge_of(&due(T0 + 10 * S)->row[1], "oWaiting", "count");
	assert_double_equal_exact(g->stat[STAT_OBSERVED_MS], 6000);
	assert_double_equal_exact(g->stat[STAT_MEAN], 3);
	put("chat", COUNT("oWaiting", 6), T0 + 15 * S);
	g = gauge_of(&due(T0 + 20 * S)->row[1], "oWaiting", "count");
	assert_double_equal_exact(g->stat[STAT_OBSERVED_MS], 10000);
}

TEST(presence__keeps_its_value_when_it_gets_a_name)
{
	const struct slice id = { "id-1", 4 }, second = { "id-2", 4 }, away = { "AWAY", 4 };
	const struct row *row;

	start();
	put(NULL, USERS("id-1", 3) "," USERS("id-2", 4), T0);
	assert_true(queue_windows_presence(windows, id, away));
	assert_true(queue_windows_presence(windows, second, away));
	row = &due(T0 + 10 * S)->row[0];
	assert_null(series_of(row, "oUserPresences", "id-1.count"));
	assert_null(series_of(row, "oUserPresences", "id-2.count"));
	assert_stat(row, "oUserPresences", "AWAY.count", STAT_LAST, 7);
	assert_stat(row, "oUserPresences", "AWAY.count", STAT_MIN, 7);
	assert_stat(row, "oUserPresences", "AWAY.count", STAT_OBSERVED_MS, 10000);
	assert_stat(row, "oUserPresences", "AWAY.count", STAT_EVENTS, 1);
}

TEST(path__that_is_the_beginning_of_another_is_invalid)
{
	start();
	assert_int_equal(put(NULL, "{\"metric\":\"oX\",\"stats\":{\"a\":1}}", T0),
		VERDICT_ACCEPTED);
	assert_int_equal(put(NULL, "{\"metric\":\"oX\",\"qualifier\":\"a\","
		"\"stats\":{\"b\":1}}", T0), VERDICT_INVALID);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->row[0].nseries, 1);
	assert_int_equal(closed->rejected[VERDICT_INVALID], 1);
}

#define ONE(metric, qualifier, stat, x) "{\"metric\":\"" metric "\",\"qualifier\":\"" \
	qualifier "\",\"stats\":{\"" stat "\":" #x "}}"

/* A dot becomes an underscore, as a control does: what else would have that name is left out,
 * not added. */
TEST(names__that_differ_only_in_a_dot_are_two_series)
{
	static const char *const second[] = {
		ONE("o_a", "b.c", "d.e", 2), ONE("o.a", "b_c", "d.e", 2),
		ONE("o.a", "b.c", "d_e", 2), ONE("o.a", "b\\u001bc", "d.e", 2)
	};

	for (size_t i = 0; i < ARRAY_LEN(second); i++) {
		start();
		assert_int_equal(put(NULL, ONE("o.a", "b.c", "d.e", 1), T0),
			VERDICT_ACCEPTED);
		assert_int_equal(put(NULL, second[i], T0), VERDICT_INVALID);
		assert_int_equal(put("voice", second[i], T0), VERDICT_ACCEPTED);
		assert_int_equal(put("voice", ONE("o.a", "b.c", "d.e", 1), T0),
			VERDICT_INVALID);
		closed = due(T0 + 10 * S);
		assert_int_equal(closed->row[0].nseries, 1);
		assert_stat(&closed->row[0], "o_a", "b_c.d_e", STAT_LAST, 1);
		assert_int_equal(closed->row[1].nseries, 1);
		assert_stat(&closed->row[1], "o_a", "b_c.d_e", STAT_LAST, 2);
	}
}

TEST(presence__keeps_its_id_if_its_name_is_taken_but_for_a_dot)
{
	const struct slice id = { "id-1", 4 }, second = { "id-2", 4 };
	const struct slice dot = { "A.B", 3 }, plain = { "A_B", 3 };
	const struct row *row;

	start();
	put(NULL, USERS("id-1", 3) "," USERS("id-2", 4), T0);
	assert_true(queue_windows_presence(windows, id, dot));
	assert_true(queue_windows_presence(windows, second, plain));
	row = &due(T0 + 10 * S)->row[0];
	assert_stat(row, "oUserPresences", "A_B.count", STAT_LAST, 3);
	assert_stat(row, "oUserPresences", "id-2.count", STAT_LAST, 4);
}

TEST(qualifier__that_is_empty_counts_as_missing)
{
	const struct row *row;

	start();
	put(NULL, ONE("oX", "", "count", 1), T0);
	put(NULL, "{\"metric\":\"oX\",\"stats\":{\"count\":2}}", T0);
	row = &due(T0 + 10 * S)->row[0];
	assert_stat(row, "oX", "count", STAT_LAST, 2);
}

TEST(series__and_media_types_have_a_limit)
{
	struct buf list = { 0 }, result = { 0 };

	start();
	for (int i = 0; i <= SERIES_MAX; i++)
		buf_printf(&list, "%s{\"metric\":\"o%d\",\"stats\":{\"n\":1}}", i ? "," : "", i);
	buf_printf(&result, "{\"group\":{\"queueId\":\"" Q1 "\"},\"data\":[%s,"
		"{\"metric\":\"o0\",\"stats\":{\"n\":1}}]}", list.data);
	assert_true(buf_char(&list, '\0') && buf_char(&result, '\0'));
	for (int i = 0; i <= 32; i++) {
		char media[16];

		snprintf(media, sizeof(media), "m%02d", i);
		assert_int_equal(put(media, COUNT("oX", 1), T0),
			i == 32 ? VERDICT_INVALID : VERDICT_ACCEPTED);
	}
	assert_int_equal(put(NULL, list.data, T0), VERDICT_INVALID);
	assert_int_equal(answer(result.data, T0, T0), VERDICT_INVALID);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->nrow, 34);
	assert_int_equal(closed->row[0].nseries, SERIES_MAX);
	assert_false(queue_windows_failed(windows));
	buf_free(&list);
	buf_free(&result);
}

TEST(duplicate__counts_in_the_rows_of_its_media_types)
{
	const char *text = "{\"topicName\":\"v2.analytics.queues." Q1 ".activity\",\"eventBody\":"
		"{\"results\":[{\"mediaType\":\"voice\",\"data\":[]},{\"mediaType\":\"chat\"}]}}";

	start();
	assert_true(queue_windows_socket(windows, 1, SOCKET_CONNECTED, T0));
	assert_int_equal(put_text(text, 0, T0), VERDICT_ACCEPTED);
	assert_int_equal(put_text(text, 1, T0 + 1), VERDICT_DUPLICATE);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->row[0].updates + closed->row[0].rejected[VERDICT_DUPLICATE], 0);
	assert_int_equal(closed->row[1].rejected[VERDICT_DUPLICATE], 1);
	assert_int_equal(closed->row[2].rejected[VERDICT_DUPLICATE], 1);
	assert_int_equal(closed->row[2].updates, 1);
}

TEST(refused_queue_has_no_row)
{
	start();
	assert_int_equal(row_window_queues(due(T0 + 10 * S)), 2);
	queue_windows_refuse(windows, Q1);
	assert_int_equal(put("voice", COUNT("oX", 1), T0 + 10 * S),
		VERDICT_FOREIGN_QUEUE);
	closed = due(T0 + 20 * S);
	assert_int_equal(row_window_queues(closed), 1);
	assert_int_equal(closed->nrow, 1);
	assert_string_equal(closed->row[0].queue_id, Q2);
	assert_int_equal(closed->row[0].queue, 1);
}

TEST(gauge__that_only_an_age_needs_is_not_printed)
{
	static const char *const ages[] = { "oLongest*" };

	conf.pattern = ages;
	start();
	put("voice", COUNT("oWaiting", 0) ",{\"metric\":\"oLongestWaiting\",\"stats\":"
		"{\"calculatedMetricValue\":5000}}", T0);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->row[1].nseries, 1);
	assert_true(isnan(closed->row[1].series[0].stat[STAT_LAST]));	/* for nobody waits */
	put("voice", COUNT("oWaiting", 1), T0 + 10 * S);
	closed = due(T0 + 20 * S);
	assert_double_equal_exact(closed->row[1].series[0].stat[STAT_LAST], 25000);
}

TEST(align__counts_events_before_the_first_snapshot)
{
	clock.align = true;
	open_windows();
	socket_is(SOCKET_CONNECTED, T0 - 5 * S);
	put("voice", COUNT("oX", 9), T0 - 5 * S);
	put("voice", COUNT("oX", 1), T0 + 1 * S);
	put("voice", COUNT("oX", 2), T0 + 2 * S);
	queue_windows_start(windows, T0 + 4 * S);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->start_ms, T0 / 1000);
	assert_int_equal(closed->row[1].updates, 2);
	assert_stat(&closed->row[1], "oX", "count", STAT_OBSERVED_MS, 10000);
	assert_stat(&closed->row[1], "oX", "count", STAT_MEAN, 2.6);
}

TEST(partial_window__ends_at_a_whole_ms)
{
	for (int replay = 0; replay < 2; replay++) {
		conf.replay = replay;
		start();
		put("voice", COUNT("oX", 1), T0);
		closed = queue_windows_rest(windows, T0 + 4 * S + 900, true);
		assert_non_null(closed);
		assert_true(closed->partial);
		assert_int_equal(closed->end_ms - closed->start_ms, 4000);
		assert_double_equal_exact(closed->coverage, 1);
		assert_stat(&closed->row[1], "oX", "count", STAT_OBSERVED_MS, 4000);
	}
}

/* Windows that continue others: the first one has the next number. */
TEST(index__is_the_number_of_the_first_window)
{
	clock.index = 7;
	clock.count = 8;
	start();
	put("voice", COUNT("oX", 1), T0);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->index, 7);
	assert_int_equal(closed->start_ms, T0 / 1000);
	assert_int_equal(closed->end_ms, T0 / 1000 + 10000);
	assert_stat(&closed->row[1], "oX", "count", STAT_OBSERVED_MS, 10000);
	assert_true(window_clock_all_printed(&running));
}

TEST(queues__are_added_up_to_the_limit_if_none_was_named)
{
	static const char *const message = "{\"topicName\":\"v2.analytics.queues.%s.observations\","
		"\"eventBody\":{\"group\":{\"mediaType\":\"voice\"},\"data\":[]}}";
	char text[256];

	conf.nqueue = 0;
	conf.any = conf.replay = true;
	conf.room = 2;
	start();
	assert_int_equal(put("voice", COUNT("oX", 1), T0), VERDICT_ACCEPTED);
	snprintf(text, sizeof(text), message, Q2);
	assert_int_equal(put_text(text, 0, T0 + 1), VERDICT_ACCEPTED);
	assert_int_equal(row_window_queues(due(T0 + 10 * S)), 2);
	queue_windows_refuse(windows, Q2);
	assert_int_equal(put_text(text, 0, T0 + 12 * S), VERDICT_TOO_MANY_QUEUES);
	assert_int_equal(row_window_queues(due(T0 + 20 * S)), 1);
	assert_true(queue_windows_watch(windows, Q2));
	assert_int_equal(put_text(text, 0, T0 + 23 * S), VERDICT_ACCEPTED);
	snprintf(text, sizeof(text), message, "00000003-0000-4000-8000-000000000003");
	assert_int_equal(put_text(text, 0, T0 + 24 * S), VERDICT_TOO_MANY_QUEUES);
	assert_false(queue_windows_watch(windows, "00000003-0000-4000-8000-000000000003"));
}

/* --- moments -------------------------------------------------------------------------- */

/* The stream is up and the value 4 since the start. */
static void start_with_4(void)
{
	start();
	put("voice", COUNT("oWaiting", 4), T0);
}

TEST(stall__is_neither_connected_nor_observed)
{
	const struct row_series *g;

	start_with_4();
	assert_true(queue_windows_stalled(windows, T0 + 2 * S, T0 + 25 * S));
	assert_window(due(T0 + 25 * S), 2000, 2 * S);
	assert_window(due(T0 + 25 * S), 0, 0);
	assert_null(queue_windows_due(windows, T0 + 25 * S));
	put("voice", COUNT("oWaiting", 9), T0 + 26 * S);
	assert_window(due(T0 + 30 * S), 5000, 5 * S);
	g = gauge_of(&queue_windows_due(windows, T0 + 40 * S)->row[0], "oWaiting", "count");
	assert_true(!isnan(g->stat[STAT_LAST]));
	assert_double_equal_exact(g->stat[STAT_MEAN], 9);
}

TEST(stall__that_ends_with_a_window_leaves_the_next_one_whole)
{
	start_with_4();
	assert_true(queue_windows_stalled(windows, T0 + 7 * S, T0 + 10 * S));
	assert_window(due(T0 + 10 * S), 7000, 7 * S);
	assert_window(due(T0 + 20 * S), 10000, 10 * S);
}

TEST(stall__within_a_window_keeps_the_value)
{
	const struct row_series *g;

	start_with_4();
	assert_true(queue_windows_stalled(windows, T0 + 2 * S, T0 + 6 * S));
	put("voice", COUNT("oWaiting", 8), T0 + 8 * S);
	g = gauge_of(&due(T0 + 10 * S)->row[0], "oWaiting", "count");
	assert_double_equal_exact(g->stat[STAT_OBSERVED_MS], 6000);
	assert_double_equal_exact(g->stat[STAT_MEAN], (4 * 4 + 8 * 2) / 6.0);
}

TEST(loss__during_or_after_a_stall_counts_once)
{
	start_with_4();
	assert_true(queue_windows_stalled(windows, T0 + 2 * S, T0 + 4 * S));
	socket_is(SOCKET_LOST, T0 + 3 * S);
	socket_is(SOCKET_CONNECTED, T0 + 5 * S);
	put("voice", COUNT("oWaiting", 4), T0 + 5 * S);
	assert_true(queue_windows_stalled(windows, T0 + 6 * S, T0 + 8 * S));
	socket_is(SOCKET_LOST, T0 + 9 * S);
	assert_window(due(T0 + 10 * S), 4000, 4 * S);
}

TEST(stall__while_disconnected_changes_nothing)
{
	start_with_4();
	socket_is(SOCKET_LOST, T0 + 2 * S);
	assert_true(queue_windows_stalled(windows, T0 + 3 * S, T0 + 6 * S));
	assert_window(due(T0 + 10 * S), 2000, 2 * S);
}

TEST(loss__is_not_counted_before_the_last_change)
{
	start_with_4();
	put("voice", COUNT("oWaiting", 5), T0 + 6 * S);
	socket_is(SOCKET_LOST, T0 + 3 * S);
	assert_window(due(T0 + 10 * S), 6000, 6 * S);
	socket_is(SOCKET_LOST, T0 + 3 * S);
}

/* A caller that closes a window too late. */
TEST(series__is_not_observed_longer_than_its_window)
{
	start_with_4();
	put("voice", COUNT("oWaiting", 5), T0 + 12 * S);
	socket_is(SOCKET_LOST, T0 + 13 * S);
	assert_window(due(T0 + 13 * S), 10000, 10 * S);
}

TEST(partial_window__is_as_long_as_its_values_were_observed)
{
	start_with_4();
	put("voice", COUNT("oWaiting", 5), T0 + 2 * S + 1);
	closed = queue_windows_rest(windows, T0 + 2 * S + 1, true);
	assert_int_equal(closed->end_ms, T0 / 1000 + 2001);
	assert_window(closed, 10000, 2001000);
}

TEST(count__ends_the_windows)
{
	clock.count = 2;
	start();
	closed = due(T0 + 25 * S);
	assert_int_equal(closed->end_ms, T0 / 1000 + 10000);
	due(T0 + 25 * S);
	assert_null(queue_windows_due(windows, T0 + 99 * S));
	assert_true(window_clock_all_printed(&running));
	assert_true(window_clock_due_us(&running) == NO_TIME);
	assert_null(queue_windows_rest(windows, T0 + 99 * S, true));
}

TEST(age__from_the_future_in_a_snapshot_is_clock_skew)
{
	start();
	assert_int_equal(answer("{\"group\":{\"queueId\":\"" Q1 "\",\"mediaType\":\"voice\"},"
		"\"data\":[{\"metric\":\"oLongestWaiting\",\"stats\":{\"calculatedMetricValue\":"
		"1795485660000}}]}", T0, T0), VERDICT_ACCEPTED);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->row[0].clock_skew, 0);
	assert_int_equal(closed->row[1].clock_skew, 1);
	assert_int_equal(due(T0 + 20 * S)->row[1].clock_skew, 0);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

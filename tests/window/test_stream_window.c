/* Windows on a clock that the test sets: each call gets the time. */
#include <math.h>

#include "tests/support/check.h"
#include "util/text.h"
#include "util/time.h"
#include "window/stream_window.h"

#define Q1 "00000001-0000-4000-8000-000000000001"
#define Q2 "00000002-0000-4000-8000-000000000002"
#define S 1000000		/* µs */
#define T0 (1795485600 * (int64_t)S)

static const char *const queues[] = { Q1, Q2 };
static const char *const metrics[] = { "waitTime" };

static struct window_clock clock, running;	/* the windows change this copy */
static struct queue_index index_of_run;
static struct stream_windows_conf conf;		/* a test may change it */
static struct stream_windows *windows;
static const struct row_window *closed;		/* the one that a test looks at */
static struct verdict_place last_placed;

static int set_up(void **state __attribute__((unused)))
{
	clock = (struct window_clock){ .length_us = 10 * S };
	conf = (struct stream_windows_conf){
		.clock = &running, .queues = &index_of_run, .lateness_ms = 20000,
		.time = TIME_ARRIVAL, .nconnection = 1,
		.queue = queues, .nqueue = 2, .metric = metrics
	};
	return 0;
}

static int tear_down(void **state __attribute__((unused)))
{
	stream_windows_free(windows);
	queue_index_free(&index_of_run);
	windows = NULL;
	return 0;
}

static void open_windows(void)
{
	struct err err;

	stream_windows_free(windows);
	queue_index_free(&index_of_run);
	running = clock;
	assert_int_equal(stream_windows_new(&windows, &conf, &err), ST_OK);
}

/* The first connection starts window 0, as in a run. */
static void connected(int64_t at_us)
{
	if (!running.started) {
		at_us = window_clock_floor(at_us, 1000);
		stream_windows_start(windows, at_us);
	}
	stream_windows_connected(windows, 0, at_us);
}

static void lost(int64_t at_us)
{
	assert_true(stream_windows_lost(windows, 0, at_us));
}

/* Windows of a stream that is connected at T0. */
static void start(void)
{
	open_windows();
	connected(T0);
}

/* The same by the time of events; a replay is told of no connection. */
static void start_events(bool replay)
{
	conf.time = TIME_EVENT;
	conf.replay = replay;
	open_windows();
	if (!replay)
		connected(T0);
}

static struct stream_event frame_of(const char *queue, int64_t time_us, double value)
{
	struct stream_event f = { .kind = STREAM_EVENT_STATISTICS, .time_us = time_us,
		.has_time = true, .nleaf = 1 };

	memcpy(f.queue_id, queue, UUID_LEN + 1);
	f.leaf[0] = (struct stream_event_leaf){ .path = "avg", .path_len = 3, .value = value };
	return f;
}

static enum verdict place(const struct stream_event *f, int64_t at_us)
{
	return stream_windows_place(windows, f, 0, at_us, &last_placed);
}

static enum verdict put(const char *queue, int64_t time_us, int64_t at_us)
{
	struct stream_event f = frame_of(queue, time_us, 1);

	return place(&f, at_us);
}

static const struct row_window *due(int64_t at_us)
{
	return stream_windows_due(windows, at_us);
}

static const struct row_window *rest(int64_t at_us, bool cut_short)
{
	return stream_windows_rest(windows, at_us, cut_short);
}

static void assert_coverage(const struct row_window *w, double coverage)
{
	assert_non_null(w);
	assert_double_equal_exact(w->row[0].coverage, coverage);
}

static void assert_cut_short(const struct row_window *w, int64_t length_ms, double coverage)
{
	assert_coverage(w, coverage);
	assert_true(w->partial);
	assert_int_equal(w->end_ms - w->start_ms, length_ms);
}

TEST(first_window__starts_at_the_whole_ms_of_the_connection)
{
	open_windows();
	assert_true(stream_windows_due_us(windows) == NO_TIME);
	assert_null(due(T0 + 3600 * (int64_t)S));
	connected(T0 + 1999);
	assert_null(due(T0 + 1000 + 10 * S - 1));
	closed = due(T0 + 1000 + 10 * S);
	assert_non_null(closed);
	assert_int_equal(closed->start_ms, T0 / 1000 + 1);
	assert_int_equal(closed->end_ms, T0 / 1000 + 10001);
	assert_int_equal(closed->nrow, 2);
	assert_false(closed->partial);
	assert_int_equal(closed->row[0].updates, 0);
	assert_double_equal_exact(closed->row[0].coverage, 1);
}

TEST(first_window__starts_earlier_with_align_and_has_less_coverage)
{
	clock.align = true;
	open_windows();
	connected(T0 + 4 * S);
	closed = due(T0 + 10 * S);
	assert_non_null(closed);
	assert_int_equal(closed->start_ms, T0 / 1000);
	assert_double_equal_exact(closed->row[0].coverage, 0.6);
}

TEST(frame__at_the_end_of_a_window_belongs_to_the_next)
{
	start();
	assert_int_equal(put(Q1, T0, T0), VERDICT_ACCEPTED);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->row[0].updates, 1);
	assert_int_equal(put(Q1, T0 + 1, T0 + 10 * S), VERDICT_ACCEPTED);
	assert_int_equal(last_placed.window, 1);
}

TEST(windows__that_are_long_over_close_in_order)
{
	int64_t now = T0 + 35 * S;

	start();
	lost(T0 + 5 * S);
	for (int i = 0; i < 3; i++) {
		closed = due(now);

		assert_non_null(closed);
		assert_int_equal(closed->index, i);
		assert_double_equal_exact(closed->row[0].coverage, i == 0 ? 0.5 : 0);
	}
	assert_null(due(now));
}

TEST(loss__counts_only_from_the_last_printed_window_on)
{
	start();
	assert_coverage(due(T0 + 10 * S), 1);
	lost(T0 + 5 * S);
	connected(T0 + 15 * S);
	assert_coverage(due(T0 + 20 * S), 0.5);
}

TEST(loss__lowers_the_coverage_of_the_queues_of_its_own_connection_only)
{
	struct stream_event first = frame_of(Q1, T0 + S, 1), second = frame_of(Q2, T0 + S, 1);

	conf.nconnection = 2;
	start();
	stream_windows_connected(windows, 1, T0 + 2 * S);
	assert_int_equal(place(&first, T0 + 3 * S), VERDICT_ACCEPTED);
	assert_int_equal(stream_windows_place(windows, &second, 1, T0 + 3 * S, &last_placed),
		VERDICT_ACCEPTED);
	assert_true(stream_windows_lost(windows, 1, T0 + 6 * S));
	closed = due(T0 + 10 * S);
	assert_coverage(closed, 1);
	assert_double_equal_exact(closed->row[1].coverage, 0.4);
	assert_double_equal_exact(closed->coverage, 0.7);
}

TEST(stall__counts_as_not_connected)
{
	start();
	assert_true(stream_windows_stalled(windows, T0 + 2 * S, T0 + 25 * S));
	assert_coverage(due(T0 + 25 * S), 0.2);
	assert_coverage(due(T0 + 25 * S), 0);
	assert_null(due(T0 + 25 * S));
	lost(T0 + 27 * S);
	assert_coverage(due(T0 + 30 * S), 0.2);
	assert_true(stream_windows_stalled(windows, T0 + 31 * S, T0 + 34 * S));
	assert_coverage(due(T0 + 40 * S), 0);
}

TEST(coverage__is_rounded_down)
{
	start();
	lost(T0 + 5 * S);
	connected(T0 + 5 * S + 1);
	assert_coverage(due(T0 + 10 * S), 0.9999);
}

TEST(count__ends_the_windows)
{
	clock.count = 2;
	start();
	assert_non_null(due(T0 + 100 * S));
	assert_false(window_clock_all_printed(&running));
	assert_non_null(due(T0 + 100 * S));
	assert_true(window_clock_all_printed(&running));
	assert_null(due(T0 + 100 * S));
	assert_null(rest(T0 + 100 * S, true));
	assert_true(stream_windows_due_us(windows) == NO_TIME);
}

TEST(partial_window__has_at_least_1_ms)
{
	open_windows();
	assert_null(rest(T0, true));
	connected(T0);
	put(Q2, T0, T0 + S);
	closed = rest(T0 + 2 * S + 700, true);
	assert_cut_short(closed, 2000, 1);
	assert_int_equal(closed->row[1].updates, 1);
	assert_null(rest(T0 + 2 * S + 700, true));

	start();
	assert_cut_short(rest(T0 + 10, true), 1, 1);
}

TEST(partial_window__has_no_coverage_after_its_end)
{
	start_events(false);
	put(Q1, T0 + 4 * S, T0 + 4 * S);
	lost(T0 + 1 * S);
	connected(T0 + 5 * S);
	lost(T0 + 8 * S);
	assert_cut_short(rest(T0 + 9 * S, true), 4000, 0.25);
}

TEST(coverage__is_exact_after_100000_losses)
{
	clock.length_us = 200 * S;
	open_windows();
	for (int i = 0; i < 100000; i++) {
		connected(T0 + i * (int64_t)2000);
		lost(T0 + i * (int64_t)2000 + 500);
	}
	assert_coverage(due(T0 + 200 * S), 0.25);
}

TEST(frame__of_another_queue_is_in_no_row)
{
	start();
	assert_int_equal(put("0000000f-0000-4000-8000-000000000001", T0, T0),
		VERDICT_FOREIGN_QUEUE);
	assert_false(last_placed.in_row);
}

TEST(frame__with_the_same_timestamp_is_a_duplicate)
{
	start();
	assert_int_equal(put(Q1, T0, T0), VERDICT_ACCEPTED);
	assert_int_equal(put(Q2, T0, T0), VERDICT_ACCEPTED);
	assert_int_equal(put(Q1, T0, T0 + 1), VERDICT_DUPLICATE);
	assert_int_equal(put(Q1, T0 + 1, T0 + 1), VERDICT_ACCEPTED);
	assert_int_equal(put(Q1, T0, T0 + 2), VERDICT_ACCEPTED);	/* not the last one */
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->row[0].updates, 3);
	assert_int_equal(closed->row[0].rejected[VERDICT_DUPLICATE], 1);
}

TEST(frame__that_is_not_newer_after_a_loss_is_a_duplicate)
{
	start();
	put(Q1, T0 + 100, T0 + 100);
	put(Q1, T0 + 200, T0 + 200);
	lost(T0 + 300);
	connected(T0 + 400);
	assert_int_equal(put(Q1, T0 + 100, T0 + 500), VERDICT_DUPLICATE);
	assert_int_equal(put(Q1, T0 + 200, T0 + 500), VERDICT_DUPLICATE);
	assert_int_equal(put(Q2, T0 + 100, T0 + 500), VERDICT_ACCEPTED);
	assert_int_equal(put(Q1, T0 + 300, T0 + 500), VERDICT_ACCEPTED);
	assert_int_equal(put(Q1, T0 + 150, T0 + 500), VERDICT_DUPLICATE);
}

TEST(frame__older_than_lateness_is_stale)
{
	start();
	assert_int_equal(put(Q1, T0 - 20 * S, T0), VERDICT_ACCEPTED);
	assert_int_equal(put(Q1, T0 - 20 * S - 1, T0), VERDICT_STALE);
}

TEST(frame__without_the_field_of_an_outlier_rule_is_kept)
{
	static const struct filter filter = { 0, "avg", COMPARE_GT, 30000 };
	struct stream_event f;

	conf.outlier = &filter;
	conf.noutlier = 1;
	start();
	f = frame_of(Q1, T0, 30000);
	assert_int_equal(place(&f, T0), VERDICT_ACCEPTED);
	f = frame_of(Q1, T0 + 1, 30000.5);
	assert_int_equal(place(&f, T0), VERDICT_OUTLIER);
	f.time_us++;
	f.leaf[0].path = "avgs";
	f.leaf[0].path_len = 4;
	assert_int_equal(place(&f, T0), VERDICT_ACCEPTED);
}

TEST(frame__that_is_invalid_counts_only_as_invalid)
{
	struct stream_event f = frame_of(Q1, T0, 1);

	start();
	put(Q1, T0, T0);
	f.invalid = "made so";
	assert_int_equal(place(&f, T0), VERDICT_INVALID);
	assert_true(last_placed.in_row);
}

TEST(frame__with_more_than_64_fields_is_invalid)
{
	char name[8];

	start();
	for (int i = 0; i < FIELD_MAX; i++) {
		struct stream_event f = frame_of(Q1, T0 + i, 1);

		snprintf(name, sizeof(name), "f%02d", i);
		f.leaf[0].path = name;
		assert_int_equal(place(&f, T0 + S), VERDICT_ACCEPTED);
	}
	assert_int_equal(put(Q1, T0 + 100, T0 + S), VERDICT_INVALID);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->row[0].nseries, FIELD_MAX);
	assert_string_equal(closed->row[0].series[0].path, "f00");
	assert_string_equal(closed->row[0].series[63].path, "f63");
}

TEST(frame__with_a_number_where_a_group_was_is_invalid)
{
	struct stream_event f = frame_of(Q1, T0 + 1, 1);

	start();
	put(Q1, T0, T0);
	f.leaf[0].path = "avg.voice";
	f.leaf[0].path_len = 9;
	assert_int_equal(place(&f, T0), VERDICT_INVALID);
}

TEST(lag__below_zero_is_clock_skew)
{
	start();
	put(Q1, T0 + 5, T0 + 4);
	put(Q1, T0 + 6, T0 + 6);
	put(Q1, T0 + 7, T0 + 10);
	closed = due(T0 + 10 * S);
	assert_int_equal(closed->row[0].updates, 3);
	assert_int_equal(closed->row[0].clock_skew, 1);
	assert_double_equal_exact(closed->row[0].lag_ms[LAG_P50], 0);	/* of two: 0 and 3 µs */
	assert_double_equal_exact(closed->row[0].lag_ms[LAG_MAX], 0.003);
	assert_double_equal_exact(closed->lag_mean_us, 1.5);
}

TEST(interval__is_that_of_the_run_or_recording_or_first_frame)
{
	static const char *const wanted[] = { "PT30S", "PT1M", "PT2M" };

	for (int i = 0; i < 3; i++) {
		struct stream_event f = frame_of(Q1, T0, 1);

		conf.interval = i == 2 ? "PT2M" : NULL;
		open_windows();
		if (i >= 1)
			stream_windows_interval(windows, "PT1M", 4);
		connected(T0);
		f.interval = "PT30S";
		assert_int_equal(place(&f, T0),
			VERDICT_ACCEPTED);
		closed = due(T0 + 10 * S);
		assert_string_equal(closed->source, "stream");
		assert_int_equal(closed->members, 1u << ROW_QUEUE_ID | 1u << ROW_INTERVAL);
		assert_false(closed->has_gauges || closed->event_time);
		assert_string_equal(closed->row[0].interval, wanted[i]);
		assert_true((closed->row[1].interval == NULL) == (i == 0));
	}
}

TEST(event_time__window_closes_after_the_lateness)
{
	start_events(true);
	put(Q1, T0 + 500, NO_TIME);
	put(Q1, T0 + 12 * S, NO_TIME);
	assert_null(due(NO_TIME));
	put(Q2, T0 + 9 * S, NO_TIME);	/* late, and in time */
	put(Q1, T0 + 30 * S - 1, NO_TIME);
	assert_null(due(NO_TIME));
	put(Q1, T0 + 30 * S, NO_TIME);
	closed = due(NO_TIME);
	assert_non_null(closed);
	assert_int_equal(closed->start_ms, T0 / 1000);
	assert_int_equal(closed->row[0].updates, 1);
	assert_int_equal(closed->row[1].updates, 1);
	assert_true(isnan(closed->row[0].coverage));
	assert_null(due(NO_TIME));
	assert_int_equal(put(Q2, T0 + 9 * S + 1, NO_TIME), VERDICT_STALE);
	assert_int_equal(last_placed.window, 1);
}

TEST(event_time__window_without_frames_closes_by_the_clock)
{
	start_events(false);
	assert_true(stream_windows_due_us(windows) == T0 + 30 * S);
	assert_null(due(T0 + 30 * S - 1));
	assert_non_null(due(T0 + 30 * S));
}

TEST(event_time__early_frames_of_a_live_run_are_in_window_0)
{
	start_events(false);
	assert_int_equal(put(Q1, T0 - 20 * S, T0), VERDICT_ACCEPTED);
	assert_int_equal(last_placed.window, 0);
	assert_int_equal(put(Q1, T0 - 20 * S - 1, T0), VERDICT_STALE);
	assert_int_equal(last_placed.window, 0);
}

TEST(event_time__frame_too_far_ahead_of_the_clock_is_invalid)
{
	start_events(false);
	assert_int_equal(put(Q1, T0 + 20 * S, T0), VERDICT_ACCEPTED);
	assert_int_equal(last_placed.window, 2);
	assert_int_equal(put(Q1, T0 + 20 * S + 1, T0), VERDICT_INVALID);
	assert_int_equal(last_placed.window, 0);
}

TEST(event_time__invalid_frame_counts_in_the_window_of_its_time)
{
	struct stream_event f = frame_of(Q1, 0, 1);
	static const struct {
		int64_t time_us, window;
	} cases[] = {
		{ T0 + 12 * S, 1 },
		{ T0 + 9 * S, 0 },
		{ T0 - 1, 0 },
		{ T0 + 20 * S, 0 },		/* not begun */
		{ T0 + 20000 * 10 * (int64_t)S, 0 }
	};

	start_events(true);
	put(Q1, T0, NO_TIME);
	put(Q1, T0 + 15 * S, NO_TIME);
	f.invalid = "made so";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		f.time_us = cases[i].time_us;
		assert_int_equal(place(&f, NO_TIME),
			VERDICT_INVALID);
		assert_true(last_placed.in_row);
		assert_int_equal(last_placed.window, cases[i].window);
	}
}

TEST(event_time__replayed_frame_10001_windows_ahead_is_invalid)
{
	start_events(true);
	put(Q1, T0, NO_TIME);
	assert_int_equal(put(Q1, T0 + 10001 * 10 * (int64_t)S, NO_TIME), VERDICT_INVALID);
	assert_int_equal(put(Q1, T0 + 10000 * 10 * (int64_t)S, NO_TIME), VERDICT_ACCEPTED);
}

TEST(event_time__replayed_frame_before_the_start_is_stale)
{
	start_events(true);
	put(Q1, T0, NO_TIME);
	assert_int_equal(put(Q1, T0 - 1, NO_TIME), VERDICT_STALE);
	closed = rest(NO_TIME, false);
	assert_non_null(closed);
	assert_int_equal(closed->row[0].rejected[VERDICT_STALE], 1);
}

TEST(event_time__partial_window_ends_at_the_newest_timestamp)
{
	start_events(false);
	put(Q1, T0 + 1 * S, T0 + 1 * S);
	put(Q1, T0 + 13 * S, T0 + 13 * S);
	assert_cut_short(rest(T0 + 17 * S, true), 10000, 1);
	assert_cut_short(rest(T0 + 17 * S, true), 3000, 1);
	assert_null(rest(T0 + 17 * S, true));
}

/* A window that the clock alone is in has begun, though no timestamp is. */
TEST(event_time__partial_windows_reach_the_clock)
{
	for (int frames = 0; frames < 2; frames++) {
		start_events(false);
		if (frames)
			put(Q1, T0 + 8 * S, T0 + 9 * S);
		for (int i = 0; i < 3; i++) {
			closed = rest(T0 + 20 * S, true);
			assert_cut_short(closed, i == 2 ? 1 : !frames ? 10000 : i ? 1 : 8000, 1);
			assert_int_equal(closed->index, i);
		}
		assert_null(rest(T0 + 20 * S, true));
	}
}

TEST(event_time__loss_counts_in_windows_that_are_still_open)
{
	start_events(false);
	lost(T0 + 15 * S);
	connected(T0 + 17 * S);
	assert_coverage(due(T0 + 30 * S), 1);
	assert_coverage(due(T0 + 40 * S), 0.8);
}

TEST(replay__prints_a_partial_window_at_the_end)
{
	conf.replay = true;
	start();
	put(Q1, T0 + S, T0 + S);
	assert_cut_short(rest(T0 + 4 * S, false), 4000, 1);
	assert_null(rest(T0 + 4 * S, false));
}

/* What another recording, which follows, does not inherit. */
TEST(second_recording__continues_the_numbers_without_old_queues)
{
	conf.replay = true;
	start();
	put(Q1, T0 + S, T0 + S);
	assert_non_null(rest(T0 + 4 * S, false));
	window_clock_restart(&running);
	stream_windows_restart(windows);
	assert_true(stream_windows_due_us(windows) == NO_TIME);
	assert_true(stream_windows_watch(windows, Q2));
	connected(T0 + 100 * S);
	assert_int_equal(put(Q1, T0 + 101 * S, T0 + 101 * S), VERDICT_FOREIGN_QUEUE);
	assert_int_equal(put(Q2, T0 + 101 * S, T0 + 101 * S), VERDICT_ACCEPTED);
	closed = due(T0 + 110 * S);
	assert_non_null(closed);
	assert_int_equal(closed->index, 1);
	assert_int_equal(closed->start_ms, T0 / 1000 + 100000);
	assert_int_equal(closed->nrow, 1);
	assert_int_equal(closed->row[0].queue, 1);
	assert_double_equal_exact(closed->row[0].coverage, 1);
}

/* What is ahead of the first recording is not ahead of the second. */
TEST(second_recording__first_frame_is_accepted)
{
	clock.index = 10001;
	start_events(true);
	assert_int_equal(put(Q1, T0, NO_TIME), VERDICT_ACCEPTED);
	assert_int_equal(last_placed.window, 10001);
}

TEST(replay__that_ends_with_a_window_prints_no_empty_one)
{
	conf.replay = true;
	start();
	assert_non_null(due(T0 + 10 * S));
	assert_null(rest(T0 + 10 * S, false));
}

TEST(replay__that_is_interrupted_makes_all_open_windows_partial)
{
	start_events(true);
	put(Q1, T0, NO_TIME);
	put(Q1, T0 + 12 * S, NO_TIME);
	for (int i = 0; i < 2; i++) {	/* of the first one, latecomers may have been missed */
		closed = rest(NO_TIME, true);
		assert_non_null(closed);
		assert_true(closed->partial);
		assert_int_equal(closed->end_ms - closed->start_ms, i ? 2000 : 10000);
	}
	assert_null(rest(NO_TIME, true));
}

TEST(replay__queue_has_rows_from_its_first_valid_frame_on)
{
	struct stream_event f = frame_of(Q2, 0, 1);

	conf.nqueue = 0;
	conf.queue_max = 2;
	conf.lateness_ms = 0;
	start_events(true);
	f.has_time = false;
	assert_int_equal(place(&f, NO_TIME), VERDICT_INVALID);
	assert_false(last_placed.in_row);
	put(Q1, T0, NO_TIME);
	f = frame_of(Q2, T0, 1);	/* a number and a group of one name */
	f.leaf[f.nleaf++] = (struct stream_event_leaf){ .path = "avg.voice", .path_len = 9 };
	assert_int_equal(place(&f, NO_TIME), VERDICT_INVALID);
	assert_false(last_placed.in_row);
	put(Q1, T0 + 10 * S, NO_TIME);
	closed = due(NO_TIME);
	assert_int_equal(closed->nrow, 1);
	assert_int_equal(put(Q2, T0 + 11 * S, NO_TIME), VERDICT_ACCEPTED);
	put(Q1, T0 + 20 * S, NO_TIME);
	closed = due(NO_TIME);
	assert_int_equal(closed->nrow, 2);
	assert_string_equal(closed->row[0].queue_id, Q1);
	assert_int_equal(put("0000000f-0000-4000-8000-000000000001", T0 + 21 * S, NO_TIME),
		VERDICT_TOO_MANY_QUEUES);
}

TEST(replay__finds_each_of_many_queues)
{
	char id[UUID_LEN + 1];

	conf.nqueue = 0;
	conf.queue_max = 10000;
	start_events(true);
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 10000; i++) {
			snprintf(id, sizeof(id), "%08x-0000-4000-8000-000000000000", i * 7);
			assert_int_equal(put(id, T0 + round, NO_TIME), VERDICT_ACCEPTED);
		}
	snprintf(id, sizeof(id), "%08x-0000-4000-8000-000000000000", 70000);
	assert_int_equal(put(id, T0, NO_TIME), VERDICT_TOO_MANY_QUEUES);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

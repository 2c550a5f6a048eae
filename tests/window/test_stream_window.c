/* Windows on a clock that the test sets: each call gets the time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static struct stream_windows_conf conf_arrival(void)
{
	return (struct stream_windows_conf){
		.clock.length_us = 10 * S, .lateness_ms = 20000, .time = TIME_ARRIVAL, .nstream = 1,
		.queue = queues, .nqueue = 2, .metric = metrics
	};
}

static struct stream_windows *open_windows(struct stream_windows_conf conf)
{
	struct stream_windows *w;
	struct err err;

	assert_int_equal(stream_windows_new(&w, &conf, &err), ST_OK);
	return w;
}

static struct stream_event frame_of(const char *queue, int64_t time_us, double value)
{
	struct stream_event f = { .kind = STREAM_EVENT_STATISTICS,
		.time_us = time_us,
		.has_time = true,
		.nleaf = 1 };

	memcpy(f.queue_id, queue, UUID_LEN + 1);
	f.leaf[0] = (struct stream_event_leaf){ .metric = 0,
		.path = "avg",
		.path_len = 3,
		.value = value };
	return f;
}

static struct verdict_place last_placed;

static enum verdict put(struct stream_windows *w, const char *queue, int64_t time_us, int64_t at_us)
{
	struct stream_event f = frame_of(queue, time_us, 1);

	return stream_windows_place(w, &f, 0, at_us, &last_placed);
}

static const struct row_window *due(struct stream_windows *w, int64_t at_us)
{
	return stream_windows_due(w, at_us);
}

TEST(stream_window__first_begins_at_whole_ms_of_connection)
{
	struct stream_windows *w = open_windows(conf_arrival());
	const struct row_window *c;

	assert_true(stream_windows_due_us(w) == NO_TIME);
	assert_null(due(w, T0 + 3600 * (int64_t)S));
	stream_windows_connected(w, 0, T0 + 1999);
	assert_null(due(w, T0 + 1000 + 10 * S - 1));
	c = due(w, T0 + 1000 + 10 * S);
	assert_non_null(c);
	assert_int_equal(c->start_ms, T0 / 1000 + 1);
	assert_int_equal(c->end_ms, T0 / 1000 + 10001);
	assert_int_equal(c->nrow, 2);
	assert_false(c->partial);
	assert_int_equal(c->row[0].updates, 0);
	assert_double_equal_exact(c->row[0].coverage, 1);
	stream_windows_free(w);
}

TEST(stream_window__aligned_begins_at_its_multiple_and_coverage_shows_it)
{
	struct stream_windows_conf conf = conf_arrival();
	struct stream_windows *w;
	const struct row_window *c;

	conf.clock.align = true;
	w = open_windows(conf);
	stream_windows_connected(w, 0, T0 + 4 * S);
	c = due(w, T0 + 10 * S);
	assert_non_null(c);
	assert_int_equal(c->start_ms, T0 / 1000);
	assert_double_equal_exact(c->row[0].coverage, 0.6);
	stream_windows_free(w);
}

TEST(stream_window__frame_at_the_end_is_in_the_next)
{
	struct stream_windows *w = open_windows(conf_arrival());
	const struct row_window *c;

	stream_windows_connected(w, 0, T0);
	assert_int_equal(put(w, Q1, T0, T0), VERDICT_ACCEPTED);
	c = due(w, T0 + 10 * S);
	assert_int_equal(c->row[0].updates, 1);
	assert_int_equal(put(w, Q1, T0 + 1, T0 + 10 * S), VERDICT_ACCEPTED);
	assert_int_equal(last_placed.window, 1);
	stream_windows_free(w);
}

TEST(stream_window__slept_through_ones_close_in_order)
{
	struct stream_windows *w = open_windows(conf_arrival());
	int64_t now = T0 + 35 * S;

	stream_windows_connected(w, 0, T0);
	stream_windows_lost(w, 0, T0 + 5 * S);
	for (int i = 0; i < 3; i++) {
		const struct row_window *c = due(w, now);

		assert_non_null(c);
		assert_int_equal(c->index, i);
		assert_double_equal_exact(c->row[0].coverage, i == 0 ? 0.5 : 0);
	}
	assert_null(due(w, now));
	stream_windows_free(w);
}

TEST(stream_window__loss_before_what_was_printed_counts_from_there)
{
	struct stream_windows *w = open_windows(conf_arrival());
	const struct row_window *c;

	stream_windows_connected(w, 0, T0);
	c = due(w, T0 + 10 * S);
	assert_double_equal_exact(c->row[0].coverage, 1);
	stream_windows_lost(w, 0, T0 + 5 * S);
	stream_windows_connected(w, 0, T0 + 15 * S);
	c = due(w, T0 + 20 * S);
	assert_double_equal_exact(c->row[0].coverage, 0.5);
	stream_windows_free(w);
}

TEST(stall__is_not_connected_in_any_window)
{
	struct stream_windows *w = open_windows(conf_arrival());

	stream_windows_connected(w, 0, T0);
	assert_true(stream_windows_stalled(w, T0 + 2 * S, T0 + 25 * S));
	assert_double_equal_exact(due(w, T0 + 25 * S)->row[0].coverage, 0.2);
	assert_double_equal_exact(due(w, T0 + 25 * S)->row[0].coverage, 0);
	assert_null(due(w, T0 + 25 * S));
	assert_true(stream_windows_lost(w, 0, T0 + 27 * S));
	assert_double_equal_exact(due(w, T0 + 30 * S)->row[0].coverage, 0.2);
	assert_true(stream_windows_stalled(w, T0 + 31 * S, T0 + 34 * S));
	assert_double_equal_exact(due(w, T0 + 40 * S)->row[0].coverage, 0);
	stream_windows_free(w);
}

TEST(stream_window__coverage_is_cut_so_that_one_means_all)
{
	struct stream_windows *w = open_windows(conf_arrival());
	const struct row_window *c;

	stream_windows_connected(w, 0, T0);
	stream_windows_lost(w, 0, T0 + 5 * S);
	stream_windows_connected(w, 0, T0 + 5 * S + 1);
	c = due(w, T0 + 10 * S);
	assert_double_equal_exact(c->row[0].coverage, 0.9999);
	stream_windows_free(w);
}

TEST(stream_window__count_ends_it)
{
	struct stream_windows_conf conf = conf_arrival();
	struct stream_windows *w;

	conf.clock.count = 2;
	w = open_windows(conf);
	stream_windows_connected(w, 0, T0);
	assert_non_null(due(w, T0 + 100 * S));
	assert_false(window_clock_all_printed(stream_windows_clock(w)));
	assert_non_null(due(w, T0 + 100 * S));
	assert_true(window_clock_all_printed(stream_windows_clock(w)));
	assert_null(due(w, T0 + 100 * S));
	assert_null(stream_windows_rest(w, T0 + 100 * S, true));
	assert_true(stream_windows_due_us(w) == NO_TIME);
	stream_windows_free(w);
}

TEST(stream_window__cut_short_is_partial_and_a_ms_at_least)
{
	struct stream_windows *w = open_windows(conf_arrival());
	const struct row_window *c;

	assert_null(stream_windows_rest(w, T0, true));
	stream_windows_connected(w, 0, T0);
	put(w, Q2, T0, T0 + S);
	c = stream_windows_rest(w, T0 + 2 * S + 700, true);
	assert_non_null(c);
	assert_true(c->partial);
	assert_int_equal(c->end_ms - c->start_ms, 2000);
	assert_double_equal_exact(c->row[0].coverage, 1);
	assert_int_equal(c->row[1].updates, 1);
	assert_null(stream_windows_rest(w, T0 + 2 * S + 700, true));
	stream_windows_free(w);

	w = open_windows(conf_arrival());
	stream_windows_connected(w, 0, T0);
	c = stream_windows_rest(w, T0 + 10, true);
	assert_non_null(c);
	assert_int_equal(c->end_ms - c->start_ms, 1);
	assert_double_equal_exact(c->row[0].coverage, 1);
	stream_windows_free(w);
}

TEST(stream_window__cut_short_knows_no_connection_after_its_end)
{
	struct stream_windows_conf conf = conf_arrival();
	struct stream_windows *w;
	const struct row_window *c;

	conf.time = TIME_EVENT;
	w = open_windows(conf);
	stream_windows_connected(w, 0, T0);
	put(w, Q1, T0 + 4 * S, T0 + 4 * S);
	stream_windows_lost(w, 0, T0 + 1 * S);
	stream_windows_connected(w, 0, T0 + 5 * S);
	stream_windows_lost(w, 0, T0 + 8 * S);
	c = stream_windows_rest(w, T0 + 9 * S, true);
	assert_int_equal(c->end_ms - c->start_ms, 4000);
	assert_double_equal_exact(c->row[0].coverage, 0.25);
	stream_windows_free(w);
}

TEST(stream_window__many_losses_are_all_counted)
{
	struct stream_windows_conf conf = conf_arrival();
	struct stream_windows *w;
	const struct row_window *c;

	conf.clock.length_us = 200 * S;
	w = open_windows(conf);
	for (int i = 0; i < 100000; i++) {
		stream_windows_connected(w, 0, T0 + i * (int64_t)2000);
		stream_windows_lost(w, 0, T0 + i * (int64_t)2000 + 500);
	}
	c = due(w, T0 + 200 * S);
	assert_double_equal_exact(c->row[0].coverage, 0.25);
	stream_windows_free(w);
}

TEST(fate__foreign_queue_is_in_no_row)
{
	struct stream_windows *w = open_windows(conf_arrival());

	stream_windows_connected(w, 0, T0);
	assert_int_equal(put(w, "0000000f-0000-4000-8000-000000000001", T0, T0),
		VERDICT_FOREIGN_QUEUE);
	assert_false(last_placed.in_row);
	stream_windows_free(w);
}

TEST(fate__same_timestamp_is_a_duplicate)
{
	struct stream_windows *w = open_windows(conf_arrival());
	const struct row_window *c;

	stream_windows_connected(w, 0, T0);
	assert_int_equal(put(w, Q1, T0, T0), VERDICT_ACCEPTED);
	assert_int_equal(put(w, Q2, T0, T0), VERDICT_ACCEPTED);
	assert_int_equal(put(w, Q1, T0, T0 + 1), VERDICT_DUPLICATE);
	assert_int_equal(put(w, Q1, T0 + 1, T0 + 1), VERDICT_ACCEPTED);
	assert_int_equal(put(w, Q1, T0, T0 + 2), VERDICT_ACCEPTED);	/* not the last one */
	c = due(w, T0 + 10 * S);
	assert_int_equal(c->row[0].updates, 3);
	assert_int_equal(c->row[0].rejected[VERDICT_DUPLICATE], 1);
	stream_windows_free(w);
}

TEST(fate__after_a_loss_what_is_not_newer_is_a_duplicate)
{
	struct stream_windows *w = open_windows(conf_arrival());

	stream_windows_connected(w, 0, T0);
	put(w, Q1, T0 + 100, T0 + 100);
	put(w, Q1, T0 + 200, T0 + 200);
	stream_windows_lost(w, 0, T0 + 300);
	stream_windows_connected(w, 0, T0 + 400);
	assert_int_equal(put(w, Q1, T0 + 100, T0 + 500), VERDICT_DUPLICATE);
	assert_int_equal(put(w, Q1, T0 + 200, T0 + 500), VERDICT_DUPLICATE);
	assert_int_equal(put(w, Q2, T0 + 100, T0 + 500), VERDICT_ACCEPTED);
	assert_int_equal(put(w, Q1, T0 + 300, T0 + 500), VERDICT_ACCEPTED);
	assert_int_equal(put(w, Q1, T0 + 150, T0 + 500), VERDICT_DUPLICATE);
	stream_windows_free(w);
}

TEST(fate__stale_by_arrival_is_older_than_lateness)
{
	struct stream_windows *w = open_windows(conf_arrival());

	stream_windows_connected(w, 0, T0);
	assert_int_equal(put(w, Q1, T0 - 20 * S, T0), VERDICT_ACCEPTED);
	assert_int_equal(put(w, Q1, T0 - 20 * S - 1, T0), VERDICT_STALE);
	stream_windows_free(w);
}

TEST(fate__outlier_rule_needs_its_field)
{
	static const struct filter filter = { 0, "avg", COMPARE_GT, 30000 };
	struct stream_windows_conf conf = conf_arrival();
	struct stream_windows *w;
	struct verdict_place placed;
	struct stream_event f;

	conf.outlier = &filter;
	conf.noutlier = 1;
	w = open_windows(conf);
	stream_windows_connected(w, 0, T0);
	f = frame_of(Q1, T0, 30000);
	assert_int_equal(stream_windows_place(w, &f, 0, T0, &placed), VERDICT_ACCEPTED);
	f = frame_of(Q1, T0 + 1, 30000.5);
	assert_int_equal(stream_windows_place(w, &f, 0, T0, &placed), VERDICT_OUTLIER);
	f.time_us++;
	f.leaf[0].path = "avgs";
	f.leaf[0].path_len = 4;
	assert_int_equal(stream_windows_place(w, &f, 0, T0, &placed), VERDICT_ACCEPTED);
	stream_windows_free(w);
}

TEST(fate__invalid_comes_before_all_else)
{
	struct stream_windows *w = open_windows(conf_arrival());
	struct stream_event f = frame_of(Q1, T0, 1);
	struct verdict_place placed;

	stream_windows_connected(w, 0, T0);
	put(w, Q1, T0, T0);
	f.invalid = "made so";
	assert_int_equal(stream_windows_place(w, &f, 0, T0, &placed), VERDICT_INVALID);
	assert_true(placed.in_row);
	stream_windows_free(w);
}

TEST(fate__sixty_fifth_field_is_invalid_and_leaves_the_row_whole)
{
	struct stream_windows *w = open_windows(conf_arrival());
	const struct row_window *c;
	struct verdict_place placed;
	char name[8];

	stream_windows_connected(w, 0, T0);
	for (int i = 0; i < FIELD_MAX; i++) {
		struct stream_event f = frame_of(Q1, T0 + i, 1);

		snprintf(name, sizeof(name), "f%02d", i);
		f.leaf[0].path = name;
		assert_int_equal(stream_windows_place(w, &f, 0, T0 + S, &placed), VERDICT_ACCEPTED);
	}
	assert_int_equal(put(w, Q1, T0 + 100, T0 + S), VERDICT_INVALID);
	c = due(w, T0 + 10 * S);
	assert_int_equal(c->row[0].nseries, FIELD_MAX);
	assert_string_equal(c->row[0].series[0].path, "f00");
	assert_string_equal(c->row[0].series[63].path, "f63");
	stream_windows_free(w);
}

TEST(fate__number_and_group_of_one_name_clash)
{
	struct stream_windows *w = open_windows(conf_arrival());
	struct stream_event f = frame_of(Q1, T0 + 1, 1);
	struct verdict_place placed;

	stream_windows_connected(w, 0, T0);
	put(w, Q1, T0, T0);
	f.leaf[0].path = "avg.voice";
	f.leaf[0].path_len = 9;
	assert_int_equal(stream_windows_place(w, &f, 0, T0, &placed), VERDICT_INVALID);
	stream_windows_free(w);
}

TEST(lag__below_zero_is_skew)
{
	struct stream_windows *w = open_windows(conf_arrival());
	const struct row_window *c;

	stream_windows_connected(w, 0, T0);
	put(w, Q1, T0 + 5, T0 + 4);
	put(w, Q1, T0 + 6, T0 + 6);
	put(w, Q1, T0 + 7, T0 + 10);
	c = due(w, T0 + 10 * S);
	assert_int_equal(c->row[0].updates, 3);
	assert_int_equal(c->row[0].clock_skew, 1);
	assert_double_equal_exact(c->row[0].lag_ms[LAG_P50], 0);	/* of two: 0 and 3 µs */
	assert_double_equal_exact(c->row[0].lag_ms[LAG_MAX], 0.003);
	assert_double_equal_exact(c->lag_mean_us, 1.5);
	stream_windows_free(w);
}

TEST(interval__of_the_run_then_of_the_recording_then_of_the_first_frame)
{
	static const char *const wanted[] = { "PT30S", "PT1M", "PT2M" };

	for (int i = 0; i < 3; i++) {
		struct stream_windows_conf conf = conf_arrival();
		struct stream_event f = frame_of(Q1, T0, 1);
		struct stream_windows *w;
		const struct row_window *c;

		conf.interval = i == 2 ? "PT2M" : NULL;
		w = open_windows(conf);
		if (i >= 1)
			stream_windows_interval(w, "PT1M", 4);
		stream_windows_connected(w, 0, T0);
		f.interval = "PT30S";
		assert_int_equal(stream_windows_place(w, &f, 0, T0, &last_placed),
			VERDICT_ACCEPTED);
		c = due(w, T0 + 10 * S);
		assert_string_equal(c->source, "stream");
		assert_true(c->has_interval && !c->has_media && !c->event_time);
		assert_string_equal(c->row[0].interval, wanted[i]);
		assert_true((c->row[1].interval == NULL) == (i == 0));
		stream_windows_free(w);
	}
}

static struct stream_windows_conf conf_event(bool replay)
{
	struct stream_windows_conf conf = conf_arrival();

	conf.time = TIME_EVENT;
	conf.replay = replay;
	return conf;
}

TEST(event__window_waits_for_the_watermark)
{
	struct stream_windows *w = open_windows(conf_event(true));
	const struct row_window *c;

	put(w, Q1, T0 + 500, NO_TIME);
	put(w, Q1, T0 + 12 * S, NO_TIME);
	assert_null(due(w, NO_TIME));
	put(w, Q2, T0 + 9 * S, NO_TIME);	/* late, and in time */
	put(w, Q1, T0 + 30 * S - 1, NO_TIME);
	assert_null(due(w, NO_TIME));
	put(w, Q1, T0 + 30 * S, NO_TIME);
	c = due(w, NO_TIME);
	assert_non_null(c);
	assert_int_equal(c->start_ms, T0 / 1000);
	assert_int_equal(c->row[0].updates, 1);
	assert_int_equal(c->row[1].updates, 1);
	assert_true(isnan(c->row[0].coverage));
	assert_null(due(w, NO_TIME));
	assert_int_equal(put(w, Q2, T0 + 9 * S + 1, NO_TIME), VERDICT_STALE);
	assert_int_equal(last_placed.window, 1);
	stream_windows_free(w);
}

TEST(event__silence_closes_by_the_clock)
{
	struct stream_windows *w = open_windows(conf_event(false));

	stream_windows_connected(w, 0, T0);
	assert_true(stream_windows_due_us(w) == T0 + 30 * S);
	assert_null(due(w, T0 + 30 * S - 1));
	assert_non_null(due(w, T0 + 30 * S));
	stream_windows_free(w);
}

TEST(event__live_takes_what_is_late_into_window_0)
{
	struct stream_windows *w = open_windows(conf_event(false));

	stream_windows_connected(w, 0, T0);
	assert_int_equal(put(w, Q1, T0 - 20 * S, T0), VERDICT_ACCEPTED);
	assert_int_equal(last_placed.window, 0);
	assert_int_equal(put(w, Q1, T0 - 20 * S - 1, T0), VERDICT_STALE);
	assert_int_equal(last_placed.window, 0);
	stream_windows_free(w);
}

TEST(event__live_refuses_what_is_ahead_of_the_clock)
{
	struct stream_windows *w = open_windows(conf_event(false));

	stream_windows_connected(w, 0, T0);
	assert_int_equal(put(w, Q1, T0 + 20 * S, T0), VERDICT_ACCEPTED);
	assert_int_equal(last_placed.window, 2);
	assert_int_equal(put(w, Q1, T0 + 20 * S + 1, T0), VERDICT_INVALID);
	assert_int_equal(last_placed.window, 0);
	stream_windows_free(w);
}

TEST(event__invalid_frame_counts_in_its_own_window)
{
	struct stream_windows *w = open_windows(conf_event(true));
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

	put(w, Q1, T0, NO_TIME);
	put(w, Q1, T0 + 15 * S, NO_TIME);
	f.invalid = "made so";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		f.time_us = cases[i].time_us;
		assert_int_equal(stream_windows_place(w, &f, 0, NO_TIME, &last_placed),
			VERDICT_INVALID);
		assert_true(last_placed.in_row);
		assert_int_equal(last_placed.window, cases[i].window);
	}
	stream_windows_free(w);
}

TEST(event__replay_refuses_10000_windows_ahead)
{
	struct stream_windows *w = open_windows(conf_event(true));

	put(w, Q1, T0, NO_TIME);
	assert_int_equal(put(w, Q1, T0 + 10001 * 10 * (int64_t)S, NO_TIME), VERDICT_INVALID);
	assert_int_equal(put(w, Q1, T0 + 10000 * 10 * (int64_t)S, NO_TIME), VERDICT_ACCEPTED);
	stream_windows_free(w);
}

TEST(event__replay_counts_what_is_before_its_start_as_stale)
{
	struct stream_windows *w = open_windows(conf_event(true));
	const struct row_window *c;

	put(w, Q1, T0, NO_TIME);
	assert_int_equal(put(w, Q1, T0 - 1, NO_TIME), VERDICT_STALE);
	c = stream_windows_rest(w, NO_TIME, false);
	assert_non_null(c);
	assert_int_equal(c->row[0].rejected[VERDICT_STALE], 1);
	stream_windows_free(w);
}

TEST(event__cut_short_ends_at_the_newest_timestamp)
{
	struct stream_windows *w = open_windows(conf_event(false));
	const struct row_window *c;

	stream_windows_connected(w, 0, T0);
	put(w, Q1, T0 + 1 * S, T0 + 1 * S);
	put(w, Q1, T0 + 13 * S, T0 + 13 * S);
	c = stream_windows_rest(w, T0 + 17 * S, true);
	assert_int_equal(c->end_ms - c->start_ms, 10000);
	assert_true(c->partial);
	c = stream_windows_rest(w, T0 + 17 * S, true);
	assert_int_equal(c->end_ms - c->start_ms, 3000);
	assert_double_equal_exact(c->row[0].coverage, 1);
	assert_null(stream_windows_rest(w, T0 + 17 * S, true));
	stream_windows_free(w);
}

/* A window that the clock alone is in has begun, though no timestamp is. */
TEST(event__cut_short_leaves_out_no_window_that_the_clock_is_in)
{
	for (int frames = 0; frames < 2; frames++) {
		struct stream_windows *w = open_windows(conf_event(false));
		const struct row_window *c;

		stream_windows_connected(w, 0, T0);
		if (frames)
			put(w, Q1, T0 + 8 * S, T0 + 9 * S);
		for (int i = 0; i < 3; i++) {
			c = stream_windows_rest(w, T0 + 20 * S, true);
			assert_non_null(c);
			assert_int_equal(c->index, i);
			assert_true(c->partial);
			assert_int_equal(c->end_ms - c->start_ms,
				i == 2 ? 1 : !frames ? 10000 : i ? 1 : 8000);
		}
		assert_null(stream_windows_rest(w, T0 + 20 * S, true));
		stream_windows_free(w);
	}
}

TEST(event__coverage_reaches_windows_that_wait)
{
	struct stream_windows *w = open_windows(conf_event(false));
	const struct row_window *c;

	stream_windows_connected(w, 0, T0);
	stream_windows_lost(w, 0, T0 + 15 * S);
	stream_windows_connected(w, 0, T0 + 17 * S);
	c = due(w, T0 + 30 * S);
	assert_double_equal_exact(c->row[0].coverage, 1);
	c = due(w, T0 + 40 * S);
	assert_double_equal_exact(c->row[0].coverage, 0.8);
	stream_windows_free(w);
}

TEST(replay__prints_what_the_input_holds)
{
	struct stream_windows_conf conf = conf_arrival();
	struct stream_windows *w;
	const struct row_window *c;

	conf.replay = true;
	w = open_windows(conf);
	stream_windows_connected(w, 0, T0);
	put(w, Q1, T0 + S, T0 + S);
	c = stream_windows_rest(w, T0 + 4 * S, false);
	assert_non_null(c);
	assert_true(c->partial);
	assert_int_equal(c->end_ms - c->start_ms, 4000);
	assert_double_equal_exact(c->row[0].coverage, 1);
	assert_null(stream_windows_rest(w, T0 + 4 * S, false));
	stream_windows_free(w);
}

/* What another recording, which follows, does not inherit. */
TEST(restart__numbers_on_and_forgets)
{
	struct stream_windows_conf conf = conf_arrival();
	struct stream_windows *w;
	const struct row_window *c;

	conf.replay = true;
	w = open_windows(conf);
	stream_windows_connected(w, 0, T0);
	put(w, Q1, T0 + S, T0 + S);
	assert_non_null(stream_windows_rest(w, T0 + 4 * S, false));
	stream_windows_restart(w);
	assert_true(stream_windows_due_us(w) == NO_TIME);
	assert_true(stream_windows_watch(w, Q2));
	stream_windows_connected(w, 0, T0 + 100 * S);
	assert_int_equal(put(w, Q1, T0 + 101 * S, T0 + 101 * S), VERDICT_FOREIGN_QUEUE);
	assert_int_equal(put(w, Q2, T0 + 101 * S, T0 + 101 * S), VERDICT_ACCEPTED);
	c = due(w, T0 + 110 * S);
	assert_non_null(c);
	assert_int_equal(c->index, 1);
	assert_int_equal(c->start_ms, T0 / 1000 + 100000);
	assert_int_equal(c->nrow, 1);
	assert_int_equal(c->row[0].queue, 1);
	assert_double_equal_exact(c->row[0].coverage, 1);
	stream_windows_free(w);
}

/* What is ahead of the first recording is not ahead of the second. */
TEST(restart__first_timestamp_is_never_ahead)
{
	struct stream_windows_conf conf = conf_event(true);
	struct stream_windows *w;

	conf.clock.first = conf.clock.index = 10001;
	w = open_windows(conf);
	assert_int_equal(put(w, Q1, T0, NO_TIME), VERDICT_ACCEPTED);
	assert_int_equal(last_placed.window, 10001);
	stream_windows_free(w);
}

TEST(replay__end_at_a_windows_end_holds_no_further_one)
{
	struct stream_windows_conf conf = conf_arrival();
	struct stream_windows *w;

	conf.replay = true;
	w = open_windows(conf);
	stream_windows_connected(w, 0, T0);
	assert_non_null(due(w, T0 + 10 * S));
	assert_null(stream_windows_rest(w, T0 + 10 * S, false));
	stream_windows_free(w);
}

TEST(replay__cut_short_leaves_all_partial)
{
	struct stream_windows *w = open_windows(conf_event(true));
	const struct row_window *c;

	put(w, Q1, T0, NO_TIME);
	put(w, Q1, T0 + 12 * S, NO_TIME);
	for (int i = 0; i < 2; i++) {	/* of the first one, latecomers may have been missed */
		c = stream_windows_rest(w, NO_TIME, true);
		assert_non_null(c);
		assert_true(c->partial);
		assert_int_equal(c->end_ms - c->start_ms, i ? 2000 : 10000);
	}
	assert_null(stream_windows_rest(w, NO_TIME, true));
	stream_windows_free(w);
}

TEST(replay__queues_have_rows_from_their_first_valid_frame_on)
{
	struct stream_windows_conf conf = conf_event(true);
	struct stream_windows *w;
	const struct row_window *c;
	struct verdict_place placed;
	struct stream_event f = frame_of(Q2, 0, 1);

	conf.nqueue = 0;
	conf.queue_max = 2;
	conf.lateness_ms = 0;
	w = open_windows(conf);
	f.has_time = false;
	assert_int_equal(stream_windows_place(w, &f, 0, NO_TIME, &placed), VERDICT_INVALID);
	assert_false(placed.in_row);
	put(w, Q1, T0, NO_TIME);
	f = frame_of(Q2, T0, 1);	/* a number and a group of one name */
	f.leaf[f.nleaf++] = (struct stream_event_leaf){ .path = "avg.voice", .path_len = 9 };
	assert_int_equal(stream_windows_place(w, &f, 0, NO_TIME, &placed), VERDICT_INVALID);
	assert_false(placed.in_row);
	put(w, Q1, T0 + 10 * S, NO_TIME);
	c = due(w, NO_TIME);
	assert_int_equal(c->nrow, 1);
	assert_int_equal(put(w, Q2, T0 + 11 * S, NO_TIME), VERDICT_ACCEPTED);
	put(w, Q1, T0 + 20 * S, NO_TIME);
	c = due(w, NO_TIME);
	assert_int_equal(c->nrow, 2);
	assert_string_equal(c->row[0].queue_id, Q1);
	assert_int_equal(put(w, "0000000f-0000-4000-8000-000000000001", T0 + 21 * S, NO_TIME),
		VERDICT_TOO_MANY_QUEUES);
	stream_windows_free(w);
}

TEST(replay__many_queues_are_found_again)
{
	struct stream_windows_conf conf = conf_event(true);
	struct stream_windows *w;
	char id[UUID_LEN + 1];

	conf.nqueue = 0;
	conf.queue_max = 10000;
	w = open_windows(conf);
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 10000; i++) {
			snprintf(id, sizeof(id), "%08x-0000-4000-8000-000000000000", i * 7);
			assert_int_equal(put(w, id, T0 + round, NO_TIME), VERDICT_ACCEPTED);
		}
	snprintf(id, sizeof(id), "%08x-0000-4000-8000-000000000000", 70000);
	assert_int_equal(put(w, id, T0, NO_TIME), VERDICT_TOO_MANY_QUEUES);
	stream_windows_free(w);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

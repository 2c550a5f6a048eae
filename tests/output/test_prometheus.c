/* -f prometheus: names, labels, and what is left out. */
#include <math.h>

#include "output/prometheus.h"
#include "tests/support/check.h"

#define Q1 "11111111-1111-4111-8111-111111111111"

TEST(names_are_converted_to_those_of_prometheus)
{
	static const struct {
		const char *from, *to;
	} all[] = {
		{ "waitTime", "_wait_time" },
		{ "oUserRoutingStatuses", "_o_user_routing_statuses" },
		{ "OFF_QUEUE.count", "_off_queue_count" }, { "oACWUsers", "_o_acw_users" },
		{ "p95", "_p95" }, { "a1B2", "_a1_b2" }, { "voice.avg", "_voice_avg" },
		{ "On Break - 2nd", "_on_break_2nd" }, { "...", "" }, { "", "" },
		{ "6a3af858-942f", "_6a3af858_942f" }, { "\xc3\xa9t\xc3\xa9", "_c3a9tc3a9" },
		{ "x.\xc3\xa9", "_x_c3a9" },
		/* units and types that stand alone are not liked */
		{ "xMs", "_xms" }, { "x.h.count", "_xh_count" }, { "x.Gauge.y", "_xgauge_y" },
		{ "x.milliseconds", "_xmilliseconds" }, { "x.kiloparsecs", "_x_kiloparsecs" },
		{ "x.days", "_xdays" }, { "x.million", "_x_million" }
	};
	struct buf name = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		buf_clear(&name);
		prometheus_put_words(&name, all[i].from, strlen(all[i].from));
		assert_true(buf_char(&name, '\0'));
		assert_string_equal(name.data, all[i].to);
	}
	buf_free(&name);
}

static struct row_series series(const char *metric, const char *path, enum row_kind kind,
	enum row_statistic stat, double x)
{
	struct row_series f = { .metric = metric, .path = path, .kind = kind };

	for (enum row_statistic s = 0; s < STATS; s++)
		f.stat[s] = NAN;
	f.stat[stat] = x;
	return f;
}

static struct row row_of(const struct row_series *f, size_t n)
{
	return (struct row){ .queue_id = Q1, .series = f, .nseries = n,
		.coverage = NAN, .updates = 3, .rejected = { [VERDICT_STALE] = 2 },
		.lag_ms = { 12, NAN, NAN, NAN, 1500 } };
}

static char *exposed(const struct row_window *r, bool queues_alone, size_t wanted_skipped)
{
	static struct row_window queues;
	static struct buf out;
	size_t skipped;

	buf_free(&out);
	if (queues_alone) {
		assert_true(row_window_with_media(r, 0, &queues));
		r = &queues;
	}
	assert_true(prometheus_put(&out, r, (1u << STAT_NAMES) - 1, &skipped));
	row_window_free(&queues);

	assert_int_equal(skipped, wanted_skipped);
	assert_true(buf_char(&out, '\0'));
	return out.data;
}

static void has(const char *text, const char *line)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(text, whole))
		fail_msg("no %s in %s", line, text);
}

#define LABELS "queue_id=\"" Q1 "\",queue_name=\"\""
#define OF_QUEUE LABELS ",source=\"stream\""

TEST(statistics_have_metrics_of_their_own)
{
	const struct row_series f[] = {
		series("oWaiting", "count", ROW_GAUGE, STAT_LAST, 7),
		series("oLongestWaiting", "ageMs", ROW_AGE, STAT_MAX, 2500),
		series("tWait", "count", ROW_TOTAL, STAT_DELTA, 4),
		series("tWait", "sum", ROW_TOTAL, STAT_TOTAL, 9000),
		series("tWait", "max", ROW_PLAIN, STAT_VALUE, 8000),
		series("oServiceLevel", "ratio", ROW_PLAIN, STAT_VALUE, 0.8),
		series("nOdd", "total", ROW_PLAIN, STAT_VALUE, 5),
		series("waitTime", "avg", ROW_SAMPLE, STAT_P95, 12345),
		series("waitTime", "avg", ROW_SAMPLE, STAT_COUNT, 9),
		series("oX", "a\\y\nc", ROW_GAUGE, STAT_MIN, -1)
	};
	struct row row = row_of(f, ARRAY_LEN(f));
	const struct row_window r = { .source = "stream", .end_ms = 1795485630500, .row = &row,
		.nrow = 1 };
	const char *text = exposed(&r, false, 0);

	has(text, "gsqstat_o_waiting_count_last{" LABELS "} 7");
	has(text, "# HELP gsqstat_o_waiting_count_last oWaiting.count, last in the window.");
	has(text, "# TYPE gsqstat_o_waiting_count_last gauge");
	has(text, "gsqstat_o_longest_waiting_age_max_seconds{" LABELS "} 2.5");
	has(text, "gsqstat_t_wait_count_delta{" LABELS "} 4");
	has(text, "gsqstat_t_wait_sum_so_far_seconds{" LABELS "} 9");
	has(text, "gsqstat_t_wait_max_seconds{" LABELS "} 8");
	has(text, "gsqstat_o_service_level_ratio{" LABELS "} 0.8");
	has(text, "gsqstat_n_odd_total_value{" LABELS "} 5");
	has(text, "gsqstat_wait_time_avg_p95_seconds{" LABELS "} 12.345");
	has(text, "gsqstat_wait_time_avg_samples{" LABELS "} 9");
	has(text, "# HELP gsqstat_o_x_a_y_c_min oX.a\\\\y\xEF\xBF\xBD" "c, minimum in the window.");
	has(text, "gsqstat_lag_mean_seconds{" OF_QUEUE "} 0.012");
	has(text, "gsqstat_lag_p99_seconds{" OF_QUEUE "} 1.5");
	assert_null(strstr(text, "gsqstat_lag_max"));
	has(text, "gsqstat_updates{" OF_QUEUE "} 3");
	has(text, "gsqstat_rejected{" OF_QUEUE ",reason=\"stale\"} 2");
	has(text, "gsqstat_rejected{" OF_QUEUE ",reason=\"outlier\"} 0");
	assert_null(strstr(text, "gsqstat_coverage_ratio"));
	has(text, "gsqstat_last_success_timestamp_seconds{" OF_QUEUE "} 1795485630.5");
}

TEST(queue_rows_and_media_rows_have_different_metrics)
{
	const struct row_series f = series("oWaiting", "count", ROW_GAUGE, STAT_LAST, 7);
	struct row row[] = { row_of(&f, 1), row_of(&f, 1), row_of(NULL, 0) };
	const struct row_window r = { .source = "stream", .row = row, .nrow = ARRAY_LEN(row) };
	const char *text;

	row[0].queue_name = row[1].queue_name = "A \"b\" \\ c\nd";
	row[1].media = "voice";
	row[2].queue_id = "2";
	row[2].coverage = 0.5;
	text = exposed(&r, false, 0);
	assert_non_null(strstr(text, "# TYPE gsqstat_o_waiting_count_last gauge\n"));
	has(text, "gsqstat_o_waiting_count_last{queue_id=\"" Q1 "\",queue_name=\"A \\\"b\\\" \\\\ "
		"c\xEF\xBF\xBD" "d\"} 7");
	has(text, "gsqstat_media_o_waiting_count_last{queue_id=\"" Q1 "\",queue_name=\"A \\\"b\\\" "
		"\\\\ c\xEF\xBF\xBD" "d\",media=\"voice\"} 7");
	has(text, "gsqstat_coverage_ratio{queue_id=\"2\",queue_name=\"\",source=\"stream\"} 0.5");
	text = exposed(&r, true, 0);
	assert_null(strstr(text, "voice"));
}

/* A second number of one name would make all of the text unreadable. */
TEST(each_series_is_printed_once)
{
	const struct row_series f[] = {
		series("oX", "a.y", ROW_GAUGE, STAT_MIN, 1),
		series("oX", "a-y", ROW_GAUGE, STAT_MIN, 2),
		series("oX", "a.y.min", ROW_PLAIN, STAT_VALUE, 3),
		series("oUserPresences", "a.count", ROW_GAUGE, STAT_MIN, 5),
		series("oUserPresences", "b.count", ROW_GAUGE, STAT_MIN, 6)
	};
	struct row row = row_of(f, ARRAY_LEN(f));
	const struct row_window r = { .source = "stream", .row = &row, .nrow = 1 };
	const char *text = exposed(&r, false, 2);

	has(text, "gsqstat_o_x_a_y_min{" LABELS "} 1");
	assert_null(strstr(strstr(text, "gsqstat_o_x_a_y_min{") + 1, "gsqstat_o_x_a_y_min{"));
	has(text, "gsqstat_o_user_presences_count_min{" LABELS ",presence=\"a\"} 5");
	has(text, "gsqstat_o_user_presences_count_min{" LABELS ",presence=\"b\"} 6");
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

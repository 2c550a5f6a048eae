/* Totals of a queue over its media types, with sums worked out by hand. */
#include <math.h>

#include "tests/support/check.h"
#include "window/row_totals.h"

#define SERIES_MAX 4

static struct row rows[8];
static struct row_series series[8][SERIES_MAX];
static struct row_window window;

static int empty(void **state __attribute__((unused)))
{
	memset(rows, 0, sizeof(rows));
	memset(series, 0, sizeof(series));
	window = (struct row_window){ .row = rows };
	return 0;
}

/* Adds a row; media NULL: that of the whole queue. */
static void add_row(size_t queue, const char *media)
{
	rows[window.nrow] = (struct row){ .queue = queue, .media = media,
		.series = series[window.nrow] };
	window.nrow++;
}

static struct row_series *add(enum row_kind kind, const char *metric, const char *path)
{
	struct row *row = &rows[window.nrow - 1];
	struct row_series *s = &series[window.nrow - 1][row->nseries++];

	assert_true(row->nseries <= SERIES_MAX);
	*s = (struct row_series){ .metric = metric, .path = path, .kind = kind };
	return s;
}

static void add_total(const char *metric, double delta, double total)
{
	struct row_series *s = add(ROW_TOTAL, metric, "count");

	s->stat[STAT_DELTA] = delta;
	s->stat[STAT_TOTAL] = total;
}

static void add_ratio(double numerator, double denominator)
{
	add(ROW_PLAIN, "oServiceLevel", "denominator")->stat[STAT_VALUE] = denominator;
	add(ROW_PLAIN, "oServiceLevel", "numerator")->stat[STAT_VALUE] = numerator;
	add(ROW_PLAIN, "oServiceLevel", "ratio")->stat[STAT_VALUE] = numerator / denominator;
}

static double sum(size_t queue, const char *metric, enum row_statistic stat)
{
	return row_totals_sum(&window, queue, metric, "count", stat);
}

static double ratio(size_t queue)
{
	return row_totals_ratio(&window, queue, "oServiceLevel");
}

static void check_number(double x, double expected)
{
	if (!(isnan(expected) ? isnan(x) : x == expected))
		fail_msg("%.17g, not %.17g", x, expected);
}

TEST(sum__is_over_the_media_types_of_the_queue)
{
	add_row(0, NULL);
	add_total("nOffered", 100, 1000);	/* a queue's own row is none of them */
	add_row(0, "voice");
	add_total("nOffered", 2, 10);
	add_total("tAbandon", 1, 3);
	add_row(0, "chat");
	add_total("nOffered", 3, 5);
	add_row(1, NULL);
	add_row(1, "voice");
	add_total("nOffered", 7, 7);
	check_number(sum(0, "nOffered", STAT_DELTA), 5);
	check_number(sum(0, "nOffered", STAT_TOTAL), 15);
	check_number(sum(0, "tAbandon", STAT_TOTAL), 3);	/* chat has no such series */
	check_number(sum(1, "nOffered", STAT_TOTAL), 7);
}

TEST(sum__is_null_if_one_is_null_or_none_has_it)
{
	add_row(0, NULL);
	add_row(0, "voice");
	add_total("nOffered", 2, 10);
	add_row(0, "chat");
	add_total("nOffered", NAN, 5);
	check_number(sum(0, "nOffered", STAT_DELTA), NAN);
	check_number(sum(0, "nOffered", STAT_TOTAL), 15);
	check_number(sum(0, "tAbandon", STAT_TOTAL), NAN);
	check_number(sum(1, "nOffered", STAT_TOTAL), NAN);
}

TEST(sum__is_of_totals_only)
{
	add_row(0, "voice");
	add(ROW_GAUGE, "nOffered", "count")->stat[STAT_TOTAL] = 4;
	check_number(sum(0, "nOffered", STAT_TOTAL), NAN);
}

TEST(ratio__weighs_media_types_by_their_denominators)
{
	add_row(0, NULL);
	add_row(0, "voice");
	add_ratio(7, 8);
	add_row(0, "chat");
	add_ratio(0, 2);
	add_row(0, "email");
	add_ratio(NAN, NAN);
	add_row(1, "voice");
	add_ratio(1, 1);
	check_number(ratio(0), 0.7);	/* the mean of the ratios would be 0.4375 */
	check_number(ratio(1), 1);
}

TEST(ratio__of_nothing_is_null)
{
	add_row(0, "voice");
	add_ratio(0, 0);
	add_row(1, "voice");
	add(ROW_PLAIN, "oServiceLevel", "numerator")->stat[STAT_VALUE] = 3;
	check_number(ratio(0), NAN);
	check_number(ratio(1), NAN);
	check_number(ratio(2), NAN);
}

TEST(media_types__that_are_not_shown_count)
{
	struct row_window shown;

	add_row(0, NULL);
	add_row(0, "voice");
	add_total("nOffered", 2, 10);
	add_ratio(7, 8);
	shown = (struct row_window){ .row = rows, .nrow = 1, .whole = &window };
	check_number(row_totals_sum(&shown, 0, "nOffered", "count", STAT_TOTAL), 10);
	check_number(row_totals_ratio(&shown, 0, "oServiceLevel"), 0.875);
}

int main(void)
{
	each_test(empty, NULL);
	return run_all_tests(NULL, NULL);
}

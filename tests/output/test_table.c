/* Windows as lines for people: columns, cutting, the trend, when the header comes again. */
#include <math.h>

#include "output/table.h"
#include "tests/support/check.h"
#include "util/term_text.h"

#define Q1 "5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d01"
#define Q2 "5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d02"

static struct table *table;
static struct table_screen screen;
static struct buf out;
static bool queues_alone;	/* without rows of media types */
static struct row_window queues;

static void begin(struct output_conf conf, size_t width)
{
	output_table.free(table);
	conf.window_ms = conf.window_ms ? conf.window_ms : 60000;
	table = output_table.new(&conf);
	assert_non_null(table);
	screen = (struct table_screen){ .width = width };
}

static struct row_series series(const char *metric, const char *path, enum row_kind kind,
	double first, double second)
{
	struct row_series f = { .metric = metric, .path = path, .kind = kind };

	for (enum row_statistic s = 0; s < STATS; s++)
		f.stat[s] = NAN;
	f.stat[STAT_MEAN] = f.stat[STAT_LAST] = f.stat[STAT_DELTA] = f.stat[STAT_VALUE] = first;
	f.stat[STAT_MAX] = f.stat[STAT_TOTAL] = second;
	return f;
}

static struct row row_of(const char *name, const struct row_series *f, size_t n)
{
	return (struct row){ .queue_id = Q1, .queue_name = name, .coverage = 1,
		.updates = 3, .series = f, .nseries = n, .lag_ms = { [LAG_MEAN] = 34 } };
}

/* The text that a window of these rows adds. */
static const char *render(struct row *row, size_t n, int64_t end_ms, bool partial)
{
	struct row_window r = { .row = row, .nrow = n };

	for (size_t i = 0; i < n; i++) {
		row[i].end_ms = end_ms;
		row[i].partial = partial;
	}
	if (queues_alone)
		assert_true(row_window_with_media(&r, 0, &queues));
	buf_clear(&out);
	assert_true(table_render(table, queues_alone ? &queues : &r, &screen, &out));
	buf_char(&out, '\0');
	assert_false(out.failed);
	return out.data;
}

static const char *render_one(const char *name, double mean)
{
	const struct row_series f = series("state", "active", ROW_SAMPLE, mean, 9);
	struct row row = row_of(name, &f, 1);

	return render(&row, 1, 0, false);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

TEST(columns__that_do_not_fit_are_left_out)
{
	const struct row_series f[] = {
		series("oWaiting", "count", ROW_GAUGE, 2, 12345),
		series("oLongestWaiting", "ageMs", ROW_AGE, 61000, 90000),
		series("tWait", "count", ROW_TOTAL, 4, 8),
		series("tWait", "max", ROW_PLAIN, 950, 0),
	};
	struct row row = row_of("Sales", f, 4);

	begin((struct output_conf){ .header = true, .trend = true }, 40);
	row.coverage = 0.9999;
	assert_string_equal(render(&row, 1, 3723004, true),
		"                 oWaiting       +3 more\n"
		"UTC       queue   last   max   upd  cov\n"
		"01:02:03* Sales      2 12.3k     3  99%\n");
	begin((struct output_conf){ .header = true, .trend = true }, 60);
	assert_string_equal(render(&row, 1, 3723004, true),
		"                 oWaiting                        +3 more\n"
		"UTC       queue   last   max  trend      upd  cov    lag\n"
		"01:02:03* Sales      2 12.3k         █     3  99%   34ms\n");
	begin((struct output_conf){ .header = true }, 120);
	assert_string_equal(render(&row, 1, 3723004, false),
		"                 oWaiting     oLongestWaiting  tWait        tWait.max\n"
		"UTC       queue   last   max   last   max      delta total  value"
			"         upd  cov    lag\n"
		"01:02:03  Sales      2 12.3k   1.0m  1.5m          4     8  950ms"
			"           3  99%   34ms\n");
}

TEST(coverage__is_shown_where_it_is_below_1)
{
	static const struct {
		double coverage;
		const char *text;
	} cases[] = { { 1, "     3        " }, { 0.5, "     3  50%" }, { 0.001, "     3  <1%" },
		{ 0, "     3   0%" }, { NAN, "     3    -" } };
	struct row row = row_of("Sales", NULL, 0);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin((struct output_conf){ 0 }, 80);
		row.coverage = cases[i].coverage;
		assert_non_null(strstr(render(&row, 1, 0, false), cases[i].text));
	}
}

TEST(ids__are_cut_and_still_differ)
{
	struct row rows[] = { row_of(NULL, NULL, 0), row_of(NULL, NULL, 0) };

	begin((struct output_conf){ 0 }, 40);
	rows[1].queue_id = Q2;
	assert_string_equal(render(rows, 2, 0, false),
		"00:00:00  5f0c6b…01     3        34ms\n"
		"00:00:00  5f0c6b…02     3        34ms\n");
	/* what differs elsewhere takes more of it */
	rows[1].queue_id = "5f0c6b2f-8d7a-4c39-9e51-0b1f6a7c2d01";
	assert_string_equal(render(rows, 2, 0, false),
		"00:00:00  5f0c6b2e…d01     3        34ms\n"
		"00:00:00  5f0c6b2f…d01     3        34ms\n");
	begin((struct output_conf){ 0 }, 80);
	assert_non_null(strstr(render(rows, 2, 0, false), Q1));
}

TEST(names__align_by_their_columns)
{
	struct row rows[] = { row_of("東京", NULL, 0), row_of("Zoe\xCC\x88", NULL, 0),
		row_of("a\x1B[2Jb", NULL, 0), row_of("a\x1B[2Jb", NULL, 0) };

	begin((struct output_conf){ 0 }, 40);
	rows[3].media = "voice";
	assert_string_equal(render(rows, 4, 0, false),
		"00:00:00  東京        3        34ms\n"
		"00:00:00  Zoe\xCC\x88         3        34ms\n"
		"00:00:00  a\xEF\xBF\xBD[2Jb      3        34ms\n"
		"00:00:00    voice     3        34ms\n");
	begin((struct output_conf){ .ascii = true }, 40);
	queues_alone = true;
	assert_string_equal(render(rows, 4, 0, false),
		"00:00:00  ??         3        34ms\n"
		"00:00:00  Zoe        3        34ms\n"
		"00:00:00  a?[2Jb     3        34ms\n");
	queues_alone = false;
}

TEST(trend__has_eight_windows_and_gaps)
{
	static const double means[] = { 9, 0, 1, 2, NAN, 4, 5, 6, 7, 8 };
	const char *text = "";

	begin((struct output_conf){ .trend = true }, 80);
	for (size_t i = 0; i < ARRAY_LEN(means); i++) {
		text = render_one("Sales", means[i]);
		if (i == 1)
			assert_non_null(strstr(text, "       █▁ "));
	}
	/* the 9 and the 0 are past, and the scale with them */
	assert_non_null(strstr(text, "  ▂▃ ▅▅▆▇█  "));
	begin((struct output_conf){ .trend = true, .ascii = true }, 80);
	for (size_t i = 0; i < ARRAY_LEN(means); i++)
		text = render_one("Sales", means[i]);
	assert_non_null(strstr(text, "  .- ++*%#  "));
}

TEST(trend__belongs_to_its_row)
{
	const struct row_series f[] = { series("o", "count", ROW_GAUGE, 1, 1),
		series("o", "count", ROW_GAUGE, 4, 4) };
	struct row rows[] = { row_of("A", &f[0], 1), row_of("B", &f[0], 1),
		row_of("B", &f[0], 1) };

	begin((struct output_conf){ .trend = true }, 80);
	rows[1].queue = rows[2].queue = 1;
	rows[2].media = "voice";
	render(rows, 3, 0, false);
	render(rows, 2, 0, false);	/* no voice here: a gap */
	rows[2].series = &f[1];
	assert_int_equal(count(render(rows, 3, 0, false), "███"), 2);
	assert_non_null(strstr(out.data, " ▃ █ "));
}

TEST(header__is_repeated_on_every_screen)
{
	begin((struct output_conf){ .header = true }, 80);
	for (int i = 0; i < 100; i++)
		assert_int_equal(count(render_one("Sales", 1), "queue"), i % 24 == 0);
	begin((struct output_conf){ .header = true }, 80);
	screen.height = 10;	/* two lines, seven rows, and the cursor's */
	for (int i = 0; i < 100; i++)
		assert_int_equal(count(render_one("Sales", 1), "queue"), i % 7 == 0);
	screen.height = 1;
	for (int i = 0; i < 5; i++)
		render_one("Sales", 1);
	begin((struct output_conf){ .header = false }, 80);
	assert_int_equal(count(render_one("Sales", 1), "queue"), 0);
}

TEST(header__is_repeated_if_columns_change)
{
	const struct row_series f[] = { series("a", "x", ROW_SAMPLE, 1, 2),
		series("b", "y", ROW_SAMPLE, 3, 4), series("c", "z", ROW_SAMPLE, 5, 6) };
	const struct row_series both[] = { f[0], f[2] };
	struct row row = row_of("Sales", &f[1], 1);

	begin((struct output_conf){ .header = true }, 80);
	assert_int_equal(count(render(&row, 1, 0, false), "queue"), 1);
	assert_int_equal(count(render(&row, 1, 0, false), "queue"), 0);
	row.queue_name = "A longer name";
	assert_int_equal(count(render(&row, 1, 0, false), "queue"), 1);
	row.queue_name = "Sales";	/* but none for a shorter one */
	assert_int_equal(count(render(&row, 1, 0, false), "queue"), 0);
	row.series = both;
	row.nseries = 2;
	assert_non_null(strstr(render(&row, 1, 0, false), "a.x          c.z          b.y"));
	screen.width = 40;
	assert_non_null(strstr(render(&row, 1, 0, false), "+2"));
	/* what has no room anyway changes nothing on the screen */
	row.series = &f[1];
	row.nseries = 1;
	assert_int_equal(count(render(&row, 1, 0, false), "queue"), 0);
}

TEST(time__is_as_exact_as_the_window_needs)
{
	struct row row = row_of("Sales", NULL, 0);
	const int64_t day_ms = 86400000;

	begin((struct output_conf){ .window_ms = 500 }, 80);
	assert_int_equal(strncmp(render(&row, 1, 1500, false), "00:00:01.500  Sales", 19), 0);
	begin((struct output_conf){ .window_ms = 3600000 }, 80);
	assert_int_equal(strncmp(render(&row, 1, day_ms * 31, true), "02-01 00:00* Sales", 18), 0);
}

TEST(colour__is_reset_after_each_cell)
{
	const struct row_series f = series("state", "active", ROW_SAMPLE, 1, 2);
	struct row rows[] = { row_of("A", &f, 1), row_of("B", &f, 1) };
	const char *text;

	begin((struct output_conf){ .header = true }, 60);
	screen.colour = true;
	rows[1].coverage = 0.5;
	text = render(rows, 2, 0, true);
	assert_int_equal(strncmp(text, "\033[1m", 4), 0);
	assert_non_null(strstr(text, "lag\033[0m\n00:00:00\033[33m*\033[0m A"));
	assert_non_null(strstr(text, "\n\033[2m00:00:00\033[0m"));
	assert_non_null(strstr(text, "\033[33m50%\033[0m"));
	assert_int_equal(count(text, "\033["), 2 * count(text, "\033[0m"));
}

/* --- the overview --- */

static struct row_series total(const char *metric, const char *path, double delta, double sum)
{
	return series(metric, path, ROW_TOTAL, delta, sum);
}

static struct row_series plain(const char *path, double value)
{
	return series("oServiceLevel", path, ROW_PLAIN, value, NAN);
}

static struct row media(const char *name, const struct row_series *f, size_t n)
{
	struct row row = row_of("Sales", f, n);

	row.media = name;
	return row;
}

static const struct row_series whole_queue[] = {
	{ "oWaiting", "count", ROW_GAUGE, .stat = { [STAT_LAST] = 3, [STAT_MAX] = 4 } },
	{ "oLongestWaiting", "ageMs", ROW_AGE, .stat = { [STAT_LAST] = 61000, [STAT_MAX] = 9e4 } },
	{ "oOnQueueUsers", "IDLE.count", ROW_GAUGE, .stat = { [STAT_LAST] = 2 } },
	{ "oOnQueueUsers", "count", ROW_GAUGE, .stat = { [STAT_LAST] = 12 } },
};

TEST(overview__sums_totals_over_media_types)
{
	const struct row_series voice[] = { total("nOffered", "count", 2, 10),
		total("tAbandon", "count", 1, 3), plain("denominator", 8), plain("numerator", 7),
		plain("ratio", 0.875) };
	const struct row_series chat[] = { total("nOffered", "count", 3, 5),
		total("tAbandon", "count", NAN, 1), plain("denominator", 2), plain("numerator", 0),
		plain("ratio", 0) };
	/* of a service level that nobody knows in this half hour */
	const struct row_series email[] = { plain("denominator", NAN), plain("numerator", NAN),
		plain("ratio", NAN) };
	struct row rows[] = { row_of("Sales", whole_queue, 4), media("voice", voice, 5),
		media("chat", chat, 5), media("email", email, 3), row_of("Other", NULL, 0),
		media("voice", voice, 5) };
	const char *const wide = "00:00:00  Sales      3     4   1.0m  1.5m      12      2"
		"      5    15      -     4    70.0%     3        34ms\n";

	rows[4].queue = rows[5].queue = 1;
	begin((struct output_conf){ .header = true, .overview = true }, 120);
	assert_string_equal(render(rows, 4, 0, false),
		"                   waiting      longest wait     on         offered      abandoned"
		"    service\n"
		"UTC       queue     last   max   last   max   queue   idle  delta total  delta"
		" total    level   upd  cov    lag\n"
		"00:00:00  Sales        3     4   1.0m  1.5m      12      2      5    15      -"
		"     4    70.0%     3        34ms\n"
		"00:00:00    voice      -     -      -     -                     2    10      1"
		"     3    87.5%     3        34ms\n"
		"00:00:00    chat       -     -      -     -                     3     5      -"
		"     1     0.0%     3        34ms\n"
		"00:00:00    email      -     -      -     -                     -     -      -"
		"     -        -     3        34ms\n");
	assert_non_null(strstr(render(rows, 6, 0, false), "Other        -     -      -     -       "
		"-      -      2    10      1     3    87.5%"));
	/* rows that are not shown count too */
	begin((struct output_conf){ .overview = true }, 120);
	queues_alone = true;
	assert_string_equal(render(rows, 4, 0, false), wide);
	queues_alone = false;
}

TEST(overview__shows_one_number_each_where_it_is_narrow)
{
	const struct row_series voice[] = { total("nOffered", "count", 2, 10) };
	struct row rows[] = { row_of("Sales", whole_queue, 4), media("voice", voice, 1) };

	begin((struct output_conf){ .header = true, .overview = true, .trend = true }, 80);
	assert_string_equal(render(rows, 2, 0, false),
		"                            longest     on                  aban-  service\n"
		"UTC       queue    waiting     wait  queue   idle  offered  doned    level  cov\n"
		"00:00:00  Sales          3     1.0m     12      2       10      -        -\n"
		"00:00:00    voice        -        -                     10      -        -\n");
	begin((struct output_conf){ .header = true, .overview = true, .trend = true }, 60);
	assert_string_equal(render(rows, 1, 0, false),
		"                        longest    on                 +2\n"
		"UTC       queue waiting    wait queue  idle offered  cov\n"
		"00:00:00  Sales       3    1.0m    12     2       -\n");
}

TEST(overview__of_now_has_no_totals)
{
	struct row row = row_of("Sales", whole_queue, 4);

	begin((struct output_conf){ .header = true, .overview = true, .now = true }, 120);
	assert_string_equal(render(&row, 1, 0, false),
		"                          longest     on\n"
		"UTC       queue  waiting     wait  queue   idle\n"
		"00:00:00  Sales        3     1.0m     12      2\n");
}

static int end(void **state __attribute__((unused)))
{
	output_table.free(table);
	row_window_free(&queues);
	buf_free(&out);
	return 0;
}

int main(void)
{
	return run_all_tests(NULL, end);
}

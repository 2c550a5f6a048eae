/* --check nagios: what a window comes to, and the line. */
#include <math.h>

#include "output/nagios.h"
#include "tests/support/check.h"

#define Q1 "11111111-1111-4111-8111-111111111111"
#define Q2 "aaaaaaaa-1111-4111-8111-111111111111"

static struct scopes *scopes;
static struct nagios *check;

static int set_up(void **state __attribute__((unused)))
{
	scopes = scopes_new(NULL);
	check = nagios_new(scopes);
	return scopes && check ? 0 : -1;
}

static int tear_down(void **state __attribute__((unused)))
{
	nagios_free(check);
	scopes_free(scopes);
	return 0;
}

static void add(bool critical, const char *text, const char *wanted)
{
	char why[512];

	assert_int_equal(nagios_add(check, critical, text, why, sizeof(why)) == NULL, *wanted != 0);
	if (*wanted ? !strstr(why, wanted) : why[0] != '\0')
		fail_msg("%s: %s", text, why);
}

TEST(rule__that_is_bad_says_why)
{
	const struct row_name *name;
	char why[512], path[32];

	name = nagios_add(check, true, "oWaiting.max=5", why, sizeof(why));
	assert_string_equal(name->metric, "oWaiting");
	name = nagios_add(check, true, "lagMs.max=5", why, sizeof(why));
	assert_int_equal(name->field, ROW_LAG_MAX);
	add(true, "Sales/voice: oWaiting.max=5", "");
	add(true, "sales/VOICE:oWaiting.max=5", "has a range for 'oWaiting.max'; give only one");
	add(true, "a b:oWaiting.max=5", "'a b' has a blank, a dot or an operator");
	add(false, "oWaiting.max=3", "");
	add(false, "oWaiting.max=4", "has a range for 'oWaiting.max'; give only one");
	add(false, "oWaiting.max", "'oWaiting.max' has no range: write PATH=RANGE");
	add(false, "oWaiting.max=", "'' is not a range: write MAX, MIN:");
	add(false, "oWaiting=5", "'oWaiting' needs a statistic, for example oWaiting.last");
	add(false, "covrage=5", "did you mean coverage?");
	add(false, "oWaiting.maxx=5", "'maxx' is not a statistic; use count, last, ");
	add(false, "=5", "'' is not a metric with a statistic");
	for (int i = 3; i < NAGIOS_PATHS_MAX; i++) {
		snprintf(path, sizeof(path), "oM%d.max=1", i);
		add(false, path, "");
	}
	add(false, "oMore.max=1", "there can be at most 64 paths");
	nagios_free(NULL);
}

static struct row_series series(double last)
{
	struct row_series f = { .metric = "oWaiting", .path = "count", .kind = ROW_GAUGE };

	for (enum row_statistic s = 0; s < STATS; s++)
		f.stat[s] = NAN;
	f.stat[STAT_LAST] = last;
	return f;
}

static void is_line(enum status st, const char *why, const char *wanted)
{
	struct buf line = { 0 };

	assert_true(nagios_put_line(check, st, why, &line));
	assert_true(nagios_has_line(check));
	buf_char(&line, '\0');
	assert_string_equal(line.data, wanted);
	buf_free(&line);
}

static enum nagios_state with(double a, double b)
{
	struct row_series fa = series(a), fb = series(b), beyond = series(99);
	struct row row[] = {
		{ .queue_id = Q1, .queue_name = "A", .series = &fa, .nseries = 1 },
		{ .queue_id = Q1, .queue_name = "A", .media = "voice", .series = &beyond,
			.nseries = 1 },
		{ .queue = 1, .queue_id = Q2, .series = &fb, .nseries = 1 }
	};
	struct row_window r = { .row = row, .nrow = ARRAY_LEN(row) };

	assert_true(nagios_take(check, &r));
	return nagios_state(check, ST_OK);
}

TEST(worst_state_decides)
{
	add(false, "oWaiting.last=5", "");
	add(true, "oWaiting.last=10:", "");
	assert_int_equal(with(11, 10), NAGIOS_WARNING);
	assert_int_equal(with(10, NAN), NAGIOS_WARNING);
	assert_int_equal(with(NAN, NAN), NAGIOS_UNKNOWN);
	is_line(ST_OK, "", "GSQSTAT UNKNOWN - oWaiting.last of A has no value (and 1 more)\n");
	assert_int_equal(with(12, 9), NAGIOS_CRITICAL);
	is_line(ST_OK, "", "GSQSTAT CRITICAL - oWaiting.last of " Q2 " is 9, critical range "
		"10: | 'A oWaiting.last'=12;5;10: '" Q2 " oWaiting.last'=9;5;10:\n");
	assert_int_equal(with(NAN, 3), NAGIOS_CRITICAL);
	is_line(ST_OK, "", "GSQSTAT CRITICAL - oWaiting.last of " Q2 " is 3, critical range "
		"10: | '" Q2 " oWaiting.last'=3;5;10:\n");
	assert_int_equal(nagios_state(check, ST_NET), NAGIOS_UNKNOWN);
	is_line(ST_NET, "no\n|way", "GSQSTAT UNKNOWN - no\xEF\xBF\xBD_way\n");
}

TEST(number_that_some_queues_lack_is_not_unknown)
{
	add(false, "oWaiting.last=5", "");
	assert_int_equal(with(NAN, 3), NAGIOS_OK);
	is_line(ST_OK, "", "GSQSTAT OK - 1 number of 2 queues within range: " Q2
		" oWaiting.last 3, 1 without a value | '" Q2 " oWaiting.last'=3;5;\n");
	assert_int_equal(with(NAN, 6), NAGIOS_WARNING);
	assert_int_equal(with(4, 5), NAGIOS_OK);
	add(true, "oWaiting.max=9", "");
	assert_int_equal(with(4, 5), NAGIOS_UNKNOWN);
	is_line(ST_OK, "", "GSQSTAT UNKNOWN - oWaiting.max of A has no value (and 1 more) "
		"| 'A oWaiting.last'=4;5; '" Q2 " oWaiting.last'=5;5;\n");
	assert_int_equal(with(4, 6), NAGIOS_WARNING);
}

/* Two queues, the first with rows of two media types that alone have a total. */
static enum nagios_state of_totals(double voice, double chat)
{
	struct row_series own[] = { series(1), series(2) }, total[] = { series(NAN), series(NAN) };
	struct row row[] = {
		{ .queue_id = Q1, .queue_name = "A", .series = &own[0], .nseries = 1 },
		{ .queue_id = Q1, .queue_name = "A", .media = "chat", .series = &total[0],
			.nseries = 1 },
		{ .queue_id = Q1, .queue_name = "A", .media = "voice", .series = &total[1],
			.nseries = 1 },
		{ .queue = 1, .queue_id = Q2, .queue_name = "B", .series = &own[1], .nseries = 1 }
	};
	struct row_window r = { .row = row, .nrow = ARRAY_LEN(row) };

	for (size_t i = 0; i < 2; i++) {
		total[i].metric = "tAbandon";
		total[i].kind = ROW_TOTAL;
		total[i].stat[STAT_DELTA] = i ? voice : chat;
	}
	assert_true(nagios_take(check, &r));
	return nagios_state(check, ST_OK);
}

TEST(totals_are_checked_in_each_media_type)
{
	add(false, "tAbandon.delta=5", "");
	assert_int_equal(of_totals(3, 6), NAGIOS_WARNING);
	is_line(ST_OK, "", "GSQSTAT WARNING - tAbandon.delta of A/chat is 6, warning range 5 | "
		"'A/chat tAbandon.delta'=6;5; 'A/voice tAbandon.delta'=3;5;\n");
	assert_int_equal(of_totals(NAN, 6), NAGIOS_WARNING);
	assert_int_equal(of_totals(NAN, 5), NAGIOS_OK);
	is_line(ST_OK, "", "GSQSTAT OK - 1 number of 2 queues within range: A/chat "
		"tAbandon.delta 5, 1 without a value | 'A/chat tAbandon.delta'=5;5;\n");
	assert_int_equal(of_totals(NAN, NAN), NAGIOS_UNKNOWN);
	is_line(ST_OK, "", "GSQSTAT UNKNOWN - tAbandon.delta of A has no value "
		"(and 1 more)\n");
}

TEST(narrowest_scope_counts)
{
	add(false, "tAbandon.delta=5", "");
	add(false, "/voice: tAbandon.delta=9", "");
	add(true, "A: tAbandon.delta=7", "");
	add(true, "\"A\"/chat: tAbandon.delta=20", "");
	assert_int_equal(of_totals(6, 4), NAGIOS_OK);
	is_line(ST_OK, "", "GSQSTAT OK - 2 numbers of 2 queues within range: A/chat "
		"tAbandon.delta 4, A/voice tAbandon.delta 6, 1 without a value | 'A/chat "
		"tAbandon.delta'=4;5;20 'A/voice tAbandon.delta'=6;9;7\n");
	assert_int_equal(of_totals(8, 4), NAGIOS_CRITICAL);
	assert_int_equal(of_totals(6, 8), NAGIOS_WARNING);
	add(true, "A/email: tAbandon.delta=1", "");
	assert_int_equal(of_totals(6, 4), NAGIOS_UNKNOWN);
	is_line(ST_OK, "", "GSQSTAT UNKNOWN - tAbandon.delta of A/email has no value | 'A/chat "
		"tAbandon.delta'=4;5;20 'A/voice tAbandon.delta'=6;9;7\n");
}

TEST(number_is_checked_once)
{
	add(false, "/chat: tAbandon.delta=9", "");
	add(false, "/voice: tAbandon.delta=3", "");
	add(true, "A: tAbandon.count.delta=20", "");	/* the same number */
	add(true, "A: tAbandon.delta=30", "has a range for 'tAbandon.delta'");
	assert_int_equal(of_totals(6, 4), NAGIOS_WARNING);
	is_line(ST_OK, "", "GSQSTAT WARNING - tAbandon.delta of A/voice is 6, warning range 3 | "
		"'A/chat tAbandon.delta'=4;9;20 'A/voice tAbandon.delta'=6;3;20\n");
}

/* Names that could be a name and a media type, another queue's ID, or a name with an ID. */
TEST(labels_of_unusual_names_are_quoted)
{
	struct row_series f[] = { series(1), series(2), series(3), series(4), series(5) };
	struct row row[] = {
		{ .queue_id = Q1, .queue_name = "A", .series = &f[0], .nseries = 1 },
		{ .queue_id = Q1, .queue_name = "A", .media = "b", .series = &f[1], .nseries = 1 },
		{ .queue = 1, .queue_id = "2", .queue_name = "A/b", .series = &f[2], .nseries = 1 },
		{ .queue = 2, .queue_id = "3", .queue_name = "2", .series = &f[3], .nseries = 1 },
		{ .queue = 3, .queue_id = "4", .queue_name = "A (" Q1 ")", .series = &f[4],
			.nseries = 1 }
	};
	struct row_window r = { .row = row, .nrow = ARRAY_LEN(row) };
	struct buf line = { 0 };

	add(false, "oWaiting.last=9", "");
	add(false, "/b: oWaiting.last=9", "");
	assert_true(nagios_take(check, &r));
	assert_true(nagios_put_line(check, ST_OK, "", &line) && buf_char(&line, '\0'));
	assert_string_equal(strchr(line.data, '|'), "| 'A oWaiting.last'=1;9; "
		"'A (" Q1 ")/b oWaiting.last'=2;9; 'A/b (2) oWaiting.last'=3;9; "
		"'2 oWaiting.last'=4;9; 'A (" Q1 ") (4) oWaiting.last'=5;9;\n");
	buf_free(&line);
}

TEST(labels_are_unique_and_ranges_are_plain_numbers)
{
	struct row_series f[] = { series(1), series(2), series(3) };
	struct row row[] = {
		{ .queue_id = "1", .queue_name = "a=b", .series = &f[0], .nseries = 1 },
		{ .queue = 1, .queue_id = "2", .queue_name = "a|b", .series = &f[1], .nseries = 1 },
		{ .queue = 2, .queue_id = "3", .queue_name = "a-b", .series = &f[2], .nseries = 1 }
	};
	struct row_window r = { .row = row, .nrow = ARRAY_LEN(row) };

	add(false, "oWaiting.last=0:1e3", "");
	add(true, "oWaiting.last=-1e1:25e2", "");
	assert_true(nagios_take(check, &r));
	is_line(ST_OK, "", "GSQSTAT OK - 3 numbers of 3 queues within range: a_b (1) "
		"oWaiting.last 1, a_b (2) oWaiting.last 2, a-b oWaiting.last 3 | "
		"'a_b (1) oWaiting.last'=1;1000;-10:2500 "
		"'a_b (2) oWaiting.last'=2;1000;-10:2500 'a-b oWaiting.last'=3;1000;-10:2500\n");
}

#define BAD "\xEF\xBF\xBD"
#define BAD5 BAD BAD BAD BAD BAD

TEST(names_are_escaped)
{
	static const char name[] = "a='|\n\x7f\xc2\x85\xff\xe2\x80\xae\xc3\xa4 b";
	struct row_series f = series(0.0000001);
	struct row row = { .queue_id = Q1, .queue_name = name, .series = &f, .nseries = 1,
		.lag_ms = { 1e22, 0, 0, 0, 0 } };
	struct row_window r = { .row = &row, .nrow = 1 };
	add(false, "oWaiting.last=@0:1", "");
	add(true, "lagMs.mean=~:", "");
	assert_true(nagios_take(check, &r));
	is_line(ST_OK, "", "GSQSTAT WARNING - oWaiting.last of a='_" BAD5 "\xc3\xa4 b "
		"is 0.0000001, warning range @1 | "
		"'a___" BAD5 "\xc3\xa4 b oWaiting.last'="
		"0.0000001;@1; "
		"'a___" BAD5 "\xc3\xa4 b lagMs.mean'="
		"10000000000000000000000ms;;~:\n");
}

TEST(without_a_number_the_state_is_unknown)
{
	struct row_window none = { 0 };

	assert_false(nagios_has_line(check));
	assert_int_equal(nagios_state(check, ST_OK), NAGIOS_UNKNOWN);
	is_line(ST_OK, "", "GSQSTAT UNKNOWN - there was no window\n");
	is_line(ST_USAGE, "", "GSQSTAT UNKNOWN - the run failed\n");
	assert_true(nagios_take(check, &none));
	assert_int_equal(nagios_state(check, ST_OK), NAGIOS_UNKNOWN);
	is_line(ST_OK, "", "GSQSTAT UNKNOWN - the last window has no queue\n");
	assert_int_equal(with(1, 2), NAGIOS_OK);
	is_line(ST_OK, "", "GSQSTAT OK - 2 queues, no range given\n");
	add(false, "oWaiting.last=5", "");
	assert_int_equal(with(1, 2), NAGIOS_OK);
	is_line(ST_OK, "", "GSQSTAT OK - 2 numbers of 2 queues within range: "
		"A oWaiting.last 1, " Q2 " oWaiting.last 2 | 'A oWaiting.last'=1;5; "
		"'" Q2 " oWaiting.last'=2;5;\n");
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

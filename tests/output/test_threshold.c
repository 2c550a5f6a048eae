/* --fail-if: what is an expression, and how often it holds. */
#include <math.h>

#include "output/threshold.h"
#include "tests/support/check.h"

#define Q1 "11111111-1111-4111-8111-111111111111"
#define Q2 "aaaaaaaa-1111-4111-8111-111111111111"

static char seen[256];	/* `queue:window=value ` for each that held */

static void note(void *arg, const struct threshold_hit *hit)
{
	size_t len = strlen(seen);

	assert_ptr_equal(arg, seen);
	snprintf(seen + len, sizeof(seen) - len, "%zu:%lld=%g ", hit->row->queue,
		(long long)hit->window, hit->value);
}

static struct scopes *scopes;

static struct thresholds *new_thresholds(void)
{
	scopes_free(scopes);
	scopes = scopes_new(NULL);
	return thresholds_new(scopes);
}

static void good(const char *expr)
{
	struct thresholds *ts = new_thresholds();
	char why[512];

	thresholds_add(ts, expr, why, sizeof(why));
	assert_string_equal(why, "");
	assert_int_equal(thresholds_count(ts), 1);
	assert_string_equal(threshold_text(ts, 0), expr);
	thresholds_free(ts);
}

static void bad(const char *expr, const char *part)
{
	struct thresholds *ts = new_thresholds();
	char why[512];

	thresholds_add(ts, expr, why, sizeof(why));
	if (!strstr(why, part))
		fail_msg("%s: %s", expr, why);
	assert_int_equal(thresholds_count(ts), 0);
	thresholds_free(ts);
}

TEST(expression__that_is_bad_says_why)
{
	good("oWaiting.max > 5");
	good(" oWaiting.max >= -5.5e3\tfor  3");
	good("oUserRoutingStatuses.OFF_QUEUE.count.mean<=5 for 1000000");
	good("oServiceLevel.ratio < 0.8");
	good("lagMs.p99!=1");
	good(Q1 ":coverage==1");
	good("Support:coverage==1");
	good("\"A: b > c.d\":coverage<1");
	good("\"x\":state.voice.active.max>0");
	bad("", "'' has no operator");
	bad("oWaiting > 5", "'oWaiting' needs a statistic, for example oWaiting.last");
	bad("oWaiting.maximum > 5", "'maximum' is not a statistic");
	bad("oWaiting.max > 5 for", "'for' cannot follow the number");
	bad("oWaiting.max > 5 for -1", "'-1' is not a number of windows");
	bad("oWaiting.max > 5 for 1000001", "'1000001' is not a number of windows");
	bad("oWaiting.max > 5 for 2 3", "'2 3' is not a number of windows");
	bad("oWaiting.max > 1e999", "'1e999' is not a number");
	bad("oWaiting.max > nan", "'nan' is not a number");
	bad("oWaiting.max > 0x10", "'0x10' is not a number");
	bad(":coverage<1", "no queue before the colon");
	bad("\"\":coverage<1", "no queue before the colon");
	bad("a b:coverage<1", "'a b' has a blank, a dot or an operator");
	good("\"A/b\"/voice: coverage<1");
	good("a/voice:coverage<1");
	good("/voice:coverage<1");
	bad("a:b:coverage<1", "'b:coverage<1' has a colon");
	bad("a/:coverage<1", "'' is not a media type");
	bad("a/b/c:coverage<1", "'b/c' is not a media type");
	bad("/:coverage<1", "'' is not a media type");
	bad("\"\"/voice:coverage<1", "no queue before the colon");
	bad("\"a:coverage<1", "'\"a:coverage<1' has no");
}

TEST(thresholds__have_a_limit)
{
	struct thresholds *ts = new_thresholds();
	char why[512];

	for (int i = 0; i < THRESHOLDS_MAX; i++) {
		thresholds_add(ts, "coverage<1", why, sizeof(why));
		assert_string_equal(why, "");
	}
	thresholds_add(ts, "coverage<1", why, sizeof(why));
	assert_string_equal(why, "there can be at most 64 thresholds");
	thresholds_free(ts);
}

/* A window of two queues and a media type's row, whose one gauge has the value given. */
static void judge(struct thresholds *ts, int64_t window, double one, double two, double media)
{
	static const char *const ids[] = { Q1, Q2, Q2 }, *const names[] = { "Ärzte", NULL, NULL };
	struct row_series series[3];
	struct row row[3];
	struct row_window r = { .index = window, .start_ms = window, .end_ms = window + 1,
		.row = row, .nrow = 3 };
	const double value[] = { one, two, media };

	for (size_t i = 0; i < 3; i++) {
		series[i] = (struct row_series){ .metric = "oWaiting", .path = "count",
			.kind = ROW_GAUGE };
		for (size_t s = 0; s < STATS; s++)
			series[i].stat[s] = NAN;
		series[i].stat[STAT_MAX] = value[i];
		row[i] = (struct row){ .queue = i > 0, .queue_id = ids[i],
			.queue_name = names[i], .media = i == 2 ? "voice" : NULL,
			.series = &series[i], .nseries = 1 };
	}
	assert_true(thresholds_judge(ts, &r, note, seen));
}

static void judged(const char *expr, const char *expected, bool met)
{
	struct thresholds *ts = new_thresholds();
	char why[512];

	seen[0] = '\0';
	thresholds_add(ts, expr, why, sizeof(why));
	assert_string_equal(why, "");
	judge(ts, 0, 6, 1, 100);
	judge(ts, 1, 7, 8, 100);
	judge(ts, 2, NAN, 9, 100);
	judge(ts, 3, 8, 9, 100);
	judge(ts, 4, 9, 1, 100);
	assert_string_equal(seen, expected);
	assert_int_equal(threshold_was_met(ts, 0), met);
	thresholds_free(ts);
}

TEST(threshold__holds_or_not)
{
	judged("oWaiting.max > 5", "0:0=6 0:1=7 1:1=8 1:2=9 0:3=8 1:3=9 0:4=9 ", true);
	judged("oWaiting.count.max > 5 for 2", "0:1=7 1:2=9 1:3=9 0:4=9 ", true);
	judged("oWaiting.max > 5 for 3", "1:3=9 ", true);
	judged(Q2 ":oWaiting.max == 9", "1:2=9 1:3=9 ", true);
	judged("ÄRZTE:oWaiting.max < 7", "0:0=6 ", true);
	judged("\"ärzte\":oWaiting.max < 7", "0:0=6 ", true);
	judged("Nobody:oWaiting.max > 0", "", false);
	judged("oWaiting.min > 0", "", false);
	judged("oWaiting.max > 99", "", true);	/* the queue's own row has it */
	judged("/voice: oWaiting.max > 99 for 5", "1:4=100 ", true);
	judged(Q2 "/Voice: oWaiting.max > 99 for 5", "1:4=100 ", true);
	judged("/chat: oWaiting.max > 0", "", false);
	judged("Ärzte/voice: oWaiting.max > 0", "", false);
}

/* A window of one queue whose total is in the rows of so many media types. */
static void judge_media(struct thresholds *ts, int64_t window, int nmedia)
{
	static char names[40][8];
	struct row_series total = { .metric = "nOffered", .path = "count", .kind = ROW_TOTAL };
	struct row row[41] = { { .queue_id = Q1 } };
	struct row_window r = { .index = window, .row = row, .nrow = (size_t)nmedia + 1 };

	for (size_t s = 0; s < STATS; s++)
		total.stat[s] = NAN;
	total.stat[STAT_TOTAL] = 5;
	for (int i = 0; i < nmedia; i++) {
		snprintf(names[i], sizeof(names[i]), "m%d", i);
		row[i + 1] = (struct row){ .queue_id = Q1, .media = names[i], .series = &total,
			.nseries = 1 };
	}
	assert_true(thresholds_judge(ts, &r, note, seen));
}

TEST(threshold__counts_windows_in_a_row_for_each_media_type)
{
	struct thresholds *ts = new_thresholds();
	char why[512];

	seen[0] = '\0';
	thresholds_add(ts, "nOffered.total > 1 for 2", why, sizeof(why));
	judge_media(ts, 0, 40);
	assert_string_equal(seen, "");
	judge_media(ts, 1, 1);
	assert_string_equal(seen, "0:1=5 ");
	judge_media(ts, 2, 0);		/* a window without the row begins anew */
	judge_media(ts, 3, 1);
	assert_string_equal(seen, "0:1=5 ");
	judge_media(ts, 4, 1);
	assert_string_equal(seen, "0:1=5 0:4=5 ");
	thresholds_free(ts);
}

int main(void)
{
	int failed = run_all_tests(NULL, NULL);

	scopes_free(scopes);
	return failed;
}

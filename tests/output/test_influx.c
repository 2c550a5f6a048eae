/* Lines of InfluxDB's protocol, byte for byte: tags, fields, escapes, what is left out. */
#include "output/output.h"
#include "tests/support/made_windows.h"

#define TIME " 1795485610000000000\n"
#define MEMBERS " coverage=0.75,updates=5,rejected.invalid=2,rejected.duplicate=1," \
	"rejected.stale=0,rejected.outlier=0"

static const struct row queue_row = { .queue_id = Q1, .coverage = 0.75, .updates = 5,
	.rejected = { [VERDICT_DUPLICATE] = 1, [VERDICT_INVALID] = 2 } };

static void check(const char *want)
{
	struct output_conf conf = { .stats = 1u << STAT_LAST | 1u << STAT_MAX | 1u << STAT_MEAN
		| 1u << STAT_P95 | 1u << STAT_DELTA | 1u << STAT_TOTAL };
	void *state = output_influx.new(&conf);

	buf_clear(&text);
	assert_true(output_influx.put(state, &made, &text));
	output_influx.free(state);
	buf_char(&text, '\0');
	assert_string_equal(text.data, want);
}

TEST(line_has_series_of_every_kind)
{
	make(false, 10000);
	row_window_add(&made, &queue_row);
	add_every_kind();
	check("gsqstat,queue_id=" Q1 MEMBERS TIME
		"gsqstat,field=count,metric=oWaiting,queue_id=" Q1
		" last=1,max=4,mean=1.5,p95=3" TIME
		"gsqstat,field=count,metric=oOnQueueUsers,queue_id=" Q1 ",status=a\"b"
		" last=1,max=4,mean=1.5,p95=3" TIME
		"gsqstat,field=ageMs,metric=oLongestWaiting,queue_id=" Q1 " last=1.5,max=2000" TIME
		"gsqstat,field=max,metric=tWait,queue_id=" Q1 " value=9" TIME
		"gsqstat,field=sum,metric=tWait,queue_id=" Q1 " total=20,delta=5" TIME);
}

TEST(row_of_the_stream_has_one_line_per_metric)
{
	struct sample lag_us = { 0 };

	make_stream_row();
	add_values("state", "voice.active", 1.5, 1);
	assert_true(sample_add(&lag_us, 1500));
	assert_true(row_window_set_lag(&made, &lag_us));
	sample_free(&lag_us);
	check("gsqstat,queue_id=" Q1 " coverage=1,updates=0,rejected.invalid=0,"
		"rejected.duplicate=0,rejected.stale=0,rejected.outlier=0,lagMs.mean=1.5,"
		"lagMs.max=1.5,lagMs.p50=1.5,lagMs.p95=1.5,lagMs.p99=1.5 1795485630000000000\n"
		"gsqstat,field=voice.active,metric=state,queue_id=" Q1
		" last=1.5,max=1.5,mean=1.5,p95=1.5 1795485630000000000\n");
}

TEST(rows_of_media_types_have_only_series)
{
	struct row row = queue_row;

	row.media = "voice";
	make(false, 10000);
	row_window_add(&made, &row);
	add_gauge("oUserPresences", "On_Queue.count");
	add_nothing_known();
	check("gsqstat,field=count,media=voice,metric=oUserPresences,presence=On_Queue,queue_id=" Q1
		" last=1,max=4,mean=1.5,p95=3" TIME);
}

TEST(sums_are_left_out)
{
	make(false, 10000);
	row_window_add(&made, &(struct row){ .queue_id = Q1, .media = "voice" });
	add_gauge("oOnQueueUsers", "count");
	made.series[0].sum = true;
	check("");
}

TEST(tags_are_escaped)
{
	static const struct {
		const char *name, *tag;
	} cases[] = {
		{ "a b", ",queue_name=a\\ b" }, { "a,b=c", ",queue_name=a\\,b\\=c" },
		{ "a\nb", ",queue_name=a\\ b" }, { "a\\b", ",queue_name=a\\b" },
		{ "a\\,b\\\\ c", ",queue_name=a\\,b\\ c" }, { "\\=a", ",queue_name=\\=a" },
		{ "a\\\\", ",queue_name=a" }, { "\\", "" }, { "", "" },
		{ "a\033b", ",queue_name=a\xEF\xBF\xBD" "b" }
	};
	char want[256];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct row row = queue_row;

		row.queue_name = cases[i].name;
		make(false, 10000);
		row_window_add(&made, &row);
		snprintf(want, sizeof(want), "gsqstat,queue_id=" Q1 "%s" MEMBERS TIME,
			cases[i].tag);
		check(want);
	}
}

int main(void)
{
	each_test(NULL, drop_made);
	return run_all_tests(NULL, NULL);
}

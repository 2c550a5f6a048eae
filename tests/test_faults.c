/*
 * Memory that ends at each allocation in turn: what was lost is told, the rest is as it was,
 * nothing leaks (the sanitized run and valgrind look). The Makefile links the allocators to
 * the ones here; OpenSSL asks for its own.
 */
#include <fcntl.h>
#include <math.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

#include "auth/creds.h"
#include "auth/token.h"
#include "json.h"
#include "net/proxy_env.h"
#include "output/metric_list.h"
#include "output/nagios.h"
#include "output/output.h"
#include "output/prometheus.h"
#include "output/side_file.h"
#include "output/table.h"
#include "output/writer.h"
#include "source/channel_api.h"
#include "source/queue_list.h"
#include "source/recording.h"
#include "stats/sample.h"
#include "tests/support/check.h"
#include "tests/support/wrap_alloc.h"
#include "util/buf.h"
#include "util/lines.h"
#include "window/row.h"
#include "window/stream_window.h"

/* How many more allocations succeed; below 0: all. The one after that fails, or each one. */
static long left = -1;
static bool for_good, failed;
static bool openssl_too;	/* a rounding alone asks it for many small pieces */

bool alloc_fails(void)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	if (!for_good)
		left = -1;
	failed = true;
	return true;
}

static void *openssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return openssl_too ? __wrap_malloc(n) : __real_malloc(n);
}

static void *openssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return openssl_too ? __wrap_realloc(p, n) : __real_realloc(p, n);
}

static void openssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/*
 * Runs `work` with the first, second… allocation failing, alone and with all after it, until
 * none fails any more. It returns whether all went well by its own account.
 */
static void at_each_allocation(bool (*work)(void))
{
	for (int mode = 0; mode < 2; mode++) {
		bool good;
		long n = 0;

		do {
			left = n++;
			for_good = mode == 1;
			failed = false;
			good = work();
			left = -1;
			if (!failed && !good)
				fail_msg("nothing failed, and it went wrong");
		} while (failed);
		assert_true(n > 2);
	}
}

/* The bytes of a run in which nothing failed: one that says it went well has the same. */
static struct buf wanted;

static bool is_wanted(const struct buf *got)
{
	return wanted.len == got->len && memcmp(wanted.data, got->data, got->len) == 0;
}

static void want(const struct buf *text)
{
	buf_free(&wanted);
	assert_true(buf_add(&wanted, text->data, text->len));
}

typedef bool make_bytes(struct buf *text);
static make_bytes *make;

static bool make_again(void)
{
	struct buf text = { 0 };
	bool ok = make(&text);

	if (ok && !is_wanted(&text))
		fail_msg("it went well and made other bytes: %.*s", (int)text.len, text.data);
	buf_free(&text);
	return ok;
}

/* The same for work that makes bytes. Returns how many it makes. */
static size_t bytes_at_each_allocation(make_bytes *work)
{
	struct buf text = { 0 };

	make = work;
	assert_true(make(&text));
	want(&text);
	buf_free(&text);
	at_each_allocation(make_again);
	return wanted.len;
}

/* --- windows to rows ------------------------------------------------------------------ */

#define S INT64_C(1000000)
#define T0 (1795485600 * S)

static const char *const metrics[] = { "state" };

static struct stream_event frame_of(unsigned queue, int64_t time_us, const char *path, double x)
{
	struct stream_event f = { .kind = STREAM_EVENT_STATISTICS, .time_us = time_us,
		.has_time = true, .interval = "PT10S", .nleaf = 2 };

	snprintf(f.queue_id, sizeof(f.queue_id), "%08x-0000-4000-8000-000000000001", queue);
	f.leaf[0] = (struct stream_event_leaf){ .path = path, .path_len = (uint16_t)strlen(path),
		.value = x };
	f.leaf[1] = (struct stream_event_leaf){ .path = "other", .path_len = 5, .value = x / 3 };
	return f;
}

static bool place(struct stream_windows *w, const struct stream_event *f, int64_t at_us)
{
	struct verdict_place placed;

	return stream_windows_place(w, f, 0, at_us, &placed) != VERDICT_NO_MEMORY;
}

/* More queues than the table's first size, values for sketches, losses while windows wait. */
static bool place_all(struct stream_windows *w)
{
	bool ok = true;

	stream_windows_connected(w, 0, T0);
	for (unsigned q = 0; ok && q < 70; q++) {
		struct stream_event f = frame_of(q, T0 + q, "a.b", q);

		f.nleaf = q % 8 ? 0 : 2;
		ok = place(w, &f, T0 + S + q);
	}
	for (unsigned i = 0; ok && i < 150; i++) {
		struct stream_event f = frame_of(1, T0 + i % 30 * S + i, i % 7 ? "a.b" : "a.c",
			i * 1.37e30);

		ok = place(w, &f, T0 + 2 * S + i);
	}
	for (int i = 0; ok && i < 40; i++) {
		ok = stream_windows_lost(w, 0, T0 + 3 * S + i * S);
		stream_windows_connected(w, 0, T0 + 3 * S + i * S + 500000);
	}
	return ok;
}

static bool rows_of_windows(struct buf *text, bool csv)
{
	struct window_clock clock = { .length_us = 10 * S };
	struct queue_index known = { 0 };
	struct stream_windows_conf conf = { .clock = &clock, .queues = &known, .lateness_ms = 30000,
		.time = TIME_EVENT, .replay = true, .nconnection = 1, .queue_max = 100,
		.metric = metrics };
	const struct row_window *window;
	struct stream_windows *w = NULL;
	struct err err;
	void *state = csv ? output_csv.new(&(struct output_conf){ .header = true }) : NULL;
	bool ok = (state || !csv) && stream_windows_new(&w, &conf, &err) == ST_OK && place_all(w);

	while (ok && (window = stream_windows_rest(w, T0 + 60 * S, false)))
		ok = (csv ? output_csv : output_ndjson).put(state, window, text);
	ok = ok && !stream_windows_failed(w);
	stream_windows_free(w);
	queue_index_free(&known);
	output_csv.free(state);
	return ok;
}

static bool make_ndjson(struct buf *text)
{
	return rows_of_windows(text, false);
}

static bool make_csv(struct buf *text)
{
	return rows_of_windows(text, true);
}

TEST(windows__report_lost_values)
{
	assert_true(bytes_at_each_allocation(make_ndjson) > 5000);
	assert_true(bytes_at_each_allocation(make_csv) > 5000);
}

/* --- the table ------------------------------------------------------------------------ */

static struct output_conf table_conf = { .header = true, .trend = true, .window_ms = 60000 };

static bool lines_of_table(struct buf *text)
{
	static const struct row_series figures[] = {
		{ .metric = "tWait", .path = "max", .kind = ROW_PLAIN },
		{ .metric = "oWaiting", .path = "count", .kind = ROW_GAUGE }
	};
	struct row rows[] = {
		{ .queue_id = "5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d01", .series = figures,
			.nseries = 2 },
		{ .queue_id = "5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d02", .queue = 1 },
		{ .queue_name = "Sales", .queue = 2 }, { .media = "voice", .queue = 2 }
	};
	struct row_window r = { .row = rows, .nrow = ARRAY_LEN(rows) };
	struct table_screen screen = { .width = 80, .colour = true };
	struct table *t = output_table.new(&table_conf);
	bool ok = t != NULL;

	for (int i = 0; ok && i < 2; i++)
		ok = table_render(t, &r, &screen, text);
	output_table.free(t);
	return ok;
}

TEST(table__reports_lost_rows)
{
	bytes_at_each_allocation(lines_of_table);
	table_conf.overview = true;
	bytes_at_each_allocation(lines_of_table);
}

static bool list_of_metrics(struct buf *text)
{
	static const char *const patterns[] = { "oW*", "tWait" };
	const struct metric_list list = { .pattern = patterns, .npattern = 2 };
	const struct list_conf ndjson = { .format = FORMAT_NDJSON },
		csv = { .format = FORMAT_CSV, .header = true },
		table = { .format = FORMAT_TABLE, .header = true, .fd = -1 };

	return metric_list_put(&list, &ndjson, text) && metric_list_put(&list, &csv, text)
		&& metric_list_put(&list, &table, text);
}

TEST(list__reports_lost_lines)
{
	assert_true(bytes_at_each_allocation(list_of_metrics) > 500);
}

/* --- windows to what is in place of rows ----------------------------------------------- */

static bool judge(struct nagios *p, const struct row_window *r, struct buf *text)
{
	static const char *const ranges[] = { "state.avg.max=5", "updates=~:" };
	char why[256];
	bool ok = true;

	for (size_t i = 0; ok && i < ARRAY_LEN(ranges); i++) {
		ok = nagios_add(p, i > 0, ranges[i], why, sizeof(why)) != NULL;
	}
	return ok && nagios_take(p, r) && nagios_put_line(p, ST_OK, "", text)
		&& !memmem(text->data, text->len, "out of memory", 13);
}

static struct sample some_values;

/* Two rows; the values are there before anything fails. */
static bool in_place_of_rows(struct buf *text, bool checks)
{
	struct scopes *scopes = scopes_new(NULL);
	struct nagios *p = checks && scopes ? nagios_new(scopes) : NULL;
	struct row_window window = { 0 };
	size_t skipped;
	bool ok = scopes && row_window_begin(&window, 2, 2);

	window.has_sketch = true;

	for (size_t i = 0; ok && i < 2; i++) {
		row_window_add(&window, &(struct row){ .queue = i, .queue_id = i ? "2" : "1" });
		ok = row_window_add_sample(&window, metrics[0], "avg", &some_values, 0)
			&& (i || row_window_set_lag(&window, &some_values));
	}
	window.end_ms = 1000;
	ok = ok && row_window_end(&window) && (checks ? p && judge(p, &window, text)
		: prometheus_put(text, &window, 1u << STAT_LAST, &skipped));

	nagios_free(p);
	scopes_free(scopes);
	row_window_free(&window);
	return ok;
}

static bool make_check(struct buf *text)
{
	return in_place_of_rows(text, true);
}

static bool make_exposition(struct buf *text)
{
	return in_place_of_rows(text, false);
}

TEST(checks_and_prometheus__report_failures)
{
	for (int i = 0; i < 4; i++)
		assert_true(sample_add(&some_values, i));
	bytes_at_each_allocation(make_check);
	bytes_at_each_allocation(make_exposition);
	sample_free(&some_values);
}

/* --- sums and sketches: what failed can be tried again -------------------------------- */

#define VALUES 1300

static double values[VALUES];	/* each in a bucket of its own */

static void make_values(void)
{
	double x = 1e-12;

	for (int i = 0; i < VALUES; i++) {
		x *= 1.05;
		values[i] = i % 2 ? -x : x;
	}
}

#define TWICE(call) ((call) || (all_good = false, left = -1, (call)))

static bool all_good;

static void add_parts(struct exact_sum *sum, struct exact_sum *squares, struct quantile *q,
	int from, int to)
{
	for (int i = from; i < to; i++) {
		assert_true(TWICE(exact_sum_add(sum, values[i], 1)));
		assert_true(TWICE(exact_sum_add_square(squares, values[i], 1)));
		assert_true(TWICE(quantile_add(q, values[i], 1)));
	}
}

static void put_figures(struct buf *text, const struct exact_sum *sum,
	const struct exact_sum *squares, struct quantile *q)
{
	double mean = 0, stddev = 0;

	assert_true(TWICE(exact_sum_moments(sum, squares, VALUES, 1, &mean, &stddev)));
	left = -1;
	buf_printf(text, "%a %a %a", mean, stddev, quantile_accuracy(q));
	for (unsigned p = 1; p <= 100; p += 9) {
		quantile_at(q, &p, 1, -1e300, 1e300, &mean);
		buf_printf(text, " %a", mean);
	}
}

/* Parts small and large, merged: into the exact, from the exact, over the bound on buckets. */
static void figures(struct buf *text)
{
	static const int cut[] = { 0, 3, 60, 130, 1150, 1180, VALUES };
	struct exact_sum sum[6] = { { 0 } }, squares[6] = { { 0 } };
	struct quantile *q[6];

	for (int k = 0; k < 6; k++) {
		assert_true(TWICE((q[k] = quantile_new()) != NULL));
		add_parts(&sum[k], &squares[k], q[k], cut[k], cut[k + 1]);
		if (k == 0)
			continue;
		assert_true(TWICE(exact_sum_merge(&sum[0], &sum[k])));
		assert_true(TWICE(exact_sum_merge(&squares[0], &squares[k])));
		assert_true(TWICE(quantile_merge(q[0], q[k])));
	}
	put_figures(text, &sum[0], &squares[0], q[0]);
	for (int k = 0; k < 6; k++) {
		exact_sum_free(&sum[k]);
		exact_sum_free(&squares[k]);
		quantile_free(q[k]);
	}
}

static bool work_figures(void)
{
	struct buf text = { 0 };

	all_good = true;
	figures(&text);
	if (!is_wanted(&text))
		fail_msg("trying again gave other figures");
	buf_free(&text);
	return all_good;
}

TEST(samples__are_unchanged_if_a_value_cannot_be_added)
{
	struct buf text = { 0 };

	make_values();
	figures(&text);
	want(&text);
	buf_free(&text);
	openssl_too = true;
	at_each_allocation(work_figures);
	openssl_too = false;
}

static int buckets;

/* One value into a sketch that has to grow for it: it is there, or the merge says no. */
static bool work_merge_of_one(void)
{
	struct quantile *many = quantile_new(), *one = quantile_new();
	bool ok = many && one && quantile_add(one, 1e9, 1);
	const unsigned all = 100;
	double last = 0;

	for (int i = 0; ok && i < buckets; i++)
		ok = quantile_add(many, values[2 * i], 1);
	ok = ok && quantile_merge(many, one);
	if (ok) {
		quantile_at(many, &all, 1, -1e300, 1e300, &last);
		if (fabs(last - 1e9) > 1e7)
			fail_msg("of %d buckets and one value: %g", buckets, last);
	}
	quantile_free(many);
	quantile_free(one);
	return ok;
}

TEST(merge__that_fails_changes_nothing_and_reports_it)
{
	make_values();
	for (buckets = QUANTILE_EXACT_MAX + 1; buckets < 3 * QUANTILE_EXACT_MAX; buckets++)
		at_each_allocation(work_merge_of_one);
}

/* --- recordings ----------------------------------------------------------------------- */

static char path[256];

static const char *in_tmp(const char *name)
{
	snprintf(path, sizeof(path), "%s/faults.%d.%s",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid(), name);
	return path;
}

static char odd[300000];	/* text that is no JSON, longer than two readings */

static bool write_tape(struct buf *out)
{
	recording_entry_put_state(out, T0, 0, RECORDING_CONNECTED, "PT10S");
	recording_entry_put_message(out, T0, 0, false, "{\"a\":{}}", 8);
	recording_entry_put_message(out, T0, 0, false, odd, strlen(odd));
	recording_entry_put_message(out, T0, 0, true, "bin", 3);
	recording_entry_put_reject(out, T0, true, 1, "q", "stale", "{}", 2);
	recording_entry_put_end(out, T0 + S);
	return !out->failed;
}

static bool read_tape(struct buf *got)
{
	struct recording_entry e = { .kind = RECORDING_WAIT };
	struct recording *t = NULL;
	struct err err;
	bool ok = recording_open(&t, in_tmp("tape"), "--replay", &err) == ST_OK;

	while (ok && e.kind != RECORDING_EOF) {
		long kept;

		ok = recording_read(t, &e, &err) == ST_OK;
		kept = left;
		left = -1;
		if (ok)
			buf_printf(got, "%d %zu\n", e.kind, e.text_len);
		left = kept;
	}
	recording_close(t);
	return ok;
}

TEST(recording__reports_lost_lines)
{
	int fd = open(in_tmp("tape"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	memset(odd, 'x', sizeof(odd) - 1);
	odd[0] = '\t';
	bytes_at_each_allocation(write_tape);
	assert_int_equal(write(fd, wanted.data, wanted.len), wanted.len);
	close(fd);
	bytes_at_each_allocation(read_tape);
	unlink(in_tmp("tape"));
}

/* --- parsers: a lack of memory is no fault of the input --------------------------------- */

static void assert_no_fault_of_the_input(const char *why)
{
	if (why && why != why_no_memory)
		fail_msg("it is refused: %s", why);
}

static bool work_names(void)
{
	static const char text[] = "{\"entities\":[{\"id\":\"00000001-0000-4000-8000-00000000000"
		"1\",\"name\":\"K\\u00d6LN\",\"division\":{\"id\":\"d\",\"name\":\"Home\\n\"}}]}";
	struct queue_list list = { 0 };
	struct queue_list_page page;
	const char *why = queue_list_parse_page(text, sizeof(text) - 1, &list, &page);

	assert_no_fault_of_the_input(why);
	assert_int_equal(list.n, why ? 0 : 1);
	assert_int_equal(list.skipped, 0);
	queue_list_free(&list);
	return !why;
}

static bool count_refusal(void *arg, const struct channel_api_refusal *refusal)
{
	(void)refusal;
	++*(int *)arg;
	return true;
}

static bool work_topics(void)
{
	static const char text[] = "{\"entities\":[{\"id\":\"v2.analytics.queues."
		"00000001-0000-4000-8000-000000000001.observations\",\"state\":\"Rejected\","
		"\"rejectionReason\":\"no \\u00e4\"}]}";
	int refused = 0;
	const char *why = channel_api_parse_topics(text, sizeof(text) - 1, count_refusal, &refused);

	assert_no_fault_of_the_input(why);
	assert_int_equal(refused, why ? 0 : 1);
	return !why;
}

TEST(parsers__report_out_of_memory_not_bad_input)
{
	static const char key[] = "\"met\\u0072ic\"";
	struct json_cursor c = json_start(key, key + sizeof(key) - 1);
	struct json_text text;

	at_each_allocation(work_names);
	at_each_allocation(work_topics);
	left = 0;
	for_good = true;
	assert_true(json_string(&c, &text) && json_text_is(&text, "metric"));
	assert_false(json_text_is(&text, "metrics") || json_text_is(&text, "metri"));
	left = -1;
}

/* --- delivery ------------------------------------------------------------------------- */

static bool write_rows(void)
{
	struct buf rows = { 0 };
	struct writer *o = NULL;
	struct lines warnings = { 0 };
	struct err err;
	enum status st = writer_open(&o, in_tmp("rows"), &warnings, &err);

	for (int i = 0; i < 5 && st == ST_OK; i++)
		st = buf_str(&rows, "0123456\n") ? writer_window(o, &rows, &err) : err_nomem(&err);
	buf_free(&rows);
	if (st == ST_OK)
		st = writer_flush(o, &err);
	if (st == ST_OK)
		return writer_close(o, true, &warnings, &err) == ST_OK;
	writer_abandon(o);
	return false;
}

static bool work_out(void)
{
	bool ok = write_rows();

	if ((access(in_tmp("rows"), F_OK) == 0) != ok)
		fail_msg("the target is there though it failed, or is not though it went well");
	unlink(in_tmp("rows"));
	return ok;
}

static bool work_side(void)
{
	struct side_file *s = NULL;
	struct buf line = { 0 };
	struct err err;
	bool ok = side_file_open(&s, "--record", in_tmp("side"), &err) == ST_OK
		&& side_file_begin(s, &err) == ST_OK;

	buf_str(&line, "0123456789\n");
	for (int i = 0; i < 100 && ok; i++)
		side_file_put(s, &line);
	if (ok)
		side_file_end(s);
	ok = ok && !side_file_failure(s);
	side_file_free(s);
	buf_free(&line);
	unlink(in_tmp("side"));
	return ok;
}

TEST(token__reports_out_of_memory_not_a_bad_answer)
{
	static const char answer[] =
		"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":1}";
	char *token;
	double life_s;

	left = 0;
	assert_ptr_equal(token_parse_answer(answer, sizeof(answer) - 1, &token, &life_s),
		why_no_memory);
	left = -1;
	assert_null(token);
}

static bool work_region(void)
{
	struct creds creds = { 0 };
	const char *why = "not set";
	bool ok = creds_hosts(&creds, "us-east-1", false, &why);

	assert_null(why);
	creds_free(&creds);
	return ok;
}

TEST(region__reports_out_of_memory_not_a_bad_region)
{
	at_each_allocation(work_region);
}

static bool keep_line(void *lines, const char *secret)
{
	lines_add(lines, "%s", secret);
	return !((struct lines *)lines)->failed;
}

static bool work_proxy(void)
{
	struct lines problems = { 0 }, secrets = { 0 };
	bool ok;

	proxy_env_check(&problems);
	assert_int_equal(problems.n, 0);
	ok = proxy_env_secrets(keep_line, &secrets);
	if (ok)
		assert_int_equal(secrets.n, 6);
	ok = ok && !problems.failed;
	lines_free(&problems);
	lines_free(&secrets);
	return ok;
}

TEST(proxy__reports_out_of_memory_not_a_bad_proxy)
{
	setenv("wss_proxy", "http://me:p%40ss@proxy:1", 1);
	setenv("https_proxy", "me:p%40ss@proxy:1", 1);
	at_each_allocation(work_proxy);
	unsetenv("wss_proxy");
	unsetenv("https_proxy");
}

TEST(writer__reports_lost_rows)
{
	at_each_allocation(work_out);
	at_each_allocation(work_side);
}

int main(void)
{
	unsigned char byte;
	int result;

	/* before OpenSSL's first allocation; its random numbers are ready before faults begin */
	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1
	    || RAND_bytes(&byte, 1) != 1
	    || curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free, realloc, strdup, calloc)
	    != CURLE_OK)
		return 99;
	cJSON_InitHooks(&(cJSON_Hooks){ malloc, free });
	result = run_all_tests(NULL, NULL);
	buf_free(&wanted);
	return result;
}

/* Windows as the bodies of deliveries. */
#include <math.h>

#include "json.h"
#include "tests/support/check.h"
#include "webhook/payload.h"

#define RUN "0f0e0d0c-0b0a-4908-8706-050403020100"
#define META "{\"start\":\"2026-11-24T02:00:00.000Z\",\"end\":\"2026-11-24T02:00:10.000Z\"," \
	"\"updates\":7,\"avgLatencyUs\":1500.5,\"updatesPerSecond\":0.7,\"coverage\":0.9999}"
#define BODY(meta, rows) "{\"schema\":\"gsqstat-window/1\",\"run\":\"" RUN "\",\"window\":3," \
	"\"part\":0,\"parts\":1,\"meta\":" meta ",\"rows\":[" rows "]}"

static struct row_window window;

static struct payload_window window_of(const char *rows, size_t len)
{
	window = (struct row_window){ .index = 3, .start_ms = 1795485600000,
		.end_ms = 1795485610000, .updates = 7, .rejected = { [VERDICT_STALE] = 2 },
		.lag_mean_us = 1500.5, .coverage = 0.9999 };
	return (struct payload_window){ .run = RUN, .window = &window, .rows = rows,
		.rows_len = len };
}

static const enum payload_format formats[] = { PAYLOAD_PLAIN, PAYLOAD_CLOUDEVENTS };

/* --- bodies ------------------------------------------------------------------------- */

static void assert_body(const struct payload_window *w, enum payload_format format,
	const char *want)
{
	char id[PAYLOAD_ID_MAX];
	struct buf out = { 0 };

	assert_int_equal(payload_parts(w, format), 1);
	assert_true(payload_part(w, format, 0, id, &out));
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data, want);
	assert_string_equal(id, RUN "-3-0");
	buf_free(&out);
}

TEST(body__has_the_window_and_its_rows)
{
	static const char rows[] = "{\"a\":1}\n{\"b\":\"x,y\"}\n";
	struct payload_window w = window_of(rows, sizeof(rows) - 1);

	assert_body(&w, PAYLOAD_PLAIN, BODY(META, "{\"a\":1},{\"b\":\"x,y\"}"));
	w = window_of(NULL, 0);
	assert_body(&w, PAYLOAD_PLAIN, BODY(META, ""));
	assert_string_equal(payload_type(PAYLOAD_PLAIN), "application/json");
}

TEST(body__is_the_data_of_an_event)
{
	static const char row[] = "{\"a\":1}\n";
	struct payload_window w = window_of(row, sizeof(row) - 1);

	assert_body(&w, PAYLOAD_CLOUDEVENTS, "{\"specversion\":\"1.0\",\"id\":\"" RUN "-3-0\","
		"\"source\":\"/gsqstat/" RUN "\",\"type\":\"gsqstat.window.1\","
		"\"time\":\"2026-11-24T02:00:10.000Z\","
		"\"datacontenttype\":\"application/json\",\"data\":"
		BODY(META, "{\"a\":1}") "}");
	assert_string_equal(payload_type(PAYLOAD_CLOUDEVENTS),
		"application/cloudevents+json");
}

TEST(meta__has_null_for_what_is_not_known)
{
	struct payload_window w = window_of(NULL, 0);

	window.lag_mean_us = window.coverage = NAN;
	window.start_ms = window.end_ms;	/* so the rate is infinite */
	assert_body(&w, PAYLOAD_PLAIN, BODY("{\"start\":\"2026-11-24T02:00:10.000Z\","
		"\"end\":\"2026-11-24T02:00:10.000Z\",\"updates\":7,\"avgLatencyUs\":null,"
		"\"updatesPerSecond\":null,\"coverage\":null}", ""));
	window.updates = window.rejected[VERDICT_STALE] = 0;
	assert_body(&w, PAYLOAD_PLAIN, BODY("null", ""));
}

/* --- parts -------------------------------------------------------------------------- */

/* A row of n bytes with its LF; its first bytes tell which one it is. */
static void put_row(struct buf *rows, int number, size_t n)
{
	size_t at = rows->len;

	buf_printf(rows, "{\"n\":%d,\"s\":\"", number);
	while (rows->len - at < n - 3)
		buf_char(rows, 'x');
	buf_str(rows, "\"}\n");
	assert_true(!rows->failed && rows->len - at == n);
}

/* The rows of a body as they came in. */
static void put_rows_back(struct buf *back, const struct buf *body)
{
	static const char mark[] = ",\"rows\":[";
	const char *end = body->data + body->len;
	const char *at = memmem(body->data, body->len, mark, sizeof(mark) - 1);
	struct json_cursor c;

	assert_non_null(at);
	c = json_start(at + sizeof(mark) - 2, end);
	assert_int_equal(json_peek(&c), '[');
	json_enter(&c);
	while (json_item(&c)) {
		const char *from = c.at;

		json_pass(&c);
		assert_non_null(c.at);
		buf_add(back, from, (size_t)(c.at - from));
		buf_char(back, '\n');
	}
	assert_false(back->failed);
}

/* Every part is JSON and short enough, unless it has one row; together they are the rows. */
static size_t assert_parts(const struct buf *rows, enum payload_format format)
{
	struct payload_window w = window_of(rows->data, rows->len);
	size_t parts = payload_parts(&w, format);
	struct buf body = { 0 }, back = { 0 };
	char id[PAYLOAD_ID_MAX], want[128];

	for (size_t i = 0; i < parts; i++) {
		size_t before = back.len;

		buf_clear(&body);
		assert_true(payload_part(&w, format, i, id, &body));
		snprintf(want, sizeof(want), RUN "-3-%zu", i);
		assert_string_equal(id, want);
		snprintf(want, sizeof(want), "\"window\":3,\"part\":%zu,\"parts\":%zu,", i,
			parts);
		assert_non_null(memmem(body.data, body.len, want, strlen(want)));
		assert_ptr_equal(json_skip(body.data, body.data + body.len),
			body.data + body.len);
		put_rows_back(&back, &body);
		assert_true(back.len > before);
		assert_true(body.len <= PAYLOAD_BODY_MAX
			|| !memchr(back.data + before, '\n', back.len - before - 1));
	}
	assert_int_equal(back.len, rows->len);
	assert_memory_equal(back.data, rows->data, rows->len);
	buf_free(&body);
	buf_free(&back);
	return parts;
}

TEST(window__that_just_fits_is_one_part)
{
	for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
		const enum payload_format format = formats[f];
		struct payload_window empty = window_of(NULL, 0);
		char id[PAYLOAD_ID_MAX];
		struct buf rows = { 0 }, body = { 0 };
		size_t room;

		assert_true(payload_part(&empty, format, 0, id, &body));
		room = PAYLOAD_BODY_MAX - body.len;
		put_row(&rows, 0, 1000);
		put_row(&rows, 1, room + 1 - 1000);
		assert_int_equal(assert_parts(&rows, format), 1);
		buf_clear(&rows);
		put_row(&rows, 0, 1000);
		put_row(&rows, 1, room + 2 - 1000);
		assert_int_equal(assert_parts(&rows, format), 2);
		buf_free(&rows);
		buf_free(&body);
	}
}

TEST(window__is_split_at_rows)
{
	static const size_t sizes[] = { 20, 777, 65000, 131000, 140000 };
	struct buf rows = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t n = 1500000 / sizes[i], parts;

		buf_clear(&rows);
		for (size_t k = 0; k < n; k++)
			put_row(&rows, (int)(k % 1000), sizes[i]);
		for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
			parts = assert_parts(&rows, formats[f]);
			assert_true(parts >= 6 && parts <= 11);
		}
	}
	buf_free(&rows);
}

TEST(row__that_is_too_long_for_a_part_has_its_own_part)
{
	static const size_t sizes[] = { 100, 300000, 100, 100, 400000, 300000, 100 };
	struct buf rows = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		put_row(&rows, (int)i, sizes[i]);
	assert_int_equal(assert_parts(&rows, PAYLOAD_PLAIN), 6);
	assert_int_equal(assert_parts(&rows, PAYLOAD_CLOUDEVENTS), 6);
	buf_clear(&rows);
	put_row(&rows, 0, 300000);
	assert_int_equal(assert_parts(&rows, PAYLOAD_PLAIN), 1);
	buf_free(&rows);
}

/* The longest numbers there can be have room in id and envelope. */
TEST(numbers__of_the_longest_form_fit)
{
	struct payload_window w = window_of("{}\n", 3);
	char id[PAYLOAD_ID_MAX];
	struct buf out = { 0 };

	window.index = INT64_MAX;
	window.updates = UINT64_MAX;
	window.lag_mean_us = -1.2345678901234567e-300;
	assert_true(payload_part(&w, PAYLOAD_CLOUDEVENTS, 0, id, &out));
	assert_string_equal(id, RUN "-9223372036854775807-0");
	assert_ptr_equal(json_skip(out.data, out.data + out.len), out.data + out.len);
	buf_free(&out);
}

TEST(part__fails_if_out_of_memory)
{
	struct payload_window w = window_of("{}\n", 3);
	char id[PAYLOAD_ID_MAX];
	struct buf whole = { 0 };

	assert_true(payload_part(&w, PAYLOAD_PLAIN, 0, id, &whole));
	for (size_t limit = 1; limit < whole.len; limit += 7) {
		struct buf out = { .limit = limit };

		assert_false(payload_part(&w, PAYLOAD_PLAIN, 0, id, &out));
		buf_free(&out);
	}
	buf_free(&whole);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

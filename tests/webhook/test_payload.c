/* Windows as the bodies of deliveries, the keys' file, and the signatures. */
#include <math.h>

#include "json.h"
#include "tests/support/tempdir.h"
#include "webhook/payload.h"

#define RUN "0f0e0d0c-0b0a-4908-8706-050403020100"
#define META "{\"start\":\"2026-11-24T02:00:00.000Z\",\"end\":\"2026-11-24T02:00:10.000Z\"," \
	"\"updates\":7,\"avgLatencyUs\":1500.5,\"updatesPerSecond\":0.7,\"coverage\":0.9999}"
#define BODY(meta, rows) "{\"schema\":\"gsqstat-window/1\",\"run\":\"" RUN "\",\"window\":3," \
	"\"part\":0,\"parts\":1,\"meta\":" meta ",\"rows\":[" rows "]}"

static struct payload_window window_of(const char *rows, size_t len)
{
	return (struct payload_window){
		.run = RUN, .index = 3, .start_ms = 1795485600000, .end_ms = 1795485610000,
		.frames = 9, .updates = 7, .lag_mean_us = 1500.5, .updates_per_second = 0.7,
		.coverage_e4 = 9999, .rows = rows, .rows_len = len
	};
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

static void body__has_the_window_and_its_rows(void **state)
{
	static const char rows[] = "{\"a\":1}\n{\"b\":\"x,y\"}\n";
	struct payload_window w = window_of(rows, sizeof(rows) - 1);

	(void)state;
	assert_body(&w, PAYLOAD_PLAIN, BODY(META, "{\"a\":1},{\"b\":\"x,y\"}"));
	w = window_of(NULL, 0);
	assert_body(&w, PAYLOAD_PLAIN, BODY(META, ""));
	assert_string_equal(payload_type(PAYLOAD_PLAIN), "application/json");
}

static void body__is_the_data_of_an_event(void **state)
{
	static const char row[] = "{\"a\":1}\n";
	struct payload_window w = window_of(row, sizeof(row) - 1);

	(void)state;
	assert_body(&w, PAYLOAD_CLOUDEVENTS, "{\"specversion\":\"1.0\",\"id\":\"" RUN "-3-0\","
		"\"source\":\"/gsqstat/" RUN "\",\"type\":\"gsqstat.window.1\","
		"\"time\":\"2026-11-24T02:00:10.000Z\","
		"\"datacontenttype\":\"application/json\",\"data\":"
		BODY(META, "{\"a\":1}") "}");
	assert_string_equal(payload_type(PAYLOAD_CLOUDEVENTS),
		"application/cloudevents+json");
}

static void meta__has_null_for_what_is_not_known(void **state)
{
	struct payload_window w = window_of(NULL, 0);

	(void)state;
	w.lag_mean_us = NAN;
	w.updates_per_second = INFINITY;
	w.coverage_e4 = -1;
	assert_body(&w, PAYLOAD_PLAIN, BODY("{\"start\":\"2026-11-24T02:00:00.000Z\","
		"\"end\":\"2026-11-24T02:00:10.000Z\",\"updates\":7,\"avgLatencyUs\":null,"
		"\"updatesPerSecond\":null,\"coverage\":null}", ""));
	w.frames = 0;
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

static void stream_window__that_fits_to_the_last_byte_is_one_part(void **state)
{
	(void)state;
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

static void stream_window__is_split_at_rows(void **state)
{
	static const size_t sizes[] = { 20, 777, 65000, 131000, 140000 };
	struct buf rows = { 0 };

	(void)state;
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

static void rows__that_fits_in_no_part_goes_alone(void **state)
{
	static const size_t sizes[] = { 100, 300000, 100, 100, 400000, 300000, 100 };
	struct buf rows = { 0 };

	(void)state;
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
static void numbers__may_be_as_long_as_they_get(void **state)
{
	struct payload_window w = window_of("{}\n", 3);
	char id[PAYLOAD_ID_MAX];
	struct buf out = { 0 };

	(void)state;
	w.index = INT64_MAX;
	w.updates = UINT64_MAX;
	w.lag_mean_us = -1.2345678901234567e-300;
	w.updates_per_second = 1.2345678901234567e300;
	assert_true(payload_part(&w, PAYLOAD_CLOUDEVENTS, 0, id, &out));
	assert_string_equal(id, RUN "-9223372036854775807-0");
	assert_ptr_equal(json_skip(out.data, out.data + out.len), out.data + out.len);
	buf_free(&out);
}

static void part__without_memory_is_false(void **state)
{
	struct payload_window w = window_of("{}\n", 3);
	char id[PAYLOAD_ID_MAX];
	struct buf whole = { 0 };

	(void)state;
	assert_true(payload_part(&w, PAYLOAD_PLAIN, 0, id, &whole));
	for (size_t limit = 1; limit < whole.len; limit += 7) {
		struct buf out = { .limit = limit };

		assert_false(payload_part(&w, PAYLOAD_PLAIN, 0, id, &out));
		buf_free(&out);
	}
	buf_free(&whole);
}

/* --- keys --------------------------------------------------------------------------- */

#define KEY24 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define A44 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY64 "whsec_" A44 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define KEY65 "whsec_" A44 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY23 "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY25 "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define BAD "allowed is whsec_ and base64"
#define SIZE "a key has 24 to 64 bytes"

struct place {
	char *root, *file;
	struct lines problems;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->root = tempdir_new();
	p->file = joined(p->root, "/keys");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	lines_free(&p->problems);
	tempdir_free(p->root);
	free(p->file);
	free(p);
	return 0;
}

/* NULL with one problem, which is about the file and holds `why`. */
static struct signature_keys *keys_read(struct place *p, const char *why)
{
	struct signature_keys *keys;

	lines_free(&p->problems);
	keys = signature_keys_read("--callback-key-file", p->file, &p->problems);
	assert_int_equal(keys == NULL, why != NULL);
	assert_int_equal(p->problems.n, why != NULL);
	if (why && (!strstr(p->problems.v[0], why)
		    || strncmp(p->problems.v[0], "--callback-key-file '", 21) != 0))
		fail_msg("'%s' is not in: %s", why, p->problems.v[0]);
	if (why)
		assert_null(strstr(p->problems.v[0], "AAAA"));
	return keys;
}

static struct signature_keys *keys_of(struct place *p, const char *text, const char *why)
{
	put_file(p->file, text, strlen(text), 0600);
	return keys_read(p, why);
}

static void keys__are_lines_of_a_file(void **state)
{
	static const struct {
		const char *text, *why;		/* NULL: good */
	} table[] = {
		{ KEY24, NULL }, { KEY24 "\n", NULL }, { KEY24 "\r\n" KEY64 "\r\n", NULL },
		{ "\n# ours\n  " KEY25 "  # until May\n\n", NULL }, { KEY64, NULL },
		{ "", "there is no key in it" }, { "# none\n\n", "there is no key in it" },
		{ KEY23, "line 1: " SIZE }, { KEY24 "\n\n" KEY65, "line 3: " SIZE },
		{ "whsec_", "line 1: " BAD }, { "AAAA", "line 1: " BAD },
		{ "WHSEC_" A44, BAD }, { "whsec_" A44 "A", BAD }, { "whsec_" A44 "AA=", BAD },
		{ "whsec_" A44 "A===", BAD }, { "whsec_" A44 "====", BAD },
		{ "whsec_=" A44 "AAA", BAD }, { "whsec_" A44 " AAA", BAD },
		{ "whsec_" A44 "AA-_", BAD }, { "whsec_" A44 "A\1AA", BAD },
		{ "whsec_" A44 "\xC3\xA4" "AA", BAD }, { KEY24 " " KEY24, BAD },
		{ KEY24 "\nwhsk_" A44, "line 2: " BAD }
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		signature_keys_free(keys_of(p, table[i].text, table[i].why));
	signature_keys_free(NULL);
}

static void keys__are_sixteen_at_most(void **state)
{
	struct place *p = *state;
	struct buf text = { 0 };

	for (int i = 0; i < 16; i++)
		buf_str(&text, KEY64 "\n");
	assert_true(buf_char(&text, '\0'));
	signature_keys_free(keys_of(p, text.data, NULL));
	text.len--;
	buf_str(&text, "\n" KEY24);
	assert_true(buf_char(&text, '\0'));
	assert_null(keys_of(p, text.data, "line 18: more than 16 keys"));
	buf_free(&text);
}

static void keys__are_in_a_file_of_ours_alone(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601 };
	struct place *p = *state;

	assert_null(keys_read(p, "No such file"));
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		put_file(p->file, KEY24, strlen(KEY24), modes[i]);
		assert_null(keys_read(p, "group or others have permissions for it; chmod 600 it"));
	}
	put_file(p->file, KEY24, strlen(KEY24), 0400);
	signature_keys_free(keys_read(p, NULL));
	assert_int_equal(unlink(p->file), 0);
	assert_int_equal(mkdir(p->file, 0700), 0);
	assert_null(keys_read(p, "it is no file"));
}

/* So a key that a group may read by fsGroup is taken. */
static void keys__of_another_user_are_their_affair(void **state)
{
	struct place *p = *state;

	put_file(p->file, KEY24, strlen(KEY24), 0440);
	if (chown(p->file, 12345, (gid_t)-1) != 0)
		skip();
	signature_keys_free(keys_read(p, NULL));
}

static void keys__may_come_by_a_pipe_but_not_without_end(void **state)
{
	struct place *p = *state;
	struct buf text = { 0 };
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], KEY24 "\n", sizeof(KEY24)), sizeof(KEY24));
	assert_int_equal(close(fds[1]), 0);
	free(p->file);
	assert_true(asprintf(&p->file, "/dev/fd/%d", fds[0]) > 0);
	signature_keys_free(keys_read(p, NULL));
	assert_int_equal(close(fds[0]), 0);
	free(p->file);
	p->file = joined(p->root, "/long");
	for (int i = 0; i < 16385; i++)
		buf_char(&text, '\n');
	assert_true(buf_char(&text, '\0'));
	assert_null(keys_of(p, text.data, "longer than"));
	buf_free(&text);
}

/* --- signatures --------------------------------------------------------------------- */

#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define PAYLOAD "{\"test\": 2432232314}"

/* The example of the Standard Webhooks' own libraries; the second by Python's hmac. */
static void signature__is_of_each_key(void **state)
{
	struct place *p = *state;
	struct signature_keys *keys = keys_of(p, KEY24 "\n# new\n" KEY64 "\n", NULL);
	struct buf out = { 0 };

	assert_true(signature_sign(keys, ID, 1614265330, PAYLOAD, strlen(PAYLOAD), &out));
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
		" v1,woH/1mJtZGSMCmpFTxRYbStS24eLLD/oXIYr4PYyZ7g=");
	signature_keys_free(keys);
	buf_free(&out);
}

static void signature__covers_id_time_and_every_byte(void **state)
{
	static const struct {
		const char *id, *body;
		int64_t at;
		size_t len;
	} table[] = {
		{ "a", "xy\0z", 1, 4 }, { "b", "xy\0z", 1, 4 }, { "a", "xy\0z", 2, 4 },
		{ "a", "xy\0w", 1, 4 }, { "a", "xy\0z", 1, 3 }, { "a", NULL, 1, 0 }
	};
	struct place *p = *state;
	struct signature_keys *keys = keys_of(p, KEY25, NULL);
	struct buf out[ARRAY_LEN(table)] = { { 0 } }, none = { .limit = 10 };

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_true(signature_sign(keys, table[i].id, table[i].at, table[i].body,
			table[i].len, &out[i]));
		assert_int_equal(out[i].len, strlen("v1,") + 44);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(out[i].data, out[k].data, out[k].len);
	}
	assert_false(signature_sign(keys, "a", 1, "x", 1, &none));
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		buf_free(&out[i]);
	buf_free(&none);
	signature_keys_free(keys);
}

#define with_place(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(body__has_the_window_and_its_rows),
		cmocka_unit_test(body__is_the_data_of_an_event),
		cmocka_unit_test(meta__has_null_for_what_is_not_known),
		cmocka_unit_test(stream_window__that_fits_to_the_last_byte_is_one_part),
		cmocka_unit_test(stream_window__is_split_at_rows),
		cmocka_unit_test(rows__that_fits_in_no_part_goes_alone),
		cmocka_unit_test(numbers__may_be_as_long_as_they_get),
		cmocka_unit_test(part__without_memory_is_false),
		with_place(keys__are_lines_of_a_file),
		with_place(keys__are_sixteen_at_most),
		with_place(keys__are_in_a_file_of_ours_alone),
		with_place(keys__of_another_user_are_their_affair),
		with_place(keys__may_come_by_a_pipe_but_not_without_end),
		with_place(signature__is_of_each_key),
		with_place(signature__covers_id_time_and_every_byte)
	};

	return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}

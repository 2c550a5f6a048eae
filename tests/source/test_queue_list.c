/* Pages of queues, patterns, the printed list; requests are played by the test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/queue_list.h"
#include "source/queue_fetch.h"
#include "source/queue_match.h"
#include "tests/support/check.h"
#include "util/base.h"
#include "util/lines.h"

#define HOST "https://api.example.com"
#define NOW INT64_C(1800000000000000)	/* µs */
#define S INT64_C(1000000)
#define ID(digits) "00000000-0000-4000-8000-00000000" digits
#define QUEUE(digits, name) "{\"id\":\"" ID(digits) "\",\"name\":\"" name "\"}"
#define PAGE(entities, rest) "{\"entities\":[" entities "]" rest "}"

/* --- the player --------------------------------------------------------------------- */

static struct {
	const char *const *page;	/* bodies in the order of the requests */
	size_t npage, asked, freed;
	struct rest_answer answer;
	char url[8][256], token[64];
	int64_t timeout_us;
	bool waits;			/* no answer yet */
} play;

struct rest {
	int unused;
};
static struct rest the_rest;

struct rest *rest_start(struct http *http, const struct rest_call *call, int64_t now_us)
{
	(void)http, (void)now_us;
	assert_string_equal(call->method, "GET");
	assert_null(call->body);
	snprintf(play.url[play.asked % 8], sizeof(play.url[0]), "%s", call->url);
	snprintf(play.token, sizeof(play.token), "%s", call->token);
	play.timeout_us = call->timeout_us;
	if (play.npage) {
		const char *body = play.page[play.asked < play.npage ? play.asked : play.npage - 1];

		play.answer.body = body;
		play.answer.len = strlen(body);
	}
	play.asked++;
	return &the_rest;
}

void rest_free(struct rest *r)
{
	play.freed += r != NULL;
}

bool rest_step(struct rest *r, int64_t now_us)
{
	(void)r, (void)now_us;
	return !play.waits;
}

bool rest_is_done(const struct rest *r)
{
	(void)r;
	return !play.waits;
}

int64_t rest_deadline_us(const struct rest *r)
{
	(void)r;
	return 77;
}

const struct rest_answer *rest_answer(const struct rest *r)
{
	(void)r;
	return &play.answer;
}

/* --- a page ------------------------------------------------------------------------- */

static const char full_page[] = "{\"total\":3,\"entities\":["
	"{\"id\":\"0000000A-0000-4000-8000-000000000001\",\"name\":\"Sales\",\"division\":{\"id\":"
	"\"d1\",\"name\":\"Home\",\"selfUri\":\"/x\"},\"mediaSettings\":{\"message\":{\"a\":{}},"
	"\"call\":{\"alertingTimeoutSeconds\":8},\"chat\":null,\"a b\":{},\"a,b\":{},\"\":{}}},"
	"{\"description\":\"x\",\"name\":\"K\\u00d6LN \\\"1\\\", \\ud83d\\ude00\",\"id\":\""
	ID("0002") "\",\"division\":null,\"mediaSettings\":[]},"
	"{\"id\":\"" ID("0003") "\"}],"
	"\"pageCount\":2,\"nextUri\":\"/api/v2/routing/queues?pageNumber=2\"} \n";

TEST(page__becomes_entries)
{
	struct queue_list list = { 0 };
	struct queue_list_page page;

	assert_null(queue_list_parse_page(full_page, strlen(full_page), &list, &page));
	assert_int_equal(list.n, 3);
	assert_int_equal(list.skipped, 0);
	assert_int_equal(page.queues, 3);
	assert_true(page.page_count == 2);
	assert_true(page.has_next);
	assert_string_equal(list.v[0].id, "0000000a-0000-4000-8000-000000000001");
	assert_string_equal(list.v[0].name, "Sales");
	assert_string_equal(list.v[0].folded, "sales");
	assert_string_equal(list.v[0].division_id, "d1");
	assert_string_equal(list.v[0].division_name, "Home");
	assert_int_equal(list.v[0].nmedia, 2);
	assert_memory_equal(list.v[0].media, "call\0message", 13);
	assert_string_equal(list.v[1].name, "K\303\226LN \"1\", \360\237\230\200");
	assert_string_equal(list.v[1].folded, "k\303\266ln \"1\", \360\237\230\200");
	assert_string_equal(list.v[1].division_id, "");
	assert_int_equal(list.v[1].nmedia, 0);
	assert_string_equal(list.v[2].name, "");
	queue_list_free(&list);
}

TEST(page__that_is_cut_or_wrong_leaves_the_list)
{
	static const char *const bad[] = {
		"null", "[]", "{}", "{\"entities\":null}", "{\"entities\":{}}", PAGE("", "") "x",
		PAGE(QUEUE("0009", "x"), ",\"pageCount\":1") "{}", PAGE(QUEUE("0009", "\377"), ""),
		PAGE(QUEUE("0009", "x") ",", ""), "{\"entities\":[" QUEUE("0009", "x") "},"
	};
	struct queue_list list = { 0 };
	struct queue_list_page page;

	assert_null(queue_list_parse_page(full_page, strlen(full_page), &list, &page));
	for (size_t len = 0; len < strlen(full_page) - 2; len++) {
		char *cut = malloc(len + 1);	/* of its own: a byte too far is seen */

		assert_non_null(cut);
		memcpy(cut, full_page, len);
		assert_non_null(queue_list_parse_page(cut, len, &list, &page));
		assert_int_equal(list.n, 3);
		free(cut);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (!queue_list_parse_page(bad[i], strlen(bad[i]), &list, &page))
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(list.n, 3);
	}
	queue_list_free(&list);
}

TEST(page__counts_what_nobody_could_ask_for)
{
	struct queue_list list = { 0 };
	struct queue_list_page page;
	char text[4096], x[1026];

	memset(x, 'x', sizeof(x) - 1);
	x[sizeof(x) - 1] = '\0';
	snprintf(text, sizeof(text), PAGE("7,null,{},{\"id\":7},{\"id\":\"x\"},"
		QUEUE("0001", "a\\u0000b") "," QUEUE("0002", "good") "," QUEUE("0003", "%s"),
		",\"pageCount\":\"9\",\"nextUri\":null"), x);
	assert_null(queue_list_parse_page(text, strlen(text), &list, &page));
	assert_int_equal(list.n, 1);
	assert_int_equal(list.skipped, 7);
	assert_int_equal(page.queues, 8);
	assert_true(page.page_count == -1);
	assert_false(page.has_next);
	queue_list_free(&list);
}

/* Its texts share a block that moves as it grows. */
TEST(name__as_long_as_any_is_folded_whole)
{
	char name[1025], folded[1025], text[2048];
	struct queue_list list = { 0 };
	struct queue_list_page page;

	for (size_t i = 0; i < sizeof(name) - 1; i++) {
		name[i] = (char)('A' + i % 26);
		folded[i] = (char)('a' + i % 26);
	}
	name[sizeof(name) - 1] = folded[sizeof(folded) - 1] = '\0';
	snprintf(text, sizeof(text), PAGE(QUEUE("0001", "%s"), ""), name);
	assert_null(queue_list_parse_page(text, strlen(text), &list, &page));
	assert_int_equal(list.n, 1);
	assert_string_equal(list.v[0].name, name);
	assert_string_equal(list.v[0].folded, folded);
	queue_list_free(&list);
}

TEST(list__is_bounded)
{
	struct queue_list list = { 0 };
	struct queue_list_page page;
	struct buf text = { 0 };

	for (int n = QUEUE_LIST_QUEUES_MAX; n <= QUEUE_LIST_QUEUES_MAX + 1; n++) {
		buf_clear(&text);
		buf_str(&text, "{\"entities\":[");
		for (int i = 0; i < n; i++)
			buf_printf(&text, "%s{\"id\":\"00000000-0000-4000-8000-%012d\"}",
				i ? "," : "", i);
		assert_true(buf_str(&text, "]}"));
		if (n > QUEUE_LIST_QUEUES_MAX) {
			assert_non_null(queue_list_parse_page(text.data, text.len, &list, &page));
			assert_int_equal(list.n, 0);
		} else {
			assert_null(queue_list_parse_page(text.data, text.len, &list, &page));
			assert_int_equal(list.n, n);
		}
		queue_list_free(&list);
	}
	buf_free(&text);
}

/* --- matching ----------------------------------------------------------------------- */

static struct queue_list list_of(const char *text)
{
	struct queue_list list = { 0 };
	struct queue_list_page page;

	assert_null(queue_list_parse_page(text, strlen(text), &list, &page));
	queue_list_sort(&list);
	return list;
}

TEST(sort__is_by_name_without_case_then_bytes_then_id)
{
	static const char *const want[] = { "0005", "0002", "0001", "0003", "0004" };
	struct queue_list list = list_of(PAGE(QUEUE("0004", "b") "," QUEUE("0001", "a") ","
		QUEUE("0003", "a") "," QUEUE("0002", "A") "," QUEUE("0005", "") ","
		QUEUE("0001", "a") "," QUEUE("0004", "again"), ""));

	assert_int_equal(list.n, ARRAY_LEN(want));
	for (size_t i = 0; i < list.n; i++)
		assert_string_equal(list.v[i].id + 32, want[i]);
	queue_list_free(&list);
}

TEST(page__that_was_put_reads_back)
{
	static const char *const ids[] = { ID("0001"), ID("0002"), ID("0003") };
	static const char *const names[] = { NULL, "say \"b\"", "a" };
	struct queue_list list;
	struct buf out = { 0 };

	queue_list_put_page(&out, ids, names, ARRAY_LEN(ids));
	assert_true(buf_char(&out, '\0'));
	list = list_of(out.data);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].name, "a");
	assert_string_equal(list.v[0].id, ids[2]);
	assert_string_equal(list.v[1].name, names[1]);
	assert_string_equal(list.v[1].id, ids[1]);
	queue_list_free(&list);
	buf_free(&out);
}

/* The last digits of the IDs, and how many problems. */
static void assert_match(const struct queue_list *list, const char *const *pattern, size_t n,
	const char *want, size_t problems_wanted)
{
	struct lines problems = { 0 };
	struct queue_match_hits hits;
	char got[256] = "";

	assert_true(queue_match(list, pattern, n, &hits, &problems));
	for (size_t i = 0; i < hits.n; i++)
		strncat(got, hits.v[i]->id + 35, 2);
	if (strcmp(got, want) != 0 || problems.n != problems_wanted)
		fail_msg("%s: %s, not %s; %zu problems", pattern[0], got, want, problems.n);
	free(hits.v);
	lines_free(&problems);
}

#define MATCH(list, want, problems, ...) do { \
	const char *const patterns[] = { __VA_ARGS__ }; \
	assert_match(list, patterns, ARRAY_LEN(patterns), want, problems); \
} while (0)

TEST(match__takes_names_without_case_and_stars)
{
	struct queue_list list = list_of(PAGE(QUEUE("0001", "Support DE") ","
		QUEUE("0002", "support EN") "," QUEUE("0003", "Sales") ","
		QUEUE("0004", "VERTRIEB K\\u00d6LN") ","
		QUEUE("0005", "a*b") "," QUEUE("0006", "\\u039f\\u03a5\\u03a1\\u0391 "), ""));

	MATCH(&list, "3", 0, "SALES");
	MATCH(&list, "12", 0, "Support *");
	MATCH(&list, "32", 0, "sales", "*EN");
	MATCH(&list, "1", 0, "*port*d*");
	MATCH(&list, "4", 0, "vertrieb k\303\266ln");
	MATCH(&list, "4", 0, "*K\303\226LN*");
	MATCH(&list, "6", 0, "\316\277\317\205\317\201\316\261 ");
	MATCH(&list, "5", 0, "A*B");
	MATCH(&list, "531246", 0, "a*b", "SALES", "*", "s*");
	MATCH(&list, "1", 0, "Support DE", "support de", "*DE");
	MATCH(&list, "", 1, "support");
	MATCH(&list, "", 1, "");
	MATCH(&list, "", 1, "Sales ");
	MATCH(&list, "", 1, "*x*");
	MATCH(&list, "3", 2, "no", "sales", "no*");
	queue_list_free(&list);
}

TEST(match__never_runs_away)
{
	char name[1000], pattern[512], text[1200];
	const char *const patterns[] = { pattern };
	struct queue_list list;

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < sizeof(pattern) - 2; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[sizeof(pattern) - 2] = 'b';
	pattern[sizeof(pattern) - 1] = '\0';
	snprintf(text, sizeof(text), PAGE(QUEUE("0001", "%s"), ""), name);
	list = list_of(text);
	assert_match(&list, patterns, 1, "", 1);
	queue_list_free(&list);
}

/* p against s by trying everything. */
static bool slow_fits(const char *p, const char *s)
{
	if (*p == '*')
		return slow_fits(p + 1, s) || (*s && slow_fits(p, s + 1));
	return *p == *s && (!*p || slow_fits(p + 1, s + 1));
}

TEST(match__agrees_with_a_slow_and_obvious_one)
{
	uint32_t random = 1;

	for (int round = 0; round < 20000; round++) {
		char pattern[8] = "", name[10] = "", text[128];
		const char *const patterns[] = { pattern };
		struct queue_list list;
		bool fits;

		random = random * 1664525 + 1013904223;
		for (unsigned i = 0, r = random >> 8; i < r % 7; i++)
			pattern[i] = "ab*"[(random >> (8 + 2 * i)) % 3];
		random = random * 1664525 + 1013904223;
		for (unsigned i = 0, r = random >> 8; i < r % 9; i++)
			name[i] = "ab"[(random >> (9 + i)) % 2];
		fits = slow_fits(pattern, name);
		snprintf(text, sizeof(text), PAGE(QUEUE("0001", "%s"), ""), name);
		list = list_of(text);
		assert_match(&list, patterns, 1, fits ? "1" : "", !fits);
		queue_list_free(&list);
	}
}

static void assert_problem(const struct queue_list *list, const char *pattern, const char *want)
{
	const char *const patterns[] = { pattern };
	struct lines problems = { 0 };
	struct queue_match_hits hits;

	assert_true(queue_match(list, patterns, 1, &hits, &problems));
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.v[0], want);
	free(hits.v);
	lines_free(&problems);
}

TEST(problem__names_the_three_nearest)
{
	struct queue_list list = list_of(PAGE(QUEUE("0001", "Support DE") ","
		QUEUE("0002", "Support EN") "," QUEUE("0003", "Suport") ","
		QUEUE("0004", "Billing \\u001b[31m") ","
		QUEUE("0005", "Support FR") "," QUEUE("0006",
		"Acme Corporation - Region North - Second Level - Technics, Printers"), ""));

	assert_problem(&list, "Supprt", "no queue has the name \"Supprt\"; nearest: \"Suport\"");
	assert_problem(&list, "support dn", "no queue has the name \"support dn\"; nearest: "
		"\"Support DE\", \"Support EN\", \"Support FR\"");
	assert_problem(&list, "PRINTERS", "no queue has the name \"PRINTERS\"; nearest: \"Acme "
		"Corporation - Region North - Second Level - Technics, Printers\"");
	assert_problem(&list, "Acme Corporation - Region Nrth - 2nd Level - Technics, Printer",
		"no queue has the name \"Acme Corporation - Region Nrth - 2nd Level - Technics, "
		"Printer\"; nearest: \"Acme Corporation - Region North - Second Level - Technics, "
		"Printers\"");
	assert_problem(&list, "biling*\x1b", "no queue's name fits \"biling*\\u001b\"");
	assert_problem(&list, "suportt*", "no queue's name fits \"suportt*\"; nearest: \"Suport\"");
	assert_problem(&list, "Zebra", "no queue has the name \"Zebra\"");
	assert_problem(&list, "billing", "no queue has the name \"billing\"; nearest: "
		"\"Billing \\u001b[31m\"");
	queue_list_free(&list);
}

TEST(problem__of_a_name_that_looks_the_same_tells_the_code_points)
{
	struct queue_list list = list_of("{\"entities\":["
		QUEUE("0001", "Bu\xCC\x88ro Su\xCC\x88" "d") ","
		QUEUE("0002", "Second\xC2\xA0Level") "," QUEUE("0003", "Third Level ") ","
		QUEUE("0004", "C\xD0\xBEt \xE2\x80\x93 d\xE2\x80\x8B") ","
		QUEUE("0005", "B\xC3\xBAro") "]}");

	assert_problem(&list, "B\xC3\xBCro S\xC3\xBC" "d",
		"no queue has the name \"B\xC3\xBCro S\xC3\xBC" "d\"; "
		"\"Bu\xCC\x88ro Su\xCC\x88" "d\" (" ID("0001") ") looks the same but has "
		"U+0075 U+0308 for U+00FC, U+0075 U+0308 for U+00FC");
	assert_problem(&list, "second level", "no queue has the name \"second level\"; "
		"\"Second\xC2\xA0Level\" (" ID("0002") ") looks the same but has "
		"U+00A0 for U+0020");
	assert_problem(&list, "third  level", "no queue has the name \"third  level\"; "
		"\"Third Level \" (" ID("0003") ") looks the same but has nothing for U+0020, "
		"U+0020 for nothing");
	assert_problem(&list, "Cot - d", "no queue has the name \"Cot - d\"; "
		"\"C\xD0\xBEt \xE2\x80\x93 d\xE2\x80\x8B\" (" ID("0004") ") looks the same but has "
		"U+043E for U+006F, U+2013 for U+002D, U+200B for nothing");
	assert_problem(&list, "B\xC3\xBCro", "no queue has the name \"B\xC3\xBCro\"; nearest: "
		"\"B\xC3\xBAro\"");
	queue_list_free(&list);
}

TEST(problem__of_a_name_that_many_have_names_their_ids)
{
	struct queue_list list = list_of("{\"entities\":[" QUEUE("0001", "x") ","
		QUEUE("0002", "X") "," "{\"id\":\"" ID("0003") "\",\"name\":\"y\",\"division\":"
		"{\"id\":\"1\",\"name\":\"A\"}},"
		QUEUE("0004", "Y") "," QUEUE("0005", "y") "," QUEUE("0006", "y") "]}");

	assert_problem(&list, "x", "2 queues have the name \"x\"; name one by its ID: " ID("0002")
		", " ID("0001"));
	assert_problem(&list, "y", "4 queues have the name \"y\"; name one by its ID: " ID("0004")
		", " ID("0003") " in division \"A\", " ID("0005") ", \xE2\x80\xA6");
	queue_list_free(&list);
}

/* --- printed ------------------------------------------------------------------------ */

TEST(list__is_printed_as_ndjson_and_csv)
{
	struct queue_list list = list_of(full_page);
	struct buf out = { 0 };

	queue_list_put_ndjson(&out, &list);
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data,
		"{\"id\":\"" ID("0003") "\",\"name\":\"\",\"divisionId\":null,"
		"\"divisionName\":null,\"mediaTypes\":[]}\n"
		"{\"id\":\"" ID("0002") "\",\"name\":\"K\303\226LN \\\"1\\\", \360\237\230\200\","
		"\"divisionId\":null,\"divisionName\":null,\"mediaTypes\":[]}\n"
		"{\"id\":\"0000000a-0000-4000-8000-000000000001\",\"name\":\"Sales\","
		"\"divisionId\":\"d1\",\"divisionName\":\"Home\","
		"\"mediaTypes\":[\"call\",\"message\"]}\n");
	buf_clear(&out);
	queue_list_put_csv(&out, &list, true);
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data, "id,name,divisionId,divisionName,mediaTypes\n"
		ID("0003") ",,,,\n" ID("0002") ",\"K\303\226LN \"\"1\"\", \360\237\230\200\",,,\n"
		"0000000a-0000-4000-8000-000000000001,Sales,d1,Home,call message\n");
	buf_clear(&out);
	queue_list_put_csv(&out, &(struct queue_list){ 0 }, false);
	queue_list_put_ndjson(&out, &(struct queue_list){ 0 });
	assert_int_equal(out.len, 0);
	buf_free(&out);
	queue_list_free(&list);
}

/* --- fetched ------------------------------------------------------------------------ */

static const struct queue_fetch_conf conf = { .base_url = HOST, .request_us = 15 * S };

static int set_up(void **state)
{
	struct queue_fetch *n = queue_fetch_new(&conf, NULL);

	assert_non_null(n);
	memset(&play, 0, sizeof(play));
	play.answer = (struct rest_answer){ .kind = HTTP_OK, .body = "", .retry_after_us = -1,
		.text = "HTTP 200" };
	*state = n;
	return 0;
}

static int tear_down(void **state)
{
	queue_fetch_free(*state);
	assert_int_equal(play.freed, play.asked);
	return 0;
}

static enum queue_fetch_state fetch(struct queue_fetch *n, const char *const *page,
	size_t npage)
{
	enum queue_fetch_state state;

	play.page = page;
	play.npage = npage;
	state = queue_fetch_ask(n, "token", NOW, NOW + 60 * S);
	for (int i = 0; i < 1000 && state == QUEUE_FETCH_ASKING; i++)
		state = queue_fetch_step(n, NOW);
	return state;
}

static const char *const three_pages[] = {
	PAGE(QUEUE("0001", "one"), ",\"pageCount\":3"),
	PAGE(QUEUE("0001", "one") "," QUEUE("0002", "two"), ",\"pageCount\":2,\"nextUri\":\"/x\""),
	PAGE(QUEUE("0003", "three"), ",\"pageCount\":3,\"nextUri\":\"\"")
};

TEST(fetch__asks_for_each_page_once)
{
	struct queue_fetch *n = *state;
	char url[256];

	assert_int_equal(fetch(n, three_pages, 3), QUEUE_FETCH_READY);
	assert_int_equal(play.asked, 3);
	for (int i = 0; i < 3; i++) {
		snprintf(url, sizeof(url), HOST "/api/v2/routing/queues?pageSize=500&pageNumber=%d",
			i + 1);
		assert_string_equal(play.url[i], url);
	}
	assert_string_equal(play.token, "token");
	assert_true(play.timeout_us == 15 * S);
	assert_int_equal(queue_fetch_list(n)->n, 3);
	assert_string_equal(queue_fetch_list(n)->v[0].name, "one");
	assert_true(queue_fetch_deadline_us(n) == INT64_MAX);
}

TEST(fetch__ends_with_a_page_that_says_so)
{
	static const char *const last[] = {
		PAGE(QUEUE("0001", "one"), ""), PAGE("", ",\"nextUri\":\"/x\""),
		PAGE("", ",\"pageCount\":0"), PAGE(QUEUE("0001", "one"), ",\"pageCount\":1")
	};
	struct queue_fetch *n = *state;

	for (size_t i = 0; i < ARRAY_LEN(last); i++) {
		play.asked = play.freed = 0;
		assert_int_equal(fetch(n, &last[i], 1), QUEUE_FETCH_READY);
		assert_int_equal(play.asked, 1);
	}
}

TEST(fetch__that_never_ends_is_a_breach)
{
	static const char *const endless[] = { PAGE(QUEUE("0001", "one"), ",\"nextUri\":\"/x\"") };
	struct queue_fetch *n = *state;

	assert_int_equal(fetch(n, endless, 1), QUEUE_FETCH_FAILED);
	assert_int_equal(play.asked, QUEUE_FETCH_PAGES_MAX);
	assert_int_equal(queue_fetch_failure(n)->kind, HTTP_BREACH);
	assert_non_null(strstr(queue_fetch_failure(n)->text, "200 pages"));
}

TEST(fetch__that_failed_goes_on_where_it_was)
{
	struct queue_fetch *n = *state;

	play.page = three_pages;
	play.npage = 3;
	assert_int_equal(queue_fetch_ask(n, "first", NOW, NOW + 60 * S), QUEUE_FETCH_ASKING);
	assert_int_equal(queue_fetch_ask(n, "other", NOW, NOW + 60 * S), QUEUE_FETCH_ASKING);
	assert_int_equal(play.asked, 1);
	play.waits = true;
	assert_true(queue_fetch_deadline_us(n) == 77);
	assert_int_equal(queue_fetch_step(n, NOW), QUEUE_FETCH_ASKING);
	play.waits = false;
	assert_int_equal(queue_fetch_step(n, NOW), QUEUE_FETCH_ASKING);
	play.answer.kind = HTTP_LIMITED;
	play.answer.retry_after_us = 7 * S;
	assert_int_equal(queue_fetch_step(n, NOW), QUEUE_FETCH_FAILED);
	assert_int_equal(queue_fetch_failure(n)->kind, HTTP_LIMITED);
	assert_true(queue_fetch_failure(n)->retry_after_us == 7 * S);
	assert_string_equal(queue_fetch_failure(n)->body, "");
	play.answer.kind = HTTP_OK;
	play.asked = play.freed = 1;
	assert_int_equal(queue_fetch_ask(n, "second", NOW, NOW + 9 * S), QUEUE_FETCH_ASKING);
	assert_string_equal(play.url[1], HOST "/api/v2/routing/queues?pageSize=500&pageNumber=2");
	assert_string_equal(play.token, "second");
	assert_true(play.timeout_us == 9 * S);
	while (queue_fetch_step(n, NOW) == QUEUE_FETCH_ASKING)
		;
	assert_int_equal(queue_fetch_list(n)->n, 3);
	assert_int_equal(play.asked, 3);
}

TEST(fetch__of_something_else_says_what)
{
	static const char *const other[] = { "<html>" };
	struct queue_fetch *n = *state;

	assert_int_equal(fetch(n, other, 1), QUEUE_FETCH_FAILED);
	assert_int_equal(queue_fetch_failure(n)->kind, HTTP_BREACH);
	assert_string_equal(queue_fetch_failure(n)->text,
		"the list of queues cannot be read: it is no JSON object (HTTP 200)");
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}

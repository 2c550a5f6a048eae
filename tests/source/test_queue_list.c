/* Pages of queues become a list, which is sorted and printed. */
#include "tests/support/queue_pages.h"

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
}

TEST(page__that_is_malformed_does_not_change_the_list)
{
	static const char *const bad[] = {
		"null", "[]", "{}", "{\"entities\":null}", "{\"entities\":{}}", PAGE("", "") "x",
		PAGE(QUEUE("0009", "x"), ",\"pageCount\":1") "{}", PAGE(QUEUE("0009", "\377"), ""),
		PAGE(QUEUE("0009", "x") ",", ""), "{\"entities\":[" QUEUE("0009", "x") "},"
	};

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
}

TEST(page__counts_queues_without_a_usable_name)
{
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
}

/* Its texts share a block that moves as it grows. */
TEST(name__of_the_longest_length_is_compared_whole)
{
	char name[1025], folded[1025], text[2048];

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
}

TEST(list__has_a_limit)
{
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

/* --- its order ---------------------------------------------------------------------- */

TEST(sort__is_by_name_without_case_then_bytes_then_id)
{
	static const char *const want[] = { "0005", "0002", "0001", "0003", "0004" };

	read_list(PAGE(QUEUE("0004", "b") "," QUEUE("0001", "a") ","
		QUEUE("0003", "a") "," QUEUE("0002", "A") "," QUEUE("0005", "") ","
		QUEUE("0001", "a") "," QUEUE("0004", "again"), ""));
	assert_int_equal(list.n, ARRAY_LEN(want));
	for (size_t i = 0; i < list.n; i++)
		assert_string_equal(list.v[i].id + 32, want[i]);
}

TEST(page__can_be_written_and_read_back)
{
	static const char *const ids[] = { ID("0001"), ID("0002"), ID("0003") };
	static const char *const names[] = { NULL, "say \"b\"", "a" };
	struct queue_index queues = { 0 };
	struct buf out = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		assert_true(queue_index_add(&queues, ids[i]));
	for (size_t i = 1; i < ARRAY_LEN(ids); i++)
		assert_true(queue_index_set_name(&queues, ids[i], names[i]));
	queue_list_put_page(&out, &queues);
	queue_index_free(&queues);
	assert_true(buf_char(&out, '\0'));
	read_list(out.data);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].name, "a");
	assert_string_equal(list.v[0].id, ids[2]);
	assert_string_equal(list.v[1].name, names[1]);
	assert_string_equal(list.v[1].id, ids[1]);
	buf_free(&out);
}

/* --- printed ------------------------------------------------------------------------ */

TEST(list__is_printed_as_ndjson_and_csv)
{
	const struct list_conf ndjson = { .format = FORMAT_NDJSON };
	struct list_conf csv = { .format = FORMAT_CSV, .header = true };
	struct buf out = { 0 };

	read_list(full_page);
	assert_true(queue_list_put(&out, &list, &ndjson));
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
	assert_true(queue_list_put(&out, &list, &csv));
	assert_true(buf_char(&out, '\0'));
	assert_string_equal(out.data, "id,name,divisionId,divisionName,mediaTypes\n"
		ID("0003") ",,,,\n" ID("0002") ",\"K\303\226LN \"\"1\"\", \360\237\230\200\",,,\n"
		"0000000a-0000-4000-8000-000000000001,Sales,d1,Home,call message\n");
	buf_clear(&out);
	csv.header = false;
	assert_true(queue_list_put(&out, &(struct queue_list){ 0 }, &csv));
	assert_true(queue_list_put(&out, &(struct queue_list){ 0 }, &ndjson));
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

int main(void)
{
	each_test(NULL, free_list);
	return run_all_tests(NULL, NULL);
}

/* Queue IDs and their numbers. */
#include "tests/support/check.h"
#include "window/queue_index.h"

static const char *id_of(unsigned n)
{
	static char id[UUID_LEN + 1];

	/* those of real life differ everywhere, those of tests in a few digits */
	snprintf(id, sizeof(id), "%08x-0000-4000-8000-%012x", n % 7 ? n * 2654435761u : n,
		n % 5 ? n : 7);
	return id;
}

TEST(queue_index__finds_each_queue_and_no_other)
{
	struct queue_index r = { 0 };

	assert_true(queue_index_find(&r, id_of(0)) == QUEUE_INDEX_NONE);
	for (unsigned n = 0; n < 5000; n++) {
		assert_true(queue_index_find(&r, id_of(n)) == QUEUE_INDEX_NONE);
		assert_true(queue_index_add(&r, id_of(n)));
		assert_int_equal(queue_index_find(&r, id_of(n)), n);
	}
	for (unsigned n = 0; n < 5000; n++) {
		assert_int_equal(queue_index_find(&r, id_of(n)), n);
		assert_string_equal(queue_index_id(&r, n), id_of(n));
	}
	assert_true(queue_index_find(&r, id_of(5000)) == QUEUE_INDEX_NONE);
	queue_index_free(&r);
}

TEST(queue_index__keeps_the_last_name_of_each_queue)
{
	struct queue_index r = { 0 };
	char name[] = "Sales";

	assert_true(queue_index_set_name(&r, id_of(0), name));
	for (unsigned n = 0; n < 3; n++)
		assert_true(queue_index_add(&r, id_of(n)));
	assert_true(queue_index_set_name(&r, id_of(9), name));
	assert_false(queue_index_has_names(&r));
	assert_true(queue_index_set_name(&r, id_of(2), "Old"));
	assert_true(queue_index_set_name(&r, id_of(2), name));
	name[0] = 'X';
	assert_true(queue_index_has_names(&r));
	assert_int_equal(queue_index_count(&r), 3);
	assert_null(queue_index_name(&r, 0));
	assert_null(queue_index_name(&r, 1));
	assert_string_equal(queue_index_name(&r, 2), "Sales");
	queue_index_free(&r);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

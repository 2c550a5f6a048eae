/* Presences: names by ID, and what is not added. */
#include <stdio.h>
#include <string.h>

#include "message/notification.h"
#include "tests/support/check.h"
#include "window/presences.h"

static bool put(struct presences *ps, const char *id, const char *name)
{
	bool added;

	assert_true(presences_add(ps, slice_of(id), slice_of(name), &added));
	return added;
}

static void assert_name(const struct presences *ps, const char *id, const char *name)
{
	assert_true(slice_is(presences_name(ps, slice_of(id)), name));
}

TEST(presences__replace_known_ids_by_names)
{
	const struct slice absent = { NULL, 0 };
	struct presences ps = { 0 };

	assert_name(&ps, "a1", "a1");
	assert_true(put(&ps, "a1", "AWAY"));
	assert_true(put(&ps, "b2", "BREAK"));
	assert_name(&ps, "a1", "AWAY");
	assert_name(&ps, "b2", "BREAK");
	assert_name(&ps, "a", "a");
	assert_name(&ps, "a12", "a12");
	assert_null(presences_name(&ps, absent).s);
	presences_free(&ps);
	assert_name(&ps, "a1", "a1");
}

TEST(presences__keep_the_first_name_of_an_id)
{
	struct presences ps = { 0 };

	assert_true(put(&ps, "a1", "AWAY"));
	assert_false(put(&ps, "a1", "BREAK"));
	assert_name(&ps, "a1", "AWAY");
	presences_free(&ps);
}

TEST(presences__have_limits_for_length_and_number)
{
	char id[16], text[NOTIFICATION_NAME_MAX + 2];
	struct presences ps = { 0 };

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(put(&ps, text, "AWAY"));
	assert_false(put(&ps, "a1", text));
	assert_true(put(&ps, text + 1, text + 1));
	for (int n = 1; n <= PRESENCES_MAX; n++) {
		snprintf(id, sizeof(id), "%d", n);
		assert_int_equal(put(&ps, id, "AWAY"), n < PRESENCES_MAX);
	}
	presences_free(&ps);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

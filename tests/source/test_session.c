/* Events that wait, and which token is new; the token is played here. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/session.h"
#include "tests/support/check.h"

static struct token_result token;

const struct token_result *token_result(const struct token *t)
{
	(void)t;
	return &token;
}

void token_drop(struct token *t)
{
	(void)t;
}

TEST(events__are_returned_in_order_and_whole)
{
	static struct session a;
	struct session_event e;
	char text[16];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < SESSION_EVENTS_MAX; i++) {
			snprintf(text, sizeof(text), "event %d", i);
			session_report(&a, SESSION_WARNING, text)->at_us = i;
		}
		for (int i = 0; i < SESSION_EVENTS_MAX; i++) {
			snprintf(text, sizeof(text), "event %d", i);
			assert_true(session_next(&a, &e));
			assert_int_equal(e.at_us, i);
			assert_string_equal(e.text, text);
		}
		assert_false(session_next(&a, &e));
		/* the next round begins elsewhere */
		session_report(&a, SESSION_WARNING, NULL);
		assert_true(session_next(&a, &e));
	}
}

/* A lost event could be a lost connection, and so a window that says it was connected. */
TEST(event__beyond_the_room_ends_the_program)
{
	static struct session a;
	int status;
	pid_t pid;

	for (int i = 0; i < SESSION_EVENTS_MAX; i++)
		session_report(&a, SESSION_WARNING, NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		session_report(&a, SESSION_LOST, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* Neither where it stands in memory nor when it ends tells a new token from an old one. */
TEST(token__is_reported_once_per_generation)
{
	static struct session a;
	struct session_event e;

	for (uint64_t generation = 1; generation < 4; generation++) {
		token = (struct token_result){ .generation = generation, .expires_ms = 1000,
			.cached = generation == 2 };
		session_token_came(&a, NULL);
		session_token_came(&a, NULL);
		assert_true(session_next(&a, &e));
		assert_int_equal(e.kind, generation == 2 ? SESSION_TOKEN_CACHED
			: SESSION_TOKEN_ACQUIRED);
		assert_int_equal(e.generation, generation);
		assert_int_equal(e.expires_ms, 1000);
		assert_false(session_next(&a, &e));
	}
}

/* A failure before a connection does not explain why there is none after it. */
TEST(time_is_up__names_no_failure_from_before_a_connection)
{
	static struct session a;
	struct retry_failure failure = { .what = FAILED_API, .kind = HTTP_NETWORK,
		.retry_after_us = -1, .text = "old trouble" };
	struct session_event e = { .text = NULL };

	session_init(&a, 60000000, 1000000, 0, "");
	assert_int_equal(session_failed(&a, NULL, 0, &failure), RETRY_LATER);
	session_connected(&a, 1000000);
	session_lost(&a, 2000000);
	session_drop_events(&a);
	session_time_is_up(&a, "new trouble");
	assert_true(session_next(&a, &e));
	assert_int_equal(e.kind, SESSION_OVER);
	assert_string_equal(e.text, "new trouble; gave up after --retry-for 1m");
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

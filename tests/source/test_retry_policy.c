/* What a failure leads to, and that gsqstat(1) says the same. */
#include "source/retry_policy.h"
#include "tests/support/check.h"

#define MANUAL "man/gsqstat.1"
#define SECTION ".Sh EXIT STATUS\n"

static char *section;		/* EXIT STATUS */

static int read_manual(void **state)
{
	static char text[1 << 20];
	FILE *f = fopen(MANUAL, "r");
	size_t len;

	(void)state;
	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	assert_true(feof(f));
	fclose(f);
	text[len] = '\0';
	section = strstr(text, SECTION);
	assert_non_null(section);
	section += strlen(SECTION);
	*strstr(section, "\n.Sh ") = '\0';
	return 0;
}

/* The text of one status. Lines about proxies are left out: their answers are judged in
 * net/http.c. */
static void read_item(enum status status, char *out, size_t size)
{
	char begin[16];
	const char *at, *end;

	snprintf(begin, sizeof(begin), "\n.It %d\n", (int)status);
	at = strstr(section, begin);
	assert_non_null(at);
	at += strlen(begin);
	end = strstr(at, "\n.It ");
	for (*out = '\0'; at < end; at += strcspn(at, "\n") + 1) {
		int len = (int)strcspn(at, "\n");
		char line[256];

		assert_true((size_t)snprintf(line, sizeof(line), "%.*s\n", len, at) < sizeof(line));
		if (!strstr(line, "proxy"))
			strncat(out, line, size - strlen(out) - 1);
	}
}

/* The status whose text has the word; 0: none. */
static int status_with(const char *word)
{
	char text[4096];
	int found = 0;

	for (int status = ST_USAGE; status <= ST_CALLBACK; status++) {
		read_item((enum status)status, text, sizeof(text));
		if (!strstr(text, word))
			continue;
		if (found)
			fail_msg("%s is in the manual's text of %d and of %d", word, found, status);
		found = status;
	}
	return found;
}

/* As the manual has it: by itself, or as one of its class. */
static int told_status_of(int http_status)
{
	char word[16];
	int found;

	snprintf(word, sizeof(word), "%d", http_status);
	found = status_with(word);
	snprintf(word, sizeof(word), "%dxx", http_status / 100);
	return found ? found : status_with(word);
}

static const struct retry_rule *rule_of(enum retry_what what, int http_status)
{
	struct ws_event e = { .kind = WS_ENDED, .end = WS_END_REFUSED, .reason = "",
		.http_status = http_status, .retry_after_us = -1 };
	struct retry_failure f = retry_failure_of_end(what, &e, NULL);

	return retry_policy(&f);
}

TEST(manual__has_the_exit_status_of_each_http_status)
{
	static const enum retry_what whats[] = { FAILED_TOKEN, FAILED_STREAM, FAILED_STREAM_URL,
		FAILED_API };

	for (size_t i = 0; i < ARRAY_LEN(whats); i++)
		for (int http_status = 400; http_status < 600; http_status++) {
			int status = (int)rule_of(whats[i], http_status)->status;

			if (status != told_status_of(http_status))
				fail_msg("HTTP %d ends with %d, the manual has %d", http_status,
					status, told_status_of(http_status));
		}
}

TEST(manual__names_each_code_of_the_table)
{
	size_t n;
	const struct retry_rule *rule = retry_rules(&n);
	char word[16];

	for (size_t i = 0; i < n; i++) {
		snprintf(word, sizeof(word), "%d", rule[i].code);
		if (rule[i].code)
			assert_int_equal(status_with(word), rule[i].status);
	}
	assert_int_equal(status_with("protocol was broken"), ST_PROTOCOL);
}

/* `Another run may help after 4, 5 or 9 …; after 2, 3, 6 or 8 …` */
TEST(manual__says_which_statuses_are_worth_another_try)
{
	size_t n;
	const struct retry_rule *rule = retry_rules(&n);
	char *worth = strstr(section, "\n.El\n.Pp\n"), *not_worth;

	assert_non_null(worth);
	not_worth = strchr(worth, ';');
	assert_non_null(not_worth);
	*not_worth++ = '\0';
	for (size_t i = 0; i < n; i++) {
		bool again = rule[i].then == RETRY_LATER || rule[i].then == RETRY_NEW_CHANNEL;

		if (rule[i].status)
			assert_non_null(strchr(again ? worth : not_worth,
				'0' + (int)rule[i].status));
	}
	not_worth[-1] = ';';
}

TEST(request__that_got_429_is_repeated_until_retry_for_is_over)
{
	for (unsigned what = FAILED_TOKEN; what <= FAILED_API; what *= 2) {
		const struct retry_rule *rule = rule_of((enum retry_what)what, 429);

		assert_int_equal(rule->then, RETRY_LATER);
		assert_int_equal(rule->status, ST_RATE);
		assert_int_equal(rule->advice, ADVICE_NONE);
	}
}

TEST(request__that_got_408_is_repeated_as_after_a_5xx)
{
	for (unsigned what = FAILED_TOKEN; what <= FAILED_API; what *= 2)
		assert_ptr_equal(rule_of(what, 408), rule_of(what, 503));
}

TEST(failure__of_every_kind_has_a_rule)
{
	for (unsigned what = FAILED_TOKEN; what <= FAILED_API; what *= 2)
		for (int kind = HTTP_UNAUTHORISED; kind <= HTTP_BREACH; kind++) {
			struct retry_failure f = { .what = (enum retry_what)what,
				.kind = (enum http_failure)kind };

			/* a lost socket has no status */
			if (kind == HTTP_NOT_FOUND && what == FAILED_SOCKET)
				continue;
			assert_int_equal(retry_policy(&f)->kind, kind);
		}
}

TEST(socket__that_was_open_and_ends_by_a_tls_alert_is_tried_again)
{
	const struct retry_failure socket = { .what = FAILED_SOCKET, .kind = HTTP_FATAL },
		upgrade = { .what = FAILED_UPGRADE, .kind = HTTP_FATAL };

	assert_int_equal(retry_policy(&socket)->then, RETRY_LATER);
	assert_int_equal(retry_policy(&socket)->status, ST_NET);
	assert_int_equal(retry_policy(&upgrade)->then, RETRY_NEVER);
}

int main(void)
{
	return run_all_tests(read_manual, NULL);
}

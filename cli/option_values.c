#include "cli/option_values.h"

#include <string.h>

#include "cli/option_table.h"
#include "util/base.h"
#include "util/text.h"
#include "util/time.h"

#define DAY_MS (24LL * 3600 * 1000)

#define WORDS(name, ...) \
	static const char *const name##_list[] = { __VA_ARGS__ }; \
	const struct option_values_words name##_words = { name##_list, ARRAY_LEN(name##_list) }

WORDS(metric, "state", "queueState", "agentState", "conversationCount", "waitTime",
	"abandonedCount");
WORDS(interval, "PT10S", "PT15S", "PT30S", "PT1M", "PT2M");
WORDS(format, "ndjson", "csv", "table", "prometheus");
WORDS(time, "arrival", "event");
WORDS(source, "stream", "notifications");
WORDS(subscribe, "url", "message");
WORDS(audit, "json", "logfmt", "none");
WORDS(callback, "plain", "cloudevents");
WORDS(check, "nagios");

bool option_values_is_foreign(const struct option_values *p, enum option_id id)
{
	if (p->bad[OPT_SOURCE])
		return false;
	switch (id) {
	case OPT_INTERVAL:
	case OPT_LATENESS:
	case OPT_SUBSCRIBE:
	case OPT_OUTLIER:
		return p->set->notifications;
	case OPT_QUEUE_NAME:
	case OPT_SKIP_REFUSED:
	case OPT_LIST_QUEUES:
	case OPT_NOW:
	case OPT_NO_SNAPSHOT:
	case OPT_RESYNC:
	case OPT_PONG_TIMEOUT:
	case OPT_PROFILE:
		return !p->set->notifications;
	default:
		return false;
	}
}

void option_values_problem(struct option_values *p, const char *value, const char *allowed)
{
	char text[TEXT_SHOWN_SIZE];

	lines_add(&p->problems, "--%s '%s': allowed is %s", option_table[p->current].name,
		text_shown(text, value, strlen(value)), allowed);
	p->bad[p->current] = true;
}

void option_values_problem_text(struct option_values *p, const char *value, const char *text)
{
	char shown[TEXT_SHOWN_SIZE];

	lines_add(&p->problems, "--%s '%s': %s", option_table[p->current].name,
		text_shown(shown, value, strlen(value)), text);
	p->bad[p->current] = true;
}

void option_values_file_problem(struct option_values *p, const char *flag, const char *path,
	const char *why)
{
	char text[TEXT_SHOWN_SIZE];

	if (why)
		lines_add(&p->problems, "%s '%s': cannot be read: %s", flag,
			text_shown(text, path, strlen(path)), why);
}

int option_values_word(struct option_values *p, const char *value,
	const struct option_values_words *words)
{
	char hint[256], text[TEXT_SHOWN_SIZE];

	for (size_t i = 0; i < words->n; i++)
		if (strcmp(value, words->v[i]) == 0)
			return (int)i;
	text_words_hint(hint, sizeof(hint), value, words->v, words->n);
	lines_add(&p->problems, "--%s '%s': allowed is one of%s", option_table[p->current].name,
		text_shown(text, value, strlen(value)), hint);
	p->bad[p->current] = true;
	return -1;
}

int64_t option_values_duration(struct option_values *p, const char *value, int64_t least_ms,
	const char *allowed)
{
	int64_t ms;

	if (time_parse_duration_ms(value, &ms) && ms >= least_ms && ms <= DAY_MS)
		return ms;
	option_values_problem(p, value, allowed);
	return least_ms;
}

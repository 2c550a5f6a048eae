#include "cli/source_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/metric_args.h"
#include "util/text.h"

#define VARIABLE "GSQSTAT_SOURCE"

void source_choice_set(struct command_line *p, bool notifications, const char *from)
{
	p->set->notifications = notifications;
	p->set->source = source_words.v[notifications];
	command_line_state(p, "source")->from = from;
}

/* Returns the first option of the table that is given and that only notifications have; NULL: there
 * is none. --metric is one if it names a metric of theirs. */
static const struct option_def *implying_option(const struct command_line *p)
{
	FOR_EACH_OPTION(d) {
		if (!p->state[d - option_table].given || !(d->modes & MODE_NOTIFICATIONS))
			continue;
		if (!(d->modes & MODE_STREAM)
		    || (strcmp(d->name, "metric") == 0 && metric_args_name_notifications(p)))
			return d;
	}
	return NULL;
}

static void take_variable(struct command_line *p)
{
	const char *value = getenv(VARIABLE);
	char hint[256], shown[TEXT_SHOWN_SIZE];
	int word;

	if (!value || !*value)
		return;
	word = command_line_find_word(value, &source_words, hint, sizeof(hint));
	if (word >= 0) {
		source_choice_set(p, word == 1, VARIABLE);
		return;
	}
	lines_add(&p->problems, VARIABLE " '%s': %s", text_shown(shown, value, strlen(value)),
		hint);
	command_line_state(p, "source")->bad = true;
}

void source_choice_settle(struct command_line *p)
{
	const struct option_def *d;

	p->set->notifications = p->set->source == source_words.v[1];
	if (p->modes & MODE_NO_RUN || command_line_given(p, "source"))
		return;
	d = implying_option(p);
	if (d) {
		snprintf(p->implying, sizeof(p->implying), "--%s", d->name);
		source_choice_set(p, true, p->implying);
	} else if (!p->set->replay) {
		take_variable(p);
	}
}

const char *source_choice_conflict(const struct command_line *p, char *why, size_t size)
{
	const struct options *set = p->set;

	if (set->source_recorded)
		snprintf(why, size, "needs a recording of %s", set->notifications ? "the stream"
			: "notifications");
	else if (!set->notifications)
		snprintf(why, size, "cannot be used with --source stream");
	else if (command_line_given(p, "source"))
		snprintf(why, size, "needs --source stream");
	else
		snprintf(why, size, "needs --source stream, but %s chose notifications",
			p->state[option_table_find("source") - option_table].from);
	return why;
}

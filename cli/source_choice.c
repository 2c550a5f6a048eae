#include "cli/source_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/metric_args.h"
#include "util/text.h"

#define VARIABLE "GSQSTAT_SOURCE"

/* Where the source comes from, if the recording chose it; compared by its address. */
static const char from_recording[] = "recording";

static void set_source(struct command_line *p, enum source_kind source, const char *from)
{
	struct option_state *state = command_line_state(p, "source");

	p->set->source = source;
	state->from = from;
	state->unknown = source == SOURCE_UNKNOWN;
}

/* Returns the first option of the table that is given and that only notifications have; NULL: there
 * is none. --metric is one if it names a metric of theirs. */
static const struct option_def *implying_option(const struct command_line *p)
{
	FOR_EACH_OPTION(d) {
		if (!p->state[d - option_table].given)
			continue;
		if (option_table_chooses_notifications(d)
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
	if (word < 0)
		lines_add(&p->problems, VARIABLE " '%s': %s", text_shown(shown, value,
			strlen(value)), hint);
	set_source(p, word < 0 ? SOURCE_UNKNOWN : (enum source_kind)word, VARIABLE);
}

/* Chooses the source of a run without --source. */
static void choose(struct command_line *p, const struct recording_head *head)
{
	const struct option_def *d = implying_option(p);

	if (p->modes & MODE_REPLAY && (!head || head->source != SOURCE_UNKNOWN)) {
		set_source(p, head ? head->source : SOURCE_UNKNOWN, from_recording);
	} else if (d) {
		p->implying = d;
		set_source(p, SOURCE_NOTIFICATIONS, d->flag);
	} else if (!(p->modes & MODE_REPLAY)) {
		take_variable(p);
	}
}

unsigned source_choice_mode(enum source_kind source)
{
	return source == SOURCE_STREAM ? MODE_STREAM
		: source == SOURCE_NOTIFICATIONS ? MODE_NOTIFICATIONS : 0;
}

void source_choice_settle(struct command_line *p, const struct recording_head *head)
{
	if (command_line_bad(p, "source"))
		p->set->source = SOURCE_UNKNOWN;
	else if (!(p->modes & MODE_NO_RUN) && !command_line_given(p, "source"))
		choose(p, head);
	if (!(p->modes & MODE_NO_RUN))
		p->modes |= source_choice_mode(p->set->source);
}

const char *source_choice_conflict(const struct command_line *p, char *why, size_t size)
{
	const bool notifications = p->set->source == SOURCE_NOTIFICATIONS;
	const char *from = p->state[option_table_find("source") - option_table].from;
	const char *place = command_line_place(p, p->implying ? p->implying->name : "source");

	if (from == from_recording)
		snprintf(why, size, "needs a recording of %s", notifications ? "the stream"
			: "notifications");
	else if (!notifications)
		snprintf(why, size, "cannot be used with --source stream%s", place);
	else if (command_line_given(p, "source"))
		snprintf(why, size, "needs --source stream%s", place);
	else
		snprintf(why, size, "needs --source stream, but %s chose notifications%s", from,
			place);
	return why;
}

#include "cli/help.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/option_table.h"
#include "util/text.h"

#define HELP_COLUMN 31
#define HELP_WIDTH 49	/* to 80 columns */

static void put_help(struct buf *out, const struct option_def *d)
{
	char text[256];
	const char *s = text, *end;

	option_table_help(d, text, sizeof(text));
	for (; strlen(s) > HELP_WIDTH && (end = memrchr(s, ' ', HELP_WIDTH + 1)); s = end + 1)
		buf_printf(out, "%.*s\n%*s", (int)(end - s), s, HELP_COLUMN, "");
	buf_printf(out, "%s\n", s);
}

static void put_option(struct buf *out, const struct option_def *d)
{
	char head[80];
	const char *initial = d->initial ? d->initial : d->initial_text;
	int n = snprintf(head, sizeof(head), "  %c%c%c --%s%s%s", d->letter ? '-' : ' ',
		d->letter ? d->letter : ' ', d->letter ? ',' : ' ', d->name, d->arg ? " " : "",
		d->arg ? d->arg : "");

	if (n >= HELP_COLUMN)
		buf_printf(out, "%s\n%*s", head, HELP_COLUMN, "");
	else
		buf_printf(out, "%-*s", HELP_COLUMN, head);
	put_help(out, d);
	if (initial)
		buf_printf(out, "%*s[%s]\n", HELP_COLUMN, "", initial);
}

/* The name of a group is the first word of its title, in lower case. */
static size_t group_len(const struct option_def *d)
{
	return strcspn(d->group, " ");
}

static bool is_topic(const struct option_def *d, const char *topic)
{
	return strcasecmp(topic, "all") == 0 || (strlen(topic) == group_len(d)
		&& strncasecmp(d->group, topic, group_len(d)) == 0);
}

void help_put_group_names(struct buf *out, const char *separator)
{
	FOR_EACH_OPTION(d) {
		if (!d->group)
			continue;
		buf_str(out, d == option_table ? "" : separator);
		for (size_t i = 0; i < group_len(d); i++)
			buf_printf(out, "%c", tolower((unsigned char)d->group[i]));
	}
}

static void put_common(struct buf *out)
{
	buf_str(out, "\nThe most used options:\n");
	FOR_EACH_OPTION(d)
		if (d->common)
			put_option(out, d);
	buf_str(out, "\n--help all shows all options, --help GROUP those of one of the groups\n");
	help_put_group_names(out, ", ");
	buf_str(out, ".\n");
}

/* Puts the options of a group, or of all. False: there is no such group. */
static bool put_groups(struct buf *out, const char *topic)
{
	bool wanted = false, found = false;

	FOR_EACH_OPTION(d) {
		if (d->group)
			wanted = is_topic(d, topic);
		if (wanted && d->group)
			buf_printf(out, "\n%s:\n", d->group);
		if (wanted)
			put_option(out, d);
		found = found || wanted;
	}
	return found;
}

/* Puts the names of the groups, and the one that a misspelt topic may mean. */
static void put_group_hint(struct buf *out, const char *topic)
{
	struct buf names = { 0 };
	const char *words[OPTIONS_MAX];
	char hint[256], *rest, *name;
	size_t n = 0;

	help_put_group_names(&names, "\n");
	buf_char(&names, '\0');
	rest = names.failed ? NULL : names.data;
	while ((name = strsep(&rest, "\n")))
		words[n++] = name;
	text_words_hint(hint, sizeof(hint), topic, words, n);
	buf_str(out, hint);
	out->failed = out->failed || names.failed;
	buf_free(&names);
}

bool help_put(struct buf *out, const char *topic)
{
	char shown[TEXT_SHOWN_SIZE];

	buf_str(out, "Usage: gsqstat [OPTION]... [QUEUE_ID]...\n"
		"Print statistics of Genesys Cloud routing queues, window by window, and exit.\n");
	if (!topic) {
		put_common(out);
	} else if (!put_groups(out, topic)) {
		buf_clear(out);
		buf_printf(out, "--help '%s': must be all, or a group of options: ",
			text_shown(shown, topic, strlen(topic)));
		put_group_hint(out, topic);
		return false;
	}
	buf_str(out, "\nDURATION is a number with ms, s, m or h, or ISO 8601 (PT1M30S). The "
		"value in\nbrackets is the default. Credentials come from the environment or a "
		"file, see\ngsqstat(1).\n");
	return true;
}

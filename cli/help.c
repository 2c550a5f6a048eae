#include "cli/help.h"

#include <stdio.h>

#include "cli/option_table.h"
#include "cli/print.h"
#include "util/buf.h"

#define HELP_COLUMN 31

static const char *const group_titles[GROUPS] = {
	"Queues and metrics", "Windows", "Output", "Thresholds", "Callbacks", "Source",
	"Credentials", "Messages"
};

static void put_option(struct buf *out, const struct option_def *d)
{
	char head[80];
	const char *initial = d->initial ? d->initial : d->initial_text;
	int n = snprintf(head, sizeof(head), "  %c%c%c --%s%s%s", d->letter ? '-' : ' ',
		d->letter ? d->letter : ' ', d->letter ? ',' : ' ', d->name, d->arg ? " " : "",
		d->arg ? d->arg : "");

	if (n >= HELP_COLUMN)
		buf_printf(out, "%s\n%*s%s\n", head, HELP_COLUMN, "", d->help);
	else
		buf_printf(out, "%-*s%s\n", HELP_COLUMN, head, d->help);
	if (initial)
		buf_printf(out, "%*s[%s]\n", HELP_COLUMN, "", initial);
}

static void put_help(struct buf *out)
{
	buf_str(out, "Usage: gsqstat [OPTION]... [QUEUE_ID]...\n"
		"Prints statistics of Genesys Cloud routing queues, window by window, and "
		"exits.\n");
	for (enum option_group g = 0; g < GROUPS; g++) {
		buf_printf(out, "\n%s:\n", group_titles[g]);
		for (size_t i = 0; i < OPTIONS; i++)
			if (option_table[i].group == g)
				put_option(out, &option_table[i]);
	}
	buf_str(out, "\nDURATION is a number with ms, s, m or h, or ISO 8601 (PT1M30S). What "
		"stands in\nbrackets is the default. Credentials come from the environment or a "
		"file, see\ngsqstat(1).\n");
}

enum status help_print(void)
{
	struct buf out = { 0 };

	put_help(&out);
	return print_text(&out);
}

enum status help_print_version(const char *versions)
{
	struct buf out = { 0 };

	buf_printf(&out, "gsqstat %s (%s)\n", GSQSTAT_VERSION, versions);
	return print_text(&out);
}

#include "cli/list_metrics.h"

#include <stdio.h>
#include <unistd.h>

#include "message/metric_types.h"
#include "message/source_kind.h"
#include "output/metric_list.h"
#include "util/text.h"

/* Whether it is on the command line: a file of --config is for runs. */
static bool is_flag(const struct command_line *p, const char *name)
{
	const struct option_state *state = &p->state[option_table_find(name) - option_table];

	return state->given && !state->entry;
}

static struct metric_list list_of(const struct command_line *p)
{
	const struct lines *patterns = &p->set->patterns;

	return (struct metric_list){
		.source = is_flag(p, "source") ? source_kind_names[p->set->source] : NULL,
		.pattern = (const char *const *)patterns->v,
		.npattern = is_flag(p, "metric") ? patterns->n : 0
	};
}

void list_metrics_settle(struct command_line *p)
{
	const struct metric_list list = list_of(p);

	p->current = option_table_find("metric");
	for (size_t i = 0; !command_line_bad(p, "source") && i < list.npattern; i++) {
		const char *name = list.pattern[i], *near;
		char text[256];

		if (metric_list_has(&list, name))
			continue;
		near = metric_types_nearest(name, true);
		if (near && !metric_list_has(&list, near))
			near = NULL;
		snprintf(text, sizeof(text), "no metric%s%s has this name%s%s%s",
			list.source ? " of the source " : "", list.source ? list.source : "",
			near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
		command_line_problem(p, name, text);
	}
}

void list_metrics_put(const struct command_line *p, struct buf *out)
{
	const struct options *set = p->set;
	const struct metric_list list = list_of(p);
	const struct list_conf conf = {
		.format = is_flag(p, "format") ? set->format
			: isatty(STDOUT_FILENO) ? FORMAT_TABLE : FORMAT_NDJSON,
		.header = set->header, .ascii = set->ascii, .fd = STDOUT_FILENO
	};

	metric_list_put(&list, &conf, out);
}

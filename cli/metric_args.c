#include "cli/metric_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/channel_api.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/text.h"

/* The index of a metric among those that are decoded; adds it if it is new. */
static size_t metric_index(struct options *set, const char *name)
{
	for (size_t i = 0; i < set->nmetric; i++)
		if (strcmp(set->metric[i], name) == 0)
			return i;
	set->metric[set->nmetric] = name;
	return set->nmetric++;
}

void metric_args_metrics(struct option_values *p, const char *value)
{
	char *copy = strdup(value), *rest = copy, *name;

	if (!p->given[OPT_METRIC])
		lines_free(&p->set->patterns);
	p->given[OPT_METRIC] = !p->defaults;
	while (copy && (name = strsep(&rest, ",")))
		lines_add(&p->set->patterns, "%s", name);
	p->problems.failed = p->problems.failed || !copy;
	free(copy);
}

/* A metric of the notification service, or the beginning of its name with a `*`. */
static bool is_pattern(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (strcmp(s, "*") == 0)
		return true;
	return len > 0 && len < FIELD_NAME_MAX && strchr("ont", s[0])
		&& (!s[len] || strcmp(s + len, "*") == 0);
}

/* Metrics that no snapshot has are a warning only: users keep one list of metrics for --now and
 * for windows. */
static void warn_of_now(struct option_values *p)
{
	struct lines *patterns = &p->set->patterns;
	struct buf names = { 0 };

	for (size_t i = 0; i < patterns->n; i++)
		if (is_pattern(patterns->v[i]) && !channel_api_query_has(patterns->v[i]))
			buf_printf(&names, "%s%s", names.len ? "," : "", patterns->v[i]);
	if (names.len && buf_char(&names, '\0'))
		lines_add(&p->set->warnings, "--metric %s: no snapshot has it, so --now prints "
			"nothing of it", names.data);
	p->problems.failed = p->problems.failed || names.failed;
	buf_free(&names);
}

static void settle_metrics(struct option_values *p)
{
	static const char *const notification_metrics[] = {
		"oWaiting", "oInteracting", "oLongestWaiting", "oOnQueueUsers", "nOffered",
		"tWait", "tAbandon", "oServiceLevel"
	};
	struct options *set = p->set;

	p->current = OPT_METRIC;
	if (p->bad[OPT_SOURCE])
		return;
	if (set->notifications && !p->given[OPT_METRIC]) {
		lines_free(&set->patterns);
		for (size_t i = 0; i < ARRAY_LEN(notification_metrics); i++)
			lines_add(&set->patterns, "%s", notification_metrics[i]);
	}
	for (size_t i = 0; i < set->patterns.n; i++) {
		const char *name = set->patterns.v[i];
		int known;

		if (set->notifications) {
			if (!is_pattern(name))
				option_values_problem(p, name,
					"a metric of the notification service that "
					"begins with o, n or t, perhaps with a * at its end");
			continue;
		}
		known = option_values_word(p, name, &metric_words);
		if (known >= 0)
			metric_index(set, metric_words.v[known]);
	}
	set->nasked = set->nmetric;
	if (set->notifications && set->now && p->given[OPT_METRIC])
		warn_of_now(p);
}

/* The filter keeps a copy of the text, for its path points into it. */
static void add_filter(struct option_values *p, const char *value)
{
	static const char *const none[] = { "none" };
	struct options *set = p->set;
	struct filter *filter = &set->outlier[set->noutlier];
	char *text = strdup(value);
	const char *metric;
	int known;

	if (!text) {
		p->problems.failed = true;
	} else if (!filter_parse(text, &metric, filter) || strlen(filter->path) >= FIELD_NAME_MAX) {
		option_values_problem(p, value, text_nearest_word(value, none, 1)
			? "METRIC.FIELD OP NUMBER, or none; did you mean none?"
			: "METRIC.FIELD OP NUMBER with one of > >= < <= == !=, or none");
	} else {
		known = option_values_word(p, metric, &metric_words);
		filter->metric = known < 0 ? 0 : (size_t)known;	/* see metric_args_settle */
		set->outlier_path[set->noutlier++] = text;
		lines_add(&set->outlier_text, "%s", value);
		return;
	}
	free(text);
}

static void clear_filters(struct options *set)
{
	while (set->noutlier)
		free(set->outlier_path[--set->noutlier]);
	lines_free(&set->outlier_text);
}

void metric_args_outlier(struct option_values *p, const char *value)
{
	if (!p->given[OPT_OUTLIER] && !p->defaults)
		clear_filters(p->set);
	p->given[OPT_OUTLIER] = !p->defaults;
	if (strcmp(value, "none") == 0)
		p->outlier_none = true;
	else if (p->set->noutlier < FILTERS_MAX)
		add_filter(p, value);
	else
		option_values_problem(p, value, "16 rules at most");
}

/* --- thresholds --------------------------------------------------------------------- */

void metric_args_threshold(struct option_values *p, const char *value)
{
	lines_add(&p->set->fail_if, "%s", value);
}

bool metric_args_has(const struct option_values *p, const char *metric, char *why, size_t size)
{
	const struct options *set = p->set;
	const char *asked[METRIC_MAX];
	char hint[256];
	size_t n = 0;

	for (size_t i = 0; set->notifications && i < set->patterns.n; i++) {
		if (text_matches(set->patterns.v[i], metric, strlen(metric)))
			return true;
		if (n < METRIC_MAX)
			asked[n++] = set->patterns.v[i];
	}
	for (size_t i = 0; !set->notifications && i < set->nasked; i++) {
		if (strcmp(set->metric[i], metric) == 0)
			return true;
		asked[n++] = set->metric[i];
	}
	text_words_hint(hint, sizeof(hint), metric, asked, n);
	snprintf(why, size, "'%.100s' is no metric of this run; allowed is one of --metric:%s",
		metric, hint);
	return false;
}

/* Without a list any queue may come. */
static bool has_queue(const struct options *set, const char *id)
{
	for (size_t i = 0; i < set->queues.n; i++)
		if (strcmp(set->queues.v[i], id) == 0)
			return true;
	return !set->queues.n || set->queue_names.n;
}

static void check_threshold(struct option_values *p, size_t i)
{
	const struct thresholds *ts = p->set->thresholds;
	const char *metric = threshold_metric(ts, i), *id = threshold_queue_id(ts, i);
	char why[512];

	if (metric && !p->bad[OPT_METRIC] && !p->bad[OPT_SOURCE]
	    && !metric_args_has(p, metric, why, sizeof(why)))
		option_values_problem_text(p, threshold_text(ts, i), why);
	if (id && !p->bad[OPT_QUEUE] && !has_queue(p->set, id)) {
		snprintf(why, sizeof(why), "'%s' is no queue of this run", id);
		option_values_problem_text(p, threshold_text(ts, i), why);
	}
	if (threshold_queue_name(ts, i) && !p->set->notifications && !p->bad[OPT_SOURCE])
		option_values_problem_text(p, threshold_text(ts, i),
			"the stream has no names of queues; allowed "
			"is a queue's ID before the colon");
}

static void settle_thresholds(struct option_values *p)
{
	struct options *set = p->set;
	char why[512];

	if (!set->fail_if.n)
		return;
	p->current = OPT_FAIL_IF;
	set->thresholds = thresholds_new();
	if (!set->thresholds) {
		p->problems.failed = true;
		return;
	}
	for (size_t i = 0; i < set->fail_if.n; i++) {
		thresholds_add(set->thresholds, set->fail_if.v[i], why, sizeof(why));
		if (why[0])
			option_values_problem_text(p, set->fail_if.v[i], why);
		else
			check_threshold(p, thresholds_count(set->thresholds) - 1);
	}
}

/* --- a check ------------------------------------------------------------------------ */

void metric_args_check(struct option_values *p, const char *value)
{
	option_values_word(p, value, &check_words);
}

void metric_args_range(struct option_values *p, const char *value)
{
	lines_add(p->current == OPT_CRITICAL ? &p->set->critical : &p->set->warning, "%s", value);
}

static void settle_ranges(struct option_values *p, enum option_id id, const struct lines *ranges)
{
	const char *metric;
	char why[512];

	p->current = id;
	for (size_t i = 0; i < ranges->n; i++) {
		nagios_add(p->set->nagios, id == OPT_CRITICAL, ranges->v[i], &metric, why,
			sizeof(why));
		if (why[0] || (metric && !p->bad[OPT_METRIC] && !p->bad[OPT_SOURCE]
		    && !metric_args_has(p, metric, why, sizeof(why))))
			option_values_problem_text(p, ranges->v[i], why);
	}
}

static void settle_nagios(struct option_values *p)
{
	struct options *set = p->set;

	if (!p->given[OPT_CHECK] || p->bad[OPT_CHECK])
		return;
	set->nagios = nagios_new();
	if (set->nagios) {
		settle_ranges(p, OPT_WARNING, &set->warning);
		settle_ranges(p, OPT_CRITICAL, &set->critical);
	} else {
		p->problems.failed = true;
	}
}

void metric_args_settle(struct option_values *p)
{
	struct options *set = p->set;

	settle_metrics(p);
	set->outlier_given = p->given[OPT_OUTLIER];
	if (set->notifications)
		clear_filters(set);
	/* filters may need metrics that --metric does not ask for */
	for (size_t i = 0; i < set->noutlier; i++)
		set->outlier[i].metric = metric_index(set,
			metric_words.v[set->outlier[i].metric]);
	settle_thresholds(p);
	settle_nagios(p);
}

void metric_args_free(struct options *set)
{
	clear_filters(set);
	lines_free(&set->patterns);
	lines_free(&set->fail_if);
	thresholds_free(set->thresholds);
	lines_free(&set->warning);
	lines_free(&set->critical);
	nagios_free(set->nagios);
}

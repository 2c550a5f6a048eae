#include "cli/metric_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/list_metrics.h"
#include "cli/source_choice.h"
#include "message/metric_types.h"
#include "source/channel_api.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/slice.h"
#include "util/text.h"

/* Returns the index of a metric in set->metric, and adds the metric if it is not there. */
static size_t metric_index(struct options *set, const char *name)
{
	for (size_t i = 0; i < set->nmetric; i++)
		if (strcmp(set->metric[i], name) == 0)
			return i;
	set->metric[set->nmetric] = name;
	return set->nmetric++;
}

void metric_args_metrics(struct command_line *p, const char *value)
{
	char *copy = strdup(value), *rest = copy, *name;

	if (!command_line_given(p, "metric"))
		lines_free(&p->set->patterns);
	while (copy && (name = strsep(&rest, ",")))
		lines_add(&p->set->patterns, "%s", name);
	p->problems.failed = p->problems.failed || !copy;
	free(copy);
}

/* True for a possible metric of the notification service, or the beginning of one and `*`. */
static bool is_pattern(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (strcmp(s, "*") == 0)
		return true;
	return len > 0 && len < FIELD_NAME_MAX && strchr("ont", s[0])
		&& (!s[len] || strcmp(s + len, "*") == 0);
}

/* True for a name such as oWaiting, or o*. No metric of the stream is named so. */
static bool is_of_notifications(const char *name)
{
	return *name && strchr("ont", *name) && ((name[1] >= 'A' && name[1] <= 'Z')
		|| strcmp(name + 1, "*") == 0);
}

bool metric_args_name_notifications(const struct command_line *p)
{
	const struct lines *patterns = &p->set->patterns;

	for (size_t i = 0; i < patterns->n; i++)
		if (is_of_notifications(patterns->v[i]))
			return true;
	return false;
}

/* Warns of metrics that snapshots do not have. That is not an error, because users keep one list
 * of metrics for --now and for windows. */
static void warn_of_now(struct command_line *p)
{
	struct lines *patterns = &p->set->patterns;
	struct buf names = { 0 };

	for (size_t i = 0; i < patterns->n; i++)
		if (is_pattern(patterns->v[i]) && !channel_api_query_has(patterns->v[i]))
			buf_printf(&names, "%s%s", names.len ? "," : "", patterns->v[i]);
	if (names.len && buf_char(&names, '\0'))
		lines_add(&p->set->warnings, "%s %s: no snapshot has it, so --now does not print "
			"it", command_line_flag(p, p->current->name), names.data);
	p->problems.failed = p->problems.failed || names.failed;
	buf_free(&names);
}

/* Checks a name that --metric has. Adds a metric of the stream to set->metric. */
static void settle_metric(struct command_line *p, const char *name)
{
	const bool notifications = p->set->source == SOURCE_NOTIFICATIONS;
	char hint[256];
	int known = command_line_find_word(name, &metric_words, hint, sizeof(hint));

	if (notifications ? is_pattern(name) : known >= 0) {
		if (!notifications)
			metric_index(p->set, metric_words.v[known]);
		return;
	}
	if (notifications ? known >= 0 : is_of_notifications(name))
		source_choice_conflict(p, hint, sizeof(hint));
	else if (notifications)
		snprintf(hint, sizeof(hint), "must be a metric of the notification service, which "
			"begins with o, n or t; it may end in *");
	command_line_problem(p, name, hint);
}

static void settle_metrics(struct command_line *p)
{
	static const char *const notification_metrics[] = {
		"oWaiting", "oInteracting", "oLongestWaiting", "oOnQueueUsers", "nOffered",
		"tWait", "tAbandon", "oServiceLevel"
	};
	struct options *set = p->set;

	p->current = option_table_find("metric");
	if (set->source == SOURCE_UNKNOWN)
		return;
	if (set->source == SOURCE_NOTIFICATIONS && !command_line_given(p, "metric")) {
		set->overview = true;
		lines_free(&set->patterns);
		for (size_t i = 0; i < ARRAY_LEN(notification_metrics); i++)
			lines_add(&set->patterns, "%s", notification_metrics[i]);
	}
	for (size_t i = 0; i < set->patterns.n; i++)
		settle_metric(p, set->patterns.v[i]);
	set->nasked = set->nmetric;
	if (set->source == SOURCE_NOTIFICATIONS && set->now && command_line_given(p, "metric"))
		warn_of_now(p);
}

/* Parses a filter and adds it, with a copy of the text: filter->path points into that. */
static void add_filter(struct command_line *p, const char *value)
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
		command_line_problem(p, value, text_nearest_word(value, none, 1)
			? "did you mean none?"
			: "must be METRIC.FIELD OP NUMBER, where OP is > >= < <= == or !=, "
			"or none");
	} else {
		known = command_line_word(p, metric, &metric_words);
		/* an index in metric_words, until metric_args_settle replaces it */
		filter->metric = known < 0 ? 0 : (size_t)known;
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

void metric_args_outlier(struct command_line *p, const char *value)
{
	if (!command_line_given(p, "outlier"))
		clear_filters(p->set);
	if (strcmp(value, "none") == 0)
		p->outlier_none = true;
	else if (p->set->noutlier < FILTERS_MAX)
		add_filter(p, value);
	else
		command_line_problem(p, value, "there can be at most 16 rules");
}

/* --- thresholds and checks --------------------------------------------------------- */

/* Writes why the metric cannot be one of --metric. False: it can. */
static bool cannot_ask(const struct command_line *p, const char *metric, char *why, size_t size)
{
	const bool of_stream = command_line_find_word(metric, &metric_words, why, size) >= 0;
	const bool of_notifications = metric_types_know(metric);
	const bool stream = p->set->source == SOURCE_STREAM;
	/* else --metric can choose notifications */
	const bool settled = !stream || p->modes & MODE_REPLAY || command_line_given(p, "source");
	const char *near = metric_types_nearest(metric, true);
	char conflict[CONFIG_FROM_SIZE + 128];

	if (!of_stream && !of_notifications) {
		if (!near && !stream && is_pattern(metric))	/* not documented */
			return false;
		snprintf(why, size, "'%.100s' is not a known metric; %s%s%s", metric,
			near ? "did you mean " : "see --list-metrics", near ? near : "",
			near ? "?" : "");
		return true;
	}
	if (!settled || (stream ? of_stream : of_notifications))
		return false;
	snprintf(why, size, "'%.100s' is a metric of %s, which %s", metric,
		stream ? "notifications" : "the stream",
		source_choice_conflict(p, conflict, sizeof(conflict)));
	return true;
}

/* True if --metric does not ask for this metric; then why gets the error text. */
static bool lacks_metric(const struct command_line *p, const char *metric, char *why, size_t size)
{
	const struct options *set = p->set;
	const char *asked[METRIC_MAX];
	char hint[256];
	size_t n = 0;

	if (!metric || command_line_bad(p, "metric") || set->source == SOURCE_UNKNOWN)
		return false;
	for (size_t i = 0; set->source == SOURCE_NOTIFICATIONS && i < set->patterns.n; i++) {
		if (text_matches(set->patterns.v[i], metric, strlen(metric)))
			return false;
		if (n < METRIC_MAX)
			asked[n++] = set->patterns.v[i];
	}
	for (size_t i = 0; set->source == SOURCE_STREAM && i < set->nasked; i++) {
		if (strcmp(set->metric[i], metric) == 0)
			return false;
		asked[n++] = set->metric[i];
	}
	if (cannot_ask(p, metric, why, size))
		return true;
	text_words_hint(hint, sizeof(hint), metric, asked, n);
	snprintf(why, size, "--metric does not ask for '%.100s'; add it to --metric%s or use %s",
		metric, command_line_place(p, "metric"), hint);
	return true;
}

/* Any queue is possible if no IDs are given, or if queues are found by name. */
static bool has_queue(const struct options *set, const char *id)
{
	return lines_has(&set->queues, id) || !set->queues.n || set->queue_names.n;
}

static void check_scope(struct command_line *p, const struct scope *scope,
	const struct row_name *name, const char *expr)
{
	const char *id = scope_queue_id(scope);
	char why[512];

	if (id && !command_line_bad(p, "queue") && !has_queue(p->set, id)) {
		snprintf(why, sizeof(why), "'%s' is not a queue of this run", id);
		command_line_problem(p, expr, why);
	}
	if (scope_needs_names(scope) && p->modes & MODE_STREAM && !(p->modes & MODE_REPLAY))
		command_line_problem(p, expr, "the stream has no queue names, and no --queue-file "
			"has this one; write the queue's ID before the colon");
	if (scope_media(scope) && p->set->source == SOURCE_STREAM) {
		snprintf(why, sizeof(why), "the stream has no rows of media types; leave out "
			"/%.100s", scope_media(scope));
		command_line_problem(p, expr, why);
	}
	if (scope_media(scope) && name->metric
	    && metric_type_of(slice_of(name->metric))->qualifier) {
		snprintf(why, sizeof(why), "%.100s counts agents, who have no media type; leave "
			"out /%.100s", name->metric, scope_media(scope));
		command_line_problem(p, expr, why);
	}
}

/* `for N` of more windows than the run has can never hold. */
static void check_least(struct command_line *p, unsigned least, const char *expr)
{
	const struct options *set = p->set;
	char why[256], limit[192];

	if (!set->count || least <= set->count || command_line_bad(p, "count"))
		return;
	if (set->now)
		snprintf(limit, sizeof(limit), "--now has only 1%s",
			command_line_place(p, "now"));
	else if (command_line_given(p, "count"))
		snprintf(limit, sizeof(limit), "--count gives %u%s", set->count,
			command_line_place(p, "count"));
	else
		snprintf(limit, sizeof(limit), "without --count a run has 1; give --count %u or "
			"more", least);
	snprintf(why, sizeof(why), "`for %u` needs %u windows, but %s", least, least, limit);
	command_line_problem(p, expr, why);
}

/* Adds a problem if the name of a number cannot be one of this run. name NULL: the expression
 * could not be parsed, and why says what is wrong. */
static void check_name(struct command_line *p, const struct row_name *name, const char *expr,
	char *why, size_t size)
{
	const struct options *set = p->set;

	if (why[0] || lacks_metric(p, name->metric, why, size)
	    || (set->source != SOURCE_UNKNOWN && !row_name_is_possible(name,
		set->source == SOURCE_NOTIFICATIONS, set->now, why, size)))
		command_line_problem(p, expr, why);
}

static bool is_magnitude(enum row_statistic stat)
{
	return stat == STAT_LAST || stat == STAT_MIN || stat == STAT_MAX || stat == STAT_MEAN
		|| (stat >= STAT_P50 && stat <= STAT_P99);
}

/* Warns of an alarm on numbers above `limit` if the default filter drops the frames that have them.
 * Without the warning, the alarm would stay silent. */
static void doubt_filtered(struct command_line *p, const struct row_name *name, double limit,
	const char *expr)
{
	struct options *set = p->set;
	const struct filter *f = set->outlier;

	if (set->outlier_given || !set->noutlier || !name->metric || limit < f->number
	    || strcmp(name->metric, set->metric[f->metric]) != 0
	    || !filter_names(f, f->metric, name->rest, name->path_len)
	    || !is_magnitude(name->stat))
		return;
	lines_add(&set->doubts, "%s '%.200s': the default --outlier drops frames with %s, so "
		"this alarm stays silent; give --outlier none",
		command_line_value_flag(p, p->current->name, expr), expr, set->outlier_text.v[0]);
}

static void doubt_delta(struct command_line *p, const struct row_name *name, const char *expr)
{
	if (name->metric && name->stat == STAT_DELTA && p->set->count == 1
	    && !command_line_bad(p, "count"))
		lines_add(&p->set->doubts, "%s '%.200s': the first window that has the total has "
			"no delta, unless its half hour began during the run; give --count 2 or "
			"more",
			command_line_value_flag(p, p->current->name, expr), expr);
}

/* Whether the option can be used in the mode of the run. If not, validate() reports that, and its
 * values are not checked. */
static bool has_place(const struct command_line *p, const char *name)
{
	return !(p->modes & ~option_table_find(name)->modes);
}

static void settle_thresholds(struct command_line *p)
{
	const struct options *set = p->set;
	struct thresholds *thresholds = p->made->thresholds;
	const struct row_name *name;
	char why[512];

	p->current = option_table_find("fail-if");
	for (size_t i = 0; i < set->fail_if.n && has_place(p, "fail-if"); i++) {
		const char *expr = set->fail_if.v[i];
		size_t at = thresholds_count(thresholds);

		thresholds_add(thresholds, expr, why, sizeof(why));
		name = why[0] ? NULL : threshold_name(thresholds, at);
		check_name(p, name, expr, why, sizeof(why));
		if (!name)
			continue;
		check_scope(p, threshold_scope(thresholds, at), name, expr);
		check_least(p, threshold_least(thresholds, at), expr);
		doubt_filtered(p, name, threshold_above(thresholds, at), expr);
		doubt_delta(p, name, expr);
	}
}

static void settle_ranges(struct command_line *p, const char *option, bool critical,
	const struct lines *ranges)
{
	const struct scopes *scopes = p->made->scopes;
	struct nagios_range range;
	char why[512];

	p->current = option_table_find(option);
	for (size_t i = 0; i < ranges->n; i++) {
		size_t before = scopes_count(scopes);
		const struct row_name *name = nagios_add(p->made->ranges, critical, ranges->v[i],
			why, sizeof(why));

		check_name(p, name, ranges->v[i], why, sizeof(why));
		if (!name)
			continue;
		if (scopes_count(scopes) > before)
			check_scope(p, scopes_at(scopes, before), name, ranges->v[i]);
		if (nagios_range_parse(&range, strrchr(ranges->v[i], '=') + 1) && !range.inside)
			doubt_filtered(p, name, range.to, ranges->v[i]);
	}
}

/* Makes what --check or an output compares with the ranges of -W and -C; NULL: neither does. False:
 * out of memory. */
static bool make_ranges(struct command_line *p)
{
	const struct options *set = p->set;
	const bool checks = set->check && !command_line_bad(p, "check");
	const bool marks = output_has(set->format, OUTPUT_RANGES)
		&& set->warning.n + set->critical.n;

	if (checks || marks)
		p->made->ranges = nagios_new(p->made->scopes);
	return p->made->ranges || (!checks && !marks);
}

/* Parses and checks --fail-if, and ranges. */
static void settle_judges(struct command_line *p)
{
	const struct options *set = p->set;
	struct options_made *made = p->made;

	if (!set->fail_if.n && !set->check && !(set->warning.n + set->critical.n))
		return;
	made->scopes = scopes_new(&set->file_names);
	if (made->scopes && set->fail_if.n)
		made->thresholds = thresholds_new(made->scopes);
	if (!made->scopes || (set->fail_if.n && !made->thresholds) || !make_ranges(p)) {
		p->problems.failed = true;
		return;
	}
	settle_thresholds(p);
	if (made->ranges) {
		settle_ranges(p, "warning", false, &set->warning);
		settle_ranges(p, "critical", true, &set->critical);
	}
}

void metric_args_settle(struct command_line *p)
{
	struct options *set = p->set;

	if (p->modes & MODE_METRICS)
		list_metrics_settle(p);
	if (p->modes & MODE_NO_RUN)
		return;
	settle_metrics(p);
	set->outlier_given = command_line_given(p, "outlier");
	if (set->source == SOURCE_NOTIFICATIONS)
		clear_filters(set);
	/* filters may need metrics that --metric does not ask for */
	for (size_t i = 0; i < set->noutlier; i++)
		set->outlier[i].metric = metric_index(set,
			metric_words.v[set->outlier[i].metric]);
	settle_judges(p);
}

void metric_args_free(struct options *set)
{
	clear_filters(set);
}

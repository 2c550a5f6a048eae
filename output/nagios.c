#include "output/nagios.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/compare.h"
#include "util/text.h"
#include "util/utf8.h"
#include "window/row_name.h"

enum limit { WARNING, CRITICAL, LIMITS };

struct checked {		/* a path and its ranges */
	char *path;
	struct row_name name;
	char *text[LIMITS];	/* of the range, as given; NULL: none is */
	struct nagios_range range[LIMITS];
	size_t nvalue;		/* rows of the last window in which it has a value */
};

struct nagios {
	struct checked v[NAGIOS_PATHS_MAX];
	size_t n;
	/* the last window */
	bool judged;
	enum nagios_state state;
	size_t nrow, nvalue;
	bool has_number;	/* some row, also of a media type, has a number of a metric */
	size_t nbad;		/* how many numbers are as bad as the worst one */
	struct buf worst;	/* describes the first of these */
	struct buf values;	/* performance data */
	struct buf text;
	bool has_line;
};

static const char *const state_names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
static const char *const limit_names[] = { "warning", "critical" };

/* --- ranges ------------------------------------------------------------------------- */

static bool parse_end(const char *s, size_t len, double empty, double *out)
{
	char number[64];

	if (!len) {
		*out = empty;
		return true;
	}
	if (len >= sizeof(number))
		return false;
	memcpy(number, s, len);
	number[len] = '\0';
	return compare_number(number, out);
}

bool nagios_range_parse(struct nagios_range *range, const char *text)
{
	const char *colon;
	size_t len;

	range->inside = *text == '@';
	text += range->inside;
	colon = strchr(text, ':');
	len = colon ? (size_t)(colon - text) : 0;
	if (!*text || strcmp(text, ":") == 0)
		return false;
	if (colon && len == 1 && *text == '~')
		range->from = -INFINITY;
	else if (!parse_end(text, len, 0, &range->from))
		return false;
	text = colon ? colon + 1 : text;
	return parse_end(text, strlen(text), INFINITY, &range->to) && range->from <= range->to;
}

bool nagios_range_alerts(const struct nagios_range *range, double value)
{
	return (value >= range->from && value <= range->to) == range->inside;
}

/* --- the ranges of a check ------------------------------------------------------------ */

struct nagios *nagios_new(void)
{
	return calloc(1, sizeof(struct nagios));
}

static void checked_free(struct checked *k)
{
	free(k->path);
	row_name_free(&k->name);
	for (enum limit l = 0; l < LIMITS; l++)
		free(k->text[l]);
}

void nagios_free(struct nagios *check)
{
	if (!check)
		return;
	for (size_t i = 0; i < check->n; i++)
		checked_free(&check->v[i]);
	buf_free(&check->worst);
	buf_free(&check->values);
	buf_free(&check->text);
	free(check);
}

/* Finds the path, or adds it. NULL: why says what is wrong. */
static struct checked *find(struct nagios *check, const char *path, char *why, size_t size)
{
	struct checked *k = &check->v[check->n];
	const char *part = NULL;
	enum row_name_flaw flaw;

	for (size_t i = 0; i < check->n; i++)
		if (strcmp(check->v[i].path, path) == 0)
			return &check->v[i];
	if (check->n == NAGIOS_PATHS_MAX) {
		snprintf(why, size, "allowed are %d paths at most", NAGIOS_PATHS_MAX);
		return NULL;
	}
	*k = (struct checked){ .path = strdup(path), .name = { .field = ROW_FIELDS } };
	flaw = k->path ? row_name_parse(&k->name, path, &part) : ROW_NAME_NO_MEMORY;
	if (flaw == ROW_NAME_GOOD) {
		check->n++;
		return k;
	}
	row_name_explain(flaw, path, part, why, size);
	checked_free(k);
	return NULL;
}

static void add(struct nagios *check, enum limit limit, char *path, const char **metric, char *why,
	size_t size)
{
	char *range = strrchr(path, '=');
	struct nagios_range parsed;
	struct checked *k;

	if (!range) {
		snprintf(why, size, "'%.100s' has no = before a range", path);
		return;
	}
	*range++ = '\0';
	if (!nagios_range_parse(&parsed, range)) {
		snprintf(why, size, "'%.100s' is no range; allowed is [@][FROM:][TO], FROM a "
			"number or ~, TO a number that is not less, or none", range);
		return;
	}
	k = find(check, path, why, size);
	if (!k)
		return;
	*metric = k->name.metric;
	if (k->text[limit]) {
		snprintf(why, size, "'%.100s' has a range already", path);
		return;
	}
	k->range[limit] = parsed;
	k->text[limit] = strdup(range);
	if (!k->text[limit])
		snprintf(why, size, "out of memory");
}

void nagios_add(struct nagios *check, bool critical, const char *text, const char **metric,
	char *why, size_t size)
{
	char *copy = strdup(text);

	why[0] = '\0';
	*metric = NULL;
	if (copy)
		add(check, critical ? CRITICAL : WARNING, copy, metric, why, size);
	else
		snprintf(why, size, "out of memory");
	free(copy);
}

/* --- a window ----------------------------------------------------------------------- */

/* Replaces characters that separate performance data, and those that are unsafe on a terminal. */
static void put_safe(struct buf *out, const char *s, const char *unsafe)
{
	size_t len = strlen(s), n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(s + i, len - i);
		n += !n;
		if (s[i] && strchr(unsafe, s[i]))
			buf_char(out, '_');
		else
			text_put_safe(out, s + i, n);
	}
}

/* The guidelines allow digits, a sign and a point only. */
static void put_number(struct buf *out, double x)
{
	size_t from = out->len;

	json_put_double(out, x);
	if (out->failed || !memchr(out->data + from, 'e', out->len - from))
		return;
	out->len = from;
	buf_printf(out, "%.*f", fabs(x) < 1 ? 15 : 0, x);
}

static const char *name_of(const struct row *row)
{
	return row->queue_name ? row->queue_name : row->queue_id;
}

static void put_value(struct nagios *check, const struct checked *k, const struct row *row,
	double value, bool ms)
{
	struct buf *out = &check->values;

	buf_str(out, " '");
	put_safe(out, name_of(row), "='|");
	buf_char(out, ' ');
	put_safe(out, k->path, "='|");
	buf_str(out, "'=");
	put_number(out, value);
	buf_printf(out, "%s;%s;%s", ms ? "ms" : "", k->text[WARNING] ? k->text[WARNING] : "",
		k->text[CRITICAL] ? k->text[CRITICAL] : "");
}

/* Critical, warning, unknown, in this order: an unknown number hides no bad one. */
static bool is_worse(enum nagios_state a, enum nagios_state b)
{
	static const int rank[] = { [NAGIOS_OK] = 0, [NAGIOS_UNKNOWN] = 1, [NAGIOS_WARNING] = 2,
		[NAGIOS_CRITICAL] = 3 };

	return rank[a] > rank[b];
}

/* Counts a number, and describes it if it is the first one of the worst state. */
static void count(struct nagios *check, enum nagios_state state, const struct checked *k,
	const struct row *row, double value, bool ms)
{
	enum limit limit = state == NAGIOS_CRITICAL ? CRITICAL : WARNING;
	struct buf *out = &check->worst;

	if (is_worse(state, check->state)) {
		check->state = state;
		check->nbad = 0;
	}
	if (state == NAGIOS_OK || state != check->state || check->nbad++)
		return;
	buf_clear(out);
	put_safe(out, k->path, "|");
	buf_str(out, " of ");
	put_safe(out, name_of(row), "|");
	if (state == NAGIOS_UNKNOWN) {
		buf_str(out, " has no value");
		return;
	}
	buf_str(out, " is ");
	put_number(out, value);
	buf_printf(out, "%s, %s range %s", ms ? "ms" : "", limit_names[limit], k->text[limit]);
}

static void judge(struct nagios *check, struct checked *k, const struct row_window *r,
	const struct row *row)
{
	double value = row_name_value(r, row, &k->name);
	bool ms = row_name_is_ms(row, &k->name);
	enum nagios_state state = NAGIOS_OK;

	if (isnan(value))
		return;
	if (k->text[CRITICAL] && nagios_range_alerts(&k->range[CRITICAL], value))
		state = NAGIOS_CRITICAL;
	else if (k->text[WARNING] && nagios_range_alerts(&k->range[WARNING], value))
		state = NAGIOS_WARNING;
	count(check, state, k, row, value, ms);
	k->nvalue++;
	check->nvalue++;
	put_value(check, k, row, value, ms);
}

/* Counts do not matter here: a gauge that is unknown has them too. */
static bool has_number(const struct row *row)
{
	for (size_t i = 0; i < row->nseries; i++)
		for (enum row_statistic s = 0; s < STATS; s++)
			if (s != STAT_COUNT && s != STAT_CARRIED && s != STAT_OBSERVED_MS
			    && s != STAT_EVENTS && !isnan(row->series[i].stat[s]))
				return true;
	return false;
}

/* A number that no queue has is unknown. One that only some queues lack is not: if nobody waits in
 * a queue, its age is null. */
static void count_unknown(struct nagios *check, const struct row_window *r)
{
	for (size_t k = 0; k < check->n; k++)
		for (size_t i = 0; !check->v[k].nvalue && i < r->nrow; i++)
			if (!r->row[i].media)
				count(check, NAGIOS_UNKNOWN, &check->v[k], &r->row[i], NAN, false);
}

bool nagios_take(struct nagios *check, const struct row_window *r)
{
	check->judged = true;
	check->has_number = false;
	check->state = NAGIOS_OK;
	check->nrow = check->nvalue = check->nbad = 0;
	buf_clear(&check->worst);
	buf_clear(&check->values);
	for (size_t k = 0; k < check->n; k++)
		check->v[k].nvalue = 0;
	for (size_t i = 0; i < r->nrow; i++) {
		const struct row *row = &r->row[i];

		check->has_number = check->has_number || has_number(row);
		if (row->media)
			continue;
		check->nrow++;
		for (size_t k = 0; k < check->n; k++)
			judge(check, &check->v[k], r, row);
	}
	count_unknown(check, r);
	return !check->worst.failed && !check->values.failed;
}

/* --- the end ------------------------------------------------------------------------ */

/* Only for a check without ranges: with ranges, count_unknown() sees this. */
static bool lacks_numbers(const struct nagios *check)
{
	return !check->n && !check->has_number;
}

enum nagios_state nagios_state(const struct nagios *check, enum status st)
{
	return st != ST_OK || !check->judged || !check->nrow || lacks_numbers(check)
		? NAGIOS_UNKNOWN : check->state;
}

const char *nagios_text(struct nagios *check, enum status st, const char *why)
{
	struct buf *out = &check->text;

	buf_clear(out);
	if (st != ST_OK)
		put_safe(out, *why ? why : "the run failed", "|");
	else if (!check->judged)
		buf_str(out, "there was no window");
	else if (!check->nrow)
		buf_str(out, "the last window has no queue");
	else if (lacks_numbers(check))
		buf_str(out, "the last window has no number of any queue");
	else if (check->state != NAGIOS_OK)
		buf_add(out, check->worst.data, check->worst.len);
	else if (check->n)
		buf_printf(out, "%zu number%s of %zu queue%s within range", check->nvalue,
			check->nvalue == 1 ? "" : "s", check->nrow, check->nrow == 1 ? "" : "s");
	else
		buf_printf(out, "%zu queue%s, no range given", check->nrow,
			check->nrow == 1 ? "" : "s");
	if (st == ST_OK && check->n && check->state == NAGIOS_OK
	    && check->nvalue < check->n * check->nrow)
		buf_printf(out, ", %zu without a value", check->n * check->nrow - check->nvalue);
	if (st == ST_OK && check->nbad > 1)
		buf_printf(out, " (and %zu more)", check->nbad - 1);
	buf_char(out, '\0');
	return out->failed ? "out of memory" : out->data;
}

bool nagios_put_line(struct nagios *check, enum status st, const char *why, struct buf *out)
{
	buf_printf(out, "GSQSTAT %s - %s", state_names[nagios_state(check, st)],
		nagios_text(check, st, why));
	if (st == ST_OK && check->judged && check->values.len) {
		buf_str(out, " |");
		buf_add(out, check->values.data, check->values.len);
	}
	buf_char(out, '\n');
	check->has_line = !out->failed;
	return !out->failed;
}

bool nagios_has_line(const struct nagios *check)
{
	return check->has_line;
}

#include "output/nagios.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/text.h"
#include "util/utf8.h"
#include "window/compare.h"
#include "window/row_name.h"

enum limit { WARNING, CRITICAL, LIMITS };

struct checked {		/* a path and its ranges */
	char *path;
	struct row_name name;
	char *text[LIMITS];	/* of the range, as given; NULL: none is */
	struct nagios_range range[LIMITS];
	size_t nvalue;		/* rows of the last window that have a number */
};

struct nagios {
	struct checked v[NAGIOS_PATHS_MAX];
	size_t n;
	/* the last window */
	bool judged;
	enum nagios_state state;
	size_t nrow, nvalue;
	bool has_number;	/* a row, also of a media type, has one of a metric */
	size_t nbad;		/* numbers as bad as the worst one */
	struct buf worst;	/* which that is, and why */
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

void nagios_free(struct nagios *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		checked_free(&p->v[i]);
	buf_free(&p->worst);
	buf_free(&p->values);
	buf_free(&p->text);
	free(p);
}

/* That of the path, made where there is none. NULL: why says what is wrong. */
static struct checked *find(struct nagios *p, const char *path, char *why, size_t size)
{
	struct checked *k = &p->v[p->n];
	const char *part = NULL;
	enum row_name_flaw flaw;

	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i].path, path) == 0)
			return &p->v[i];
	if (p->n == NAGIOS_PATHS_MAX) {
		snprintf(why, size, "allowed are %d paths at most", NAGIOS_PATHS_MAX);
		return NULL;
	}
	*k = (struct checked){ .path = strdup(path), .name = { .field = ROW_FIELDS } };
	flaw = k->path ? row_name_parse(&k->name, path, &part) : ROW_NAME_NO_MEMORY;
	if (flaw == ROW_NAME_GOOD) {
		p->n++;
		return k;
	}
	row_name_explain(flaw, path, part, why, size);
	checked_free(k);
	return NULL;
}

static void add(struct nagios *p, enum limit limit, char *path, const char **metric, char *why,
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
	k = find(p, path, why, size);
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

void nagios_add(struct nagios *p, bool critical, const char *text, const char **metric,
	char *why, size_t size)
{
	char *copy = strdup(text);

	why[0] = '\0';
	*metric = NULL;
	if (copy)
		add(p, critical ? CRITICAL : WARNING, copy, metric, why, size);
	else
		snprintf(why, size, "out of memory");
	free(copy);
}

/* --- a window ----------------------------------------------------------------------- */

/* What a line and its performance data are told apart by, and what would break a terminal. */
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

/* Plugins have digits, a sign and a point alone. */
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

static void put_value(struct nagios *p, const struct checked *k, const struct row *row,
	double value, bool ms)
{
	struct buf *out = &p->values;

	buf_str(out, " '");
	put_safe(out, name_of(row), "='|");
	buf_char(out, ' ');
	put_safe(out, k->path, "='|");
	buf_str(out, "'=");
	put_number(out, value);
	buf_printf(out, "%s;%s;%s", ms ? "ms" : "", k->text[WARNING] ? k->text[WARNING] : "",
		k->text[CRITICAL] ? k->text[CRITICAL] : "");
}

/* Critical, warning, unknown: an unknown number hides no bad one. */
static bool is_worse(enum nagios_state a, enum nagios_state b)
{
	static const int rank[] = { [NAGIOS_OK] = 0, [NAGIOS_UNKNOWN] = 1, [NAGIOS_WARNING] = 2,
		[NAGIOS_CRITICAL] = 3 };

	return rank[a] > rank[b];
}

/* Tells of the first one of those that are as bad as the worst. */
static void count(struct nagios *p, enum nagios_state state, const struct checked *k,
	const struct row *row, double value, bool ms)
{
	enum limit limit = state == NAGIOS_CRITICAL ? CRITICAL : WARNING;
	struct buf *out = &p->worst;

	if (is_worse(state, p->state)) {
		p->state = state;
		p->nbad = 0;
	}
	if (state == NAGIOS_OK || state != p->state || p->nbad++)
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

static void judge(struct nagios *p, struct checked *k, const struct row_window *r,
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
	count(p, state, k, row, value, ms);
	k->nvalue++;
	p->nvalue++;
	put_value(p, k, row, value, ms);
}

/* Counts alone say nothing about a queue: a gauge that is unknown has them too. */
static bool has_number(const struct row *row)
{
	for (size_t i = 0; i < row->nseries; i++)
		for (enum row_statistic s = 0; s < STATS; s++)
			if (s != STAT_COUNT && s != STAT_CARRIED && s != STAT_OBSERVED_MS
			    && s != STAT_EVENTS && !isnan(row->series[i].stat[s]))
				return true;
	return false;
}

/* A number that no queue has is unknown. One that some queues lack is not: the age of a queue in
 * which nobody waits is null. */
static void count_unknown(struct nagios *p, const struct row_window *r)
{
	for (size_t k = 0; k < p->n; k++)
		for (size_t i = 0; !p->v[k].nvalue && i < r->nrow; i++)
			if (!r->row[i].media)
				count(p, NAGIOS_UNKNOWN, &p->v[k], &r->row[i], NAN, false);
}

bool nagios_take(struct nagios *p, const struct row_window *r)
{
	p->judged = true;
	p->has_number = false;
	p->state = NAGIOS_OK;
	p->nrow = p->nvalue = p->nbad = 0;
	buf_clear(&p->worst);
	buf_clear(&p->values);
	for (size_t k = 0; k < p->n; k++)
		p->v[k].nvalue = 0;
	for (size_t i = 0; i < r->nrow; i++) {
		const struct row *row = &r->row[i];

		p->has_number = p->has_number || has_number(row);
		if (row->media)
			continue;
		p->nrow++;
		for (size_t k = 0; k < p->n; k++)
			judge(p, &p->v[k], r, row);
	}
	count_unknown(p, r);
	return !p->worst.failed && !p->values.failed;
}

/* --- the end ------------------------------------------------------------------------ */

/* With ranges, a number that no queue has is unknown anyway. */
static bool lacks_numbers(const struct nagios *p)
{
	return !p->n && !p->has_number;
}

enum nagios_state nagios_state(const struct nagios *p, enum status st)
{
	return st != ST_OK || !p->judged || !p->nrow || lacks_numbers(p) ? NAGIOS_UNKNOWN
		: p->state;
}

const char *nagios_text(struct nagios *p, enum status st, const char *why)
{
	struct buf *out = &p->text;

	buf_clear(out);
	if (st != ST_OK)
		put_safe(out, *why ? why : "the run failed", "|");
	else if (!p->judged)
		buf_str(out, "there was no window");
	else if (!p->nrow)
		buf_str(out, "the last window has no queue");
	else if (lacks_numbers(p))
		buf_str(out, "the last window has no number of any queue");
	else if (p->state != NAGIOS_OK)
		buf_add(out, p->worst.data, p->worst.len);
	else if (p->n)
		buf_printf(out, "%zu number%s of %zu queue%s within range", p->nvalue,
			p->nvalue == 1 ? "" : "s", p->nrow, p->nrow == 1 ? "" : "s");
	else
		buf_printf(out, "%zu queue%s, no range given", p->nrow, p->nrow == 1 ? "" : "s");
	if (st == ST_OK && p->n && p->state == NAGIOS_OK && p->nvalue < p->n * p->nrow)
		buf_printf(out, ", %zu without a value", p->n * p->nrow - p->nvalue);
	if (st == ST_OK && p->nbad > 1)
		buf_printf(out, " (and %zu more)", p->nbad - 1);
	buf_char(out, '\0');
	return out->failed ? "out of memory" : out->data;
}

bool nagios_put_line(struct nagios *p, enum status st, const char *why, struct buf *out)
{
	buf_printf(out, "GSQSTAT %s - %s", state_names[nagios_state(p, st)],
		nagios_text(p, st, why));
	if (st == ST_OK && p->judged && p->values.len) {
		buf_str(out, " |");
		buf_add(out, p->values.data, p->values.len);
	}
	buf_char(out, '\n');
	p->has_line = !out->failed;
	return !out->failed;
}

bool nagios_has_line(const struct nagios *p)
{
	return p->has_line;
}

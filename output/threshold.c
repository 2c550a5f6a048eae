#include "output/threshold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/compare.h"
#include "util/lines.h"
#include "window/row_name.h"

#define FOR_MAX 1000000		/* as many windows as a run may have */

struct streak {
	unsigned n;			/* windows in a row in which it held */
	int64_t window;			/* the last of them */
};

struct streaks {			/* by the queue's number */
	struct streak *v;
	size_t n;
};

struct threshold {
	char *text;			/* as given */
	const struct scope *scope;
	struct row_name name;
	enum compare op;
	double number;
	unsigned least;			/* windows in a row */
	struct streaks *streaks;	/* of queues' own rows, then by media type */
	size_t nstreaks;
	bool met;
};

struct thresholds {
	struct threshold v[THRESHOLDS_MAX];
	size_t n;
	struct scopes *scopes;
	struct lines media;		/* the media types of all rows so far */
};

struct thresholds *thresholds_new(struct scopes *scopes)
{
	struct thresholds *ts = calloc(1, sizeof(*ts));

	if (ts)
		ts->scopes = scopes;
	return ts;
}

static void threshold_free(struct threshold *t)
{
	free(t->text);
	for (size_t i = 0; i < t->nstreaks; i++)
		free(t->streaks[i].v);
	free(t->streaks);
	row_name_free(&t->name);
}

void thresholds_free(struct thresholds *ts)
{
	if (!ts)
		return;
	for (size_t i = 0; i < ts->n; i++)
		threshold_free(&ts->v[i]);
	lines_free(&ts->media);
	free(ts);
}

/* --- from text ---------------------------------------------------------------------- */

static void no_memory(char *why, size_t size)
{
	snprintf(why, size, "out of memory");
}

/* Reads `NUMBER` or `NUMBER for N`. */
static bool take_number(struct threshold *t, char *text, char *why, size_t size)
{
	char *blank = strpbrk(text, " \t"), *rest = blank;
	unsigned long n = 1;

	if (blank) {
		*blank = '\0';
		rest = blank + 1 + strspn(blank + 1, " \t");
	}
	if (!compare_number(text, &t->number)) {
		snprintf(why, size, "'%.100s' is not a number", text);
		return false;
	}
	if (rest) {
		size_t digits;

		if (strncmp(rest, "for", 3) != 0 || !strchr(" \t", rest[3]) || !rest[3]) {
			snprintf(why, size, "'%.100s' cannot follow the number; only `for N` can, "
				"for N windows in a row", rest);
			return false;
		}
		rest += 3 + strspn(rest + 3, " \t");
		digits = strspn(rest, "0123456789");
		n = digits && digits < 8 && !rest[digits] ? strtoul(rest, NULL, 10) : 0;
		if (n < 1 || n > FOR_MAX) {
			snprintf(why, size, "'%.100s' is not a number of windows: must be 1 to "
				"1000000", rest);
			return false;
		}
	}
	t->least = (unsigned)n;
	return true;
}

/* text is a copy of expr that this function cuts into pieces. */
static bool parse(struct thresholds *ts, struct threshold *t, const char *expr, char *text,
	char *why, size_t size)
{
	char *left, *right;
	const char *part = NULL;
	enum row_name_flaw flaw;

	text += strspn(text, " \t");
	t->scope = scopes_take(ts->scopes, "--fail-if", expr, &text, why, size);
	if (!t->scope)
		return false;
	if (!compare_split(text, &left, &t->op, &right)) {
		snprintf(why, size, "'%.100s' has no operator: use > >= < <= == or !=", text);
		return false;
	}
	flaw = row_name_parse(&t->name, left, &part);
	row_name_explain(flaw, left, part, why, size);
	return flaw == ROW_NAME_GOOD && take_number(t, right, why, size);
}

void thresholds_add(struct thresholds *ts, const char *expr, char *why, size_t size)
{
	struct threshold *t = &ts->v[ts->n];
	char *copy;

	why[0] = '\0';
	if (ts->n == THRESHOLDS_MAX) {
		snprintf(why, size, "there can be at most %d thresholds", THRESHOLDS_MAX);
		return;
	}
	copy = strdup(expr);
	*t = (struct threshold){ .text = strdup(expr), .name = { .field = ROW_FIELDS } };
	if (!t->text || !copy)
		no_memory(why, size);
	else if (parse(ts, t, expr, copy, why, size))
		ts->n++;
	if (why[0])
		threshold_free(t);
	free(copy);
}

size_t thresholds_count(const struct thresholds *ts)
{
	return ts->n;
}

const char *threshold_text(const struct thresholds *ts, size_t i)
{
	return ts->v[i].text;
}

const struct row_name *threshold_name(const struct thresholds *ts, size_t i)
{
	return &ts->v[i].name;
}

double threshold_above(const struct thresholds *ts, size_t i)
{
	const struct threshold *t = &ts->v[i];

	return t->op == COMPARE_GT || t->op == COMPARE_GE ? t->number : -INFINITY;
}

unsigned threshold_least(const struct thresholds *ts, size_t i)
{
	return ts->v[i].least;
}

const struct scope *threshold_scope(const struct thresholds *ts, size_t i)
{
	return ts->v[i].scope;
}

bool threshold_was_met(const struct thresholds *ts, size_t i)
{
	return ts->v[i].met;
}

/* --- comparing with a window ---------------------------------------------------------- */

/* The index of the media type among those seen, plus 1; 0: the queue's own row. */
static size_t media_number(struct thresholds *ts, const char *media)
{
	size_t i = 0;

	if (!media)
		return 0;
	while (i < ts->media.n && strcmp(ts->media.v[i], media) != 0)
		i++;
	if (i == ts->media.n)
		lines_add(&ts->media, "%s", media);
	return i + 1;
}

/* Makes *v, of *n zeroed members, longer than `at`. False: out of memory. */
static bool grow(void **v, size_t *n, size_t at, size_t size)
{
	size_t more = at + 16;
	void *grown = at < *n ? *v : reallocarray(*v, more, size);

	if (!grown)
		return false;
	if (at >= *n) {
		memset((char *)grown + *n * size, 0, (more - *n) * size);
		*v = grown;
		*n = more;
	}
	return true;
}

/* The streak of a row; NULL: out of memory. */
static struct streak *streak_of(struct threshold *t, size_t media, size_t queue)
{
	struct streaks *s;

	if (!grow((void **)&t->streaks, &t->nstreaks, media, sizeof(*t->streaks)))
		return NULL;
	s = &t->streaks[media];
	return grow((void **)&s->v, &s->n, queue, sizeof(*s->v)) ? &s->v[queue] : NULL;
}

static bool judge_row(struct thresholds *ts, struct threshold *t, const struct row_window *r,
	const struct row *row, threshold_held *held, void *arg)
{
	double value = row_name_value(r, row, &t->name);
	struct streak *streak = streak_of(t, media_number(ts, row->media), row->queue);

	if (!streak)
		return false;
	t->met = t->met || !isnan(value);
	if (streak->window != r->index - 1)	/* a window between had no such row */
		streak->n = 0;
	if (isnan(value) || !compare_holds(t->op, value, t->number)) {
		streak->n = 0;
		return true;
	}
	streak->window = r->index;
	if (streak->n < t->least)
		streak->n++;
	if (streak->n == t->least)
		held(arg, &(struct threshold_hit){ t->text, &t->name, row, r->index, value });
	return true;
}

bool thresholds_judge(struct thresholds *ts, const struct row_window *r, threshold_held *held,
	void *arg)
{
	for (size_t i = 0; i < ts->n; i++)
		for (size_t k = 0; k < r->nrow; k++)
			if (scopes_cover(ts->scopes, ts->v[i].scope, r, k, &ts->v[i].name)
			    && !judge_row(ts, &ts->v[i], r, &r->row[k], held, arg))
				return false;
	return !scopes_failed(ts->scopes) && !ts->media.failed;
}

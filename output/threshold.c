#include "output/threshold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/compare.h"
#include "util/lookalike.h"
#include "util/text.h"
#include "util/utf8.h"
#include "window/row_name.h"

#define FOR_MAX 1000000		/* as many windows as a run may have */

enum scope { SCOPE_ALL, SCOPE_ID, SCOPE_NAME };

struct threshold {
	char *text;			/* as given */
	enum scope scope;
	char *queue;			/* an ID, or a name in lower case */
	struct row_name name;
	enum compare op;
	double number;
	unsigned least;			/* windows in a row */
	unsigned *streak;		/* windows in a row so far, by the queue's number */
	size_t nstreak;
	bool met;
};

struct thresholds {
	struct threshold v[THRESHOLDS_MAX];
	size_t n;
	locale_t utf8;
	struct buf folded;		/* a row's queue name */
};

struct thresholds *thresholds_new(void)
{
	struct thresholds *ts = calloc(1, sizeof(*ts));

	if (ts)
		ts->utf8 = utf8_locale_new();
	return ts;
}

static void threshold_free(struct threshold *t)
{
	free(t->text);
	free(t->queue);
	free(t->streak);
	row_name_free(&t->name);
}

void thresholds_free(struct thresholds *ts)
{
	if (!ts)
		return;
	for (size_t i = 0; i < ts->n; i++)
		threshold_free(&ts->v[i]);
	buf_free(&ts->folded);
	utf8_locale_free(ts->utf8);
	free(ts);
}

/* --- from text ---------------------------------------------------------------------- */

static void no_memory(char *why, size_t size)
{
	snprintf(why, size, "out of memory");
}

/* Parses a scope, if there is one: `"any name":`, or what is before a colon. Moves *text past
 * it. */
static bool take_scope(struct thresholds *ts, struct threshold *t, char **text, char *why,
	size_t size)
{
	bool quoted = **text == '"';
	char *end = quoted ? strstr(*text + 1, "\":") : strchr(*text, ':'), *name;
	char id[UUID_LEN + 1];
	size_t len;

	if (!end) {
		if (quoted)
			snprintf(why, size, "'%.100s' has no `\":` at the end of a queue's name",
				*text);
		return !quoted;
	}
	name = *text + quoted;
	*end = '\0';
	*text = end + 1 + quoted;
	len = strlen(name);
	if (!len || (!quoted && strpbrk(name, " .<>=!"))) {
		snprintf(why, size, "'%.100s' is no scope; allowed is a queue's ID, its name, or "
			"its name in double quotes where that has blanks, dots or operators", name);
		return false;
	}
	t->scope = SCOPE_NAME;
	if (!quoted && text_parse_uuid(name, len, id)) {
		t->scope = SCOPE_ID;
		t->queue = strdup(id);
	} else {
		buf_clear(&ts->folded);
		text_put_folded(&ts->folded, name, ts->utf8);
		t->queue = ts->folded.failed ? NULL : strdup(ts->folded.data);
	}
	if (!t->queue)
		no_memory(why, size);
	return t->queue != NULL;
}

/* `NUMBER`, or `NUMBER for N`. */
static bool take_number(struct threshold *t, char *text, char *why, size_t size)
{
	char *blank = strpbrk(text, " \t"), *rest = blank;
	unsigned long n = 1;

	if (blank) {
		*blank = '\0';
		rest = blank + 1 + strspn(blank + 1, " \t");
	}
	if (!compare_number(text, &t->number)) {
		snprintf(why, size, "'%.100s' is no number", text);
		return false;
	}
	if (rest) {
		size_t digits;

		if (strncmp(rest, "for", 3) != 0 || !strchr(" \t", rest[3]) || !rest[3]) {
			snprintf(why, size, "'%.100s' follows the number; allowed is `for N`, a "
				"number of windows in a row", rest);
			return false;
		}
		rest += 3 + strspn(rest + 3, " \t");
		digits = strspn(rest, "0123456789");
		n = digits && digits < 8 && !rest[digits] ? strtoul(rest, NULL, 10) : 0;
		if (n < 1 || n > FOR_MAX) {
			snprintf(why, size, "'%.100s' is no number of windows; allowed is 1 to "
				"1000000", rest);
			return false;
		}
	}
	t->least = (unsigned)n;
	return true;
}

static bool parse(struct thresholds *ts, struct threshold *t, char *text, char *why,
	size_t size)
{
	char *left, *right;
	const char *part = NULL;
	enum row_name_flaw flaw;

	text += strspn(text, " \t");
	if (!take_scope(ts, t, &text, why, size))
		return false;
	if (!compare_split(text, &left, &t->op, &right)) {
		snprintf(why, size, "'%.100s' has none of > >= < <= == !=", text);
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
		snprintf(why, size, "allowed are %d at most", THRESHOLDS_MAX);
		return;
	}
	copy = strdup(expr);
	*t = (struct threshold){ .text = strdup(expr), .name = { .field = ROW_FIELDS } };
	if (!t->text || !copy)
		no_memory(why, size);
	else if (parse(ts, t, copy, why, size))
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

const char *threshold_metric(const struct thresholds *ts, size_t i)
{
	return ts->v[i].name.metric;
}

const char *threshold_queue_id(const struct thresholds *ts, size_t i)
{
	return ts->v[i].scope == SCOPE_ID ? ts->v[i].queue : NULL;
}

const char *threshold_queue_name(const struct thresholds *ts, size_t i)
{
	return ts->v[i].scope == SCOPE_NAME ? ts->v[i].queue : NULL;
}

bool thresholds_name_queues(const struct thresholds *ts)
{
	for (size_t i = 0; ts && i < ts->n; i++)
		if (ts->v[i].scope == SCOPE_NAME)
			return true;
	return false;
}

bool threshold_was_met(const struct thresholds *ts, size_t i)
{
	return ts->v[i].met;
}

/* --- comparing with a window ---------------------------------------------------------- */

static bool is_in_scope(struct thresholds *ts, const struct threshold *t, const char *id,
	const char *name)
{
	switch (t->scope) {
	case SCOPE_ALL:
		return true;
	case SCOPE_ID:
		return strcmp(id, t->queue) == 0;
	case SCOPE_NAME:
		break;
	}
	if (!name)
		return false;
	buf_clear(&ts->folded);
	text_put_folded(&ts->folded, name, ts->utf8);
	return !ts->folded.failed && strcmp(ts->folded.data, t->queue) == 0;
}

static void explain_unknown(struct thresholds *ts, const struct threshold *t, const char *const *id,
	const char *const *name, size_t n, struct buf *why)
{
	bool by_name = t->scope == SCOPE_NAME;

	buf_printf(why, "--fail-if '%.200s': no queue of this run has the %s '%.200s'", t->text,
		by_name ? "name" : "ID", t->queue);
	for (size_t i = 0; by_name && i < n; i++) {
		if (!name[i])
			continue;
		buf_clear(&ts->folded);
		text_put_folded(&ts->folded, name[i], ts->utf8);
		if (ts->folded.failed || !lookalike(t->queue, ts->folded.data))
			continue;
		json_put_quoted(why, "; ", name[i]);
		buf_printf(why, " (%s) looks the same but has ", id[i]);
		lookalike_put(why, t->queue, ts->folded.data);
		break;
	}
	buf_char(why, '\0');
}

bool thresholds_find(struct thresholds *ts, const char *const *id, const char *const *name,
	size_t n, struct buf *why)
{
	for (size_t i = 0; ts && i < ts->n; i++) {
		const struct threshold *t = &ts->v[i];
		bool found = false;

		for (size_t k = 0; k < n && !found; k++)
			found = is_in_scope(ts, t, id[k], name[k]);
		if (!found) {
			explain_unknown(ts, t, id, name, n, why);
			return false;
		}
	}
	return true;
}

/* The queue's windows in a row so far; NULL: out of memory. */
static unsigned *streak_of(struct threshold *t, size_t queue)
{
	if (queue >= t->nstreak) {
		size_t n = queue + 64;
		unsigned *streak = reallocarray(t->streak, n, sizeof(*streak));

		if (!streak)
			return NULL;
		memset(streak + t->nstreak, 0, (n - t->nstreak) * sizeof(*streak));
		t->streak = streak;
		t->nstreak = n;
	}
	return &t->streak[queue];
}

static bool judge_row(struct threshold *t, const struct row_window *r,
	const struct row *row, threshold_held *held, void *arg)
{
	double value = row_name_value(r, row, &t->name);
	unsigned *streak = streak_of(t, row->queue);

	if (!streak)
		return false;
	t->met = t->met || !isnan(value);
	if (isnan(value) || !compare_holds(t->op, value, t->number)) {
		*streak = 0;
		return true;
	}
	if (*streak < t->least)
		++*streak;
	if (*streak == t->least)
		held(arg, &(struct threshold_hit){ t->text, row, r->index, value });
	return true;
}

bool thresholds_judge(struct thresholds *ts, const struct row_window *r, threshold_held *held,
	void *arg)
{
	for (size_t i = 0; i < ts->n; i++)
		for (size_t k = 0; k < r->nrow; k++) {
			const struct row *row = &r->row[k];

			if (!row->media && is_in_scope(ts, &ts->v[i], row->queue_id,
				row->queue_name)
			    && !judge_row(&ts->v[i], r, row, held, arg))
				return false;
		}
	return !ts->folded.failed;
}

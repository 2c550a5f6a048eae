#include "source/queue_match.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lookalike.h"
#include "util/text.h"
#include "util/utf8.h"

#define NEAREST 3		/* names that are suggested */
#define NEAREST_PROBLEMS_MAX 10	/* problems after these have no suggestions */

/* Whether the pattern matches the name. Both are in lower case. After a mismatch it is enough to
 * try again from the last star. */
static bool fits(const char *pattern, const char *name)
{
	const char *star = NULL, *back = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			back = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++back;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* What a pattern asks for: a whole name, its beginning (`Sales*`), or a part of it (`*EMEA*`). */
enum part { PART_ALL, PART_BEGINNING, PART_ANY };

static enum part part_of(const char *pattern)
{
	if (*pattern == '*')
		return PART_ANY;
	return strchr(pattern, '*') == pattern + strlen(pattern) - 1 ? PART_BEGINNING : PART_ALL;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How much the first bytes of s differ from what was asked for. */
static size_t begin_distance(const char *asked, size_t na, const char *s, size_t bound)
{
	size_t len = utf8_cut(s, strlen(s), TEXT_EDITS_MAX), d = SIZE_MAX;

	for (size_t n = na - 1; na && n <= na + 1 && n <= len; n++)
		d = least(d, text_edits(asked, na, s, utf8_cut(s, len, n), bound));
	return d;
}

/* How much a name, or the part of it that is asked for, differs from what was asked for; SIZE_MAX:
 * too much. Parts begin with a word. A name that contains the text asked for counts as near. */
static size_t distance(const char *asked, enum part part, const char *name)
{
	size_t na = utf8_cut(asked, strlen(asked), TEXT_EDITS_MAX), d;
	const char *word = name;

	if (na >= 3 && strstr(name, asked))
		return 1;
	d = text_edits(asked, na, name, utf8_cut(name, strlen(name), TEXT_EDITS_MAX),
		text_edits_near(na));
	if (part != PART_ALL)
		d = least(d, begin_distance(asked, na, name, 2));
	while (part == PART_ANY && na >= 3 && (word = strpbrk(word, " -_/")))
		d = least(d, begin_distance(asked, na, ++word, na < 6 ? 1 : 2));
	return d < na ? d : SIZE_MAX;
}

/* Finds the most similar names, of equally similar ones those that sort first. Returns how many. */
static size_t find_nearest(const struct queue_list *list, const char *asked, enum part part,
	const struct queue_list_entry *found[NEAREST])
{
	size_t far[NEAREST], n = 0;

	for (size_t i = 0; i < list->n; i++) {
		size_t d = distance(asked, part, list->v[i].folded), at;

		if (d == SIZE_MAX || (n == NEAREST && d >= far[n - 1]))
			continue;
		n += n < NEAREST;
		for (at = n - 1; at > 0 && far[at - 1] > d; at--) {
			far[at] = far[at - 1];
			found[at] = found[at - 1];
		}
		far[at] = d;
		found[at] = &list->v[i];
	}
	return n;
}

/* Adds the queues whose names look the same as the one asked for, and which characters differ.
 * Returns false if there are none. */
static bool put_lookalikes(const struct queue_list *list, const char *asked, struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n && n < NEAREST; i++) {
		const struct queue_list_entry *e = &list->v[i];

		if (!lookalike(asked, e->folded))
			continue;
		json_put_quoted(text, "; ", e->name);
		buf_printf(text, " (%s) looks the same but has ", e->id);
		lookalike_put(text, asked, e->folded);
		n++;
	}
	return n > 0;
}

static void put_nearest(const struct queue_list *list, const char *asked, enum part part,
	struct buf *text)
{
	const struct queue_list_entry *found[NEAREST];
	size_t n = find_nearest(list, asked, part, found);

	for (size_t i = 0; i < n; i++)
		json_put_quoted(text, i ? ", " : "; similar names: ", found[i]->name);
}

static void add_problem(struct lines *problems, struct buf *text)
{
	buf_char(text, '\0');
	lines_add(problems, "%s", text->failed ? why_no_memory : text->data);
	buf_free(text);
}

static void report_none(const struct queue_list *list, const char *pattern, char *folded,
	struct lines *problems)
{
	const bool one = !strchr(pattern, '*');
	struct buf text = { 0 };
	char *to = folded;

	buf_str(&text, one ? "no queue has the name" : "no queue's name matches");
	json_put_quoted(&text, " ", pattern);
	for (const char *from = folded; *from; from++)
		if (*from != '*')
			*to++ = *from;
	*to = '\0';
	if (problems->n < NEAREST_PROBLEMS_MAX && !(one && put_lookalikes(list, folded, &text)))
		put_nearest(list, folded, part_of(pattern), &text);
	add_problem(problems, &text);
}

static void report_many(const struct queue_list_entry *const *found, size_t n, const char *pattern,
	struct lines *problems)
{
	struct buf text = { 0 };

	buf_printf(&text, "%zu queues have the name", n);
	json_put_quoted(&text, " ", pattern);
	for (size_t i = 0; i < n && i < NEAREST; i++) {
		buf_printf(&text, "%s%s", i ? ", " : "; choose one by its ID: ", found[i]->id);
		if (*found[i]->division_name)
			json_put_quoted(&text, " in division ", found[i]->division_name);
	}
	buf_str(&text, n > NEAREST ? ", …" : "");
	add_problem(problems, &text);
}

/* Adds the queues that match one pattern and that no earlier pattern has added. */
static void match_pattern(const struct queue_list *list, const char *pattern, char *folded,
	bool *taken, struct queue_match_hits *hits, struct lines *problems)
{
	const struct queue_list_entry *few[NEAREST];
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (!fits(folded, list->v[i].folded))
			continue;
		if (n < NEAREST)
			few[n] = &list->v[i];
		n++;
		if (!taken[i])
			hits->v[hits->n++] = &list->v[i];
		taken[i] = true;
	}
	if (n == 0)
		report_none(list, pattern, folded, problems);
	else if (n > 1 && !strchr(pattern, '*'))
		report_many(few, n, pattern, problems);
}

bool queue_match(const struct queue_list *list, const char *const *pattern, size_t npattern,
	struct queue_match_hits *hits, struct lines *problems)
{
	bool *taken = calloc(list->n + 1, sizeof(*taken));
	locale_t utf8 = utf8_locale_new();
	struct buf folded = { 0 };
	bool ok;

	hits->n = 0;
	hits->v = calloc(list->n + 1, sizeof(*hits->v));
	ok = taken && hits->v;
	for (size_t i = 0; ok && i < npattern; i++) {
		buf_clear(&folded);
		text_put_folded(&folded, pattern[i], utf8);
		ok = !folded.failed;
		if (ok)
			match_pattern(list, pattern[i], folded.data, taken, hits, problems);
	}
	buf_free(&folded);
	utf8_locale_free(utf8);
	free(taken);
	return ok && !problems->failed;
}

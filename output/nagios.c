#include "output/nagios.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"
#include "util/utf8.h"
#include "window/row_name.h"

#define LABEL_UNSAFE "='|"	/* they separate performance data */
#define VALUES_SHOWN 3		/* in the text of a check that is OK */

enum limit { WARNING, CRITICAL, LIMITS };

struct checked {		/* a path, and its ranges for one scope */
	char *path;
	struct row_name name;
	const struct scope *scope;
	bool given[LIMITS];
	struct nagios_range range[LIMITS];
	size_t nvalue;		/* rows of the last window in which it has a value */
	bool met;		/* a row has had a value */
};

/* A number of a row, and the ranges that apply to it. */
struct number {
	const struct checked *of[LIMITS];	/* the entry with the range; NULL: no range */
	const struct row *row;
	const char *path;
	double value;
	bool ms;
};

struct nagios {
	struct checked v[NAGIOS_PATHS_MAX];
	size_t n;
	struct scopes *scopes;
	/* the last window */
	bool judged;
	enum nagios_state state;
	size_t nrow, nvalue, nmissing;	/* queues; numbers; queues' own numbers that are null */
	bool has_number;	/* some row has a number of a metric, even if of a media type */
	size_t nbad;		/* how many numbers have the worst state */
	struct buf worst;	/* describes the first of these */
	struct buf first;	/* the first values */
	struct buf values;	/* performance data */
	struct buf text;
	bool has_line;
	nagios_out_of_range *out_of_range;	/* NULL: none */
	void *arg;
};

static const char *const state_names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
static const char *const limit_names[] = { "warning", "critical" };

/* --- the ranges of a check ------------------------------------------------------------ */

struct nagios *nagios_new(struct scopes *scopes)
{
	struct nagios *check = calloc(1, sizeof(*check));

	if (check)
		check->scopes = scopes;
	return check;
}

static void checked_free(struct checked *k)
{
	free(k->path);
	row_name_free(&k->name);
}

void nagios_free(struct nagios *check)
{
	if (!check)
		return;
	for (size_t i = 0; i < check->n; i++)
		checked_free(&check->v[i]);
	buf_free(&check->worst);
	buf_free(&check->first);
	buf_free(&check->values);
	buf_free(&check->text);
	free(check);
}

/* The entry with that number and scope; NULL: there is none. */
static struct checked *find(struct nagios *check, const struct scope *scope,
	const struct row_name *name)
{
	for (size_t i = 0; i < check->n; i++)
		if (scope_same(check->v[i].scope, scope)
		    && row_name_same(&check->v[i].name, name))
			return &check->v[i];
	return NULL;
}

/* Finds the path of that scope, or adds it. NULL: why says what is wrong. */
static struct checked *make(struct nagios *check, const struct scope *scope, const char *path,
	char *why, size_t size)
{
	struct checked k = { .path = strdup(path), .scope = scope }, *found;
	const char *part = NULL;
	enum row_name_flaw flaw = k.path ? row_name_parse(&k.name, path, &part)
		: ROW_NAME_NO_MEMORY;

	if (flaw != ROW_NAME_GOOD) {
		row_name_explain(flaw, path, part, why, size);
		checked_free(&k);
		return NULL;
	}
	found = find(check, scope, &k.name);
	if (!found && check->n < NAGIOS_PATHS_MAX) {
		check->v[check->n] = k;
		return &check->v[check->n++];
	}
	if (!found)
		snprintf(why, size, "there can be at most %d paths", NAGIOS_PATHS_MAX);
	checked_free(&k);
	return found;
}

static const struct row_name *add(struct nagios *check, enum limit limit, const char *expr,
	char *path, char *why, size_t size)
{
	char *range = strrchr(path, '=');
	const struct scope *scope;
	struct nagios_range parsed;
	struct checked *k;

	if (!range) {
		snprintf(why, size, "'%.100s' has no range: write PATH=RANGE, for example "
			"oWaiting.last=:10", path);
		return NULL;
	}
	*range++ = '\0';
	if (!nagios_range_parse(&parsed, range)) {
		snprintf(why, size, "'%.100s' is not a range: write MAX, MIN:, MIN:MAX or "
			"@MIN:MAX, for example 10 or 5:10; MIN is not above MAX", range);
		return NULL;
	}
	scope = scopes_take(check->scopes, limit == CRITICAL ? "--critical" : "--warning", expr,
		&path, why, size);
	path += strspn(path, " \t");
	k = scope ? make(check, scope, path, why, size) : NULL;
	if (!k)
		return NULL;
	if (k->given[limit]) {
		snprintf(why, size, "an earlier %s has a range for '%.100s'; give only one",
			limit == CRITICAL ? "--critical" : "--warning", path);
		return NULL;
	}
	k->given[limit] = true;
	k->range[limit] = parsed;
	return &k->name;
}

const struct row_name *nagios_add(struct nagios *check, bool critical, const char *expr, char *why,
	size_t size)
{
	const struct row_name *name = NULL;
	char *copy = strdup(expr);

	why[0] = '\0';
	if (copy)
		name = add(check, critical ? CRITICAL : WARNING, expr, copy, why, size);
	else
		snprintf(why, size, "out of memory");
	free(copy);
	return name;
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

static bool is_plain(char c)
{
	return c > ' ' && c < 0x7f && c != '_' && !strchr(LABEL_UNSAFE, c);
}

/* `QUEUE` or `QUEUE/MEDIA`, with which the label of a number begins. */
static void put_head(struct buf *out, const struct row *row, const char *unsafe)
{
	put_safe(out, row_title(row), unsafe);
	if (row->media) {
		buf_char(out, '/');
		put_safe(out, row->media, unsafe);
	}
}

/* True if the labels of two rows would begin with the same text. */
static bool looks_same(struct buf *scratch, const struct row *a, const struct row *b)
{
	const char *x = row_title(a), *y = row_title(b);
	size_t from = scratch->len, middle;
	bool same;

	for (; *x && *x == *y; x++)
		y++;
	if (is_plain(*x) && is_plain(*y))	/* nothing to build and compare */
		return false;
	put_head(scratch, a, LABEL_UNSAFE);
	middle = scratch->len;
	put_head(scratch, b, LABEL_UNSAFE);
	same = !scratch->failed && scratch->len - middle == middle - from
		&& memcmp(scratch->data + from, scratch->data + middle, middle - from) == 0;
	scratch->len = from;
	return same;
}

/* True if the name ends with an ID in parentheses, which put_label() adds to ambiguous names. */
static bool ends_in_id(const char *name)
{
	size_t len = strlen(name);
	char id[UUID_LEN + 1];

	return len > UUID_LEN && name[len - 1] == ')'
		&& text_parse_uuid(name + len - 1 - UUID_LEN, UUID_LEN, id);
}

/* True if the row's label needs the queue's ID, because another queue's label could be the same. */
static bool is_ambiguous(struct nagios *check, const struct row_window *w, const struct row *row)
{
	for (size_t i = 0; i < w->nrow; i++)
		if (w->row[i].queue != row->queue && looks_same(&check->text, row, &w->row[i]))
			return true;
	return ends_in_id(row_title(row));
}

/* `QUEUE PATH` or `QUEUE/MEDIA PATH`, the label of a number. */
static void put_label(struct buf *out, const struct number *x, bool ambiguous)
{
	put_safe(out, row_title(x->row), LABEL_UNSAFE);
	if (ambiguous)
		buf_printf(out, " (%s)", row_id(x->row));
	if (x->row->media) {
		buf_char(out, '/');
		put_safe(out, x->row->media, LABEL_UNSAFE);
	}
	buf_char(out, ' ');
	put_safe(out, x->path, LABEL_UNSAFE);
}

static void put_value(struct buf *out, const struct number *x)
{
	nagios_number_put(out, x->value);
	buf_str(out, x->ms ? "ms" : "");
}

/* Adds the number to the performance data, and the first ones to the text. */
static void put_performance(struct nagios *check, const struct row_window *w,
	const struct number *x)
{
	struct buf *out = &check->values;
	bool ambiguous = is_ambiguous(check, w, x->row);

	buf_str(out, " '");
	put_label(out, x, ambiguous);
	buf_str(out, "'=");
	put_value(out, x);
	for (enum limit l = 0; l < LIMITS; l++) {
		buf_char(out, ';');
		if (x->of[l])
			nagios_range_put(out, &x->of[l]->range[l]);
	}
	if (check->nvalue >= VALUES_SHOWN)
		return;
	buf_str(&check->first, check->nvalue ? ", " : "");
	put_label(&check->first, x, ambiguous);
	buf_char(&check->first, ' ');
	put_value(&check->first, x);
}

/* The worst state is critical, then warning, then unknown, so that an unknown number does not hide
 * a bad one. */
static bool is_worse(enum nagios_state a, enum nagios_state b)
{
	static const int rank[] = { [NAGIOS_OK] = 0, [NAGIOS_UNKNOWN] = 1, [NAGIOS_WARNING] = 2,
		[NAGIOS_CRITICAL] = 3 };

	return rank[a] > rank[b];
}

/* Counts a number, and describes it if it is the first one of the worst state. */
static void count(struct nagios *check, enum nagios_state state, const struct number *x)
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
	put_safe(out, x->path, "|");
	if (x->row) {
		buf_str(out, " of ");
		put_head(out, x->row, "|");
	}
	if (state == NAGIOS_UNKNOWN) {
		buf_str(out, " has no value");
		return;
	}
	buf_str(out, " is ");
	put_value(out, x);
	buf_printf(out, ", %s range ", limit_names[limit]);
	nagios_range_put(out, &x->of[limit]->range[limit]);
}

/* If several scopes of a path cover the row, the range of the narrowest one applies. */
static void choose(struct number *x, const struct checked *k)
{
	for (enum limit l = 0; l < LIMITS; l++)
		if (k->given[l]
		    && (!x->of[l] || scope_rank(k->scope) > scope_rank(x->of[l]->scope)))
			x->of[l] = k;
}

/* True if entry k is the first one of its path. */
static bool is_first(const struct nagios *check, size_t k)
{
	for (size_t j = 0; j < k; j++)
		if (row_name_same(&check->v[j].name, &check->v[k].name))
			return false;
	return true;
}

/* Gathers the ranges that count in row i for the path of entry k. False: none does. */
static bool gather(struct nagios *check, size_t k, const struct row_window *w, size_t i,
	struct number *x)
{
	const struct row_name *name = &check->v[k].name;
	bool covered = false;

	*x = (struct number){ .row = &w->row[i], .path = check->v[k].path };
	for (size_t j = k; j < check->n; j++)
		if (row_name_same(&check->v[j].name, name)
		    && scopes_cover(check->scopes, check->v[j].scope, w, i, name)) {
			covered = true;
			choose(x, &check->v[j]);
		}
	x->value = row_name_value(w, x->row, name);
	x->ms = row_name_is_ms(x->row, name);
	return covered;
}

/* Each scope of the path that covers the row has a value now. */
static void note_value(struct nagios *check, size_t first, const struct row_window *w, size_t i)
{
	for (size_t j = first; j < check->n; j++) {
		struct checked *k = &check->v[j];

		if (row_name_same(&k->name, &check->v[first].name)
		    && scopes_cover(check->scopes, k->scope, w, i, &k->name)) {
			k->nvalue++;
			k->met = true;
		}
	}
}

static void tell(struct nagios *check, enum nagios_state state, const struct number *x)
{
	const struct checked *of = x->of[state == NAGIOS_CRITICAL ? CRITICAL : WARNING];

	check->out_of_range(check->arg, &(struct nagios_hit){ state, x->row, x->path, &of->name,
		&of->range[state == NAGIOS_CRITICAL ? CRITICAL : WARNING], x->value });
}

static void judge(struct nagios *check, const struct row_window *w, const struct number *x)
{
	enum nagios_state state = NAGIOS_OK;

	for (enum limit l = 0; l < LIMITS; l++)
		if (x->of[l] && nagios_range_alerts(&x->of[l]->range[l], x->value))
			state = l == CRITICAL ? NAGIOS_CRITICAL : NAGIOS_WARNING;
	count(check, state, x);
	if (state != NAGIOS_OK && check->out_of_range)
		tell(check, state, x);
	put_performance(check, w, x);
	check->nvalue++;
}

/* Judges all paths in the rows of a queue, from `from` to `end`. */
static void take_queue(struct nagios *check, const struct row_window *w, size_t from, size_t end)
{
	uint64_t covered = 0, valued = 0;	/* a bit for each entry */
	struct number x;

	_Static_assert(NAGIOS_PATHS_MAX <= 64, "there are too few bits");
	for (size_t i = from; i < end; i++)
		for (size_t k = 0; k < check->n; k++) {
			const uint64_t bit = UINT64_C(1) << k;

			if (!is_first(check, k) || !gather(check, k, w, i, &x))
				continue;
			covered |= bit;
			if (isnan(x.value))
				continue;
			valued |= bit;
			note_value(check, k, w, i);
			judge(check, w, &x);
		}
	check->nmissing += (size_t)__builtin_popcountll(covered & ~valued);
}

/* True if the row has a number of a metric. Counts are ignored: even an unknown gauge has them. */
static bool has_number(const struct row *row)
{
	for (size_t i = 0; i < row->nseries; i++)
		for (enum row_statistic s = 0; s < STATS; s++)
			if (s != STAT_COUNT && s != STAT_CARRIED && s != STAT_OBSERVED_MS
			    && s != STAT_EVENTS && !isnan(row->series[i].stat[s]))
				return true;
	return false;
}

/* The scope of an entry for the path of entry k that has found no value. row NULL: of any queue,
 * else one that has the row's queue. NULL: there is none. */
static const struct scope *valueless(struct nagios *check, size_t k, const struct row *row)
{
	for (size_t j = k; j < check->n; j++)
		if (!check->v[j].nvalue && row_name_same(&check->v[j].name, &check->v[k].name)
		    && (!row || scopes_have_queue(check->scopes, check->v[j].scope, row)))
			return check->v[j].scope;
	return NULL;
}

/* A number that no row of a scope has is unknown, in each of its queues. One that only some queues
 * lack is not: if nobody waits in a queue, its age is null. */
static void count_unknown(struct nagios *check, size_t k, const struct row_window *w)
{
	struct number x = { .path = check->v[k].path };
	bool counted = false;

	for (size_t i = 0; i < w->nrow; i++) {
		const struct scope *s = w->row[i].media ? NULL : valueless(check, k, &w->row[i]);
		struct row row = w->row[i];

		if (!s)
			continue;
		row.media = scope_media(s);
		x.row = &row;
		count(check, NAGIOS_UNKNOWN, &x);
		counted = true;
	}
	x.row = NULL;
	if (!counted && valueless(check, k, NULL))
		count(check, NAGIOS_UNKNOWN, &x);
}

void nagios_on_hit(struct nagios *check, nagios_out_of_range *out_of_range, void *arg)
{
	check->out_of_range = out_of_range;
	check->arg = arg;
}

bool nagios_take(struct nagios *check, const struct row_window *w)
{
	check->judged = true;
	check->has_number = false;
	check->state = NAGIOS_OK;
	check->nrow = check->nvalue = check->nmissing = check->nbad = 0;
	buf_clear(&check->worst);
	buf_clear(&check->first);
	buf_clear(&check->values);
	buf_clear(&check->text);
	for (size_t k = 0; k < check->n; k++)
		check->v[k].nvalue = 0;
	for (size_t i = 0; i < w->nrow; i++) {
		check->has_number = check->has_number || has_number(&w->row[i]);
		check->nrow += !w->row[i].media;
	}
	for (size_t from = 0, end; from < w->nrow; from = end) {
		for (end = from + 1; end < w->nrow && w->row[end].queue == w->row[from].queue; )
			end++;
		take_queue(check, w, from, end);
	}
	for (size_t k = 0; k < check->n; k++)
		if (is_first(check, k))
			count_unknown(check, k, w);
	return !check->worst.failed && !check->first.failed && !check->values.failed
		&& !check->text.failed && !scopes_failed(check->scopes);
}

const struct scope *nagios_unmet(const struct nagios *check, size_t *at)
{
	while (*at < check->n) {
		const struct checked *k = &check->v[(*at)++];

		if (!k->met)
			return k->scope;
	}
	return NULL;
}

/* --- the end ------------------------------------------------------------------------ */

/* For a check without ranges; with ranges, count_unknown() finds missing numbers. */
static bool lacks_numbers(const struct nagios *check)
{
	return !check->n && !check->has_number;
}

enum nagios_state nagios_state(const struct nagios *check, enum status st)
{
	return st != ST_OK || !check->judged || !check->nrow || lacks_numbers(check)
		? NAGIOS_UNKNOWN : check->state;
}

/* All numbers are within range. */
static void put_good(const struct nagios *check, struct buf *out)
{
	buf_printf(out, "%zu number%s of %zu queue%s within range: %.*s", check->nvalue,
		check->nvalue == 1 ? "" : "s", check->nrow, check->nrow == 1 ? "" : "s",
		(int)check->first.len, check->first.data);
	if (check->nvalue > VALUES_SHOWN)
		buf_printf(out, " (and %zu more)", check->nvalue - VALUES_SHOWN);
	if (check->nmissing)
		buf_printf(out, ", %zu without a value", check->nmissing);
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
		buf_str(out, "no queue has a number in the last window");
	else if (check->state != NAGIOS_OK)
		buf_add(out, check->worst.data, check->worst.len);
	else if (check->n)
		put_good(check, out);
	else
		buf_printf(out, "%zu queue%s, no range given", check->nrow,
			check->nrow == 1 ? "" : "s");
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

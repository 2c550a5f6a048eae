/*
 * A page for a screen on a wall (-f html): the last whole window, with a box for each queue while
 * they are few, else a line. The page needs no other file and asks no server for anything, and its
 * policy forbids the browser to. Names come from outside: all of them go through html_put_text().
 */
#include "output/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/html_style.h"
#include "output/html_text.h"
#include "output/table_columns.h"
#include "output/trend.h"
#include "util/base.h"
#include "util/term_text.h"
#include "util/time.h"

#define TREND 60		/* windows */
#define BOXES_MAX 20		/* queues that are shown as boxes */
#define LINES_MAX 60		/* queues that are shown on a screen without scrolling */
#define FIGURES_MAX 7		/* numbers of a queue */
#define ALARMS_NAMED 12		/* queues that the head of the page names */
#define LATE_MS 5000		/* that a page may be late before it is called old */
#define DASH "\xE2\x80\x93"

struct figure {			/* a number of each queue */
	const struct table_column *column;
	const char *label;
	enum row_statistic stat;
	const char *place;	/* a class of the style sheet */
};

struct page {
	struct output_conf conf;
	struct table_columns columns;
	struct trends trends;
	struct figure figure[FIGURES_MAX];	/* the first one has the trend */
	size_t nfigure;
	struct buf style;	/* of this page; like the other, with a NUL at the end */
	struct buf sheet;	/* of all pages */
};

static void free_state(void *state)
{
	struct page *p = state;

	if (!p)
		return;
	table_columns_free(&p->columns);
	trends_free(&p->trends);
	buf_free(&p->style);
	buf_free(&p->sheet);
	free(p);
}

static void *new(const struct output_conf *conf)
{
	struct page *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->conf = *conf;
	p->trends.length = TREND;
	html_style_put(&p->sheet);
	buf_char(&p->sheet, '\0');
	if (!p->sheet.failed && (!conf->overview
	    || table_columns_overview(&p->columns, conf->now)))
		return p;
	free_state(p);
	return NULL;
}

/* --- what is shown of a queue --------------------------------------------------------------- */

/* Names for people, of series of the stream. Others have the name of rows. */
static const char *label_of(const struct table_column *column)
{
	static const char *const labels[][3] = {
		{ "state", "waiting", "waiting" }, { "state", "active", "active" },
		{ "queueState", "waiting", "queue waiting" },
		{ "queueState", "active", "queue active" },
		{ "conversationCount", "total", "conversations" },
		{ "waitTime", "avg", "mean wait" }, { "waitTime", "avail", "available" }
	};

	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (strcmp(column->metric, labels[i][0]) == 0
		    && strcmp(column->path, labels[i][1]) == 0)
			return labels[i][2];
	return column->label;
}

/* The newest of a value, and the sum of the half hour. */
static enum row_statistic stat_of(const struct table_column *column)
{
	return column->kind == ROW_SAMPLE ? STAT_LAST
		: column->number[column->kind == ROW_TOTAL].stat;
}

static bool is_time(const struct table_column *column)
{
	return column->number[0].form == NUMBER_MS;
}

/* Moves the first number with that word in its label, if it is a time or not, to a place before it,
 * and shows it larger. False: there is none. */
static bool promote(struct page *p, const char *word, bool time, size_t to, const char *place)
{
	size_t i = to;
	struct figure found;

	while (i < p->nfigure && (!strcasestr(p->figure[i].label, word)
	       || is_time(p->figure[i].column) != time))
		i++;
	if (i >= p->nfigure)
		return false;
	found = p->figure[i];
	found.place = place;
	memmove(&p->figure[to + 1], &p->figure[to], (i - to) * sizeof(found));
	p->figure[to] = found;
	return true;
}

/* Chooses the numbers: who waits is shown largest, then for how long. */
static void choose(struct page *p)
{
	p->nfigure = 0;
	for (size_t i = 0; i < p->columns.n && p->nfigure < FIGURES_MAX; i++)
		p->figure[p->nfigure++] = (struct figure){ &p->columns.v[i],
			label_of(&p->columns.v[i]), stat_of(&p->columns.v[i]), "minor" };
	if (!promote(p, "waiting", false, 0, "hero") && p->nfigure)
		p->figure[0].place = "hero";
	promote(p, "wait", true, 1, "second");
}

static double value_of(const struct figure *f, const struct row_window *w, const struct row *row,
	enum row_statistic stat)
{
	return table_column_value(f->column, w, row, stat);
}

static void put_value(struct buf *out, const struct figure *f, double x)
{
	char text[TERM_TEXT_NUMBER_MAX];

	if (f->column->is_ratio || strcmp(f->column->path, "ratio") == 0)
		html_put_share(out, x);
	else if (f->column->kind == ROW_AGE)
		html_put_clock(out, x);
	else
		html_put_text(out, text, strlen(term_text_number(text, is_time(f->column)
			? NUMBER_MS : NUMBER_VALUE, x, TABLE_NUMBER)));
}

/* Whether max is shown as another number than x. */
static bool is_more(const struct figure *f, double max, double x)
{
	return f->column->kind == ROW_AGE ? floor(max / 1000) > floor(x / 1000) : max > x;
}

/* True if no number of the queue is known. An age is not, if nobody waits. */
static bool is_unknown(const struct page *p, const struct row_window *w, const struct row *row)
{
	for (size_t i = 0; i < p->nfigure; i++)
		if (!isnan(value_of(&p->figure[i], w, row, p->figure[i].stat)))
			return false;
	return true;
}

/* --- a queue -------------------------------------------------------------------------------- */

static enum alarm_level level_of(const struct page *p, const struct row *row,
	const struct table_column *column)
{
	struct row_series series;

	if (!column)
		return alarms_level(p->conf.alarms, row->queue, NULL);
	series = (struct row_series){ .metric = column->metric, .path = column->path,
		.kind = column->kind };
	return alarms_level(p->conf.alarms, row->queue, &series);
}

static bool is_partial(const struct page *p, const struct row_window *w, const struct row *row)
{
	return row->coverage < 1 || is_unknown(p, w, row);
}

static void put_figure(struct buf *out, const struct page *p, const struct figure *f,
	const struct row_window *w, const struct row *row)
{
	const double x = value_of(f, w, row, f->stat);
	const double max = strcmp(f->place, "minor") == 0 ? NAN : value_of(f, w, row, STAT_MAX);
	const bool idle = isnan(x) && f->column->kind == ROW_AGE
		&& !is_unknown(p, w, row);

	buf_printf(out, "<div class=\"figure %s%s%s%s\"><dt>", f->place,
		isnan(x) ? " unknown" : "", level_of(p, row, f->column) ? " bad" : "",
		fabs(x) >= 100 && !is_time(f->column) ? " long" : "");
	html_put_text(out, f->label, strlen(f->label));
	buf_str(out, "</dt><dd>");
	if (isnan(x)) {
		buf_printf(out, "<span aria-hidden=\"true\">" DASH "</span>"
			"<span class=\"hidden\">%s</span>", idle ? "nobody" : "not known");
	} else {
		buf_str(out, "<b>");
		put_value(out, f, x);
		buf_str(out, "</b>");
	}
	if (is_more(f, max, x)) {
		buf_str(out, "<small> max ");
		put_value(out, f, max);
		buf_str(out, "</small>");
	}
	buf_str(out, "</dd></div>\n");
}

static void put_figures(struct buf *out, const struct page *p, const struct row_window *w,
	const struct row *row)
{
	buf_str(out, "<dl class=\"main\">\n");
	for (size_t i = 0; i < p->nfigure; i++) {
		if (i && strcmp(p->figure[i].place, "minor") == 0
		    && strcmp(p->figure[i - 1].place, "minor") != 0)
			buf_str(out, "</dl>\n<dl class=\"rest\">\n");
		put_figure(out, p, &p->figure[i], w, row);
	}
	buf_str(out, "</dl>\n");
}

static void put_chart(struct buf *out, const struct figure *f, const struct trend *trend)
{
	double low, high;

	trend_range(trend->v, TREND, &low, &high);
	buf_str(out, "<div class=\"chart\"><svg role=\"img\" aria-label=\"");
	html_put_text(out, f->label, strlen(f->label));
	buf_printf(out, " in the last %d windows: at most ", TREND);
	put_value(out, f, high);
	buf_printf(out, "\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">", TREND - 1,
		HTML_CHART_HEIGHT);
	html_put_line(out, trend->v, TREND);
	buf_str(out, "</svg></div>\n");
}

static const struct {
	const char *class, *sign, *word;
} states[] = {
	[ALARM_NONE] = { "partial", "\xE2\x97\x8C", "Incomplete" },
	[ALARM_WARNING] = { "warning", "\xE2\x97\x86", "Warning" },
	[ALARM_CRITICAL] = { "critical", "\xE2\x96\xB2", "Critical" }
};

/* What people know the queue by; a name of blanks would not be seen. */
static void put_queue_title(struct buf *out, const struct row *row)
{
	const char *title = row_title(row);

	buf_str(out, "<bdi>");
	html_put_name(out, title[strspn(title, " ")] ? title : row_id(row));
	buf_str(out, "</bdi>");
}

/* The name, and in words what the colour says. */
static void put_head(struct buf *out, const struct row *row, enum alarm_level level, bool marked)
{
	buf_str(out, "<div class=\"head\"><h2 title=\"");
	html_put_text(out, row_id(row), strlen(row_id(row)));
	buf_str(out, "\">");
	put_queue_title(out, row);
	buf_str(out, "</h2>");
	if (marked)
		buf_printf(out, "<p class=\"state\"><i aria-hidden=\"true\">%s</i> "
			"<span class=\"word\">%s</span></p>", states[level].sign,
			states[level].word);
	buf_str(out, "</div>\n");
}

/* The first alarm, and how many more there are. */
static void put_why(struct buf *out, const struct alarms *alarms, const struct row *row)
{
	size_t n = 0;

	for (size_t i = 0; i < alarms->n; i++) {
		const char *text = alarm_text(alarms, i);

		if (alarms->v[i].queue != row->queue || n++)
			continue;
		buf_str(out, "<p class=\"why\">");
		html_put_name(out, text);
	}
	if (n > 1)
		buf_printf(out, ", and %zu more", n - 1);
	buf_str(out, n ? "</p>\n" : "");
}

static void put_note(struct buf *out, const struct row *row)
{
	buf_str(out, "<p class=\"note\">");
	if (row->coverage < 1) {
		buf_str(out, "connected ");
		html_put_share(out, row->coverage);
		buf_str(out, "<span class=\"hidden\"> of the window</span>");
	} else {
		buf_str(out, "no numbers yet");
	}
	buf_str(out, "</p>\n");
}

/* n: its number on the page */
static void put_queue(struct buf *out, const struct page *p, const struct row_window *w,
	const struct row *row, const struct trend *trend, size_t n)
{
	const enum alarm_level level = level_of(p, row, NULL);
	const bool partial = is_partial(p, w, row);

	buf_printf(out, "<li class=\"queue%s%s%s\" id=\"q%zu\"><article>\n",
		level || partial ? " " : "", level || partial ? states[level].class : "",
		partial ? " gap" : "", n);
	put_head(out, row, level, level || partial);
	put_figures(out, p, w, row);
	if (p->nfigure && p->conf.trend)
		put_chart(out, &p->figure[0], trend);
	put_why(out, p->conf.alarms, row);
	if (partial)
		put_note(out, row);
	buf_str(out, "</article></li>\n");
}

/* --- the head of the page --------------------------------------------------------------------- */

struct counts {			/* of queues */
	size_t all, level[ALARM_CRITICAL + 1], partial;
};

static struct counts count(const struct page *p, const struct row_window *w)
{
	struct counts c = { .all = 0 };

	for (size_t i = 0; i < w->nrow; i++) {
		if (w->row[i].media)
			continue;
		c.all++;
		c.level[level_of(p, &w->row[i], NULL)]++;
		c.partial += is_partial(p, w, &w->row[i]);
	}
	return c;
}

struct clock {
	char time[TIME_TEXT_MAX], zone[TIME_ZONE_MAX];	/* 2026-11-24T02:00:00.000Z, local */
};

static struct clock clock_of(const struct page *p, const struct row_window *w)
{
	struct clock c = { .zone = "UTC" };
	const int64_t offset_ms = p->conf.utc ? 0 : time_local_offset_ms(w->end_ms, c.zone);

	time_format_ms(c.time, w->end_ms + offset_ms);
	return c;
}

/* Columns for as many boxes on a wide screen, so that few places stay empty; or for lines. */
static size_t columns_for(size_t queues)
{
	static const unsigned char columns[BOXES_MAX + 1] = { 1, 1, 2, 3, 2, 3, 3, 4, 4, 3, 4, 4,
		4, 5, 5, 5, 4, 6, 6, 5, 5 };

	return queues <= BOXES_MAX ? columns[queues] : 2;
}

static void put_meta(struct buf *out, const char *name, const char *content)
{
	buf_printf(out, "<meta %s content=\"%s\">\n", name, content);
}

static void put_policy(struct buf *out, const struct page *p)
{
	buf_str(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"img-src data:; base-uri 'none'; form-action 'none'; style-src ");
	html_put_hash(out, p->sheet.data);
	buf_char(out, ' ');
	html_put_hash(out, p->style.data);
	buf_str(out, "; script-src ");
	html_put_hash(out, html_script);
	buf_str(out, "\">\n");
}

/* The empty icon keeps browsers from asking the server for one. */
static void put_meta_data(struct buf *out, const struct page *p, const struct counts *c,
	const struct clock *clock)
{
	const size_t alarms = c->level[ALARM_WARNING] + c->level[ALARM_CRITICAL];
	char seconds[32];

	snprintf(seconds, sizeof(seconds), "%lld", (long long)(p->conf.window_ms + 999) / 1000);
	buf_str(out, "<meta charset=\"utf-8\">\n");
	put_policy(out, p);
	put_meta(out, "http-equiv=\"refresh\"", seconds);
	put_meta(out, "name=\"viewport\"", "width=device-width, initial-scale=1");
	buf_str(out, "<link rel=\"icon\" href=\"data:,\">\n<title>");
	if (alarms)
		buf_printf(out, "%zu alarm%s", alarms, alarms == 1 ? "" : "s");
	else
		buf_str(out, "No alarms");
	buf_printf(out, ", %zu queue%s, %.5s</title>\n<style>%s</style>\n<style>%s</style>\n",
		c->all, c->all == 1 ? "" : "s", clock->time + 11, p->sheet.data, p->style.data);
}

static void put_pill(struct buf *out, enum alarm_level level, size_t n)
{
	if (n)
		buf_printf(out, "<p class=\"pill %s\"><i aria-hidden=\"true\">%s</i> %zu %s</p>\n",
			states[level].class, states[level].sign, n,
			level == ALARM_CRITICAL ? "critical"
			: level == ALARM_WARNING ? "warning" : "incomplete");
}

/* Links to the queues with alarms, the worst first. */
static void put_links(struct buf *out, const struct page *p, const struct row_window *w)
{
	size_t named = 0;

	buf_str(out, "<nav aria-label=\"Queues with alarms\"><ul>\n");
	for (enum alarm_level level = ALARM_CRITICAL; level; level--)
		for (size_t i = 0, n = 0; i < w->nrow && named < ALARMS_NAMED; i++) {
			const struct row *row = &w->row[i];

			n += !row->media;
			if (row->media || level_of(p, row, NULL) != level)
				continue;
			buf_printf(out, "<li><a href=\"#q%zu\">", n - 1);
			put_queue_title(out, row);
			buf_str(out, "</a></li>\n");
			named++;
		}
	buf_str(out, "</ul></nav>\n");
}

static void put_header(struct buf *out, const struct page *p, const struct row_window *w,
	const struct counts *c, const struct clock *clock)
{
	char end[TIME_TEXT_MAX];

	time_format_ms(end, w->end_ms);
	buf_printf(out, "<header>\n<h1>Queues</h1>\n<p class=\"count\">%zu</p>\n", c->all);
	put_pill(out, ALARM_CRITICAL, c->level[ALARM_CRITICAL]);
	put_pill(out, ALARM_WARNING, c->level[ALARM_WARNING]);
	put_pill(out, ALARM_NONE, c->partial);
	if (c->level[ALARM_NONE] < c->all)
		put_links(out, p, w);
	buf_printf(out, "<p class=\"clock\"><span>%.10s</span> <time datetime=\"%s\">%.8s</time> "
		"<span>%s</span></p>\n</header>\n", clock->time, end, clock->time + 11,
		clock->zone);
	buf_str(out, "<p id=\"old\" role=\"alert\" hidden>These numbers are old: no new window "
		"has come for more than two windows.</p>\n");
}

/* --- the page --------------------------------------------------------------------------------- */

/* The label, which may be broken where that of a table is. */
static void put_title(struct buf *out, const struct figure *f)
{
	const char *first = f->column->narrow[0];
	const size_t len = first ? strlen(first) : 0;

	if (len && first[len - 1] == '-')
		buf_printf(out, "%.*s&shy;%s", (int)len - 1, first, f->column->narrow[1]);
	else
		html_put_text(out, f->label, strlen(f->label));
}

/* Titles above the columns of lines, for the eye: each queue has its own labels. */
static void put_titles(struct buf *out, const struct page *p, size_t columns)
{
	buf_str(out, "<div class=\"heads\" aria-hidden=\"true\">\n");
	for (size_t c = 0; c < columns; c++) {
		buf_str(out, "<div><span class=\"queue-head\">queue</span>");
		for (size_t i = 0; i < p->nfigure; i++) {
			buf_str(out, "<span>");
			put_title(out, &p->figure[i]);
			buf_str(out, "</span>");
		}
		buf_printf(out, "<span class=\"chart-head\">%s</span></div>\n",
			p->conf.trend ? "trend" : "");
	}
	buf_str(out, "</div>\n");
}

static bool put_board(struct buf *out, struct page *p, const struct row_window *w,
	const struct counts *c)
{
	const struct figure *hero = p->nfigure ? &p->figure[0] : NULL;
	size_t n = 0;

	buf_printf(out, "<main class=\"%s\">\n", c->all > BOXES_MAX ? "rows"
		: c->all == 1 ? "cards one" : "cards");
	put_titles(out, p, columns_for(c->all));
	buf_str(out, "<ul class=\"board\">\n");
	for (size_t i = 0; i < w->nrow; i++) {
		const struct row *row = &w->row[i];
		const struct trend *trend = row->media ? NULL : trends_add(&p->trends, row,
			hero ? value_of(hero, w, row, hero->column->trend) : NAN);

		if (row->media)
			continue;
		if (!trend)
			return false;
		put_queue(out, p, w, row, trend, n++);
	}
	buf_str(out, "</ul>\n</main>\n");
	return true;
}

static void put_footer(struct buf *out, const struct page *p)
{
	char window[DURATION_TEXT_MAX];
	bool totals = false;

	time_format_duration(window, p->conf.window_ms);
	for (size_t i = 0; i < p->nfigure; i++)
		totals = totals || p->figure[i].column->kind == ROW_TOTAL;
	buf_str(out, "<footer><p>");
	if (p->conf.now)
		buf_str(out, "Numbers of this moment.");
	else
		buf_printf(out, "Numbers of a window of %s.", window);
	if (totals)
		buf_str(out, " Totals count from the beginning of the half hour.");
	if (p->nfigure && p->conf.trend) {
		buf_str(out, " Trend: ");
		html_put_text(out, p->figure[0].label, strlen(p->figure[0].label));
		buf_printf(out, ", last %d windows.", TREND);
	}
	buf_str(out, "</p></footer>\n");
}

static bool learn(struct page *p, const struct row_window *w)
{
	size_t from = SIZE_MAX;
	const struct table_column *before = p->nfigure ? p->figure[0].column : NULL;

	for (size_t i = 0; i < w->nrow; i++)
		if (!table_columns_learn(&p->columns, &w->row[i], &from))
			return false;
	choose(p);
	if (before && (from != SIZE_MAX || p->figure[0].column != before))
		trends_clear(&p->trends);	/* it may be of another number now */
	return true;
}

static bool put(void *state, const struct row_window *w, struct buf *out)
{
	struct page *p = state;
	struct counts c;
	struct clock clock;

	if (!learn(p, w))
		return false;
	p->trends.windows++;
	c = count(p, w);
	clock = clock_of(p, w);
	buf_clear(&p->style);
	buf_printf(&p->style, ":root{--c:%zu;--r:%zu;--h:%s;--f:%zu}", columns_for(c.all),
		(c.all + columns_for(c.all) - 1) / columns_for(c.all),
		c.all <= LINES_MAX ? "1rem" : "1.6rem", p->nfigure);
	buf_char(&p->style, '\0');
	if (p->style.failed)
		return false;
	buf_printf(out, "<!DOCTYPE html>\n<html lang=\"en\" data-end=\"%lld\" data-old=\"%lld\">\n"
		"<head>\n", (long long)w->end_ms,
		(long long)(2 * p->conf.window_ms + p->conf.delay_ms + LATE_MS));
	put_meta_data(out, p, &c, &clock);
	buf_str(out, "</head>\n<body>\n");
	put_header(out, p, w, &c, &clock);
	if (!put_board(out, p, w, &c))
		return false;
	put_footer(out, p);
	buf_printf(out, "<script>%s</script>\n</body>\n</html>\n", html_script);
	return !out->failed;
}

const struct output output_html = {
	.new = new, .free = free_state, .put = put, .only_last = true, .features = OUTPUT_RANGES
};

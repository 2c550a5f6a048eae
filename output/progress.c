#include "output/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/nowait.h"
#include "util/term_text.h"
#include "util/time.h"

#define EVERY_US 500000
#define COLUMNS_ELSE 80		/* if the terminal's width is unknown */
#define MARGIN 4		/* columns for the ^C that a terminal echoes */
#define WIPE "\r\033[K"

struct progress {
	struct nowait terminal;
	bool shown, stopped;
	int64_t now_us, due_us;
	struct buf text, line;
};

/* --- the text ------------------------------------------------------------------------ */

static void put_left(char *out, size_t size, int64_t us)
{
	int64_t s = us > 0 ? (us + 999999) / 1000000 : 0;

	if (s >= 3600)
		snprintf(out, size, "%lld:%02d:%02d", (long long)(s / 3600), (int)(s / 60 % 60),
			(int)(s % 60));
	else
		snprintf(out, size, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

/* Adds a part if there is room for it, with two blanks before it. */
static void add(struct buf *out, size_t *columns, const char *part)
{
	size_t gap = out->len ? 2 : 0;

	if (!*part || strlen(part) + gap > *columns)
		return;
	*columns -= strlen(part) + gap;
	buf_printf(out, "%*s%s", (int)gap, "", part);
}

/* `window 2/5  0:12 left  run 1:42 left`; only `0:12 left` if there is one window. */
static void add_times(struct buf *out, size_t *columns, const struct progress_state *s)
{
	char left[32], part[64] = "";

	if (!s->windows)
		snprintf(part, sizeof(part), "window %lld", (long long)s->window + 1);
	else if (s->windows > 1)
		snprintf(part, sizeof(part), "window %lld/%lld", (long long)s->window + 1,
			(long long)s->windows);
	add(out, columns, part);
	if (s->window_left_us == NO_TIME)
		return;
	put_left(left, sizeof(left), s->window_left_us);
	snprintf(part, sizeof(part), "%s left", left);
	add(out, columns, part);
	if (s->run_left_us == NO_TIME || s->windows == 1)
		return;
	put_left(left, sizeof(left), s->run_left_us);
	snprintf(part, sizeof(part), "run %s left", left);
	add(out, columns, part);
}

void progress_put(struct buf *out, const struct progress_state *s, size_t columns)
{
	char part[64], lag[TERM_TEXT_NUMBER_MAX];

	add_times(out, &columns, s);
	snprintf(part, sizeof(part), "%llu frames", (unsigned long long)s->frames);
	add(out, &columns, part);
	if (s->lag_us != NO_TIME) {
		snprintf(part, sizeof(part), "lag %s", term_text_number(lag, NUMBER_MS,
			(double)s->lag_us / 1000, 5));
		add(out, &columns, part);
	}
	add(out, &columns, s->connection);
	if (s->attempt) {
		snprintf(part, sizeof(part), "attempt %u", s->attempt);
		add(out, &columns, part);
	}
}

/* --- the line ------------------------------------------------------------------------ */

struct progress *progress_new(int fd, int64_t now_us)
{
	struct progress *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->terminal = (struct nowait){ .fd = fd, .polled = true, .terminal = true };
	p->now_us = now_us;
	p->due_us = now_us + EVERY_US;	/* a shorter run needs no progress line */
	return p;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	buf_free(&p->text);
	buf_free(&p->line);
	free(p);
}

/* True if another job has the terminal, such as the shell with its prompt. */
static bool is_in_background(const struct progress *p)
{
	pid_t group = tcgetpgrp(p->terminal.fd);

	return group > 0 && group != getpgrp();
}

/* False: not all of it was written. */
static bool put(const struct progress *p, const char *text, size_t len)
{
	return nowait_ready(&p->terminal) > 0
		&& nowait_write(&p->terminal, text, len) == (ssize_t)len;
}

static size_t columns_of(const struct progress *p)
{
	struct winsize size;
	size_t columns = ioctl(p->terminal.fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;

	columns = columns ? columns : COLUMNS_ELSE;
	return columns > MARGIN ? columns - MARGIN : 0;
}

int64_t progress_due_us(const struct progress *p)
{
	return p && !p->stopped ? p->due_us : INT64_MAX;
}

void progress_show(struct progress *p, int64_t now_us, const struct progress_state *state)
{
	if (!p || p->stopped)
		return;
	p->now_us = now_us;
	if (now_us < p->due_us)
		return;
	p->due_us = now_us + EVERY_US;
	if (!state || is_in_background(p))
		return;
	buf_clear(&p->text);
	progress_put(&p->text, state, columns_of(p));
	buf_clear(&p->line);
	buf_str(&p->line, WIPE);
	buf_add(&p->line, p->text.data, p->text.len);
	if (p->text.failed || p->line.failed)
		return;
	put(p, p->line.data, p->line.len);
	p->shown = true;
}

void progress_wipe(void *arg)
{
	struct progress *p = arg;

	if (!p || !p->shown)
		return;
	if (is_in_background(p) || put(p, WIPE, strlen(WIPE)))
		p->shown = false;
	if (p->due_us < p->now_us + EVERY_US)
		p->due_us = p->now_us + EVERY_US;
}

void progress_interrupt(struct progress *p)
{
	if (p)
		p->shown = true;
	progress_stop(p);
}

void progress_stop(struct progress *p)
{
	if (!p)
		return;
	progress_wipe(p);
	p->stopped = true;
}

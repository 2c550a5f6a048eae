#include "tape.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "text.h"

#define READ_BYTES 65536
#define AT_LEN 27	/* 2026-11-24T02:00:00.123456Z */

struct tape {
	int fd;
	bool regular;		/* reading it does not block */
	char *data;
	size_t from, len, cap;	/* unread bytes are data[from..len) */
	uint64_t line;
	bool eof, skipping;	/* skipping: the rest of an over-long line */
	struct buf text;	/* of an unescaped `text` */
};

enum status tape_open(struct tape **out, const char *path, struct err *err)
{
	struct tape *t = calloc(1, sizeof(*t));
	struct stat st;

	*out = t;
	if (!t)
		return err_nomem(err);
	t->text.limit = TAPE_LINE_MAX;
	t->cap = 2 * READ_BYTES;
	t->data = malloc(t->cap);
	if (!t->data) {
		free(t);
		*out = NULL;
		return err_nomem(err);
	}
	/* a FIFO without a writer must not hold up the open, where no signal is heard */
	t->fd = strcmp(path, "-") == 0 ? STDIN_FILENO
		: open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (t->fd < 0 || fstat(t->fd, &st) != 0) {
		err_set(err, ST_USAGE, "--replay %s: %s", path, strerror(errno));
		tape_close(t);
		*out = NULL;
		return ST_USAGE;
	}
	t->regular = S_ISREG(st.st_mode);
	return ST_OK;
}

int tape_fd(const struct tape *t)
{
	return t->fd;
}

void tape_close(struct tape *t)
{
	if (!t)
		return;
	if (t->fd > STDIN_FILENO)
		close(t->fd);
	free(t->data);
	buf_free(&t->text);
	free(t);
}

/* --- lines -------------------------------------------------------------------------- */

enum fill { FILL_MORE, FILL_EOF, FILL_WAIT, FILL_FAILED };

/* Reads what is there behind the unread bytes. */
static enum fill fill(struct tape *t, struct err *err)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	ssize_t n;

	if (t->from) {
		memmove(t->data, t->data + t->from, t->len - t->from);
		t->len -= t->from;
		t->from = 0;
	}
	if (t->cap - t->len < READ_BYTES) {
		size_t cap = 2 * t->cap;
		char *data = realloc(t->data, cap);

		if (!data) {
			err_nomem(err);
			return FILL_FAILED;
		}
		t->data = data;
		t->cap = cap;
	}
	if (!t->regular && poll(&p, 1, 0) == 0)
		return FILL_WAIT;
	n = read(t->fd, t->data + t->len, t->cap - t->len);
	if (n > 0) {
		t->len += (size_t)n;
		return FILL_MORE;
	}
	if (n == 0)
		return FILL_EOF;
	if (errno == EINTR || errno == EAGAIN)
		return FILL_WAIT;
	err_set(err, ST_PROTOCOL, "the replay could not be read: %s", strerror(errno));
	return FILL_FAILED;
}

enum line { LINE_WHOLE, LINE_LAST, LINE_TOO_LONG, LINE_WAIT, LINE_EOF, LINE_FAILED };

/* Takes what stands before lf, NULL: all that is left, as a line. */
static enum line cut_line(struct tape *t, const char *lf, const char **line, size_t *len)
{
	bool skipped = t->skipping;

	*line = t->data + t->from;
	*len = lf ? (size_t)(lf - *line) : t->len - t->from;
	t->from += *len + (lf != NULL);
	t->skipping = false;
	if (skipped || *len > TAPE_LINE_MAX)
		return LINE_TOO_LONG;
	return lf ? LINE_WHOLE : *len ? LINE_LAST : LINE_EOF;
}

/* The next line without its end; LINE_LAST: it had none. */
static enum line next_line(struct tape *t, const char **line, size_t *len, struct err *err)
{
	size_t searched = 0;

	for (;;) {
		const char *start = t->data + t->from, *lf;
		size_t have = t->len - t->from;

		lf = have > searched ? memchr(start + searched, '\n', have - searched) : NULL;
		if (lf || t->eof)
			return cut_line(t, lf, line, len);
		if (have > TAPE_LINE_MAX) {
			t->skipping = true;
			t->from = t->len;
		}
		searched = t->len - t->from;
		switch (fill(t, err)) {
		case FILL_MORE:
			break;
		case FILL_EOF:
			t->eof = true;
			break;
		case FILL_WAIT:
			return LINE_WAIT;
		case FILL_FAILED:
			return LINE_FAILED;
		}
	}
}

/* --- one line ----------------------------------------------------------------------- */

static bool starts(const char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(s, with, n) == 0;
}

/*
 * A line as our writer makes it, taken apart by position: {"at":"…","stream":N,"frame":…}.
 * What the frame holds is for its decoder to judge.
 */
static bool read_ours(const char *s, size_t len, struct tape_entry *e)
{
	static const char at[] = "{\"at\":\"", stream[] = "\",\"stream\":", frame[] = ",\"frame\":";
	const size_t stream_at = sizeof(at) - 1 + AT_LEN, digit = stream_at + sizeof(stream) - 1;
	const size_t head = digit + sizeof(frame);

	/* one value and nothing behind it, as there may be where people added members */
	if (len <= head + 2 || !starts(s, len, at) || s[len - 1] != '}'
	    || json_skip(s + head, s + len - 1) != s + len - 1
	    || memcmp(s + stream_at, stream, sizeof(stream) - 1) != 0
	    || s[digit] < '0' || s[digit] > '9'
	    || memcmp(s + digit + 1, frame, sizeof(frame) - 1) != 0
	    || !time_parse_us(s + sizeof(at) - 1, AT_LEN, &e->at_us))
		return false;
	e->kind = TAPE_FRAME;
	e->verbatim = true;
	e->stream = (size_t)(s[digit] - '0');
	e->text = s + head;
	e->text_len = len - head - 1;
	return true;
}

struct members {
	struct json_member at, stream, frame, text, state, interval, binary, answer, asked,
		until, metrics;
	bool has_at;
};

static bool key_is(const struct json_member *m, const char *key)
{
	return m->key_len == strlen(key) && memcmp(m->key, key, m->key_len) == 0;
}

static bool value_is(const struct json_member *m, const char *value)
{
	return m->value && m->value_len == strlen(value)
		&& memcmp(m->value, value, m->value_len) == 0;
}

static bool is_blank(const char *s, const char *end)
{
	while (s < end && strchr(" \t\r\n", *s) && *s)
		s++;
	return s == end;
}

/* The members of an envelope, in whatever order and spacing people left them. */
static bool read_members(const char *s, const char *end, struct members *all)
{
	struct json_member m;
	int more;

	while ((more = json_walk(&s, end, &m)) > 0) {
		if (key_is(&m, "at"))
			all->at = m;
		else if (key_is(&m, "stream"))
			all->stream = m;
		else if (key_is(&m, "frame"))
			all->frame = m;
		else if (key_is(&m, "text"))
			all->text = m;
		else if (key_is(&m, "state"))
			all->state = m;
		else if (key_is(&m, "interval"))
			all->interval = m;
		else if (key_is(&m, "binary"))
			all->binary = m;
		else if (key_is(&m, "answer"))
			all->answer = m;
		else if (key_is(&m, "asked"))
			all->asked = m;
		else if (key_is(&m, "until"))
			all->until = m;
		else if (key_is(&m, "metrics"))
			all->metrics = m;
	}
	all->has_at = all->at.value != NULL;
	return more == 0 && is_blank(s, end);
}

static const char *const states[] = {
	[TAPE_CONNECTED] = "connected",
	[TAPE_LOST] = "lost",
	[TAPE_SILENT] = "silent",
	[TAPE_STALLED] = "stalled",
	[TAPE_END_STATE] = "end"
};

static const char *const answers[] = {
	[ANSWER_QUEUES] = "queues",
	[ANSWER_SUBSCRIPTIONS] = "subscriptions",
	[ANSWER_SNAPSHOT] = "snapshot"
};

/* The place of a quoted word in a list that has gaps; n: it is not there. */
static size_t find_word(const struct json_member *m, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && !(words[i] && m->value_len == strlen(words[i]) + 2
	    && memcmp(m->value + 1, words[i], m->value_len - 2) == 0))
		i++;
	return i;
}

static bool is_time(const struct json_member *m, int64_t *us)
{
	return m->value && m->value_len >= 2
		&& time_parse_us(m->value + 1, m->value_len - 2, us);
}

static const char *read_state(struct tape *t, const struct members *all,
	struct tape_entry *e)
{
	const struct json_member *interval = &all->interval;
	size_t i = find_word(&all->state, states, ARRAY_LEN(states));

	if (i == ARRAY_LEN(states))
		return "an unknown state";
	e->kind = (enum tape_kind)i;
	if (e->kind == TAPE_STALLED && (!is_time(&all->until, &e->until_us)
	    || e->until_us < e->at_us))
		return "`until` is no later time";
	buf_clear(&t->text);
	if (e->kind == TAPE_CONNECTED && interval->value
	    && json_unescape(interval->value, interval->value_len, &t->text)) {
		e->text = t->text.data;
		e->text_len = t->text.len;
	}
	return NULL;
}

static const char *read_answer(const struct members *all, struct tape_entry *e)
{
	size_t i = find_word(&all->answer, answers, ARRAY_LEN(answers));

	if (i == ARRAY_LEN(answers) || !all->frame.value)
		return "an unknown answer";
	if (all->asked.value && !is_time(&all->asked, &e->asked_us))
		return "`asked` is no time";
	e->kind = TAPE_ANSWER;
	e->answer = (enum tape_answer)i;
	e->metrics = all->metrics.value;
	e->metrics_len = all->metrics.value_len;
	e->text = all->frame.value;
	e->text_len = all->frame.value_len;
	return NULL;
}

/* Why the envelope is broken, NULL: it is not. */
static const char *read_envelope(struct tape *t, const struct members *all,
	struct tape_entry *e)
{
	const struct json_member *stream = &all->stream;

	if (!is_time(&all->at, &e->at_us))
		return "`at` is no time";
	if (stream->value) {
		if (stream->value_len != 1 || stream->value[0] < '0' || stream->value[0] > '9')
			return "`stream` is no number below 10";
		e->stream = (size_t)(stream->value[0] - '0');
	}
	if (all->state.value)
		return read_state(t, all, e);
	if (all->answer.value)
		return read_answer(all, e);
	e->kind = value_is(&all->binary, "true") ? TAPE_BINARY : TAPE_FRAME;
	if (all->frame.value) {
		e->text = all->frame.value;
		e->text_len = all->frame.value_len;
		e->verbatim = true;
		return NULL;
	}
	buf_clear(&t->text);
	if (!all->text.value)
		return "neither `frame` nor `text` nor `state`";
	if (!json_unescape(all->text.value, all->text.value_len, &t->text))
		return "`text` is no string";
	e->text = t->text.data ? t->text.data : "";
	e->text_len = t->text.len;
	return NULL;
}

static const char *read_line(struct tape *t, const char *s, size_t len, struct tape_entry *e)
{
	struct members all = { .has_at = false };
	bool strict;

	if (s[0] != '{')
		return "no JSON object";
	if (memchr(s, '\0', len))
		return "a NUL byte";
	if (read_ours(s, len, e))
		return NULL;
	e->at_us = NO_TIME;
	e->stream = 0;
	e->verbatim = false;
	/* a bare frame's strictness is for its decoder to judge */
	strict = !memmem(s, len, "\"at\"", 4) || read_members(s, s + len, &all);
	if (!strict)
		return "not strict JSON";
	if (!all.has_at) {
		e->kind = TAPE_BARE;
		e->verbatim = true;
		e->text = s;
		e->text_len = len;
		return NULL;
	}
	return read_envelope(t, &all, e);
}

/* Trims a line as editors and other systems leave it. */
static void trim(struct tape *t, const char **s, size_t *len)
{
	if (t->line == 1 && starts(*s, *len, "\xEF\xBB\xBF")) {
		*s += 3;
		*len -= 3;
	}
	while (*len && (**s == ' ' || **s == '\t')) {
		(*s)++;
		(*len)--;
	}
	while (*len && strchr(" \t\r", (*s)[*len - 1]) && (*s)[*len - 1])
		(*len)--;
}

enum status tape_read(struct tape *t, struct tape_entry *e, struct err *err)
{
	const char *s;
	size_t len;
	enum line line;

	do {
		*e = (struct tape_entry){ .kind = TAPE_EOF, .at_us = NO_TIME,
			.asked_us = NO_TIME, .line = t->line };
		line = next_line(t, &s, &len, err);
		if (line == LINE_FAILED)
			return ST_PROTOCOL;
		if (line == LINE_WAIT)
			e->kind = TAPE_WAIT;
		if (line == LINE_WAIT || line == LINE_EOF)
			return ST_OK;
		e->line = ++t->line;
		if (line == LINE_TOO_LONG) {
			e->kind = TAPE_BROKEN;
			e->why = "longer than 8 MiB";
			return ST_OK;
		}
		trim(t, &s, &len);
	} while (len == 0);
	/* without its LF a line is whole only if it is all there */
	if (line == LINE_LAST && json_skip(s, s + len) != s + len) {
		e->torn = true;
		return ST_OK;
	}
	e->why = read_line(t, s, len, e);
	if (t->text.failed) {
		err_nomem(err);
		return ST_OUTPUT;
	}
	if (e->why)
		e->kind = TAPE_BROKEN;
	return ST_OK;
}

/* --- writing ------------------------------------------------------------------------ */

static void put_head(struct buf *out, int64_t at_us)
{
	buf_str(out, "{\"at\":");
	if (at_us == NO_TIME)
		buf_str(out, "null");
	else
		json_put_time_us(out, at_us);
}

/* `frame` where the bytes are one strict JSON value on one line, else `text`. */
static void put_message(struct buf *out, const char *text, size_t len)
{
	const char *end = json_skip(text, text + len);
	bool frame = end && is_blank(end, text + len) && !memchr(text, '\n', len)
		&& !memchr(text, '\r', len) && utf8_valid(text, len);

	buf_str(out, frame ? ",\"frame\":" : ",\"text\":");
	if (frame)
		buf_add(out, text, len);
	else
		json_put_string(out, text, len);
	buf_str(out, "}\n");
}

void tape_put_message(struct buf *out, int64_t at_us, size_t stream, bool binary,
	const char *text, size_t len)
{
	put_head(out, at_us);
	buf_printf(out, ",\"stream\":%zu", stream);
	if (!binary) {
		put_message(out, text, len);
		return;
	}
	buf_str(out, ",\"binary\":true,\"text\":");
	json_put_string(out, text, len);
	buf_str(out, "}\n");
}

void tape_put_state(struct buf *out, int64_t at_us, size_t stream, enum tape_kind state,
	const char *interval)
{
	put_head(out, at_us);
	buf_printf(out, ",\"stream\":%zu,\"state\":\"%s\"", stream, states[state]);
	if (state == TAPE_CONNECTED && interval) {
		buf_str(out, ",\"interval\":");
		json_put_string(out, interval, strlen(interval));
	}
	buf_str(out, "}\n");
}

void tape_put_answer(struct buf *out, int64_t at_us, int64_t asked_us, enum tape_answer answer,
	const char *metrics, const char *text, size_t len)
{
	put_head(out, at_us);
	buf_printf(out, ",\"answer\":\"%s\"", answers[answer]);
	if (asked_us != NO_TIME) {
		buf_str(out, ",\"asked\":");
		json_put_time_us(out, asked_us);
	}
	if (metrics)
		buf_printf(out, ",\"metrics\":%s", metrics);
	put_message(out, text, len);
}

void tape_put_stall(struct buf *out, int64_t from_us, int64_t until_us)
{
	put_head(out, from_us);
	buf_str(out, ",\"state\":\"stalled\",\"until\":");
	json_put_time_us(out, until_us);
	buf_str(out, "}\n");
}

void tape_put_end(struct buf *out, int64_t at_us)
{
	put_head(out, at_us);
	buf_str(out, ",\"state\":\"end\"}\n");
}

void tape_put_reject(struct buf *out, int64_t at_us, bool in_row, int64_t window,
	const char *queue_id, const char *reason, const char *text, size_t len)
{
	put_head(out, at_us);
	if (in_row)
		buf_printf(out, ",\"window\":%lld", (long long)window);
	else
		buf_str(out, ",\"window\":null");
	if (queue_id)
		buf_printf(out, ",\"queueId\":\"%s\"", queue_id);
	else
		buf_str(out, ",\"queueId\":null");
	buf_printf(out, ",\"reason\":\"%s\"", reason);
	put_message(out, text, len);
}

#include "source/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"

#define READ_BYTES 65536
#define AT_LEN 27	/* 2026-11-24T02:00:00.123456Z */
#define SCHEMA "gsqstat-recording/1"
#define SCAN_DEPTH 512	/* json.h reads no deeper */

/* How far a JSON value has come that may take several lines: as much of JSON as finds its end. */
struct scan {
	size_t depth;
	char open[SCAN_DEPTH];
	bool string, escaped;
	char last;		/* the last byte that is no white space */
};

struct recording {
	int fd;
	bool regular;		/* reading it does not block */
	char *data;
	/* Unread bytes are data[next..len); data[from..next) is a value that is not whole yet. */
	size_t from, next, len, cap;
	uint64_t line;
	bool eof, skipping;	/* skipping: the rest of an over-long line */
	bool peeking;		/* data is kept from its beginning */
	bool joining;		/* a value that began on first_line is not whole yet */
	bool lost;		/* after a broken value: to the next line that begins one */
	uint64_t first_line;
	struct scan scan;
	struct buf text;	/* of an unescaped `text` */
};

enum status recording_open(struct recording **out, const char *path, struct err *err)
{
	struct recording *t = calloc(1, sizeof(*t));
	struct stat st;

	*out = t;
	if (!t)
		return err_nomem(err);
	t->text.limit = RECORDING_LINE_MAX;
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
		recording_close(t);
		*out = NULL;
		return ST_USAGE;
	}
	t->regular = S_ISREG(st.st_mode);
	return ST_OK;
}

int recording_fd(const struct recording *t)
{
	return t->fd;
}

void recording_close(struct recording *t)
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
static enum fill fill(struct recording *t, struct err *err)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	ssize_t n;

	if (t->from && !t->peeking) {
		memmove(t->data, t->data + t->from, t->len - t->from);
		t->len -= t->from;
		t->next -= t->from;
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

enum channel_line { LINE_WHOLE, LINE_LAST, LINE_TOO_LONG, LINE_WAIT, LINE_EOF, LINE_FAILED };

/* Takes what stands before lf, NULL: all that is left, as a line. */
static enum channel_line cut_line(struct recording *t, const char *lf, const char **line,
	size_t *len)
{
	bool skipped = t->skipping;

	*line = t->data + t->next;
	*len = lf ? (size_t)(lf - *line) : t->len - t->next;
	t->next += *len + (lf != NULL);
	t->skipping = false;
	if (skipped || *len > RECORDING_LINE_MAX)
		return LINE_TOO_LONG;
	return lf ? LINE_WHOLE : *len ? LINE_LAST : LINE_EOF;
}

/* The next line without its end; LINE_LAST: it had none. */
static enum channel_line next_line(struct recording *t, const char **line, size_t *len,
	struct err *err)
{
	size_t searched = 0;

	for (;;) {
		const char *start = t->data + t->next, *lf;
		size_t have = t->len - t->next;

		lf = have > searched ? memchr(start + searched, '\n', have - searched) : NULL;
		if (lf || t->eof)
			return cut_line(t, lf, line, len);
		if (t->peeking && t->len > RECORDING_LINE_MAX)
			return LINE_EOF;	/* as far as a look ahead goes */
		if (have > RECORDING_LINE_MAX) {
			t->skipping = true;
			t->from = t->next = t->len;
			t->joining = false;
		}
		searched = t->len - t->next;
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

/* --- values of several lines ---------------------------------------------------------- */

enum scanned { SCAN_MORE, SCAN_END, SCAN_BROKEN };

static bool scan_close(struct scan *c, char closer)
{
	return c->depth && c->open[--c->depth] == (closer == '}' ? '{' : '[');
}

/* Any character that is no bracket is right here. */
static bool scan_bracket(struct scan *c, char ch)
{
	switch (ch) {
	case '{':
	case '[':
		if (c->depth == SCAN_DEPTH)
			return false;
		c->open[c->depth++] = ch;
		return true;
	case '}':
	case ']':
		return scan_close(c, ch);
	default:
		return true;
	}
}

/* Goes through a line, *used bytes of it where the value ends in it. */
static enum scanned scan_line(struct scan *c, const char *s, size_t len, size_t *used)
{
	for (size_t i = 0; i < len; i++) {
		char ch = s[i];

		if (c->string) {
			c->string = c->escaped || ch != '"';
			c->escaped = !c->escaped && ch == '\\';
			continue;
		}
		if (ch == ' ' || ch == '\t' || ch == '\r')
			continue;
		c->last = ch;
		if (ch == '"')
			c->string = true;
		else if (!scan_bracket(c, ch))
			return SCAN_BROKEN;
		if (!c->depth) {
			*used = i + 1;
			return SCAN_END;
		}
	}
	return SCAN_MORE;
}

/* Whether an object may stand next in the value that is not whole yet. */
static bool scan_takes_object(const struct scan *c)
{
	return c->last == '[' || c->last == ':'
		|| (c->last == ',' && c->open[c->depth - 1] == '[');
}

/*
 * A broken value ends before the next line that begins with `{`, so that it costs no other: of
 * the lines that were joined to it, or else of those that follow.
 */
static void give_up(struct recording *t)
{
	const char *s = t->data + t->from, *end = t->data + t->next;
	uint64_t line = t->first_line;

	t->joining = false;
	while ((s = memchr(s, '\n', (size_t)(end - s))) && ++s < end) {
		line++;
		if (*s == '{')
			break;
	}
	if (!s || s >= end) {
		t->lost = t->line > t->first_line;
		return;
	}
	t->next = (size_t)(s - t->data);
	t->line = line - 1;
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
static bool read_ours(const char *s, size_t len, struct recording_entry *e)
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
	e->kind = RECORDING_FRAME;
	e->verbatim = true;
	e->stream = (size_t)(s[digit] - '0');
	e->text = s + head;
	e->text_len = len - head - 1;
	return true;
}

struct members {
	struct json_member at, stream, frame, text, state, interval, binary, answer, asked,
		until, metrics;
	struct json_member schema, source, queues;
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
	const struct {
		const char *key;
		struct json_member *to;
	} known[] = {
		{ "at", &all->at }, { "stream", &all->stream }, { "frame", &all->frame },
		{ "text", &all->text }, { "state", &all->state }, { "interval", &all->interval },
		{ "binary", &all->binary }, { "answer", &all->answer }, { "asked", &all->asked },
		{ "until", &all->until }, { "metrics", &all->metrics },
		{ "schema", &all->schema }, { "source", &all->source },
		{ "queues", &all->queues }
	};
	struct json_member m;
	int more;

	while ((more = json_walk(&s, end, &m)) > 0)
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			if (key_is(&m, known[i].key))
				*known[i].to = m;
	all->has_at = all->at.value != NULL;
	return more == 0 && is_blank(s, end);
}

static const char *const states[] = {
	[RECORDING_RUN] = "run",
	[RECORDING_CONNECTED] = "connected",
	[RECORDING_LOST] = "lost",
	[RECORDING_SILENT] = "silent",
	[RECORDING_STALLED] = "stalled",
	[RECORDING_END_STATE] = "end"
};

static const char *const sources[] = {
	[SOURCE_STREAM] = "stream",
	[SOURCE_NOTIFICATIONS] = "notifications"
};

static const char *const answers[] = {
	[ANSWER_QUEUES] = "queues",
	[ANSWER_SUBSCRIPTIONS] = "subscriptions",
	[ANSWER_SNAPSHOT] = "snapshot",
	[ANSWER_RESYNC] = "resync"
};

/* The place of a quoted word in a list that has gaps; n: it is not there. */
static size_t find_word(const struct json_member *m, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && !(m->value && words[i] && m->value_len == strlen(words[i]) + 2
	    && memcmp(m->value + 1, words[i], m->value_len - 2) == 0))
		i++;
	return i;
}

static bool is_time(const struct json_member *m, int64_t *us)
{
	return m->value && m->value_len >= 2
		&& time_parse_us(m->value + 1, m->value_len - 2, us);
}

/* What was recorded. An interval that does not fit is none. */
static const char *read_run(struct recording *t, const struct members *all,
	struct recording_entry *e)
{
	size_t source = find_word(&all->source, sources, ARRAY_LEN(sources));

	if (!value_is(&all->schema, "\"" SCHEMA "\""))
		return "its schema is not " SCHEMA;
	if (source == ARRAY_LEN(sources))
		return "an unknown source";
	e->source = (enum recording_source)source;
	if (all->queues.value && all->queues.value[0] == '[') {
		e->text = all->queues.value;
		e->text_len = all->queues.value_len;
	}
	buf_clear(&t->text);
	if (all->interval.value && json_unescape(all->interval.value, all->interval.value_len,
	    &t->text) && t->text.len < sizeof(e->interval))
		memcpy(e->interval, t->text.data, t->text.len);
	return NULL;
}

static const char *read_state(struct recording *t, const struct members *all,
	struct recording_entry *e)
{
	const struct json_member *interval = &all->interval;
	size_t i = find_word(&all->state, states, ARRAY_LEN(states));

	if (i == ARRAY_LEN(states))
		return "an unknown state";
	e->kind = (enum recording_kind)i;
	if (e->kind == RECORDING_STALLED && (!is_time(&all->until, &e->until_us)
	    || e->until_us < e->at_us))
		return "`until` is no later time";
	if (e->kind == RECORDING_RUN)
		return read_run(t, all, e);
	buf_clear(&t->text);
	if (e->kind == RECORDING_CONNECTED && interval->value
	    && json_unescape(interval->value, interval->value_len, &t->text)) {
		e->text = t->text.data;
		e->text_len = t->text.len;
	}
	return NULL;
}

static const char *read_answer(const struct members *all, struct recording_entry *e)
{
	size_t i = find_word(&all->answer, answers, ARRAY_LEN(answers));

	if (i == ARRAY_LEN(answers) || !all->frame.value)
		return "an unknown answer";
	if (all->asked.value && !is_time(&all->asked, &e->asked_us))
		return "`asked` is no time";
	e->kind = RECORDING_ANSWER;
	e->answer = (enum recording_answer)i;
	e->metrics = all->metrics.value;
	e->metrics_len = all->metrics.value_len;
	e->text = all->frame.value;
	e->text_len = all->frame.value_len;
	return NULL;
}

/* Why the envelope is broken, NULL: it is not. */
static const char *read_envelope(struct recording *t, const struct members *all,
	struct recording_entry *e)
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
	e->kind = value_is(&all->binary, "true") ? RECORDING_BINARY : RECORDING_FRAME;
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

static const char *read_line(struct recording *t, const char *s, size_t len,
	struct recording_entry *e)
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
		e->kind = RECORDING_BARE;
		e->verbatim = true;
		e->text = s;
		e->text_len = len;
		return NULL;
	}
	return read_envelope(t, &all, e);
}

/* Trims a line as editors and other systems leave it. */
static void trim(struct recording *t, const char **s, size_t *len)
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

static const char *read_trimmed(struct recording *t, const char *s, size_t len,
	struct recording_entry *e)
{
	e->why = read_line(t, s, len, e);
	if (e->why)
		e->kind = RECORDING_BROKEN;
	return e->why;
}

static bool is_ours(const char *s, size_t len)
{
	return starts(s, len, "{\"at\"");
}

/* The first line of a recording behind another line that has no end, NULL: there is none. */
static const char *find_recording(const char *s, size_t len)
{
	static const char at[] = "{\"at\":\"", run[] = "\",\"state\":\"run\"";
	const size_t head = sizeof(at) - 1 + AT_LEN;
	const char *found = memmem(s, len, run, sizeof(run) - 1);

	if (!found || (size_t)(found - s) <= head)
		return NULL;
	found -= head;
	return starts(found, head, at) ? found : NULL;
}

/* The last line of a recording may have no end, as when its run was killed: then the next
 * recording begins in it, and what is ahead of that may be a whole line. */
static void keep_next_recording(struct recording *t, const char *s, size_t len,
	struct recording_entry *e)
{
	const char *found = find_recording(s, len);
	struct recording_entry next = { .kind = RECORDING_EOF };

	if (!found || read_line(t, found, len - (size_t)(found - s), &next)
	    || next.kind != RECORDING_RUN)
		return;
	t->next = (size_t)(found - t->data);
	t->line--;
	read_trimmed(t, s, (size_t)(found - s), e);
}

/* The lines of a value from data[from] on are all there, or as many as there are. */
static void read_joined(struct recording *t, size_t used, struct recording_entry *e)
{
	const char *s = t->data + t->from, *rest = s + used, *end = t->data + t->next;

	t->joining = false;
	e->line = t->first_line;
	read_trimmed(t, s, used, e);
	while (rest < end && strchr(" \t\r", *rest) && *rest)
		rest++;
	if (rest < end && *rest != '\n') {	/* another value behind it */
		t->next = (size_t)(rest - t->data);
		t->line--;
	}
}

/* A line that begins no recording's line: all of a value, or a part of it. False: more of it is
 * to come. */
static bool join(struct recording *t, const char *s, size_t len, struct recording_entry *e)
{
	size_t used = 0, before;
	enum scanned scanned;

	if (!t->joining) {
		t->joining = true;
		t->first_line = t->line;
		t->from = (size_t)(s - t->data);
		t->scan = (struct scan){ .depth = 0 };
	}
	before = (size_t)(s - t->data) - t->from;
	scanned = scan_line(&t->scan, s, len, &used);
	if (t->scan.string && t->data[t->next - 1] == '\n')	/* which no string holds */
		scanned = SCAN_BROKEN;
	if (scanned == SCAN_MORE && before + len <= RECORDING_LINE_MAX)
		return false;
	if (scanned == SCAN_END) {
		read_joined(t, before + used, e);
		return true;
	}
	e->kind = RECORDING_BROKEN;
	e->line = t->first_line;
	e->why = scanned == SCAN_MORE ? "a value longer than 8 MiB" : "not strict JSON";
	give_up(t);
	return true;
}

/* The value at hand is broken, and this line, which begins the next one, is to be read again. */
static void end_joined(struct recording *t, struct recording_entry *e)
{
	e->kind = RECORDING_BROKEN;
	e->line = t->first_line;
	e->why = "not strict JSON";
	give_up(t);
}

/* A trimmed line that is not empty. False: it is part of a value that is not whole yet, or of one
 * that is broken. */
static bool take_line(struct recording *t, const char *s, size_t len, bool indented,
	struct recording_entry *e)
{
	e->line = t->line;
	if (t->lost && (s[0] != '{' || indented))
		return false;
	t->lost = false;
	if (t->joining && s[0] == '{' && !indented
	    && (is_ours(s, len) || !scan_takes_object(&t->scan))) {
		end_joined(t, e);
		return true;
	}
	if (t->joining || (s[0] == '{' && !is_ours(s, len) && !find_recording(s, len)))
		return join(t, s, len, e);
	if (read_trimmed(t, s, len, e))
		keep_next_recording(t, s, len, e);
	return true;
}

/* The input's end; a value that never became whole is cut off where its lines were. */
static void take_end(struct recording *t, struct recording_entry *e)
{
	if (!t->joining)
		return;
	t->joining = false;
	e->torn = t->line > t->first_line || t->data[t->len - 1] != '\n';
	if (e->torn)
		return;
	e->kind = RECORDING_BROKEN;
	e->line = t->first_line;
	e->why = "not strict JSON";
}

/* One line of the input. False: another is to be read before there is an entry. */
static bool read_one(struct recording *t, enum channel_line line, const char *s, size_t len,
	struct recording_entry *e)
{
	const char *begin = s;

	if (line == LINE_EOF) {
		take_end(t, e);
		return true;
	}
	e->line = ++t->line;
	if (line == LINE_TOO_LONG) {
		e->kind = RECORDING_BROKEN;
		e->why = "longer than 8 MiB";
		t->joining = false;
		return true;
	}
	trim(t, &s, &len);
	if (len == 0)
		return false;
	/* without its LF a line is whole only if it is all there */
	if (line == LINE_LAST && !t->joining && (s[0] != '{' || is_ours(s, len))
	    && json_skip(s, s + len) != s + len) {
		e->torn = true;
		return true;
	}
	return take_line(t, s, len, s > begin && (*begin == ' ' || *begin == '\t'), e);
}

enum status recording_read(struct recording *t, struct recording_entry *e, struct err *err)
{
	const char *s = NULL;
	size_t len = 0;
	enum channel_line line;

	do {
		*e = (struct recording_entry){ .kind = RECORDING_EOF, .at_us = NO_TIME,
			.asked_us = NO_TIME, .line = t->line };
		if (!t->joining)
			t->from = t->next;
		line = next_line(t, &s, &len, err);
		if (line == LINE_FAILED)
			return ST_PROTOCOL;
		if (line == LINE_WAIT) {
			e->kind = RECORDING_WAIT;
			return ST_OK;
		}
	} while (!read_one(t, line, s, len, e));
	if (t->text.failed) {
		err_nomem(err);
		return ST_OUTPUT;
	}
	return ST_OK;
}

/* --- the beginning ------------------------------------------------------------------ */

/* By the names of the members that one source's frames have and the other's do not. */
static enum recording_source source_of_text(const char *s, size_t len)
{
	const char *end = s + len;
	struct json_member m;

	if (!len || *s != '{')
		return SOURCE_UNKNOWN;
	while (json_walk(&s, end, &m) > 0) {
		if (key_is(&m, "topicName"))
			return SOURCE_NOTIFICATIONS;
		if (key_is(&m, "eventType"))
			return SOURCE_STREAM;
	}
	return SOURCE_UNKNOWN;
}

enum recording_source recording_source_of(const struct recording_entry *e)
{
	switch (e->kind) {
	case RECORDING_RUN:
		return e->source;
	case RECORDING_FRAME:
	case RECORDING_BARE:
		return source_of_text(e->text, e->text_len);
	case RECORDING_CONNECTED:
		return e->text ? SOURCE_STREAM : SOURCE_UNKNOWN;
	case RECORDING_ANSWER:
		return SOURCE_NOTIFICATIONS;
	default:
		return SOURCE_UNKNOWN;
	}
}

void recording_queues(const struct recording_entry *e, struct lines *queues)
{
	struct json_cursor c;
	char id[UUID_LEN + 1];
	struct json_text text;

	if (!e->text)
		return;
	c = json_start(e->text, e->text + e->text_len);
	json_enter(&c);
	while (json_item(&c)) {
		if (!json_string(&c, &text))
			json_pass(&c);
		else if (text_parse_uuid(text.s, text.len, id))
			lines_add(queues, "%s", id);
	}
}

enum status recording_peek(struct recording *t, bool until_source, struct recording_head *head,
	struct err *err)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	struct recording_entry e;
	struct err unread;
	enum status st;

	*head = (struct recording_head){ .source = SOURCE_UNKNOWN };
	t->peeking = true;
	do {
		st = recording_read(t, &e, &unread);
		if (st != ST_OK)
			break;
		if (e.kind == RECORDING_WAIT)
			poll(&p, 1, -1);
		else
			head->source = recording_source_of(&e);
		if (e.kind == RECORDING_RUN) {
			recording_queues(&e, &head->queues);
			memcpy(head->interval, e.interval, sizeof(head->interval));
		}
	} while (e.kind == RECORDING_WAIT
		|| (until_source && !head->source && e.kind != RECORDING_EOF));
	t->from = t->next = 0;
	t->line = 0;
	t->peeking = t->joining = t->lost = t->skipping = false;
	return st == ST_OUTPUT || head->queues.failed ? err_nomem(err) : ST_OK;
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

void recording_put_message(struct buf *out, int64_t at_us, size_t stream, bool binary,
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

void recording_put_state(struct buf *out, int64_t at_us, size_t stream, enum recording_kind state,
	const char *interval)
{
	put_head(out, at_us);
	buf_printf(out, ",\"stream\":%zu,\"state\":\"%s\"", stream, states[state]);
	if (state == RECORDING_CONNECTED && interval) {
		buf_str(out, ",\"interval\":");
		json_put_string(out, interval, strlen(interval));
	}
	buf_str(out, "}\n");
}

void recording_put_run(struct buf *out, int64_t at_us, enum recording_source source,
	const struct lines *queues, const char *interval)
{
	put_head(out, at_us);
	buf_printf(out, ",\"state\":\"run\",\"schema\":\"" SCHEMA "\",\"source\":\"%s\","
		"\"queues\":[", sources[source]);
	for (size_t i = 0; i < queues->n; i++)
		json_put_quoted(out, i ? "," : "", queues->v[i]);
	buf_str(out, "],\"interval\":");
	if (interval)
		json_put_string(out, interval, strlen(interval));
	else
		buf_str(out, "null");
	buf_str(out, "}\n");
}

void recording_put_answer(struct buf *out, int64_t at_us, int64_t asked_us,
	enum recording_answer answer, const char *metrics, const char *text, size_t len)
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

void recording_put_stall(struct buf *out, int64_t from_us, int64_t until_us)
{
	put_head(out, from_us);
	buf_str(out, ",\"state\":\"stalled\",\"until\":");
	json_put_time_us(out, until_us);
	buf_str(out, "}\n");
}

void recording_put_end(struct buf *out, int64_t at_us)
{
	put_head(out, at_us);
	buf_str(out, ",\"state\":\"end\"}\n");
}

void recording_put_reject(struct buf *out, int64_t at_us, bool in_row, int64_t window,
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

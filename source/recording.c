#include "source/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "source/json_scan.h"
#include "util/buf.h"
#include "util/time.h"

#define READ_BYTES 65536

struct recording {
	int fd;
	const char *path, *flag;	/* for messages; borrowed */
	bool regular;		/* a regular file, so that reading does not block */
	char *data;
	/* data[next..len) are unread bytes; data[from..next) is the beginning of an unfinished
	 * value */
	size_t from, next, len, cap;
	uint64_t line;
	bool eof;
	bool skipping;		/* skips the rest of a line that is too long */
	bool peeking;		/* keeps all data, to read it again */
	bool joining;		/* a value that began on first_line has not ended yet */
	bool lost;		/* after a broken value: skips to the next line that begins one */
	uint64_t first_line;
	struct json_scan scan;
	struct buf text;	/* see recording_entry_parse */
};

enum status recording_open(struct recording **out, const char *path, const char *flag,
	struct err *err)
{
	struct recording *r = calloc(1, sizeof(*r));
	struct stat st;

	*out = r;
	if (!r)
		return err_nomem(err);
	r->path = path;
	r->flag = flag;
	r->text.limit = RECORDING_LINE_MAX;
	r->cap = 2 * READ_BYTES;
	r->data = malloc(r->cap);
	if (!r->data) {
		free(r);
		*out = NULL;
		return err_nomem(err);
	}
	/* O_NONBLOCK: open() would wait for the writer of a FIFO, and delay signals meanwhile */
	r->fd = strcmp(path, "-") == 0 ? STDIN_FILENO
		: open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (r->fd < 0 || fstat(r->fd, &st) != 0) {
		err_set(err, ST_USAGE, "%s '%s': cannot be read: %s", flag, path,
			strerror(errno));
		recording_close(r);
		*out = NULL;
		return ST_USAGE;
	}
	r->regular = S_ISREG(st.st_mode);
	return ST_OK;
}

int recording_fd(const struct recording *r)
{
	return r->fd;
}

void recording_close(struct recording *r)
{
	if (!r)
		return;
	if (r->fd > STDIN_FILENO)
		close(r->fd);
	free(r->data);
	buf_free(&r->text);
	free(r);
}

/* --- lines -------------------------------------------------------------------------- */

enum fill { FILL_MORE, FILL_EOF, FILL_WAIT, FILL_FAILED };

/* Reads what has come, and appends it to the unread bytes. */
static enum fill fill(struct recording *r, struct err *err)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	ssize_t n;

	if (r->from && !r->peeking) {
		memmove(r->data, r->data + r->from, r->len - r->from);
		r->len -= r->from;
		r->next -= r->from;
		r->from = 0;
	}
	if (r->cap - r->len < READ_BYTES) {
		size_t cap = 2 * r->cap;
		char *data = realloc(r->data, cap);

		if (!data) {
			err_nomem(err);
			return FILL_FAILED;
		}
		r->data = data;
		r->cap = cap;
	}
	if (!r->regular && poll(&p, 1, 0) == 0)
		return FILL_WAIT;
	n = read(r->fd, r->data + r->len, r->cap - r->len);
	if (n > 0) {
		r->len += (size_t)n;
		return FILL_MORE;
	}
	if (n == 0)
		return FILL_EOF;
	if (errno == EINTR || errno == EAGAIN)
		return FILL_WAIT;
	err_set(err, ST_PROTOCOL, "%s '%.300s': cannot be read: %s", r->flag, r->path,
		strerror(errno));
	return FILL_FAILED;
}

enum line_end { LINE_WHOLE, LINE_LAST, LINE_TOO_LONG, LINE_WAIT, LINE_EOF, LINE_FAILED };

/* Takes the line that ends at lf. lf NULL: takes all that is left. */
static enum line_end cut_line(struct recording *r, const char *lf, const char **line,
	size_t *len)
{
	bool skipped = r->skipping;

	*line = r->data + r->next;
	*len = lf ? (size_t)(lf - *line) : r->len - r->next;
	r->next += *len + (lf != NULL);
	r->skipping = false;
	if (skipped || *len > RECORDING_LINE_MAX)
		return LINE_TOO_LONG;
	return lf ? LINE_WHOLE : *len ? LINE_LAST : LINE_EOF;
}

/* Reads the next line, without its newline. LINE_LAST: it had none. */
static enum line_end next_line(struct recording *r, const char **line, size_t *len,
	struct err *err)
{
	size_t searched = 0;

	for (;;) {
		const char *start = r->data + r->next, *lf;
		size_t have = r->len - r->next;

		lf = have > searched ? memchr(start + searched, '\n', have - searched) : NULL;
		if (lf || r->eof)
			return cut_line(r, lf, line, len);
		if (r->peeking && r->len > RECORDING_LINE_MAX)
			return LINE_EOF;	/* recording_peek looks no further */
		if (have > RECORDING_LINE_MAX) {
			r->skipping = true;
			r->from = r->next = r->len;
			r->joining = false;
		}
		searched = r->len - r->next;
		switch (fill(r, err)) {
		case FILL_MORE:
			break;
		case FILL_EOF:
			r->eof = true;
			break;
		case FILL_WAIT:
			return LINE_WAIT;
		case FILL_FAILED:
			return LINE_FAILED;
		}
	}
}

/* --- values of several lines ---------------------------------------------------------- */

/*
 * Skips a broken value. It counts as ended before the next line that begins with `{`, so that no
 * other value is lost. That line may be among the bytes read so far, or may not have come yet.
 */
static void give_up(struct recording *r)
{
	const char *s = r->data + r->from, *end = r->data + r->next;
	uint64_t line = r->first_line;

	r->joining = false;
	while ((s = memchr(s, '\n', (size_t)(end - s))) && ++s < end) {
		line++;
		if (*s == '{')
			break;
	}
	if (!s || s >= end) {
		r->lost = r->line > r->first_line;
		return;
	}
	r->next = (size_t)(s - r->data);
	r->line = line - 1;
}

/* --- one line ----------------------------------------------------------------------- */

/* Drops a byte order mark, white space at both ends, and a carriage return. */
static void trim(struct recording *r, const char **s, size_t *len)
{
	if (r->line == 1 && *len >= 3 && memcmp(*s, "\xEF\xBB\xBF", 3) == 0) {
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

static const char *read_trimmed(struct recording *r, const char *s, size_t len,
	struct recording_entry *e)
{
	e->why = recording_entry_parse(s, len, &r->text, e);
	if (e->why)
		e->kind = RECORDING_BROKEN;
	return e->why;
}

/* If a run was killed, the last line of its recording may have no newline. Then the first line of
 * the next recording follows on the same line. Splits the two; the first part may be complete. */
static void keep_next_recording(struct recording *r, const char *s, size_t len,
	struct recording_entry *e)
{
	const char *found = recording_entry_find_run(s, len);
	struct recording_entry next = { .kind = RECORDING_EOF };

	if (!found || recording_entry_parse(found, len - (size_t)(found - s), &r->text, &next)
	    || next.kind != RECORDING_RUN)
		return;
	r->next = (size_t)(found - r->data);
	r->line--;
	read_trimmed(r, s, (size_t)(found - s), e);
}

/* Reads a complete value, which begins at data[from] and is `used` bytes long. */
static void read_joined(struct recording *r, size_t used, struct recording_entry *e)
{
	const char *s = r->data + r->from, *rest = s + used, *end = r->data + r->next;

	r->joining = false;
	e->line = r->first_line;
	read_trimmed(r, s, used, e);
	while (rest < end && strchr(" \t\r", *rest) && *rest)
		rest++;
	if (rest < end && *rest != '\n') {	/* another value on the same line */
		r->next = (size_t)(rest - r->data);
		r->line--;
	}
}

/* Takes a line that is a bare frame or a part of one. Returns false if the frame has not ended. */
static bool join(struct recording *r, const char *s, size_t len, struct recording_entry *e)
{
	size_t used = 0, before;
	enum json_scanned scanned;

	if (!r->joining) {
		r->joining = true;
		r->first_line = r->line;
		r->from = (size_t)(s - r->data);
		r->scan = (struct json_scan){ .depth = 0 };
	}
	before = (size_t)(s - r->data) - r->from;
	scanned = json_scan_line(&r->scan, s, len, &used);
	if (r->scan.string && r->data[r->next - 1] == '\n')	/* not allowed in a string */
		scanned = JSON_SCAN_BROKEN;
	if (scanned == JSON_SCAN_MORE && before + len <= RECORDING_LINE_MAX)
		return false;
	if (scanned == JSON_SCAN_END) {
		read_joined(r, before + used, e);
		return true;
	}
	e->kind = RECORDING_BROKEN;
	e->line = r->first_line;
	e->why = scanned == JSON_SCAN_MORE ? "longer than 8 MiB" : "not strict JSON";
	give_up(r);
	return true;
}

/* The value is broken, because this line begins another one. The line will be read again. */
static void end_joined(struct recording *r, struct recording_entry *e)
{
	e->kind = RECORDING_BROKEN;
	e->line = r->first_line;
	e->why = "not strict JSON";
	give_up(r);
}

/* Takes a trimmed line that is not empty. Returns false if it is part of a value that has not
 * ended, or of a broken one. */
static bool take_line(struct recording *r, const char *s, size_t len, bool indented,
	struct recording_entry *e)
{
	e->line = r->line;
	if (r->lost && (s[0] != '{' || indented))
		return false;
	r->lost = false;
	if (r->joining && s[0] == '{' && !indented
	    && (recording_entry_has_at(s, len) || !json_scan_takes_object(&r->scan))) {
		end_joined(r, e);
		return true;
	}
	if (r->joining || (s[0] == '{' && !recording_entry_has_at(s, len)
	    && !recording_entry_find_run(s, len)))
		return join(r, s, len, e);
	if (read_trimmed(r, s, len, e))
		keep_next_recording(r, s, len, e);
	return true;
}

/* Takes the end of the input. A value that has not ended is torn if it was cut off, otherwise
 * broken. */
static void take_end(struct recording *r, struct recording_entry *e)
{
	if (!r->joining)
		return;
	r->joining = false;
	e->torn = r->line > r->first_line || r->data[r->len - 1] != '\n';
	if (e->torn)
		return;
	e->kind = RECORDING_BROKEN;
	e->line = r->first_line;
	e->why = "not strict JSON";
}

/* Makes an entry of a line. Returns false if that takes another line. */
static bool read_one(struct recording *r, enum line_end line, const char *s, size_t len,
	struct recording_entry *e)
{
	const char *begin = s;

	if (line == LINE_EOF) {
		take_end(r, e);
		return true;
	}
	e->line = ++r->line;
	if (line == LINE_TOO_LONG) {
		e->kind = RECORDING_BROKEN;
		e->why = "longer than 8 MiB";
		r->joining = false;
		return true;
	}
	trim(r, &s, &len);
	if (len == 0)
		return false;
	/* a last line without a newline may have been cut off */
	if (line == LINE_LAST && !r->joining && (s[0] != '{' || recording_entry_has_at(s, len))
	    && json_skip(s, s + len) != s + len) {
		e->torn = true;
		return true;
	}
	return take_line(r, s, len, s > begin && (*begin == ' ' || *begin == '\t'), e);
}

enum status recording_read(struct recording *r, struct recording_entry *e, struct err *err)
{
	const char *s = NULL;
	size_t len = 0;
	enum line_end line;

	do {
		*e = (struct recording_entry){ .kind = RECORDING_EOF, .at_us = NO_TIME,
			.asked_us = NO_TIME, .line = r->line };
		if (!r->joining)
			r->from = r->next;
		line = next_line(r, &s, &len, err);
		if (line == LINE_FAILED)
			return ST_PROTOCOL;
		if (line == LINE_WAIT) {
			e->kind = RECORDING_WAIT;
			return ST_OK;
		}
	} while (!read_one(r, line, s, len, e));
	if (r->text.failed) {
		err_nomem(err);
		return ST_OUTPUT;
	}
	return ST_OK;
}

/* --- the beginning ------------------------------------------------------------------ */

enum status recording_peek(struct recording *r, bool until_source, struct recording_head *head,
	struct err *err)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	struct recording_entry e;
	struct err unread;
	enum status st;

	*head = (struct recording_head){ .source = SOURCE_UNKNOWN };
	r->peeking = true;
	do {
		st = recording_read(r, &e, &unread);
		if (st != ST_OK)
			break;
		if (e.kind == RECORDING_WAIT)
			poll(&p, 1, -1);
		else
			head->source = recording_entry_source_of(&e);
		if (e.kind == RECORDING_RUN) {
			recording_entry_queues(&e, &head->queues);
			memcpy(head->interval, e.interval, sizeof(head->interval));
		}
	} while (e.kind == RECORDING_WAIT
		|| (until_source && head->source == SOURCE_UNKNOWN && e.kind != RECORDING_EOF));
	r->from = r->next = 0;
	r->line = 0;
	r->peeking = r->joining = r->lost = r->skipping = false;
	return st == ST_OUTPUT || head->queues.failed ? err_nomem(err) : ST_OK;
}

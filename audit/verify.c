#include "audit/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "json.h"
#include "util/text.h"

/* Bytes of the longest torn line; whole lines are shorter. */
#define LINE_LIMIT (HASH_CHAIN_TEAR_MAX + HASH_CHAIN_LINE_MAX)
#define READ_BYTES 65536
#define WRITER_TRIES 100	/* 1 s in all, as long as a writer may take */
#define WRITER_PAUSE_MS 10

/* --- files -------------------------------------------------------------------------- */

struct verify_input {
	const char *path;	/* for messages */
	int fd;
	char *data;		/* bytes from..len are still to be read */
	size_t from, len, size;
	bool over;
	bool awaited;		/* has waited for the rest of the last line */
};

static enum status input_open(struct verify_input *in, const char *path, size_t size,
	struct err *err)
{
	bool std = strcmp(path, "-") == 0;

	in->path = std ? "standard input" : path;
	in->size = size;
	in->data = malloc(size);
	in->fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (in->fd < 0)
		return err_set(err, ST_USAGE, "%s: cannot be read: %s", path, strerror(errno));
	return ST_OK;
}

static void input_close(struct verify_input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	free(in->data);
}

/* Appends more bytes of the file to the buffer, which must have room. Sets `over` at the end of the
 * file. */
static enum status input_more(struct verify_input *in, struct err *err)
{
	ssize_t n;

	if (!in->data)
		return err_nomem(err);
	memmove(in->data, in->data + in->from, in->len - in->from);
	in->len -= in->from;
	in->from = 0;
	do
		n = read(in->fd, in->data + in->len, in->size - in->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(err, ST_PROTOCOL, "%s: cannot be read: %s", in->path,
			strerror(errno));
	in->len += (size_t)n;
	in->over = n == 0;
	return ST_OK;
}

/* --- what an audit line says -------------------------------------------------------------- */

enum verify_field {
	EVENT,
	RUN,
	WINDOW,
	ROWS_DIGEST,
	ROWS_BYTES,
	TORN_LINES,
	TORN_BYTES,
	TORN_DIGEST,
	TORN_AFTER,
	FIELDS
};

struct event {
	struct word {
		const char *s;	/* a value as JSON; NULL: there is none */
		size_t len;
	} field[FIELDS];
};
#define WORD(literal) { literal, sizeof(literal) - 1 }

static bool is_word(const struct event *e, enum verify_field field, const char *word)
{
	size_t len = strlen(word);
	const char *s = e->field[field].s;

	return s && e->field[field].len == len + 2 && s[0] == '"'
		&& memcmp(s + 1, word, len) == 0;
}

static bool is_number(const struct event *e, enum verify_field field, uint64_t *n)
{
	const char *s = e->field[field].s;
	size_t len = e->field[field].len;

	*n = 0;
	for (size_t i = 0; s && i < len; i++) {
		if (s[i] < '0' || s[i] > '9' || len > 18)
			return false;
		*n = 10 * *n + (uint64_t)(s[i] - '0');
	}
	return s != NULL;
}

static bool is_repair(const struct event *e)
{
	return is_word(e, EVENT, "audit.repaired");
}

static bool is_flush(const struct event *e)
{
	return is_word(e, EVENT, "window.flush");
}

/* Reads the members of a line; only event and run if the event does not matter here. False: it is
 * not an audit line, or has a member twice. */
static bool read_event(const char *line, size_t len, struct event *e)
{
	static const struct word names[FIELDS] = { WORD("event"), WORD("run"),
		WORD("window"), WORD("rowsDigest"), WORD("rowsBytes"), WORD("lines"), WORD("bytes"),
		WORD("digest"), WORD("after") };
	const char *at = line, *end = line + len;
	struct json_member m;
	int more;

	*e = (struct event){ .field = { { NULL, 0 } } };
	while ((more = json_walk(&at, end, &m)) == 1) {
		for (size_t i = 0; i < FIELDS; i++) {
			if (names[i].len != m.key_len
			    || memcmp(names[i].s, m.key, m.key_len) != 0)
				continue;
			if (e->field[i].s)
				return false;
			e->field[i].s = m.value;
			e->field[i].len = m.value_len;
		}
		if (e->field[EVENT].s && e->field[RUN].s && !is_repair(e) && !is_flush(e))
			return true;
	}
	return more == 0 && at == end && e->field[EVENT].s && e->field[RUN].s;
}

/* --- lines -------------------------------------------------------------------------- */

struct verifier {
	const struct verify_conf *conf;
	struct hash_chain_work *work;
	struct verify_input log, rows;
	struct hash_chain end;	/* the last line that was read */
	uint64_t torn_from;	/* the first of the torn lines before the next one; 0: none */
	uint64_t torn_bytes;
	char torn_after[HASH_CHAIN_HEX + 1];	/* hash of the line before them */
	EVP_MD_CTX *torn;	/* hashes the torn lines */
	EVP_MD_CTX *printed;	/* hashes the rows of a window */
	uint64_t doubtful;	/* number of the last line, if its prev does not match; else 0 */
	struct err rows_err;	/* reported if nothing is wrong with the log */
	bool run_seen;
	char started[UUID_LEN + 1];	/* the last run that started; empty: none */
	bool side_by_side;	/* a run closed a window after another one had started */
};

static enum status bad_line(const struct verifier *v, uint64_t line, const char *why,
	struct err *err)
{
	return err_set(err, ST_PROTOCOL, "%s: line %llu %s", v->log.path,
		(unsigned long long)line, why);
}

/* Reports a line whose hash is not the one that line `by` has for it. */
static enum status bad_hash(const struct verifier *v, uint64_t line, uint64_t by,
	const char *unless, struct err *err)
{
	return err_set(err, ST_PROTOCOL, "%s: line %llu was changed: its hash is not the one in "
		"line %llu%s", v->log.path, (unsigned long long)line, (unsigned long long)by,
		unless);
}

/* Reports the first of the torn lines before the current line; if there are none, that line. */
static enum status bad(const struct verifier *v, const char *why, struct err *err)
{
	return bad_line(v, v->torn_from ? v->torn_from : v->end.seq + 1, why, err);
}

/* If the prev of a line does not match the line before, one of the two was edited: the doubtful
 * line itself if the next line does not match it either, else the line before. prev is that of the
 * next line; NULL: there is none. */
static enum status settle_doubt(const struct verifier *v, const char *prev, struct err *err)
{
	if (prev && memcmp(prev, v->end.last, HASH_CHAIN_HEX) != 0)
		return bad_hash(v, v->doubtful, v->doubtful + 1, "", err);
	return bad_hash(v, v->doubtful - 1, v->doubtful,
		prev ? "" : ", or that line was changed", err);
}

static bool hash_end(EVP_MD_CTX *ctx, char hex[HASH_CHAIN_HEX + 1])
{
	unsigned char hash[HASH_CHAIN_HEX / 2];

	if (EVP_DigestFinal_ex(ctx, hash, NULL) != 1)
		return false;
	text_hex(hash, sizeof(hash), hex);
	return true;
}

static enum status add_torn(struct verifier *v, const char *line, size_t len, struct err *err)
{
	bool first = v->torn_from == 0;

	if (first) {
		v->torn_bytes = 0;
		memcpy(v->torn_after, v->end.last, sizeof(v->torn_after));
	}
	if ((first && EVP_DigestInit_ex2(v->torn, EVP_sha256(), NULL) != 1)
	    || (!first && EVP_DigestUpdate(v->torn, "\n", 1) != 1)
	    || EVP_DigestUpdate(v->torn, line, len) != 1)
		return err_nomem(err);
	if (first)
		v->torn_from = v->end.seq + 1;
	v->torn_bytes += len + !first;
	return ST_OK;
}

/* Checks that the line after torn lines is an audit.repaired for exactly these lines. */
static enum status check_repair(struct verifier *v, const struct event *e, struct err *err)
{
	struct verify_tear tear = { v->end.seq + 1, 0 };
	char digest[HASH_CHAIN_HEX + 1] = "";
	uint64_t lines, bytes;

	if (v->torn_from) {
		tear = (struct verify_tear){ v->torn_from, v->end.seq + 1 - v->torn_from };
		if (!hash_end(v->torn, digest))
			return err_nomem(err);
	}
	if (!is_repair(e) || !is_number(e, TORN_LINES, &lines)
	    || !is_number(e, TORN_BYTES, &bytes) || lines != tear.lines
	    || (lines && (bytes != v->torn_bytes || !is_word(e, TORN_DIGEST, digest))))
		return bad(v, v->torn_from ? "has no seq and prev, and no audit.repaired line "
			"with its digest follows"
			: "is an audit.repaired line, but the line before it is whole", err);
	/* logs of older versions do not have it */
	if (lines && e->field[TORN_AFTER].s && !is_word(e, TORN_AFTER, v->torn_after))
		return tear.first > 1
			? bad_hash(v, tear.first - 1, v->end.seq + 1, "", err)
			: bad_line(v, 1, "is not the first line of the log: lines before it are "
				"missing", err);
	v->torn_from = 0;
	if (v->conf->tear)
		v->conf->tear(v->conf->arg, &tear);
	return ST_OK;
}

static enum status check_mac(const struct verifier *v, const char *line,
	const struct hash_chain_link *link, struct err *err)
{
	char mac[HASH_CHAIN_HEX + 1];

	if (!hash_chain_work_has_key(v->work))
		return ST_OK;
	if (!link->mac)
		return bad(v, "has no mac: it was written without --audit-key-file, or changed",
			err);
	if (!hash_chain_mac(v->work, line, link->mac_from, mac))
		return err_nomem(err);
	return memcmp(mac, link->mac, HASH_CHAIN_HEX) == 0 ? ST_OK
		: bad(v, "has a mac that does not match the key: --audit-key-file has another "
			"key, or the line was changed", err);
}

/* Checks that a line continues the chain. */
static enum status check_link(struct verifier *v, const char *line,
	const struct hash_chain_link *link, struct err *err)
{
	const uint64_t n = v->end.seq + 1;
	char why[96];
	enum status st;

	if (link->seq != n && v->doubtful)
		return settle_doubt(v, NULL, err);
	if (link->seq != n) {
		snprintf(why, sizeof(why), v->torn_from
			? "has no seq and prev, and the next line that has them has seq %llu"
			: "has seq %llu: lines are missing, repeated or out of order",
			(unsigned long long)link->seq);
		return bad(v, why, err);
	}
	st = check_mac(v, line, link, err);
	if (st != ST_OK)
		return st;
	if (v->doubtful)
		return settle_doubt(v, link->prev, err);
	if (memcmp(link->prev, v->end.last, HASH_CHAIN_HEX) == 0)
		return ST_OK;
	if (n == 1)
		return bad(v, "is not the first line of the log (its prev is not 64 zeros): lines "
			"before it are missing", err);
	if (v->torn_from)
		return bad_hash(v, n - 1, n, "", err);
	if (hash_chain_work_has_key(v->work))
		return bad(v, "has the hash of another line than the one before it: one of the two "
			"lines comes from another log", err);
	v->doubtful = n;
	return ST_OK;
}

/* --- rows --------------------------------------------------------------------------- */

/* Hashes the next len bytes of the rows. *whole: false if the rows have fewer bytes. */
static enum status hash_rows(struct verifier *v, uint64_t len, char hex[HASH_CHAIN_HEX + 1],
	bool *whole, struct err *err)
{
	struct verify_input *in = &v->rows;
	enum status st = ST_OK;

	if (EVP_DigestInit_ex2(v->printed, EVP_sha256(), NULL) != 1)
		return err_nomem(err);
	while (st == ST_OK && len && !in->over) {
		size_t n = in->len - in->from;

		n = n < len ? n : (size_t)len;
		if (EVP_DigestUpdate(v->printed, in->data + in->from, n) != 1)
			return err_nomem(err);
		in->from += n;
		len -= n;
		if (len)
			st = input_more(in, err);
	}
	*whole = len == 0;
	return st == ST_OK && !hash_end(v->printed, hex) ? err_nomem(err) : st;
}

static enum status check_rows(struct verifier *v, const struct event *e, struct err *err)
{
	const unsigned long long n = v->end.seq + 1;
	char hex[HASH_CHAIN_HEX + 1];
	enum status st;
	uint64_t bytes, window;
	bool whole = false;

	if (v->rows_err.text[0])
		return ST_OK;
	if (!is_number(e, ROWS_BYTES, &bytes) || !e->field[ROWS_DIGEST].s)
		return bad(v, "has no digest of the window's rows", err);
	is_number(e, WINDOW, &window);
	st = hash_rows(v, bytes, hex, &whole, err);
	if (st != ST_OK)
		return st;
	if (!whole)
		err_set(&v->rows_err, ST_PROTOCOL, "%s: ends before the end of window %llu "
			"(%s, line %llu)", v->rows.path, (unsigned long long)window, v->log.path,
			n);
	else if (!is_word(e, ROWS_DIGEST, hex))
		err_set(&v->rows_err, ST_PROTOCOL, "%s: the rows of window %llu do not match "
			"their digest (%s, line %llu)", v->rows.path, (unsigned long long)window,
			v->log.path, n);
	return ST_OK;
}

static enum status end_rows(struct verifier *v, struct err *err)
{
	enum status st = ST_OK;

	if (!v->conf->rows)
		return ST_OK;
	if (v->conf->run && !v->run_seen)
		return err_set(err, ST_PROTOCOL, "--run %s: %s has no line of this run",
			v->conf->run, v->log.path);
	if (v->rows_err.text[0])
		return err_set(err, ST_PROTOCOL, "%.300s%s", v->rows_err.text, v->side_by_side
			&& !v->conf->run ? "; runs overlapped: mixed rows of several runs cannot "
			"be verified (see flock(1))" : "");
	if (v->rows.from == v->rows.len && !v->rows.over)
		st = input_more(&v->rows, err);
	if (st == ST_OK && v->rows.from < v->rows.len)
		return err_set(err, ST_PROTOCOL, "%s: has more after the rows of the last window "
			"in %s: rows were added, or belong to another run", v->rows.path,
			v->log.path);
	return st;
}

/* --- the whole log ------------------------------------------------------------------ */

static void note_run(struct verifier *v, const struct event *e)
{
	const struct word *run = &e->field[RUN];

	if (is_flush(e) && v->started[0] && !is_word(e, RUN, v->started))
		v->side_by_side = true;
	if (is_word(e, EVENT, "run.start") && run->len == UUID_LEN + 2) {
		memcpy(v->started, run->s + 1, UUID_LEN);
		v->started[UUID_LEN] = '\0';
	}
}

static enum status check_event(struct verifier *v, const char *line, size_t len,
	struct err *err)
{
	enum status st = ST_OK;
	struct event e;
	bool of_run;

	if (!read_event(line, len, &e))
		return bad(v, "is not a line of an audit log", err);
	if (v->torn_from || is_repair(&e))
		st = check_repair(v, &e, err);
	note_run(v, &e);
	of_run = !v->conf->run || is_word(&e, RUN, v->conf->run);
	v->run_seen = v->run_seen || of_run;
	if (st == ST_OK && v->conf->rows && of_run && is_flush(&e))
		st = check_rows(v, &e, err);
	return st;
}

static enum status take_line(struct verifier *v, const char *line, size_t len,
	struct err *err)
{
	char hash[HASH_CHAIN_HEX + 1];
	struct hash_chain_link link;
	enum status st;

	if (!hash_chain_hash(v->work, line, len, hash))
		return err_nomem(err);
	if (hash_chain_split(line, len, &link)) {
		st = check_link(v, line, &link, err);
		if (st == ST_OK)
			st = check_event(v, line, len, err);
	} else {
		st = v->doubtful ? settle_doubt(v, NULL, err) : add_torn(v, line, len, err);
	}
	v->end.seq++;
	memcpy(v->end.last, hash, sizeof(hash));
	return st;
}

/* If the last line has no newline, a run may be writing it, and then has the file locked. Waits
 * for it once. False: no run is writing it, or that takes too long. */
static bool await_writer(struct verify_input *in)
{
	if (in->awaited)
		return false;
	in->awaited = true;
	for (int i = 0; i < WRITER_TRIES; i++) {
		if (flock(in->fd, LOCK_SH | LOCK_NB) == 0)
			return flock(in->fd, LOCK_UN) == 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		poll(NULL, 0, WRITER_PAUSE_MS);
	}
	return false;
}

static enum status take_lines(struct verifier *v, struct err *err)
{
	struct verify_input *in = &v->log;
	enum status st = ST_OK;

	while (st == ST_OK) {
		const char *line = in->data + in->from;
		size_t len = in->len - in->from;
		const char *lf = len ? memchr(line, '\n', len) : NULL;

		if (lf) {
			st = take_line(v, line, (size_t)(lf - line), err);
			in->from += (size_t)(lf - line) + 1;
			in->awaited = false;
		} else if (len >= LINE_LIMIT && !v->doubtful) {
			st = bad(v, "is longer than an audit line can be", err);
		} else if (len >= LINE_LIMIT || (in->over && !(len && await_writer(in)))) {
			break;
		} else {
			st = input_more(in, err);
		}
	}
	return st;
}

static enum status check_end(struct verifier *v, struct err *err)
{
	if (v->doubtful)
		return settle_doubt(v, NULL, err);
	if (v->torn_from)
		return bad(v, "has no seq and prev: it was torn by a crash, or written without "
			"--audit-chain", err);
	if (v->log.from < v->log.len)
		return bad(v, "has no newline: it was cut off, or a run is writing it", err);
	if (v->conf->expect && memcmp(v->conf->expect, v->end.last, HASH_CHAIN_HEX) != 0)
		return err_set(err, ST_PROTOCOL, "--expect %s: the last line of %s, line %llu, has "
			"the hash %s", v->conf->expect, v->log.path,
			(unsigned long long)v->end.seq, v->end.last);
	return end_rows(v, err);
}

static enum status open_all(struct verifier *v, struct err *err)
{
	const struct verify_conf *conf = v->conf;
	enum status st;

	v->work = hash_chain_work_new(conf->key ? conf->key->data : NULL,
		conf->key ? conf->key->len : 0);
	v->torn = EVP_MD_CTX_new();
	v->printed = EVP_MD_CTX_new();
	if (!v->work || !v->torn || !v->printed)
		return err_nomem(err);
	st = input_open(&v->log, conf->log, LINE_LIMIT + READ_BYTES, err);
	if (st == ST_OK && conf->rows)
		st = input_open(&v->rows, conf->rows, READ_BYTES, err);
	return st;
}

enum status verify_audit(const struct verify_conf *conf, struct hash_chain *end, struct err *err)
{
	struct verifier v = { .conf = conf, .end = hash_chain_empty, .log.fd = -1, .rows.fd = -1 };
	enum status st = open_all(&v, err);

	if (st == ST_OK)
		st = take_lines(&v, err);
	if (st == ST_OK)
		st = check_end(&v, err);
	*end = v.end;
	input_close(&v.log);
	input_close(&v.rows);
	EVP_MD_CTX_free(v.torn);
	EVP_MD_CTX_free(v.printed);
	hash_chain_work_free(v.work);
	return st;
}

/*
 * An audit log as --audit-chain writes it, made from the input's lines, and rows beside it. A line
 * begins with `+` (an event with the rest in it), `w` (a window with the rest as its rows), `t` (a
 * torn line and its repair), `r` (the rest, as it is). Such a log is good unless an `r` is in it.
 * `x` and three bytes change one byte of the log, and then it is good no more.
 */
#include "audit/hash_chain.h"
#include "audit/verify.h"
#include "json.h"
#include "tests/support/fuzz.h"

#define RUN "11111111-1111-4111-8111-111111111111"
#define LINES_MOST 24
#define TEXT_MOST 512

struct made {
	struct buf log, rows;
	struct hash_chain chain;
	struct hash_chain_work *work;
	size_t tears, told;
	bool raw;			/* the log may be a bad one */
};

static void begin(struct buf *line, const char *event)
{
	buf_printf(line, "{\"ts\":\"2026-11-30T00:00:00.000Z\",\"event\":\"%s\",\"run\":\"%s\"",
		event, RUN);
}

static void seal(struct made *m, struct buf *line)
{
	must(hash_chain_seal(&m->chain, m->work, line));
	must(buf_add(&m->log, line->data, line->len));
	buf_free(line);
}

static void add_event(struct made *m, const char *text, size_t len)
{
	struct buf line = { 0 };

	begin(&line, "run.note");
	buf_str(&line, ",\"text\":");
	json_put_string(&line, text, len);
	seal(m, &line);
}

static void add_window(struct made *m, const char *text, size_t len)
{
	char hash[HASH_CHAIN_HEX + 1];
	struct buf line = { 0 };

	must(hash_chain_hash(m->work, text, len, hash) && buf_add(&m->rows, text, len));
	begin(&line, "window.flush");
	buf_printf(&line, ",\"rowsBytes\":%zu,\"rowsDigest\":\"%s\"", len, hash);
	seal(m, &line);
}

/* A line that a crash cut off, then one that says so, as run/audit_events.c does it. */
static void add_tear(struct made *m, const char *text, size_t len)
{
	struct hash_chain_tear tear;
	struct buf line = { 0 };

	buf_str(&m->log, "{\"ts\":\"");
	buf_add(&m->log, text, len);
	/* no line of ours is torn so that it has another JSON text, or a chain's members, in it */
	if (hash_chain_look(m->work, m->log.data, m->log.len, true, &m->chain, &tear)
	    != HASH_CHAIN_TORN || tear.lines != 1) {
		m->raw = true;
		return;
	}
	begin(&line, "audit.repaired");
	buf_printf(&line, ",\"lines\":%llu,\"bytes\":%llu,\"digest\":\"%s\",\"after\":\"%s\"",
		(unsigned long long)tear.lines, (unsigned long long)tear.bytes, tear.digest,
		tear.after);
	buf_str(&m->log, tear.open ? "\n" : "");
	seal(m, &line);
	m->tears++;
}

static void add_line(struct made *m, const char *s, size_t len)
{
	size_t text = len > TEXT_MOST ? TEXT_MOST : len - 1;

	if (m->raw && s[0] != 'r')	/* what follows would be repaired, or not be allowed */
		return;
	switch (s[0]) {
	case '+': add_event(m, s + 1, text); break;
	case 'w': add_window(m, s + 1, text); break;
	case 't': add_tear(m, s + 1, text); break;
	case 'r':
		m->raw = true;
		buf_add(&m->log, s + 1, len - 1);
		buf_char(&m->log, '\n');
		break;
	default: break;
	}
}

static void told(void *arg, const struct verify_tear *tear)
{
	struct made *m = arg;

	must(tear->first > 0 && tear->lines < m->log.len);
	m->told++;
}

static enum status verify(struct made *m, bool with_key, const char *expect, bool with_rows,
	struct hash_chain *end)
{
	char secret[] = "key";
	const struct buf key = { .data = secret, .len = strlen(secret), .cap = sizeof(secret) };
	struct err err = { "" };
	const struct verify_conf conf = {
		.log = fuzz_file(0, m->log.data ? m->log.data : "", m->log.len),
		.key = with_key ? &key : NULL,
		.expect = expect,
		.rows = with_rows ? fuzz_file(1, m->rows.data ? m->rows.data : "", m->rows.len)
			: NULL,
		.run = with_rows && m->chain.seq ? RUN : NULL,
		.tear = told, .arg = m
	};
	enum status st;

	m->told = 0;
	st = verify_audit(&conf, end, &err);
	must(st == ST_OK || st == ST_PROTOCOL);
	must((st == ST_OK) == (err.text[0] == '\0'));
	return st;
}

static void check_made(struct made *m)
{
	struct hash_chain end;

	must(verify(m, true, m->chain.seq ? m->chain.last : NULL, true, &end) == ST_OK);
	must(end.seq == m->chain.seq && strcmp(end.last, m->chain.last) == 0);
	must(m->told == m->tears);
}

/* One byte is another: it is found out by the key, and also by the last line's hash. */
static void check_changed(struct made *m, const unsigned char how[3])
{
	size_t at = m->log.len ? (256u * how[0] + how[1]) % m->log.len : 0;
	unsigned char other = how[2] ? how[2] : 1;
	struct hash_chain end;

	if (m->log.len == 0)
		return;
	m->log.data[at] = (char)(m->log.data[at] ^ other);
	must(verify(m, true, NULL, true, &end) == ST_PROTOCOL);
	must(verify(m, false, m->chain.last, false, &end) == ST_PROTOCOL);
}

/* A log that is good is one that a line can be added to. */
static void check_raw(struct made *m)
{
	struct hash_chain_tear tear;
	struct hash_chain end, chain;
	struct hash_chain_work *work;

	if (verify(m, false, NULL, false, &end) != ST_OK)
		return;
	work = hash_chain_work_new(NULL, 0);
	must(work != NULL);
	switch (hash_chain_look(work, m->log.data, m->log.len, true, &chain, &tear)) {
	case HASH_CHAIN_WHOLE:
		must(chain.seq == end.seq && strcmp(chain.last, end.last) == 0);
		break;
	case HASH_CHAIN_OTHER_KEY:
		break;
	default:
		abort();
	}
	hash_chain_work_free(work);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hash_chain_work *work;	/* for all inputs, as for all lines of a run */
	struct made m = { .chain = hash_chain_empty };
	const char *s = (const char *)data, *end = s + size;
	unsigned char how[3] = { 0 };
	bool change = false;

	if (!work)
		work = hash_chain_work_new("key", 3);
	must(work != NULL);
	m.work = work;
	for (int i = 0; i < LINES_MOST && s < end; i++) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));

		lf = lf ? lf : end;
		if (*s == 'x' && end - s > 3) {
			memcpy(how, s + 1, sizeof(how));
			change = true;
			s += 4;
			continue;
		}
		if (lf > s)
			add_line(&m, s, (size_t)(lf - s));
		s = lf < end ? lf + 1 : end;
	}
	must(!m.log.failed && !m.rows.failed);
	if (m.raw)
		check_raw(&m);
	else
		check_made(&m);
	if (!m.raw && change)
		check_changed(&m, how);
	buf_free(&m.log);
	buf_free(&m.rows);
	return 0;
}

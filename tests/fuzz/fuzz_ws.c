/*
 * A peer's frames, in chunks as the input says, beside a second, plain way of putting them
 * together. Of each step: a byte of kind (bits 0 to 2), more fragments (3) and chunk (4 to
 * 7), one of length, then the frame's bytes as far as the input has them. A pong with bit 3 is
 * no frame, but bytes as they are: from then on only what always holds is checked.
 */
#include <stdint.h>
#include <stdio.h>

#include "ws.h"

/* A smaller limit, so that an input does not take the time to fill a MiB. It is still above 64 KiB,
 * from where a frame has the longest form of its length. */
#undef WS_MESSAGE_MAX
#define WS_MESSAGE_MAX (72u << 10)
#include "tests/support/fake_ws.h"
#include "util/buf.h"
#include "util/utf8.h"

#define LONG_STEP 633		/* a length byte above 125 counts so much; 117 are too long */
#define LEN_MAX ((255 - 125) * LONG_STEP)
#define TURN_US 300000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum channel_setup_step { TEXT, BINARY, CLOSE, PING, PONG, TURN, FULL, OURS };

struct model {
	struct ws *ws;
	struct buf part, wanted;	/* the message under way; whole ones, each with its head */
	bool in_message, text;
	size_t taken;
	enum fault fault;
	bool closed, ours, ended;
	bool wild;			/* what came is no longer known */
	int64_t now_us;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void whole(struct model *m)
{
	struct stored head = { m->text ? WS_TEXT : WS_BINARY, m->part.len };

	m->in_message = false;
	if (m->text && !utf8_valid(m->part.len ? m->part.data : "", m->part.len)) {
		m->fault = FAULT_BAD_TEXT;
		return;
	}
	check(buf_add(&m->wanted, &head, sizeof(head))
		&& buf_add(&m->wanted, m->part.data, m->part.len));
	buf_clear(&m->part);
}

static void data_frame(struct model *m, bool text, bool more, const char *bytes, size_t len)
{
	if (!m->in_message)		/* else it is a continuation, of the first one's kind */
		m->text = text;
	m->in_message = true;
	check(buf_add(&m->part, bytes, len));
	if (m->part.len > WS_MESSAGE_MAX)
		m->fault = FAULT_TOO_BIG;
	else if (!more)
		whole(m);
}

static void check_end(struct model *m, const struct ws_event *e)
{
	m->ended = true;
	check(utf8_valid(e->reason, strlen(e->reason)));
	if (m->wild)
		return;
	check(m->taken == m->wanted.len);
	if (m->fault)
		check(e->end == (m->fault == FAULT_TOO_BIG ? WS_END_TOO_BIG : WS_END_BAD_TEXT));
	else if (m->ours)
		check(e->end == WS_END_OURS);
	else
		check(m->closed && (e->end == WS_END_CLOSED || e->end == WS_END_BREACH));
	check(m->fault || m->ours || e->end != WS_END_CLOSED || e->close_code != 1006);
}

static void check_message(struct model *m, const struct ws_event *e)
{
	struct stored head;

	check(e->len <= WS_MESSAGE_MAX && (e->kind == WS_BINARY || utf8_valid(e->text, e->len)));
	if (m->wild)
		return;
	check(m->taken < m->wanted.len);
	memcpy(&head, m->wanted.data + m->taken, sizeof(head));
	m->taken += sizeof(head);
	check(e->kind == head.kind && e->len == head.len);
	check(!e->len || memcmp(e->text, m->wanted.data + m->taken, e->len) == 0);
	m->taken += e->len;
}

/* The loop's part: takes what there is, then steps. */
static void turn(struct model *m)
{
	for (int half = 0; half < 2; half++) {
		struct ws_event e;

		while (ws_next(m->ws, &e))
			if (e.kind == WS_ENDED)
				check_end(m, &e);
			else
				check_message(m, &e);
		check(m->ended || m->wild || m->taken == m->wanted.len);
		if (half == 0)
			ws_step(m->ws, m->now_us += TURN_US);
	}
}

static void feed(struct model *m, unsigned op, const char *bytes, size_t len)
{
	static const unsigned flags[] = { CURLWS_TEXT, CURLWS_BINARY, CURLWS_CLOSE, CURLWS_PING,
		CURLWS_PONG };
	unsigned step = op & 7, most = op >> 4;
	bool more = (op & 8) && step <= BINARY, deaf = m->fault || m->closed || m->ours;

	if ((op & 8) && step == PONG) {
		m->wild = true;
		check(fake_bytes(bytes, len));
	} else {
		check(fake_frame(flags[step] | (more ? CURLWS_CONT : 0), bytes, len,
			most == 15 ? 4096 : most + 1 + (len > 4096 ? 4000 : 0)));
	}
	if (!deaf && step <= BINARY)
		data_frame(m, step == TEXT, more, bytes, len);
	else if (!deaf && step == CLOSE)
		m->closed = true;
	check(m->ws->partial.cap <= 2 * WS_MESSAGE_MAX);
	check(m->wild || m->fault != FAULT_TOO_BIG || !m->ws->partial.cap);
}

static size_t one_step(struct model *m, const uint8_t *data, size_t size, char *room)
{
	unsigned step = data[0] & 7;
	size_t len = size > 1 ? data[1] : 0, have = size > 2 ? size - 2 : 0;

	if (step == TURN) {
		turn(m);
	} else if (step == FULL) {
		fake.room = fake.room ? 0 : SIZE_MAX;
	} else if (step == OURS) {
		m->ours = true;
		ws_close(m->ws, m->now_us);
	} else {
		if (len > 125 && step <= BINARY)
			len = (len - 125) * LONG_STEP;
		else if (len > 125)
			len = 125;	/* libcurl lets no longer control frame pass */
		if (have > len)
			have = len;
		memset(room, 'x', len);
		memcpy(room, data + (have ? 2 : 0), have);
		feed(m, data[0], room, len);
		return 2 + have;
	}
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf part, wanted;		/* kept, to spare their growth */
	static char room[LEN_MAX];
	struct model m = { .ws = fake_open(NULL), .part = part, .wanted = wanted };
	struct ws_event e;

	check(m.ws && ws_next(m.ws, &e) && e.kind == WS_OPENED);
	for (size_t at = 0; at < size && !m.ended;)
		at += one_step(&m, data + at, size - at, room);
	for (int i = 0; i < 5 && !m.ended; i++)
		turn(&m);
	check(m.ended || m.wild || !(m.fault || m.closed || m.ours));
	ws_free(m.ws);
	part = m.part;
	wanted = m.wanted;
	buf_clear(&part);
	buf_clear(&wanted);
	return 0;
}

#include "run/totals.h"

#include "net/ws_frame.h"

/* Names of the reasons that verdict_name() does not know. */
static const char *const other_names[REJECT_KINDS] = {
	[REJECT_NOT_JSON] = "not-json",
	[REJECT_BINARY] = "binary",
	[REJECT_EVENT_TYPE] = "event-type",
	[REJECT_NO_QUEUE] = "no-queue",
	[REJECT_FOREIGN_QUEUE] = "foreign-queue"
};

const char *reject_name(enum reject reason)
{
	return other_names[reason] ? other_names[reason] : verdict_name((enum verdict)reason);
}

/* Counts how often, and for how long, there was no connection. The loss of one of two sockets is
 * not counted. */
static void count_down(struct totals *t, const struct session_event *event)
{
	const unsigned up = t->up;

	if (event->kind == SESSION_CONNECTED) {
		t->up |= 1u << event->socket;
		if (!up && t->down_since_us != NO_TIME) {
			t->reconnects++;
			t->down_us += event->at_us - t->down_since_us;
		}
		t->down_since_us = NO_TIME;
	} else {
		t->up &= ~(1u << event->socket);
		if (up && !t->up)
			t->down_since_us = event->at_us;
	}
}

void totals_session(struct totals *t, const struct session_event *event)
{
	if (event->kind == SESSION_CONNECTED || event->kind == SESSION_LOST)
		count_down(t, event);
	switch (event->kind) {
	case SESSION_TOKEN_ACQUIRED:
		t->tokens++;
		break;
	case SESSION_CONNECTED:
		t->connected++;
		t->attempt = t->failed = 0;
		break;
	case SESSION_LOST:
		t->lost++;
		t->too_big += event->by_us && event->close_code == WS_CLOSE_TOO_BIG;
		t->bad_text += event->by_us && event->close_code == WS_CLOSE_BAD_TEXT;
		t->cut_messages += event->cut;
		break;
	case SESSION_TOKEN_RETRY:
	case SESSION_RETRY:
		t->retries++;
		t->attempt = event->attempt + 1;
		t->failed++;
		break;
	case SESSION_RESYNC_FAILED:
		t->resyncs_failed++;
		break;
	case SESSION_TOKEN_CACHED:
	case SESSION_TOKEN_REFUSED:
	case SESSION_MESSAGE:
	case SESSION_CLOSED:
	case SESSION_OVER:
	case SESSION_SILENT:
	case SESSION_ANSWER:
	case SESSION_SECRET:
	case SESSION_REFUSED:
	case SESSION_WARNING:
		break;
	}
}

void totals_frame(struct totals *t, bool update)
{
	t->frames++;
	t->updates += update;
}

void totals_lag(struct totals *t, int64_t us)
{
	t->lag_us = us < 0 ? NO_TIME : us;
}

int64_t totals_down_us(const struct totals *t, int64_t now_us)
{
	return t->down_us + (t->down_since_us == NO_TIME ? 0 : now_us - t->down_since_us);
}

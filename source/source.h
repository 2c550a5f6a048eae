/*
 * The source of a live run: the stream or the notification service. Each function calls the one of
 * that name in stream.c or channel.c; stream.h explains them.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/source_kind.h"
#include "source/channel.h"
#include "source/session.h"
#include "source/stream.h"
#include "util/base.h"

struct source {		/* owns the one that is not NULL; all zero: none yet */
	struct stream *stream;
	struct channel *channel;
};

/* How many queues a live run can have. */
size_t source_queues_max(enum source_kind kind);

void source_free(struct source *s);
bool source_exists(const struct source *s);
int64_t source_silent_us(const struct source *s);
void source_watch(struct source *s, int64_t now_us, int64_t printed_end_us);
void source_stalled(struct source *s, int64_t from_us, int64_t now_us);
bool source_next(struct source *s, int64_t now_us, struct session_event *event);
void source_step(struct source *s, int64_t now_us);
int64_t source_deadline_us(const struct source *s);
bool source_is_up(const struct source *s);
enum status source_status(const struct source *s);
void source_close(struct source *s, int64_t now_us);
bool source_is_closed(const struct source *s);

#endif

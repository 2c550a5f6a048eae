#include "source/source.h"

size_t source_queues_max(enum source_kind kind)
{
	return kind == SOURCE_NOTIFICATIONS ? CHANNEL_QUEUES_MAX : STREAM_QUEUES_MAX;
}

void source_free(struct source *s)
{
	stream_free(s->stream);
	channel_free(s->channel);
	*s = (struct source){ .stream = NULL };
}

bool source_exists(const struct source *s)
{
	return s->stream || s->channel;
}

int64_t source_silent_us(const struct source *s)
{
	if (s->stream)
		return stream_silent_us(s->stream);
	return s->channel ? channel_silent_us(s->channel) : INT64_MAX;
}

void source_watch(struct source *s, int64_t now_us, int64_t printed_end_us)
{
	if (s->stream)
		stream_watch(s->stream, now_us, printed_end_us);
	else if (s->channel)
		channel_watch(s->channel, now_us, printed_end_us);
}

void source_stalled(struct source *s, int64_t from_us, int64_t now_us)
{
	if (s->stream)
		stream_stalled(s->stream, from_us, now_us);
	else if (s->channel)
		channel_stalled(s->channel, from_us, now_us);
}

bool source_next(struct source *s, int64_t now_us, struct session_event *event)
{
	if (s->stream)
		return stream_next(s->stream, now_us, event);
	return s->channel && channel_next(s->channel, now_us, event);
}

void source_step(struct source *s, int64_t now_us)
{
	if (s->stream)
		stream_step(s->stream, now_us);
	else if (s->channel)
		channel_step(s->channel, now_us);
}

int64_t source_deadline_us(const struct source *s)
{
	if (s->stream)
		return stream_deadline_us(s->stream);
	return s->channel ? channel_deadline_us(s->channel) : INT64_MAX;
}

bool source_is_up(const struct source *s)
{
	return s->stream ? stream_is_up(s->stream) : s->channel && channel_is_up(s->channel);
}

enum status source_status(const struct source *s)
{
	if (s->stream)
		return stream_status(s->stream);
	return s->channel ? channel_status(s->channel) : ST_OK;
}

void source_close(struct source *s, int64_t now_us)
{
	if (s->stream)
		stream_close(s->stream, now_us);
	else if (s->channel)
		channel_close(s->channel, now_us);
}

bool source_is_closed(const struct source *s)
{
	return s->stream ? stream_is_closed(s->stream)
		: !s->channel || channel_is_closed(s->channel);
}

/*
 * The requests that set up a channel, one at a time: token, channel, topics, socket, snapshot; and
 * what to do after each answer.
 */
#ifndef SOURCE_CHANNEL_SETUP_H
#define SOURCE_CHANNEL_SETUP_H

#include "source/channel_state.h"
#include "util/base.h"

/* Goes to another step. Its first request does not begin before not_before_us. */
void channel_setup_enter(struct channel *ch, enum channel_setup_step step, int64_t not_before_us);
/* Stays in the step, for its next request, or to repeat the last one. */
void channel_setup_continue(struct channel *ch, int64_t not_before_us);

/* Call one of these once a turn. */
void channel_setup_begin(struct channel *ch, int64_t now_us);	/* no request is under way */
void channel_setup_step_rest(struct channel *ch, int64_t now_us);	/* one is */
/* The setup waits for a token. */
void channel_setup_take_token(struct channel *ch, enum token_state state, int64_t now_us);

/* Whether a socket is up during the setup, so that a failure is only a warning. */
bool channel_setup_in_background(const struct channel *ch);

/* Starts the request of a step. The URL is path if tail is NULL, otherwise path, the channel's ID
 * and tail. */
void channel_setup_ask(struct channel *ch, const char *method, const char *path, const char *tail,
	const char *body, int64_t now_us);

/* A step has failed. Does what retry_policy.h says: repeats the step, makes a new channel beginning
 * with a new token, or ends the source. */
void channel_setup_failed(struct channel *ch, enum channel_setup_step step,
	const struct retry_failure *f, int64_t now_us);
/* Calls channel_setup_failed for the current step. */
void channel_setup_step_failed(struct channel *ch, enum http_failure kind, const char *text,
	int64_t now_us);
/* Call when the answer to the current step is malformed. what: the name of the request; why: what
 * is wrong. The step has then failed; if why is why_no_memory, the source ends instead. */
void channel_setup_malformed(struct channel *ch, const char *what, const char *why, int64_t now_us);
/* Ends the source for good, with this status and text. */
void channel_setup_over(struct channel *ch, enum status status, const char *text);

/* Call when the service has removed the channel because the client created too many newer ones. */
void channel_setup_evicted(struct channel *ch, int64_t now_us);

#endif

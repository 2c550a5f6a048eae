/*
 * The requests that set a channel up, one at a time: token, channel, topics, socket, snapshot; and
 * what follows from each answer.
 */
#ifndef SOURCE_CHANNEL_SETUP_H
#define SOURCE_CHANNEL_SETUP_H

#include "source/channel_state.h"
#include "util/base.h"

/* Begins a step. */
void channel_setup_enter(struct channel *ch, enum channel_setup_step step, int64_t not_before_us);
/* Makes the step's next request, or the last one again. */
void channel_setup_continue(struct channel *ch, int64_t not_before_us);

/* Once a turn, if no request is under way; if one is; if a token is awaited. */
void channel_setup_begin(struct channel *ch, int64_t now_us);
void channel_setup_step_rest(struct channel *ch, int64_t now_us);
void channel_setup_take_token(struct channel *ch, enum token_state state, int64_t now_us);

/* Whether a socket is up meanwhile, so that a failure is only a warning. */
bool channel_setup_in_background(const struct channel *ch);

/* Starts the request of a step: to path, or to path, the channel's ID and tail. */
void channel_setup_ask(struct channel *ch, const char *method, const char *path, const char *tail,
	const char *body, int64_t now_us);

/* Does what retry_policy.h has: the step again, a new channel from the token on, or the end. */
void channel_setup_failed(struct channel *ch, enum channel_setup_step step,
	const struct retry_failure *f, int64_t now_us);
/* The same for the current step. */
void channel_setup_step_failed(struct channel *ch, enum http_failure kind, const char *text,
	int64_t now_us);
/* The same for an answer. why: what is wrong with it, why_no_memory ends the source. */
void channel_setup_malformed(struct channel *ch, const char *what, const char *why, int64_t now_us);
/* The end. */
void channel_setup_over(struct channel *ch, enum status status, const char *text);

/* A newer channel of the client has taken its place. */
void channel_setup_evicted(struct channel *ch, int64_t now_us);

#endif

/* Messages of the stream: each is one or more frames, which are placed in stream windows. */
#ifndef RUN_PIPELINE_STREAM_H
#define RUN_PIPELINE_STREAM_H

#include "run/pipeline_state.h"
#include "util/base.h"

enum status pipeline_stream_take(struct pipeline *p, const struct pipeline_message *m, bool *good,
	struct err *err);

#endif

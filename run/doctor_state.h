/*
 * The state of --doctor. Only the files run/doctor*.c include this: doctor.c (the input, and the
 * parts of the check), and doctor_events.c (the events of a part's source).
 */
#ifndef RUN_DOCTOR_STATE_H
#define RUN_DOCTOR_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/notification.h"
#include "message/stream_event.h"
#include "run/doctor_report.h"
#include "run/run_api.h"
#include "run/run_state.h"
#include "source/session.h"
#include "source/source.h"

/* The checks that have a line of their own, in the order in which they are done. */
enum check {
	CHECK_LIST, CHECK_QUERY,
	CHECK_COUNT, CHECK_CHANNEL, CHECK_TOPICS, CHECK_SOCKET, CHECK_MESSAGE, CHECK_PONG,
	CHECK_STREAM, CHECK_FRAME, CHECK_INTERVALS
};

/* Checks that one source does. */
enum part { PART_LIST, PART_QUERY, PART_CHANNEL, PART_STREAM, PARTS };

/* What is known of a queue. Its index is that of the run's queue. */
struct doctor_queue {
	bool answered;		/* values of it came */
	unsigned frames;	/* of the stream */
	char *refused;		/* why it was; NULL: it was not */
};

struct doctor {
	struct run *run;
	struct doctor_report report;
	struct run_api api;	/* the token, and the lookup of queues */
	uint64_t token_told;	/* generation of the last token in a line; 0: none */
	bool no_token;		/* there is none */
	bool asked;		/* the query was answered */
	bool queues_told;	/* each queue has its line */
	enum part part;		/* PARTS: all parts are over */
	bool begun;		/* the part's source is open */
	unsigned next;		/* the check of the part that is to be done next */
	struct source source;
	char *payload;
	struct doctor_queue *known;	/* NULL: no part has needed it yet */
	struct stream_events *frames;
	struct notifications *notifications;
	bool lost;		/* the connection was */
	int64_t ping_us, until_us;	/* when the ping was sent; when the last step is over */
	char summary[80];	/* why the run ends with a failure */
};

#endif

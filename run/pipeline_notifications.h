/* Messages of the notification service, and snapshots: they change the values of queue windows. */
#ifndef RUN_PIPELINE_NOTIFICATIONS_H
#define RUN_PIPELINE_NOTIFICATIONS_H

#include "run/pipeline_state.h"
#include "util/base.h"

enum status pipeline_notifications_take(struct pipeline *p, const struct pipeline_message *m,
	bool *good, enum notification_kind *control, struct err *err);
enum status pipeline_notifications_snapshot(struct pipeline *p, const struct pipeline_answer *a,
	bool *good, struct err *err);

#endif

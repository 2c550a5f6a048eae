#include "output/agent_label.h"

#include <string.h>

#include "util/base.h"

static const char *key_of(const char *metric)
{
	static const char *const statuses[] = {
		"oOffQueueUsers", "oOnQueueUsers", "oUserRoutingStatuses"
	};

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (strcmp(metric, statuses[i]) == 0)
			return "status";
	return strcmp(metric, "oUserPresences") == 0 ? "presence" : NULL;
}

struct agent_label agent_label_of(const struct row_series *series)
{
	const char *key = key_of(series->metric);
	const char *dot = key ? strrchr(series->path, '.') : NULL;

	if (!dot)
		return (struct agent_label){ .field = series->path };
	return (struct agent_label){ key, { series->path, (size_t)(dot - series->path) }, dot + 1 };
}

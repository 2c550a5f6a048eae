#include "output/agent_label.h"

#include <string.h>

#include "message/metric_types.h"

struct agent_label agent_label_of(const struct row_series *series)
{
	const char *key = metric_type_of(slice_of(series->metric))->qualifier;
	const char *dot = key ? strrchr(series->path, '.') : NULL;

	if (!dot)
		return (struct agent_label){ .field = series->path };
	return (struct agent_label){ key, { series->path, (size_t)(dot - series->path) }, dot + 1 };
}

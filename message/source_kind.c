#include "message/source_kind.h"

#include <stddef.h>

const char *const source_kind_names[] = {
	[SOURCE_STREAM] = "stream",
	[SOURCE_NOTIFICATIONS] = "notifications",
	[SOURCE_UNKNOWN] = NULL
};

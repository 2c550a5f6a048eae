#include "window/verdict.h"

const char *verdict_name(enum verdict rejected)
{
	static const char *const names[VERDICT_REJECTS] = {
		[VERDICT_INVALID] = "invalid",
		[VERDICT_DUPLICATE] = "duplicate",
		[VERDICT_STALE] = "stale",
		[VERDICT_OUTLIER] = "outlier"
	};

	return names[rejected];
}

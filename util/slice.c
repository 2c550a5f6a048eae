#include "util/slice.h"

#include <strings.h>

bool slice_has_prefix(struct slice slice, const char *prefix)
{
	size_t n = strlen(prefix);

	return slice.s && slice.len >= n && strncasecmp(slice.s, prefix, n) == 0;
}

bool slice_is_any_case(struct slice slice, const char *word)
{
	return slice.len == strlen(word) && slice_has_prefix(slice, word);
}

char *slice_dup(struct slice slice)
{
	return strndup(slice.s, slice.len);
}

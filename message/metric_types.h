/*
 * The metrics that the service documents: whether a name of -m fits one of them, and which one a
 * misspelt name may mean.
 */
#ifndef MESSAGE_METRIC_TYPES_H
#define MESSAGE_METRIC_TYPES_H

#include <stdbool.h>

/* Whether one of the service's documented metrics fits the pattern of -m, see text_matches. */
bool metric_types_know(const char *pattern);
/* The documented metric that a misspelt name may mean; NULL: none is near. */
const char *metric_types_nearest(const char *name);

#endif

/*
 * The metrics in the documentation of the API. They serve to warn of a misspelt -m and to suggest
 * the right name.
 */
#ifndef MESSAGE_METRIC_TYPES_H
#define MESSAGE_METRIC_TYPES_H

#include <stdbool.h>

/* Whether the pattern of -m matches a documented metric, see text_matches. */
bool metric_types_know(const char *pattern);
/* The documented metric that is most similar to a misspelt name; NULL: none is similar. */
const char *metric_types_nearest(const char *name);

#endif

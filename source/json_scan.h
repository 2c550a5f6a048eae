/*
 * Finds the end of a JSON object or array that can take several lines. It looks only at brackets
 * and strings, and decodes nothing.
 */
#ifndef SOURCE_JSON_SCAN_H
#define SOURCE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_SCAN_DEPTH 512	/* the readers of json.h go no deeper */

struct json_scan {		/* set to zero before each value */
	size_t depth;
	char open[JSON_SCAN_DEPTH];
	bool string, escaped;
	char last;		/* the last byte that is not white space */
};

enum json_scanned { JSON_SCAN_MORE, JSON_SCAN_END, JSON_SCAN_BROKEN };

/* Scans a line. If the value ends in it, sets *used to the bytes of the line that belong to it. */
enum json_scanned json_scan_line(struct json_scan *c, const char *s, size_t len, size_t *used);

/* Whether an object may follow at this point of a value that has not ended. */
bool json_scan_takes_object(const struct json_scan *c);

#endif

/*
 * Finds the end of a JSON value that can take several lines, without decoding it: knows brackets
 * and strings alone.
 */
#ifndef SOURCE_JSON_SCAN_H
#define SOURCE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_SCAN_DEPTH 512	/* json.h reads no deeper */

struct json_scan {		/* all zero before a value */
	size_t depth;
	char open[JSON_SCAN_DEPTH];
	bool string, escaped;
	char last;		/* the last byte that is no white space */
};

enum json_scanned { JSON_SCAN_MORE, JSON_SCAN_END, JSON_SCAN_BROKEN };

/* Scans a line. If the value ends in it, *used is how many bytes of the line belong to it. */
enum json_scanned json_scan_line(struct json_scan *c, const char *s, size_t len, size_t *used);

/* Whether an object may come next in a value that has not ended. */
bool json_scan_takes_object(const struct json_scan *c);

#endif

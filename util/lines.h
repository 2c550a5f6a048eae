/* A growing list of lines of text, each owned by the list: usage errors, warnings, queue IDs. */
#ifndef UTIL_LINES_H
#define UTIL_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty list. */
struct lines {
	char **v;
	size_t n;
	size_t cap;
	bool failed;	/* a line is missing because memory ran out */
};

void lines_add(struct lines *lines, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool lines_has(const struct lines *lines, const char *text);
void lines_free(struct lines *lines);

#endif

#include "util/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lines_add(struct lines *lines, const char *fmt, ...)
{
	va_list ap;
	char *line = NULL;

	if (lines->n == lines->cap) {
		size_t cap = lines->cap ? 2 * lines->cap : 8;
		char **v = reallocarray(lines->v, cap, sizeof(*v));

		if (!v) {
			lines->failed = true;
			return;
		}
		lines->v = v;
		lines->cap = cap;
	}
	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		lines->failed = true;
	else
		lines->v[lines->n++] = line;
	va_end(ap);
}

bool lines_has(const struct lines *lines, const char *text)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strcmp(lines->v[i], text) == 0)
			return true;
	return false;
}

void lines_free(struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		free(lines->v[i]);
	free(lines->v);
	*lines = (struct lines){ 0 };
}

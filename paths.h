/*
 * Whether two names are one file: what a run writes may be nothing else that it writes or
 * reads. Terminals, pipes and devices may be shared.
 */
#ifndef PATHS_H
#define PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

struct path_use {
	const char *flag;	/* for the line that complains */
	const char *path;	/* "-": stdin or stdout; NULL: not used */
	bool output;
};

/* One line of problems for each pair that is one file, at least one of it an output. */
void paths_check(const struct path_use *use, size_t n, struct lines *problems);

#endif

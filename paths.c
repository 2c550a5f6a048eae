#include "paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
	struct stat st;
	bool known;	/* st is filled */
	char *real;	/* where it does not exist yet: the directory's real path and the name */
};

static char *future_path(const char *path)
{
	char *copy = strdup(path), *slash = copy ? strrchr(copy, '/') : NULL, *dir, *real = NULL;

	if (!copy)
		return NULL;
	if (slash)
		*slash = '\0';
	dir = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
	if (dir && asprintf(&real, "%s/%s", dir, slash ? slash + 1 : copy) < 0)
		real = NULL;
	free(dir);
	free(copy);
	return real;
}

static struct file identify(const struct path_use *use)
{
	struct file f = { .known = false };

	if (!use->path)
		return f;
	if (strcmp(use->path, "-") == 0)
		f.known = fstat(use->output ? STDOUT_FILENO : STDIN_FILENO, &f.st) == 0;
	else
		f.known = stat(use->path, &f.st) == 0;
	if (!f.known)
		f.real = future_path(use->path);
	return f;
}

static bool same_file(const struct file *a, const struct file *b)
{
	if (a->known && b->known)
		return S_ISREG(a->st.st_mode) && a->st.st_dev == b->st.st_dev
			&& a->st.st_ino == b->st.st_ino;
	return a->real && b->real && strcmp(a->real, b->real) == 0;
}

void paths_check(const struct path_use *use, size_t n, struct lines *problems)
{
	struct file *file = calloc(n, sizeof(*file));

	if (!file) {
		problems->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		file[i] = identify(&use[i]);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if ((use[i].output || use[k].output) && same_file(&file[i], &file[k]))
				lines_add(problems, "%s and %s are one file", use[i].flag,
					use[k].flag);
	for (size_t i = 0; i < n; i++)
		free(file[i].real);
	free(file);
}

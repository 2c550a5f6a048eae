/*
 * A fuzzer's main without libFuzzer: every file named, or in a directory named, is read
 * once. So each input that ever broke something is part of every `make check`.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	int status = -1;
	uint8_t *data = NULL;
	struct stat st;
	FILE *f = fopen(path, "rb");

	if (f == NULL || fstat(fileno(f), &st) != 0)
		goto out;
	/* exactly as long as the input, so that a sanitizer sees a read past its end */
	size_t size = (size_t)st.st_size;
	data = malloc(size > 0 ? size : 1);
	if (data == NULL || fread(data, 1, size, f) != size)
		goto out;
	LLVMFuzzerTestOneInput(data, size);
	status = 0;
out:
	if (status != 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	free(data);
	if (f != NULL)
		fclose(f);
	return status;
}

static int replay_dir(const char *path, int *seeds)
{
	int status = 0;
	DIR *dir = opendir(path);

	if (dir == NULL)
		return replay_file(path) == 0 ? ++*seeds, 0 : -1;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char *name = NULL;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&name, "%s/%s", path, entry->d_name) < 0)
			name = NULL;
		if (name == NULL || replay_file(name) != 0)
			status = -1;
		free(name);
		++*seeds;
	}
	closedir(dir);
	return status;
}

int main(int argc, char **argv)
{
	int seeds = 0, status = 0;

	for (int i = 1; i < argc; i++) {
		if (replay_dir(argv[i], &seeds) != 0)
			status = 1;
	}
	printf("%d seeds read\n", seeds);
	return seeds > 0 ? status : 1;
}

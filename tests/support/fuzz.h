/* What fuzzers share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <ftw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

static inline bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The bytes up to the first NUL as a string (malloc'd), in memory of exactly its length. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	must(text != NULL);
	return text;
}

/* The path of a file of mode 0600 in memory with these bytes. There are two; they stay the same. */
static inline const char *fuzz_file(unsigned which, const void *bytes, size_t size)
{
	static struct {
		char path[32];
		int fd;
	} files[2] = { { "", -1 }, { "", -1 } };
	int fd = files[which].fd;

	if (fd < 0) {
		fd = files[which].fd = memfd_create("fuzz", MFD_CLOEXEC);
		must(fd >= 0 && fchmod(fd, 0600) == 0);
		snprintf(files[which].path, sizeof(files[which].path), "/proc/self/fd/%d", fd);
	}
	must(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
	return files[which].path;
}

static char fuzz_directory[64];

static inline int fuzz_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static inline void fuzz_leave(void)
{
	nftw(fuzz_directory, fuzz_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A directory in memory, if there is such a file system; it is removed at the end. */
static inline const char *fuzz_dir(void)
{
	if (!fuzz_directory[0]) {
		snprintf(fuzz_directory, sizeof(fuzz_directory), "%s/gsqstat-fuzz-XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		must(mkdtemp(fuzz_directory) && atexit(fuzz_leave) == 0);
	}
	return fuzz_directory;
}

#endif

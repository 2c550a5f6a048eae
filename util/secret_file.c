#include "util/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/files.h"
#include "util/text.h"

#define WAIT_MS 5000	/* for a pipe */

static const struct policy {
	size_t max;		/* bytes */
	const char *too_long;
	bool must_be_closed;	/* refuse an exposed file, else warn */
	bool one;		/* it is one secret: trim the newline, and refuse an empty file */
	bool text;		/* refuse NUL bytes */
	bool file, pipe;	/* it must be one of these; neither: anything that can be read */
} policies[] = {
	[SECRET_FILE_KEY] = { 4096, "it is longer than 4096 bytes",
		.must_be_closed = true, .one = true },
	[SECRET_FILE_KEYS] = { 16384, "it is longer than 16384 bytes",
		.must_be_closed = true, .file = true, .pipe = true },
	[SECRET_FILE_TEXT] = { 4096, "it is longer than 4096 bytes",
		.one = true, .text = true },
	[SECRET_FILE_HEADERS] = { .max = 65536, .too_long = "it is longer than 65536 bytes" },
	[SECRET_FILE_GC] = { 1024 * 1024, "it is larger than 1 MiB", .file = true }
};

/* The group bits of a systemd credential are the mask of the ACL that lets the service read it. */
static mode_t others_bits(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t len = dir ? strlen(dir) : 0;

	return len && strncmp(path, dir, len) == 0 && path[len] == '/'
		? S_IRWXO : S_IRWXG | S_IRWXO;
}

/* NULL, or why the open file must not be read. */
static const char *check(const struct policy *policy, int fd, const char *path, unsigned *exposed)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if ((policy->file || policy->pipe) && !(policy->file && S_ISREG(st.st_mode))
	    && !(policy->pipe && S_ISFIFO(st.st_mode)))
		return S_ISDIR(st.st_mode) ? "it is a directory" : "it is not a regular file";
	if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & others_bits(path)))
		*exposed = st.st_mode & 0777;
	return *exposed && policy->must_be_closed
		? "group or others have access to it; run chmod 600 on it" : NULL;
}

/* Editors add a newline at the end, which is not part of the secret. */
static const char *trim(const struct policy *policy, struct buf *secret)
{
	bool newline = secret->len && secret->data[secret->len - 1] == '\n';

	secret->len -= newline;
	if (secret->len && secret->data[secret->len - 1] == '\r' && (newline || policy->text))
		secret->len--;
	if (secret->len == 0)
		return "it is empty";
	if (policy->text && memchr(secret->data, '\0', secret->len))
		return "it contains a NUL byte";
	secret->data[secret->len] = '\0';
	return NULL;
}

const char *secret_file_read(enum secret_file kind, const char *path, struct buf *text,
	unsigned *exposed)
{
	const struct policy *policy = &policies[kind];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *why;

	*exposed = 0;
	if (fd < 0)
		return strerror(errno);
	why = check(policy, fd, path, exposed);
	if (!why)
		why = files_take(fd, policy->max, WAIT_MS, text);
	if (!why && text->len > policy->max)
		why = policy->too_long;
	if (!why && policy->one)
		why = trim(policy, text);
	close(fd);
	return why;
}

void secret_file_warn(struct lines *warnings, const char *path, unsigned exposed)
{
	char shown[TEXT_SHOWN_SIZE];

	if (exposed)
		lines_add(warnings, "%s: group or others have access to it (mode %03o); run "
			"chmod 600 on it", text_shown(shown, path, strlen(path)), exposed);
}

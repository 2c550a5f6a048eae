#include "util/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base.h"
#include "util/text.h"

#define LINKS_MAX 40		/* links of one path, as in the kernel */

struct file {
	struct stat st;
	bool known;	/* st is filled */
	char *real;	/* of a file that does not exist yet: its real path */
};

/* The target of the link, as a path from here; NULL: it is not a link, or no memory. */
static char *follow(const char *path)
{
	char link[PATH_MAX], *copy, *full;
	ssize_t n = readlink(path, link, sizeof(link) - 1);

	if (n <= 0)
		return NULL;
	link[n] = '\0';
	if (link[0] == '/')
		return strdup(link);
	copy = strdup(path);
	full = copy ? text_format("%s/%s", dirname(copy), link) : NULL;
	free(copy);
	return full;
}

/* The last name of a path; NULL: only a directory can have it. */
static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 ? name : NULL;
}

/* The real path of its directory, followed by its own name. */
static char *in_real_directory(const char *path)
{
	char *copy = strdup(path), *dir = copy ? realpath(dirname(copy), NULL) : NULL;
	const char *name = file_name(path);
	char *full = NULL;

	if (dir && name)
		full = text_format("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name);
	if (dir && !name)
		errno = *path ? EISDIR : ENOENT;
	free(dir);
	free(copy);
	return full;
}

char *files_real(const char *path)
{
	char *full = realpath(path, NULL), *at, *next;
	int links = 0;

	if (full || errno != ENOENT)
		return full;
	at = strdup(path);
	while (at && links++ < LINKS_MAX && (next = follow(at))) {
		free(at);
		at = next;
	}
	full = at ? in_real_directory(at) : NULL;
	free(at);
	return full;
}

static struct file identify(const struct files_use *use)
{
	struct file f = { .known = false };

	if (!use->path)
		return f;
	if (strcmp(use->path, "-") == 0)
		f.known = fstat(use->is_stderr ? STDERR_FILENO
			: use->output ? STDOUT_FILENO : STDIN_FILENO, &f.st) == 0;
	else
		f.known = stat(use->path, &f.st) == 0;
	if (!f.known)
		f.real = files_real(use->path);
	return f;
}

static bool same_file(const struct file *a, const struct file *b)
{
	if (a->known && b->known)
		return S_ISREG(a->st.st_mode) && a->st.st_dev == b->st.st_dev
			&& a->st.st_ino == b->st.st_ino;
	return a->real && b->real && strcmp(a->real, b->real) == 0;
}

static bool is_stdout(const struct files_use *use)
{
	return use->output && !use->is_stderr && use->path && strcmp(use->path, "-") == 0;
}

static bool may_share(const struct files_use *a, const struct files_use *b)
{
	return (!a->output && !b->output) || (a->output && b->output && a->path && b->path
		&& strcmp(a->path, "-") == 0 && strcmp(b->path, "-") == 0);
}

void files_check(const struct files_use *use, size_t n, struct lines *problems)
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
			if ((is_stdout(&use[i]) && is_stdout(&use[k]))
			    || (!may_share(&use[i], &use[k]) && same_file(&file[i], &file[k])))
				lines_add(problems, "%s and %s are the same file", use[i].flag,
					use[k].flag);
	for (size_t i = 0; i < n; i++)
		free(file[i].real);
	free(file);
}

/* True if the test holds for the path or, if it is a symbolic link, for a path it leads to. */
static bool any_on_the_way(const char *path, bool (*test)(char *path))
{
	char *at = strdup(path), *next;
	bool found = false;

	for (int links = 0; at && !found && links < LINKS_MAX; links++) {
		found = test(at);
		next = follow(at);
		free(at);
		at = next;
	}
	free(at);
	return found;
}

static bool names_stdout(char *path)
{
	static const char *const names[] = { "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(path, names[i]) == 0)
			return true;
	return false;
}

bool files_is_stdout(const char *path)
{
	return any_on_the_way(path, names_stdout);
}

bool files_is_foreign_link(const struct stat *st)
{
	return S_ISLNK(st->st_mode) && st->st_uid != geteuid() && st->st_uid != 0;
}

static bool is_foreign(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && files_is_foreign_link(&st);
}

/* Checks the path itself and each directory in it. */
static bool names_foreign_link(char *path)
{
	bool found = is_foreign(path);

	for (char *slash = path; (slash = strchr(slash + 1, '/')) && !found;) {
		*slash = '\0';
		found = is_foreign(path);
		*slash = '/';
	}
	return found;
}

bool files_has_foreign_link(const char *path)
{
	return *path && any_on_the_way(path, names_foreign_link);
}

/* --- outputs ------------------------------------------------------------------------ */

const char *files_unmakeable(const char *path)
{
	char *real = files_real(path), *slash = real ? strrchr(real, '/') : NULL;
	const char *why = NULL;

	if (slash)
		slash[slash == real] = '\0';
	if (!real || access(real, W_OK | X_OK) != 0)
		why = strerror(errno);
	free(real);
	return why;
}

char *files_make_temp(int dir, const char *prefix, const char *suffix, mode_t mode, int *fd)
{
	unsigned char random[FILES_TEMP_HEX / 2];
	char hex[FILES_TEMP_HEX + 1], *name;
	int error;

	if (RAND_bytes(random, sizeof(random)) != 1) {
		errno = EIO;
		return NULL;
	}
	text_hex(random, sizeof(random), hex);
	name = text_format("%s%s%s", prefix, hex, suffix);
	if (!name)
		return NULL;
	*fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (*fd >= 0)
		return name;
	error = errno;
	free(name);
	errno = error;
	return NULL;
}

/* open(2) allows O_NOATIME only to the owner and to a process with CAP_FOWNER. */
bool files_is_owned(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOATIME);
	bool owned = fd >= 0 || errno != EPERM;

	if (fd >= 0)
		close(fd);
	return owned;
}

/* --- reading ------------------------------------------------------------------------ */

const char *files_unreadable(const char *path)
{
	struct stat st;
	int flags;

	if (strcmp(path, "-") == 0) {
		/* main() opened a closed stdin for writing only */
		flags = fcntl(STDIN_FILENO, F_GETFL);
		return flags < 0 || (flags & O_ACCMODE) == O_WRONLY ? "stdin is closed" : NULL;
	}
	if (access(path, R_OK) != 0 || stat(path, &st) != 0)
		return strerror(errno);
	return S_ISDIR(st.st_mode) ? strerror(EISDIR) : NULL;
}

const char *files_no_directory(const char *path)
{
	struct stat st;

	if (access(path, R_OK | X_OK) != 0 || stat(path, &st) != 0)
		return strerror(errno);
	return S_ISDIR(st.st_mode) ? NULL : strerror(ENOTDIR);
}

static bool holds_certificate(const char *path)
{
	BIO *bio = BIO_new_file(path, "r");
	STACK_OF(X509_INFO) *all = bio ? PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL) : NULL;
	bool found = false;

	for (int i = 0; all && i < sk_X509_INFO_num(all); i++)
		found = found || sk_X509_INFO_value(all, i)->x509;
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	BIO_free(bio);
	ERR_clear_error();
	return found;
}

const char *files_no_certificates(const char *path)
{
	const char *why = files_unreadable(path);
	struct stat st;

	if (!why && stat(path, &st) == 0 && (S_ISCHR(st.st_mode)
	    || (S_ISREG(st.st_mode) && !holds_certificate(path))))
		why = "it contains no PEM certificate";
	return why;
}

const char *files_take(int fd, size_t max, int wait_ms, struct buf *text)
{
	char *to = buf_reserve(text, max + 1);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = 1;

	if (!to)
		return why_no_memory;
	while (n > 0 && text->len <= max) {
		if (poll(&p, 1, wait_ms) == 0)
			return strerror(ETIMEDOUT);
		n = read(fd, to + text->len, max + 1 - text->len);
		text->len += n > 0 ? (size_t)n : 0;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			n = 1;
	}
	return n < 0 ? strerror(errno) : NULL;
}

const char *files_read(const char *path, size_t max, struct buf *text)
{
	const char *why = files_unreadable(path);
	int fd;

	if (why)
		return why;
	fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return strerror(errno);
	why = files_take(fd, max, -1, text);
	if (!why && text->len > max)
		why = "it is too long";
	if (fd != STDIN_FILENO)
		close(fd);
	return why;
}

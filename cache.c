#include "cache.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"

#define SCHEMA "gsqstat-token/1"
#define FILE_MAX 65536
#define TOKEN_MAX 16384
#define NAME_LEN 64			/* SHA-256 in hex */

struct cache {
	int dir, lock;
	bool told;			/* that the file is ignored */
	char name[NAME_LEN + 1];
	char *base_url;
};

void cached_token_free(struct cached_token *t)
{
	if (t->token)
		OPENSSL_cleanse(t->token, strlen(t->token));
	free(t->token);
	*t = (struct cached_token){ 0 };
}

/* --- where -------------------------------------------------------------------------- */

/* $XDG_CACHE_HOME must be absolute, or it counts as unset (XDG Base Directory). */
static char *directory_path(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int n = -1;

	if (xdg && *xdg == '/')
		n = asprintf(&path, "%s/gsqstat", xdg);
	else if (home && *home == '/')
		n = asprintf(&path, "%s/.cache/gsqstat", home);
	return n < 0 ? NULL : path;
}

static bool file_name(const char *base_url, const char *client_id, char out[NAME_LEN + 1])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *key = NULL;
	bool ok;

	if (asprintf(&key, "%s\n%s", base_url, client_id) < 0)
		return false;
	ok = EVP_Digest(key, strlen(key), hash, &len, EVP_sha256(), NULL) == 1
		&& 2 * len == NAME_LEN;
	for (unsigned i = 0; ok && i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	free(key);
	return ok;
}

char *cache_path(const char *base_url, const char *client_id)
{
	char *dir = directory_path(), *path = NULL, name[NAME_LEN + 1];

	if (dir && file_name(base_url, client_id, name)
	    && asprintf(&path, "%s/%s", dir, name) < 0)
		path = NULL;
	free(dir);
	return path;
}

/* Every directory of the path that is missing, closed to others. */
static void make_directories(char *path)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

/* A directory of ours; one of ours that was open to others is closed to them. */
static int open_directory(char *path, const char **why)
{
	struct stat st;
	int fd;

	make_directories(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	*why = NULL;
	if (fd < 0 || fstat(fd, &st) != 0)
		*why = strerror(errno);
	else if (st.st_uid != geteuid())
		*why = "it belongs to somebody else";
	else if ((st.st_mode & 077) && fchmod(fd, 0700) != 0)
		*why = "others may look into it";
	else if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		*why = "it cannot be written to";
	if (*why && fd >= 0)
		close(fd);
	return *why ? -1 : fd;
}

struct cache *cache_open(const char *base_url, const char *client_id, struct lines *warnings)
{
	struct cache *c = calloc(1, sizeof(*c));
	char *path = directory_path();
	const char *why = "neither XDG_CACHE_HOME nor HOME is set";

	if (!c)
		goto fail;
	c->lock = -1;
	c->dir = path ? open_directory(path, &why) : -1;
	c->base_url = strdup(base_url);
	if (c->dir < 0 || !c->base_url || !file_name(base_url, client_id, c->name))
		goto fail;
	free(path);
	return c;
fail:
	lines_add(warnings, "no token cache%s%s: %s; each run asks for a token of its own",
		path ? " at " : "", path ? path : "", why ? why : "out of memory");
	free(path);
	cache_close(c);
	return NULL;
}

void cache_close(struct cache *c)
{
	if (!c)
		return;
	cache_unlock(c);
	if (c->dir >= 0)
		close(c->dir);
	free(c->base_url);
	free(c);
}

/* --- reading ------------------------------------------------------------------------ */

/* Why the file is not to be believed, NULL: it may be. */
static const char *distrust(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "it is no file";
	if (st.st_uid != geteuid())
		return "it belongs to somebody else";
	if (st.st_mode & 077)
		return "others may read or write it";
	return st.st_size > FILE_MAX ? "it is too long" : NULL;
}

static bool is_token(const cJSON *item)
{
	size_t n = 0;

	if (!cJSON_IsString(item))
		return false;
	for (const char *s = item->valuestring; s[n]; n++)
		if (s[n] <= ' ' || s[n] > '~')
			return false;
	return n > 0 && n <= TOKEN_MAX;
}

static bool is_text(const cJSON *item, const char *text)
{
	return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}

/* The file's text to a token; false: it is not what we write. */
static bool understand(const struct cache *c, const char *text, size_t len,
	struct cached_token *t)
{
	const char *rest = NULL;
	cJSON *tree = cJSON_ParseWithLengthOpts(text, len, &rest, 0);
	cJSON *token = cJSON_GetObjectItemCaseSensitive(tree, "access_token");
	const cJSON *expires = cJSON_GetObjectItemCaseSensitive(tree, "expires_ms");
	bool ok = tree && text + len - rest == 1 && *rest == '\n'
		&& is_text(cJSON_GetObjectItemCaseSensitive(tree, "schema"), SCHEMA)
		&& is_text(cJSON_GetObjectItemCaseSensitive(tree, "host"), c->base_url)
		&& is_token(token) && cJSON_IsNumber(expires) && expires->valuedouble > 0
		&& expires->valuedouble < 253402300800000.0	/* the year 10000 */
		&& expires->valuedouble == (double)(int64_t)expires->valuedouble;

	if (ok) {
		t->expires_ms = (int64_t)expires->valuedouble;
		t->token = strdup(token->valuestring);
		ok = t->token != NULL;
	}
	if (cJSON_IsString(token))
		OPENSSL_cleanse(token->valuestring, strlen(token->valuestring));
	cJSON_Delete(tree);
	return ok;
}

static bool read_whole(int fd, struct buf *text)
{
	char *room = buf_reserve(text, FILE_MAX + 1);
	ssize_t n = 0;

	while (room && text->len <= FILE_MAX) {
		n = read(fd, room + text->len, FILE_MAX + 1 - text->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		text->len += (size_t)n;
	}
	return room && n == 0 && text->len <= FILE_MAX;
}

/* What cannot be set aside is met at every read, but told once. */
static void set_aside(struct cache *c, const char *why, struct lines *warnings)
{
	char bad[NAME_LEN + 8];

	snprintf(bad, sizeof(bad), "%s.bad", c->name);
	if (renameat(c->dir, c->name, c->dir, bad) == 0) {
		lines_add(warnings, "the cached token %s is set aside: %s", c->name, why);
	} else if (!c->told) {
		lines_add(warnings, "the cached token %s is ignored: %s", c->name, why);
		c->told = true;
	}
}

int cache_read(struct cache *c, int64_t not_before_ms, struct cached_token *t,
	struct lines *warnings)
{
	int fd = openat(c->dir, c->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct buf text = { 0 };
	const char *why;

	*t = (struct cached_token){ 0 };
	if (fd < 0 && errno == ENOENT)
		return 0;
	why = fd < 0 ? strerror(errno) : distrust(fd);
	if (!why && (!read_whole(fd, &text)
	    || !understand(c, text.data, text.len, t)))
		why = "it is broken";
	if (fd >= 0)
		close(fd);
	buf_wipe(&text);
	if (why)
		set_aside(c, why, warnings);
	if (t->token && t->expires_ms <= not_before_ms)
		cached_token_free(t);
	return t->token != NULL;
}

/* --- writing ------------------------------------------------------------------------ */

static bool write_whole(int fd, const struct buf *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		done += (size_t)n;
	}
	return fsync(fd) == 0;
}

bool cache_write(struct cache *c, const char *token, int64_t expires_ms,
	struct lines *warnings)
{
	struct buf text = { 0 };
	char temp[NAME_LEN + 32];
	int fd;
	bool ok;

	snprintf(temp, sizeof(temp), "%s.%ld.tmp", c->name, (long)getpid());
	buf_reserve(&text, 2 * strlen(token) + 1024);	/* no growth that would leave copies */
	buf_printf(&text, "{\"schema\":\"%s\",\"host\":", SCHEMA);
	json_put_string(&text, c->base_url, strlen(c->base_url));
	buf_str(&text, ",\"access_token\":");
	json_put_string(&text, token, strlen(token));
	buf_printf(&text, ",\"expires_ms\":%lld}\n", (long long)expires_ms);
	unlinkat(c->dir, temp, 0);
	fd = openat(c->dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ok = fd >= 0 && !text.failed && write_whole(fd, &text);
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	ok = ok && renameat(c->dir, temp, c->dir, c->name) == 0;
	if (!ok) {
		lines_add(warnings, "the token cannot be kept: %s", strerror(errno));
		unlinkat(c->dir, temp, 0);
	}
	buf_wipe(&text);
	return ok;
}

void cache_drop(struct cache *c, const char *token)
{
	struct lines ignored = { 0 };
	struct cached_token t;

	if (cache_read(c, 0, &t, &ignored) && strcmp(t.token, token) == 0)
		unlinkat(c->dir, c->name, 0);
	cached_token_free(&t);
	lines_free(&ignored);
}

/* --- the lock ----------------------------------------------------------------------- */

/* Where there can be no lock (no flock on this file system, no room for the file) there is
 * nobody to wait for. */
bool cache_lock(struct cache *c)
{
	char name[NAME_LEN + 8];

	if (c->lock < 0) {
		snprintf(name, sizeof(name), "%s.lock", c->name);
		c->lock = openat(c->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	}
	return c->lock < 0 || flock(c->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

void cache_unlock(struct cache *c)
{
	if (c->lock >= 0)
		close(c->lock);
	c->lock = -1;
}

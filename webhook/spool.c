#include "webhook/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "util/buf.h"
#include "util/private_dir.h"
#include "util/text.h"
#include "util/utf8.h"

#define START_DIGITS 13
#define WINDOW_DIGITS 8
#define PART_DIGITS 3
#define HASH_DIGITS 8
#define START_MAX INT64_C(9999999999999)
#define WINDOW_MAX 99999999
#define PART_MAX 999

#define RUN_AT (START_DIGITS + 1)
#define WINDOW_AT (RUN_AT + UUID_LEN + 1)
#define PART_AT (WINDOW_AT + WINDOW_DIGITS + 1)
#define HASH_AT (PART_AT + PART_DIGITS + 1)
#define NAME_LEN (HASH_AT + HASH_DIGITS + sizeof(".json") - 1)

#define HEADER_MAX 65536
#define ID_MAX 127		/* bytes of id and type, which go into header lines */
#define LEFTOVERS_MAX 65536		/* the most files of other runs that a run sends */
#define REFUSED ".refused"
#define LEFTOVER_NAME_MAX (NAME_LEN + sizeof(REFUSED))

struct leftover {
	char name[LEFTOVER_NAME_MAX];
	bool skip;		/* it is gone or broken, so this run ignores it */
};

struct spool {
	char *path;		/* of the directory, for messages */
	int dir, lock;
	bool has_lock;		/* this run may send what others left */
	uint64_t max;		/* the most bytes that all files may have */
	uint64_t used;		/* bytes of all files: at the last scan, plus those put since */
	uint64_t since;		/* bytes put since the last scan */
	size_t unsynced;	/* files put since the last sync */
	char newest[SPOOL_NAME_MAX];	/* the last of them */
	size_t displaced;	/* refused deliveries that were removed to make room */
	struct leftover *leftover;	/* files at the start, by name; only with the lock */
	size_t nleftover, cap;
	struct buf file, fields;	/* of the item that was read last */
};

/* --- file names --------------------------------------------------------------------- */

enum kind { OTHER, ITEM, REFUSED_ITEM, BROKEN, TEMP };

/* s has at least NAME_LEN bytes. */
static bool is_item_name(const char *s)
{
	static const char digits[] = "0123456789", hex[] = "0123456789abcdef";
	char run[UUID_LEN + 1];

	return strspn(s, digits) == START_DIGITS && s[RUN_AT - 1] == '-'
		&& text_parse_uuid(s + RUN_AT, UUID_LEN, run)
		&& memcmp(run, s + RUN_AT, UUID_LEN) == 0 && s[WINDOW_AT - 1] == '-'
		&& strspn(s + WINDOW_AT, digits) == WINDOW_DIGITS && s[PART_AT - 1] == '-'
		&& strspn(s + PART_AT, digits) == PART_DIGITS && s[HASH_AT - 1] == '-'
		&& strspn(s + HASH_AT, hex) == HASH_DIGITS
		&& memcmp(s + HASH_AT + HASH_DIGITS, ".json", 5) == 0;
}

static enum kind kind_of(const char *name)
{
	const char *rest;
	size_t len = strlen(name);

	if (len < NAME_LEN || !is_item_name(name))
		return OTHER;
	rest = name + NAME_LEN;
	if (!*rest)
		return ITEM;
	if (strcmp(rest, REFUSED) == 0)
		return REFUSED_ITEM;
	if (strcmp(rest, ".broken") == 0)
		return BROKEN;
	return private_dir_is_temp(rest) ? TEMP : OTHER;
}

static bool is_delivery(const char *name)
{
	enum kind kind = kind_of(name);

	return kind == ITEM || kind == REFUSED_ITEM;
}

static bool hash_url(const char *url, char out[HASH_DIGITS + 1])
{
	unsigned char hash[EVP_MAX_MD_SIZE];

	if (EVP_Digest(url, strlen(url), hash, NULL, EVP_sha256(), NULL) != 1)
		return false;
	text_hex(hash, HASH_DIGITS / 2, out);
	return true;
}

/* Writes the name of a delivery's file. Returns NULL, or why there is none. */
static const char *make_name(int64_t start_ms, const char *run, int64_t window, size_t part,
	const char *url, char out[SPOOL_NAME_MAX])
{
	char hash[HASH_DIGITS + 1], lower[UUID_LEN + 1];

	if (!text_parse_uuid(run, strlen(run), lower) || window < 0 || window > WINDOW_MAX
	    || part > PART_MAX)
		return "its window or part number is too large for a file name";
	if (!hash_url(url, hash))
		return "out of memory";
	start_ms = start_ms < 0 ? 0 : start_ms > START_MAX ? START_MAX : start_ms;
	snprintf(out, SPOOL_NAME_MAX, "%0*lld-%s-%0*lld-%0*zu-%s.json", START_DIGITS,
		(long long)start_ms, lower, WINDOW_DIGITS, (long long)window, PART_DIGITS, part,
		hash);
	return NULL;
}

/* --- the directory ------------------------------------------------------------------ */

static int compare_leftovers(const void *a, const void *b)
{
	return strcmp(((const struct leftover *)a)->name, ((const struct leftover *)b)->name);
}

static void sort_leftovers(struct spool *s)
{
	if (s->nleftover)
		qsort(s->leftover, s->nleftover, sizeof(*s->leftover), compare_leftovers);
	if (s->nleftover > LEFTOVERS_MAX)
		s->nleftover = LEFTOVERS_MAX;
}

static bool add_leftover(struct spool *s, const char *name)
{
	if (s->nleftover == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		struct leftover *leftover;

		if (cap > 2 * LEFTOVERS_MAX) {
			sort_leftovers(s);	/* keeps the oldest */
		} else {
			leftover = reallocarray(s->leftover, cap, sizeof(*leftover));
			if (!leftover)
				return false;
			s->leftover = leftover;
			s->cap = cap;
		}
	}
	/* is_delivery() bounds its length */
	memcpy(s->leftover[s->nleftover].name, name, strlen(name) + 1);
	s->leftover[s->nleftover++].skip = false;
	return true;
}

/* Each run that puts files locks one byte of the lock file, far beyond its end, so that other runs
 * do not send what it is still sending. flock(2) and these byte locks are independent; on NFS they
 * are not, and a later run sends nothing while an earlier one is running. */
static struct flock byte_of(const char *run)
{
	/* the first 12 digits of the UUID */
	const int64_t high = strtoll(run, NULL, 16), low = strtoll(run + 9, NULL, 16);

	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = high << 16 | low, .l_len = 1 };
}

static bool is_under_way(const struct spool *s, const char *name)
{
	struct flock byte = byte_of(name + RUN_AT);

	return fcntl(s->lock, F_OFD_GETLK, &byte) == 0 && byte.l_type != F_UNLCK;
}

/* The size of a file; 0: it does not belong to the spool. With the lock, removes old temporary
 * files. */
static uint64_t file_bytes(struct spool *s, const char *name)
{
	enum kind kind = kind_of(name);
	struct stat st;

	if (kind == OTHER || fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0
	    || !S_ISREG(st.st_mode))
		return 0;
	if (kind == TEMP && s->has_lock && private_dir_is_left_behind(&st)
	    && unlinkat(s->dir, name, 0) == 0)
		return 0;
	return (uint64_t)st.st_size;
}

/* Adds up the sizes, and at the start (note) lists the deliveries. False: see errno, and nothing
 * has changed. */
static bool scan(struct spool *s, bool note)
{
	DIR *d = private_dir_list(s->dir);
	struct dirent *entry;
	uint64_t used = 0;
	bool ok = d != NULL;
	int saved;

	while (ok && (errno = 0, entry = readdir(d))) {
		if (__builtin_add_overflow(used, file_bytes(s, entry->d_name), &used))
			used = UINT64_MAX;
		if (note && is_delivery(entry->d_name) && !is_under_way(s, entry->d_name))
			ok = add_leftover(s, entry->d_name);
	}
	ok = ok && errno == 0;
	saved = errno;
	if (d)
		closedir(d);
	if (ok) {
		s->used = used;
		s->since = 0;
	}
	errno = saved;
	return ok;
}

/* --- opening ------------------------------------------------------------------------ */

static const char *take_lock(struct spool *s)
{
	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		0600);
	if (s->lock < 0)
		return strerror(errno);
	s->has_lock = flock(s->lock, LOCK_EX | LOCK_NB) == 0;
	return s->has_lock || errno == EWOULDBLOCK ? NULL : strerror(errno);
}

/* With a slash at the end, a symbolic link would be followed. */
static char *without_slashes(const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	return strndup(dir, len);
}

enum status spool_open(struct spool **out, const char *dir, uint64_t max_bytes, struct err *err)
{
	struct spool *s = calloc(1, sizeof(*s));
	char *path = without_slashes(dir), text[TEXT_SHOWN_SIZE];
	const char *why = NULL;
	enum status st = ST_OK;

	*out = NULL;
	if (!s || !path) {
		free(s);
		free(path);
		return err_nomem(err);
	}
	s->path = path;
	s->max = max_bytes;
	s->lock = -1;
	s->dir = private_dir_make_one(path, &why);
	if (!why)
		why = take_lock(s);
	if (!why && !scan(s, s->has_lock))
		why = strerror(errno);
	sort_leftovers(s);
	if (why) {
		st = err_set(err, ST_USAGE, "--callback-spool '%s': %s",
			text_shown(text, dir, strlen(dir)), why);
		spool_free(s);
	} else {
		*out = s;
	}
	return st;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	if (s->lock >= 0)
		close(s->lock);
	if (s->dir >= 0)
		close(s->dir);
	free(s->path);
	free(s->leftover);
	buf_wipe(&s->file);	/* a URL may be a secret */
	buf_wipe(&s->fields);
	free(s);
}

bool spool_is_ours_to_send(const struct spool *s)
{
	return s->has_lock;
}

/* --- writing ------------------------------------------------------------------------ */

/* True if a field of the header line can be read back unchanged and sent in a request. */
static bool is_field(const char *s, bool visible_ascii)
{
	size_t len = strlen(s), n;

	if (len == 0 || (visible_ascii && len > ID_MAX))
		return false;
	for (; len; s += n, len -= n) {
		n = utf8_length(s, len);
		if (n == 0 || utf8_is_control(s, n) || (visible_ascii && (n > 1 || *s == ' ')))
			return false;
	}
	return true;
}

static bool fits(const struct spool *s, uint64_t size)
{
	return size <= s->max && s->used <= s->max - size;
}

/* Other runs add and remove files too, so this scans again if there seems to be no room, and each
 * time this run has added an eighth of the limit. */
static bool has_room(struct spool *s, uint64_t size)
{
	if (!fits(s, size) || s->since > s->max / 8)
		scan(s, false);
	return fits(s, size);
}

static uint64_t size_of(const struct spool *s, const char *name)
{
	struct stat st;

	return fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)
		? (uint64_t)st.st_size : 0;
}

static void subtract_bytes(struct spool *s, uint64_t size)
{
	s->used -= size < s->used ? size : s->used;
}

/* Some file systems cannot sync a directory. */
static bool sync_directory(int dir)
{
	return fsync(dir) == 0 || errno == EINVAL || errno == EOPNOTSUPP;
}

static bool write_item(struct spool *s, const char *name, const struct buf *text)
{
	struct flock byte = byte_of(name + RUN_AT);
	uint64_t before = size_of(s, name);

	/* without this lock another run may send the delivery too, which does no harm */
	(void)fcntl(s->lock, F_OFD_SETLK, &byte);
	if (!private_dir_write(s->dir, name, text, false))
		return false;
	subtract_bytes(s, before);
	s->used += text->len;
	s->since += text->len;
	s->unsynced++;
	snprintf(s->newest, sizeof(s->newest), "%s", name);
	return true;
}

/* Syncs one file and its name, not the whole file system. */
static bool sync_newest(const struct spool *s)
{
	int fd = openat(s->dir, s->newest, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), saved;
	bool ok = fd >= 0 && fsync(fd) == 0;

	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return ok && sync_directory(s->dir);
}

static enum status save_error(const struct spool *s, const char *why, struct err *err)
{
	char text[TEXT_SHOWN_SIZE];

	return err_set(err, ST_OUTPUT, "--callback-spool '%s': a delivery could not be saved: %s",
		text_shown(text, s->path, strlen(s->path)), why);
}

bool spool_sync(struct spool *s, struct err *err)
{
	bool ok = s->unsynced == 0 || (s->unsynced == 1 ? sync_newest(s) : syncfs(s->dir) == 0);

	if (!ok)
		save_error(s, strerror(errno), err);
	s->unsynced = 0;
	return ok;
}

/* Removes the oldest refused delivery of any run. False: there is none, or it cannot be removed. */
static bool displace_oldest_refused(struct spool *s)
{
	char oldest[LEFTOVER_NAME_MAX] = "";
	DIR *d = private_dir_list(s->dir);
	struct dirent *entry;
	uint64_t size;

	while (d && (entry = readdir(d)))
		if (kind_of(entry->d_name) == REFUSED_ITEM
		    && (!oldest[0] || strcmp(entry->d_name, oldest) < 0))
			memcpy(oldest, entry->d_name, strlen(entry->d_name) + 1);
	if (d)
		closedir(d);
	size = oldest[0] ? size_of(s, oldest) : 0;
	if (!oldest[0] || unlinkat(s->dir, oldest, 0) != 0)
		return false;
	subtract_bytes(s, size);
	s->displaced++;
	return true;
}

static bool make_room(struct spool *s, uint64_t size)
{
	while (!has_room(s, size))
		if (size > s->max || !displace_oldest_refused(s))
			return false;
	return true;
}

size_t spool_displaced(struct spool *s)
{
	size_t n = s->displaced;

	s->displaced = 0;
	return n;
}

static const char *make_text(const struct spool_item *item, struct buf *text)
{
	if (!is_field(item->id, true) || !is_field(item->type, true) || !is_field(item->url, false))
		return "its id, type or URL has characters that a spool file cannot hold";
	json_put_quoted(text, "{\"id\":", item->id);
	json_put_quoted(text, ",\"url\":", item->url);
	json_put_quoted(text, ",\"type\":", item->type);
	buf_str(text, "}\n");
	if (!text->failed && text->len > HEADER_MAX)
		return "its URL is too long";
	if (item->len > SPOOL_ITEM_MAX - HEADER_MAX)
		return "it is too long";
	return buf_add(text, item->body, item->len) ? NULL : "out of memory";
}

enum spool_put spool_put(struct spool *s, int64_t start_ms, const char *run, int64_t window,
	size_t part, struct spool_item *item, struct err *err)
{
	struct buf text = { 0 };
	enum spool_put put = SPOOL_KEPT;
	const char *why = make_name(start_ms, run, window, part, item->url, item->name);

	if (!why)
		why = make_text(item, &text);
	if (!why && !make_room(s, text.len))
		put = SPOOL_FULL;
	else if (!why && !write_item(s, item->name, &text))
		why = strerror(errno);
	if (why) {
		save_error(s, why, err);
		put = SPOOL_FAILED;
	}
	buf_wipe(&text);
	return put;
}

void spool_drop(struct spool *s, const char *name)
{
	uint64_t size = size_of(s, name);

	if (is_delivery(name) && unlinkat(s->dir, name, 0) == 0)
		subtract_bytes(s, size);
}

void spool_refuse(struct spool *s, const char *name)
{
	char refused[SPOOL_NAME_MAX];

	if (kind_of(name) != ITEM)
		return;
	snprintf(refused, sizeof(refused), "%s" REFUSED, name);
	/* if this fails, the next run sends the delivery like any other */
	(void)renameat(s->dir, name, s->dir, refused);
}

/* --- reading ------------------------------------------------------------------------ */

enum spool_field { ID, URL, TYPE, FIELDS };

/* Reads the header line's strings into s->fields, one after the other, each with its NUL. */
static bool read_header(struct spool *s, size_t len, size_t at[FIELDS])
{
	static const char *const names[FIELDS] = { [ID] = "id", [URL] = "url", [TYPE] = "type" };
	const char *why;
	struct cJSON *header = json_document(s->file.data, len, HEADER_MAX, &why);
	bool ok = header && s->file.data[len - 1] == '}';

	for (int i = 0; ok && i < FIELDS; i++) {
		const char *value = json_value_string(json_member(header, names[i]));

		at[i] = s->fields.len;
		ok = value && is_field(value, i != URL)
			&& buf_add(&s->fields, value, strlen(value) + 1);
	}
	if (!header && why == why_no_memory)
		s->fields.failed = true;
	json_document_free(header);
	return ok;
}

static bool is_json(const char *s, const char *end)
{
	s = json_skip(s, end);
	while (s && s < end && *s && strchr(" \t\r\n", *s))
		s++;
	return s == end;
}

/* Parses s->file, the file of this name. Returns what is wrong with it, or NULL. */
static const char *parse_item(struct spool *s, const char *name, struct spool_item *item)
{
	const char *lf = memchr(s->file.data, '\n', s->file.len < HEADER_MAX ? s->file.len
		: HEADER_MAX), *end = s->file.data + s->file.len;
	char hash[HASH_DIGITS + 1];
	size_t at[FIELDS];

	if (!lf || !read_header(s, (size_t)(lf - s->file.data), at))
		return "its header line is invalid";
	item->id = s->fields.data + at[ID];
	item->url = s->fields.data + at[URL];
	item->type = s->fields.data + at[TYPE];
	item->body = lf + 1;
	item->len = (size_t)(end - item->body);
	if (!hash_url(item->url, hash)) {
		s->fields.failed = true;
		return "out of memory";
	}
	if (memcmp(hash, name + HASH_AT, HASH_DIGITS) != 0)
		return "its name does not match its URL";
	if (!is_json(item->body, end))
		return "its body is not valid JSON";
	snprintf(item->name, sizeof(item->name), "%s", name);
	return NULL;
}

static void set_aside(struct spool *s, struct leftover *leftover, const char *why,
	struct lines *warnings)
{
	char aside[SPOOL_NAME_MAX];
	bool renamed;

	snprintf(aside, sizeof(aside), "%.*s.broken", (int)NAME_LEN, leftover->name);
	renamed = renameat(s->dir, leftover->name, s->dir, aside) == 0;
	lines_add(warnings, "the spooled delivery %s/%s is invalid: %s; it was %s%s", s->path,
		leftover->name, why, renamed ? "renamed to " : "ignored", renamed ? aside : "");
	leftover->skip = true;
}

/* Reads a delivery of an earlier run. False: it is gone, broken, or for another URL. */
static bool load(struct spool *s, struct leftover *leftover, const char *url,
	struct spool_item *item, struct lines *warnings)
{
	enum private_dir_found found;
	const char *why = NULL;

	buf_wipe(&s->file);
	buf_clear(&s->fields);
	found = private_dir_read(s->dir, leftover->name, SPOOL_ITEM_MAX, &s->file, &why);
	if (found == PRIVATE_DIR_WHOLE)
		why = parse_item(s, leftover->name, item);
	if (s->fields.failed)
		why = "out of memory";
	if (found == PRIVATE_DIR_FAILED || s->fields.failed) {
		lines_add(warnings, "the spooled delivery %s is left for a later run: %s",
			leftover->name, why);
		leftover->skip = true;
	} else if (why) {
		set_aside(s, leftover, why, warnings);
	}
	leftover->skip = leftover->skip || found == PRIVATE_DIR_NONE;
	/* two URLs with one hash are unlikely, but a body must not go to the wrong URL */
	return !leftover->skip && strcmp(item->url, url) == 0;
}

bool spool_next(struct spool *s, const char *url, size_t *place, struct spool_item *item,
	struct lines *warnings)
{
	char hash[HASH_DIGITS + 1];

	if (!hash_url(url, hash))
		return false;
	while (*place < s->nleftover) {
		struct leftover *leftover = &s->leftover[(*place)++];

		if (!leftover->skip && memcmp(leftover->name + HASH_AT, hash, HASH_DIGITS) == 0
		    && load(s, leftover, url, item, warnings))
			return true;
	}
	return false;
}

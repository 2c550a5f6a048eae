#include "source/queue_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "source/queue_match.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/private_dir.h"

#define SCHEMA "gsqstat-names/1"
#define FILE_MAX (32u << 20)
#define NAME_SIZE (PRIVATE_DIR_NAME_LEN + sizeof(".names"))

/* --- the text ----------------------------------------------------------------------- */

/* Writes the list in the form of a page of the API. */
static void put_list(struct buf *out, const char *base_url, const struct queue_list *list,
	int64_t now_us)
{
	buf_str(out, "{\"schema\":\"" SCHEMA "\"");
	json_put_quoted(out, ",\"host\":", base_url);
	buf_printf(out, ",\"at_ms\":%lld,\"entities\":[", (long long)now_us / 1000);
	for (size_t i = 0; i < list->n; i++) {
		const struct queue_list_entry *e = &list->v[i];
		const char *media = e->media;

		buf_printf(out, "%s{\"id\":\"%s\"", i ? "," : "", e->id);
		json_put_quoted(out, ",\"name\":", e->name);
		json_put_quoted(out, ",\"division\":{\"id\":", e->division_id);
		json_put_quoted(out, ",\"name\":", e->division_name);
		buf_str(out, "},\"mediaSettings\":{");
		for (size_t j = 0; j < e->nmedia; j++, media += strlen(media) + 1) {
			json_put_quoted(out, j ? "," : "", media);
			buf_str(out, ":{}");
		}
		buf_str(out, "}}");
	}
	buf_str(out, "]}\n");
}

/* Returns the time at which the file was written for this host; -1: it was not. */
static double written_ms(const struct buf *text, const char *base_url)
{
	struct json_cursor c = json_start(text->data, text->data + text->len);
	struct json_text key, value;
	bool schema = false, host = false;
	double at_ms = -1;

	if (json_peek(&c) != '{')
		return -1;
	json_enter(&c);
	while (json_key(&c, &key)) {
		char first = json_peek(&c);

		if (first == '"' && json_text_is(&key, "schema"))
			schema = json_string(&c, &value) && json_text_is(&value, SCHEMA);
		else if (first == '"' && json_text_is(&key, "host"))
			host = json_string(&c, &value) && json_text_is(&value, base_url);
		else if (first >= '0' && first <= '9' && json_text_is(&key, "at_ms"))
			json_number(&c, &at_ms);
		else
			json_pass(&c);
	}
	return schema && host ? at_ms : -1;
}

/* A time in the future is not valid. */
static bool is_fresh(double at_ms, int64_t now_us)
{
	const int64_t now_ms = now_us / 1000;

	return at_ms <= (double)now_ms && (double)now_ms - at_ms < QUEUE_CACHE_KEPT_MS;
}

/* --- the file ----------------------------------------------------------------------- */

static bool name_file(const struct queue_cache_key *key, char name[NAME_SIZE])
{
	char hash[PRIVATE_DIR_NAME_LEN + 1];

	return private_dir_name(key->base_url, key->client_id, hash)
		&& snprintf(name, NAME_SIZE, "%s.names", hash) > 0;
}

/* Returns the time at which the file was written; -1: there is no valid one. */
static double load_file(const struct queue_cache_key *key, int dir, struct queue_list *list,
	struct lines *warnings)
{
	char name[NAME_SIZE];
	struct queue_list_page page;
	struct buf text = { 0 };
	const char *why = NULL;
	double at_ms = -1;

	if (!name_file(key, name))
		return -1;
	if (private_dir_read(dir, name, FILE_MAX, &text, &why) == PRIVATE_DIR_WHOLE) {
		why = queue_list_parse_page(text.data, text.len, list, &page);
		at_ms = why ? -1 : written_ms(&text, key->base_url);
	}
	if (why)
		lines_add(warnings, "the cached queue names in %s are ignored: %s", name, why);
	buf_free(&text);
	return at_ms;
}

/* The same. Sorts the list. */
static double load(const struct queue_cache_key *key, struct queue_list *list,
	struct lines *warnings)
{
	char *path = private_dir_path();
	int dir = path ? private_dir_open(path) : -1;
	double at_ms = dir < 0 ? -1 : load_file(key, dir, list, warnings);

	queue_list_sort(list);
	if (dir >= 0)
		close(dir);
	free(path);
	return at_ms;
}

static bool all_fit(const struct queue_list *list, const char *const *pattern, size_t npattern)
{
	struct lines problems = { 0 };
	struct queue_match_hits hits = { 0 };
	bool good = queue_match(list, pattern, npattern, &hits, &problems) && problems.n == 0;

	free(hits.v);
	lines_free(&problems);
	return good;
}

bool queue_cache_load(const struct queue_cache_key *key, const char *const *pattern,
	size_t npattern, int64_t now_us, struct queue_list *list, struct lines *warnings)
{
	double at_ms = load(key, list, warnings);
	bool good = at_ms >= 0 && is_fresh(at_ms, now_us) && all_fit(list, pattern, npattern);

	if (!good)
		queue_list_free(list);
	return good;
}

void queue_cache_load_old(const struct queue_cache_key *key, struct queue_list *list)
{
	struct lines warnings = { 0 };

	if (load(key, list, &warnings) < 0)
		queue_list_free(list);
	lines_free(&warnings);
}

/* Returns why it failed; NULL: it did not. If another run holds the lock, that one is writing the
 * same list, so there is nothing to do. */
static const char *write_locked(const struct queue_cache_key *key, int dir, const struct buf *text)
{
	char name[NAME_SIZE];
	const char *why = NULL;
	bool held;
	int lock;

	if (!name_file(key, name))
		return strerror(ENOMEM);
	lock = private_dir_lock(dir, name, &held);
	if (!held && !private_dir_write(dir, name, text, true))
		why = strerror(errno);
	if (lock >= 0)
		close(lock);
	return why;
}

void queue_cache_store(const struct queue_cache_key *key, const struct queue_list *list,
	int64_t now_us, struct lines *warnings)
{
	char *path = private_dir_path();
	const char *why = "neither XDG_CACHE_HOME nor HOME is set";
	struct buf text = { .limit = FILE_MAX };
	int dir = path ? private_dir_make(path, &why) : -1;

	if (dir >= 0) {
		put_list(&text, key->base_url, list, now_us);
		why = write_locked(key, dir, &text);
		close(dir);
	}
	if (why)
		lines_add(warnings, "queue names are not cached%s%s: %s; the next run asks for "
			"them again", path ? " in " : "", path ? path : "", why);
	buf_free(&text);
	free(path);
}

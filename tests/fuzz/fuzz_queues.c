/*
 * A pattern of --queue-name on the first line, then a page of the API's list of queues, which is
 * read as a page and as the file of cached names. What is kept of a page is the same when it comes
 * back from the cache.
 */
#include "json.h"
#include "source/queue_cache.h"
#include "source/queue_list.h"
#include "source/queue_match.h"
#include "tests/support/fuzz.h"
#include "util/private_dir.h"
#include "util/utf8.h"

#define NOW_US INT64_C(1795485600000000)

static const struct queue_cache_key key = { "https://api.example.com", "client" };
static const char *const all[] = { "*" };

static const char *cache_file(void)
{
	static char path[256];
	char name[PRIVATE_DIR_NAME_LEN + 1];

	if (!path[0]) {
		must(setenv("XDG_CACHE_HOME", fuzz_dir(), 1) == 0);
		must(private_dir_name(key.base_url, key.client_id, name));
		snprintf(path, sizeof(path), "%s/gsqstat/%s.names", fuzz_dir(), name);
	}
	return path;
}

static void check_entry(const struct queue_list_entry *e)
{
	const char *media = e->media, *last = "";
	char id[UUID_LEN + 1];

	must(text_parse_uuid(e->id, strlen(e->id), id) && same_text(e->id, id));
	must(utf8_valid(e->name, strlen(e->name)) && utf8_valid(e->folded, strlen(e->folded)));
	for (size_t i = 0; i < e->nmedia; i++) {
		must(*media && !strpbrk(media, " ,\n") && strcmp(last, media) <= 0);
		last = media;
		media += strlen(media) + 1;
	}
}

static void check_list(const struct queue_list *list)
{
	struct list_conf conf = { .format = FORMAT_NDJSON, .header = true };
	struct buf out = { 0 };
	size_t lines = 0;

	for (size_t i = 0; i < list->n; i++) {
		check_entry(&list->v[i]);
		must(i == 0 || strcmp(list->v[i - 1].folded, list->v[i].folded) <= 0);
		for (size_t k = 0; k < i; k++)
			must(strcmp(list->v[i].id, list->v[k].id) != 0);
	}
	must(queue_list_put(&out, list, &conf));
	must(!out.failed && utf8_valid(out.data ? out.data : "", out.len));
	for (const char *s = out.data, *end = s ? s + out.len : s; s < end; lines++) {
		s = json_skip(s, end);
		must(s && *s++ == '\n');
	}
	must(lines == list->n);
	buf_clear(&out);
	conf.format = FORMAT_CSV;
	must(queue_list_put(&out, list, &conf));
	must(!out.failed);
	buf_free(&out);
}

static void check_same(const struct queue_list *a, const struct queue_list *b)
{
	must(a->n == b->n);
	for (size_t i = 0; i < a->n; i++) {
		const struct queue_list_entry *x = &a->v[i], *y = &b->v[i];
		const char *mx = x->media, *my = y->media;

		must(same_text(x->id, y->id) && same_text(x->name, y->name));
		must(same_text(x->division_id, y->division_id));
		must(same_text(x->division_name, y->division_name));
		must(x->nmedia == y->nmedia);
		for (size_t k = 0; k < x->nmedia; k++, mx += strlen(mx) + 1, my += strlen(my) + 1)
			must(same_text(mx, my));
	}
}

static void check_pattern(const struct queue_list *list, const char *pattern)
{
	struct queue_match_hits hits = { 0 };
	struct lines problems = { 0 };
	size_t exact = 0;

	must(queue_match(list, &pattern, 1, &hits, &problems) && problems.n <= 1);
	must(hits.n > 0 || problems.n == 1);
	for (size_t i = 0; i < hits.n; i++) {
		must(hits.v[i] >= list->v && hits.v[i] < list->v + list->n);
		must(i == 0 || hits.v[i - 1] < hits.v[i]);
	}
	for (size_t i = 0; i < list->n; i++)
		exact += strcmp(list->v[i].name, pattern) == 0;
	if (!strchr(pattern, '*') && exact)
		must(problems.n == 1 || hits.n == 1);
	free(hits.v);
	lines_free(&problems);
}

/* By way of the file that a run writes. */
static void check_cached(const struct queue_list *list)
{
	struct queue_list again = { 0 };
	struct lines warnings = { 0 };

	queue_cache_store(&key, list, NOW_US, &warnings);
	must(queue_cache_load(&key, all, 1, NOW_US + 1000, &again, &warnings) == (list->n > 0));
	must(warnings.n == 0);
	if (list->n)
		check_same(list, &again);
	queue_list_free(&again);
	must(!queue_cache_load(&key, all, 1, NOW_US + QUEUE_CACHE_KEPT_MS * INT64_C(1000), &again,
		&warnings) && again.n == 0 && warnings.n == 0);
	lines_free(&warnings);
}

/* The text as it is in the place of that file. */
static void check_file(const struct queue_list *list, const char *why, const uint8_t *text,
	size_t size)
{
	struct queue_list found = { 0 };
	struct lines warnings = { 0 };
	FILE *f = fopen(cache_file(), "we");

	must(f && fwrite(text, 1, size, f) == size && fclose(f) == 0);
	if (queue_cache_load(&key, all, 1, NOW_US, &found, &warnings)) {
		must(!why && found.n > 0);
		check_same(list, &found);
	}
	must((warnings.n > 0) == (why != NULL));
	queue_list_free(&found);
	lines_free(&warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *lf = size ? memchr(data, '\n', size) : NULL, *page = lf ? lf + 1 : data;
	size_t len = size - (size_t)(page - data);
	char *pattern = fuzz_text(data, lf ? (size_t)(lf - data) : 0);
	struct queue_list list = { 0 };
	struct queue_list_page said;
	const char *why;

	(void)cache_file();
	why = queue_list_parse_page((const char *)page, len, &list, &said);
	must(!why || (list.n == 0 && list.skipped == 0));
	must(why || list.n + list.skipped == said.queues);
	queue_list_sort(&list);
	check_list(&list);
	if (*pattern && utf8_valid(pattern, strlen(pattern)))
		check_pattern(&list, pattern);
	check_cached(&list);
	check_file(&list, why, page, len);
	queue_list_free(&list);
	free(pattern);
	return 0;
}

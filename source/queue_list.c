#include "source/queue_list.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/base.h"
#include "util/utf8.h"

#define MEDIA_MAX 32

/* --- the list ----------------------------------------------------------------------- */

static void truncate_list(struct queue_list *list, size_t n)
{
	while (list->n > n)
		free((char *)list->v[--list->n].name);	/* all texts of an entry are one block */
}

void queue_list_free(struct queue_list *list)
{
	truncate_list(list, 0);
	free(list->v);
	*list = (struct queue_list){ 0 };
}

/* --- a page ------------------------------------------------------------------------- */

struct entity {			/* of a page */
	struct json_text id, name, division_id, division_name;
	struct json_text media[MEDIA_MAX];
	size_t nmedia;
};

static void read_text(struct json_cursor *c, struct json_text *text)
{
	if (json_peek(c) == '"')
		json_string(c, text);
	else
		json_pass(c);
}

/* Reads the names of the members that are objects. Ignores names with spaces, because CSV separates
 * the media types by spaces. */
static void read_media(struct json_cursor *c, struct entity *e)
{
	struct json_text key;

	json_enter(c);
	while (json_key(c, &key)) {
		bool is_word = !key.escaped && key.len > 0 && key.len <= 64;

		for (size_t i = 0; i < key.len; i++)
			is_word = is_word && key.s[i] > ' ' && key.s[i] != ',';
		if (is_word && json_peek(c) == '{' && e->nmedia < MEDIA_MAX)
			e->media[e->nmedia++] = key;
		json_pass(c);
	}
}

/* Reads an object with an ID and a name: the entity itself, or its division. */
static void read_named(struct json_cursor *c, struct entity *e, bool division)
{
	struct json_text key;

	json_enter(c);
	while (json_key(c, &key)) {
		bool opens = json_peek(c) == '{';

		if (json_text_is(&key, "id"))
			read_text(c, division ? &e->division_id : &e->id);
		else if (json_text_is(&key, "name"))
			read_text(c, division ? &e->division_name : &e->name);
		else if (opens && !division && json_text_is(&key, "division"))
			read_named(c, e, true);
		else if (opens && !division && json_text_is(&key, "mediaSettings"))
			read_media(c, e);
		else
			json_pass(c);
	}
}

static int by_text(const void *a, const void *b)
{
	const struct json_text *x = a, *y = b;
	int order = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Appends the text with a NUL. Returns false if it is too long or contains a NUL. */
static bool put_text(struct buf *block, const struct json_text *text)
{
	size_t start = block->len;

	if (text->s && !json_text_put(text, block))
		return false;
	buf_char(block, '\0');
	/* not as long as in the JSON: the cache escapes what the API does not */
	return !block->failed && block->len - start - 1 <= QUEUE_LIST_NAME_MAX
		&& strlen(block->data + start) == block->len - start - 1;
}

/* Puts the entity's texts into one block: the name first, and the others at the offsets in at[]. */
static bool put_texts(struct buf *block, const struct entity *e, locale_t utf8, size_t at[4])
{
	struct buf folded = { 0 };
	bool ok = put_text(block, &e->name);

	at[0] = block->len;
	ok = ok && put_text(block, &e->division_id);
	at[1] = block->len;
	ok = ok && put_text(block, &e->division_name);
	at[2] = block->len;
	if (ok) {
		text_put_folded(&folded, block->data, utf8);
		block->failed = folded.failed;
		buf_add(block, folded.data, folded.len);
		buf_free(&folded);
	}
	at[3] = block->len;
	for (size_t i = 0; ok && i < e->nmedia; i++)
		ok = put_text(block, &e->media[i]);
	return ok;
}

static bool append(struct queue_list *list, const struct queue_list_entry *entry)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 64;
		struct queue_list_entry *v = reallocarray(list->v, cap, sizeof(*v));

		if (!v)
			return false;
		list->v = v;
		list->cap = cap;
	}
	list->v[list->n++] = *entry;
	return true;
}

/* Appends an entity, or counts it as skipped if it has no usable ID or name. */
static const char *keep(struct queue_list *list, struct entity *e, locale_t utf8)
{
	struct queue_list_entry kept = { .nmedia = e->nmedia };
	struct buf block = { 0 };
	const char *why = NULL;
	size_t at[4] = { 0 };
	bool ok;

	qsort(e->media, e->nmedia, sizeof(e->media[0]), by_text);
	ok = e->id.s && text_parse_uuid(e->id.s, e->id.len, kept.id)
		&& put_texts(&block, e, utf8, at);
	if (list->n == QUEUE_LIST_QUEUES_MAX)
		why = "it has more than 20,000 queues";
	else if (block.failed)
		why = why_no_memory;
	else if (!ok)
		list->skipped++;
	if (ok && !why) {
		kept.name = block.data;
		kept.division_id = block.data + at[0];
		kept.division_name = block.data + at[1];
		kept.folded = block.data + at[2];
		kept.media = block.data + at[3];
		if (append(list, &kept))
			return NULL;
		why = why_no_memory;
	}
	buf_free(&block);
	return why;
}

static const char *read_entities(struct json_cursor *c, struct queue_list *list,
	struct queue_list_page *page)
{
	locale_t utf8 = utf8_locale_new();
	const char *why = NULL;

	json_enter(c);
	while (!why && json_item(c)) {
		struct entity e = { 0 };

		page->queues++;
		if (json_peek(c) == '{')
			read_named(c, &e, false);
		else
			json_pass(c);
		why = c->at ? keep(list, &e, utf8) : NULL;
	}
	utf8_locale_free(utf8);
	return why;
}

const char *queue_list_parse_page(const char *text, size_t len, struct queue_list *list,
	struct queue_list_page *page)
{
	struct json_cursor c = json_start(text, text + len);
	struct json_text key, uri;
	size_t had = list->n, skipped = list->skipped;
	const char *why = NULL;
	bool has_entities = false;

	*page = (struct queue_list_page){ .page_count = -1 };
	if (!utf8_valid(text, len) || json_peek(&c) != '{')
		return "it is not a JSON object";
	json_enter(&c);
	while (!why && json_key(&c, &key)) {
		char first = json_peek(&c);

		if (first == '[' && json_text_is(&key, "entities")) {
			has_entities = true;
			why = read_entities(&c, list, page);
		} else if (first >= '0' && first <= '9' && json_text_is(&key, "pageCount")) {
			json_number(&c, &page->page_count);
		} else if (first == '"' && json_text_is(&key, "nextUri")) {
			page->has_next = json_string(&c, &uri) && uri.len > 0;
		} else {
			json_pass(&c);
		}
	}
	if (!why && (!c.at || !json_is_blank(c.at, text + len)))
		why = "it is not a JSON object";
	else if (!why && !has_entities)
		why = "it has no entities";
	if (why) {
		truncate_list(list, had);
		list->skipped = skipped;
	}
	return why;
}

/* --- its order ---------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct queue_list_entry *)a)->id,
		((const struct queue_list_entry *)b)->id);
}

static int by_name(const void *a, const void *b)
{
	const struct queue_list_entry *x = a, *y = b;
	int order = strcmp(x->folded, y->folded);

	order = order ? order : strcmp(x->name, y->name);
	return order ? order : by_id(a, b);
}

/* An ID can come twice: a queue that is created while the pages are fetched moves others to the
 * next page. */
void queue_list_sort(struct queue_list *list)
{
	size_t kept = 0;

	if (list->n == 0)
		return;
	qsort(list->v, list->n, sizeof(list->v[0]), by_id);
	for (size_t i = 1; i < list->n; i++) {
		if (by_id(&list->v[kept], &list->v[i]) == 0)
			free((char *)list->v[i].name);
		else
			list->v[++kept] = list->v[i];
	}
	list->n = kept + 1;
	qsort(list->v, list->n, sizeof(list->v[0]), by_name);
}

/* --- printed ------------------------------------------------------------------------ */

void queue_list_put_page(struct buf *out, const struct queue_index *queues)
{
	bool first = true;

	buf_str(out, "{\"entities\":[");
	for (size_t i = 0; i < queue_index_count(queues); i++) {
		const char *name = queue_index_name(queues, i);

		if (!name)
			continue;
		buf_printf(out, "%s{\"id\":\"%s\"", first ? "" : ",", queue_index_id(queues, i));
		json_put_quoted(out, ",\"name\":", name);
		buf_char(out, '}');
		first = false;
	}
	buf_str(out, "]}");
}

static void put_id(struct buf *out, const void *item)
{
	buf_str(out, ((const struct queue_list_entry *)item)->id);
}

static void put_media(struct buf *out, const void *item)
{
	const struct queue_list_entry *e = item;
	const char *media = e->media;

	for (size_t i = 0; i < e->nmedia; i++, media += strlen(media) + 1)
		buf_printf(out, "%s%s", i ? " " : "", media);
}

#define MEMBER(member) NULL, offsetof(struct queue_list_entry, member)

bool queue_list_put(struct buf *out, const struct queue_list *list, const struct list_conf *conf)
{
	static const struct list_column data[] = {
		{ "id", LIST_TEXT, put_id, 0 },
		{ "name", LIST_TEXT, MEMBER(name) },
		{ "divisionId", LIST_TEXT_OR_NULL, MEMBER(division_id) },
		{ "divisionName", LIST_TEXT_OR_NULL, MEMBER(division_name) },
		{ "mediaTypes", LIST_WORDS, put_media, 0 }
	};
	/* the name is last, because it may be long and is wrapped there */
	static const struct list_column table[] = {
		{ "id", LIST_TEXT, put_id, 0 },
		{ "division", LIST_TEXT, MEMBER(division_name) },
		{ "name", LIST_TEXT, MEMBER(name) }
	};
	static const struct list_columns columns = { data, ARRAY_LEN(data), table,
		ARRAY_LEN(table) };

	return list_put(&(struct list){ &columns, list->v, list->n, sizeof(*list->v), conf,
		{ 0 } }, out);
}

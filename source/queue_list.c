#include "source/queue_list.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/base.h"
#include "util/lookalike.h"
#include "util/utf8.h"

#define TEXT_MAX 1024		/* bytes of a name as it stands in the JSON */
#define MEDIA_MAX 32
#define NEAREST 3
#define NEAREST_PROBLEMS_MAX 10	/* the lines after them come without suggestions */

struct queue_list_fetch {
	struct queue_list_fetch_conf conf;
	struct http *http;
	enum queue_list_fetch_state state;
	struct queue_list list;
	struct rest *rest;
	struct rest_answer failure;
	char *token;
	unsigned page;		/* the one that is asked for */
	int64_t now_us, end_us;
};

/* --- the list ----------------------------------------------------------------------- */

static void truncate_list(struct queue_list *list, size_t n)
{
	while (list->n > n)
		free((char *)list->v[--list->n].name);	/* all its texts are one block */
}

void queue_list_free(struct queue_list *list)
{
	truncate_list(list, 0);
	free(list->v);
	*list = (struct queue_list){ 0 };
}

/* --- a page ------------------------------------------------------------------------- */

struct entity {			/* as it stands in the page */
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

/* The names of its members that are objects; a name is a word, so that CSV can join them. */
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

/* An object with an ID and a name: the entity itself, or its division. */
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

/* Appended with a NUL; false: too long, or with a NUL of its own. */
static bool put_text(struct buf *block, const struct json_text *text)
{
	size_t start = block->len;

	if (text->len > TEXT_MAX || (text->s && !json_text_put(text, block)))
		return false;
	buf_char(block, '\0');
	return !block->failed && strlen(block->data + start) == block->len - start - 1;
}

/* The entity's texts in one block, and where in it they begin. */
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

/* What nobody could ask for is left out and counted; NULL: the list may go on. */
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
		why = "it holds more than 20,000 queues";
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

static bool is_blank(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t' || *s == '\r' || *s == '\n'))
		s++;
	return s == end;
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
		return "it is no JSON object";
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
	if (!why && (!c.at || !is_blank(c.at, text + len)))
		why = "it is no JSON object";
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

/* A queue that was made while the pages were read moves others to a page where they are met
 * again. */
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

/* --- matching ----------------------------------------------------------------------- */

/* Both in lower case. Back to the last star is enough: an earlier one has done its part. */
static bool fits(const char *pattern, const char *name)
{
	const char *star = NULL, *back = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			back = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++back;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* How far a name is from what was asked for; SIZE_MAX: too far. To be a part of it is near. */
static size_t distance(const char *asked, const char *name)
{
	size_t na = utf8_cut(asked, strlen(asked), TEXT_EDITS_MAX);
	size_t nb = utf8_cut(name, strlen(name), TEXT_EDITS_MAX), d;

	if (na >= 3 && strstr(name, asked))
		return 1;
	d = text_edits(asked, na, name, nb, text_edits_near(na));
	return d < na ? d : SIZE_MAX;
}

/* The names nearest to it, of equal ones the first by name; how many. */
static size_t find_nearest(const struct queue_list *list, const char *asked,
	const struct queue_list_entry *found[NEAREST])
{
	size_t far[NEAREST], n = 0;

	for (size_t i = 0; i < list->n; i++) {
		size_t d = distance(asked, list->v[i].folded), at;

		if (d == SIZE_MAX || (n == NEAREST && d >= far[n - 1]))
			continue;
		n += n < NEAREST;
		for (at = n - 1; at > 0 && far[at - 1] > d; at--) {
			far[at] = far[at - 1];
			found[at] = found[at - 1];
		}
		far[at] = d;
		found[at] = &list->v[i];
	}
	return n;
}

/* The queues whose names look like the one asked for, and what differs. False: there is none. */
static bool say_lookalikes(const struct queue_list *list, const char *asked, struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n && n < NEAREST; i++) {
		const struct queue_list_entry *e = &list->v[i];

		if (!lookalike(asked, e->folded))
			continue;
		json_put_quoted(text, "; ", e->name);
		buf_printf(text, " (%s) looks the same but has ", e->id);
		lookalike_put(text, asked, e->folded);
		n++;
	}
	return n > 0;
}

static void say_nearest(const struct queue_list *list, const char *asked, struct buf *text)
{
	const struct queue_list_entry *found[NEAREST];
	size_t n = find_nearest(list, asked, found);

	for (size_t i = 0; i < n; i++)
		json_put_quoted(text, i ? ", " : "; nearest: ", found[i]->name);
}

static void say_none(const struct queue_list *list, const char *pattern, char *folded,
	struct lines *problems)
{
	const bool one = !strchr(pattern, '*');
	struct buf text = { 0 };
	char *to = folded;

	buf_str(&text, one ? "no queue has the name" : "no queue's name fits");
	json_put_quoted(&text, " ", pattern);
	for (const char *from = folded; *from; from++)
		if (*from != '*')
			*to++ = *from;
	*to = '\0';
	if (problems->n < NEAREST_PROBLEMS_MAX && !(one && say_lookalikes(list, folded, &text)))
		say_nearest(list, folded, &text);
	buf_char(&text, '\0');
	lines_add(problems, "%s", text.failed ? why_no_memory : text.data);
	buf_free(&text);
}

static void say_many(const struct queue_list_entry *const *found, size_t n, const char *pattern,
	struct lines *problems)
{
	struct buf text = { 0 };

	buf_printf(&text, "%zu queues have the name", n);
	json_put_quoted(&text, " ", pattern);
	for (size_t i = 0; i < n && i < NEAREST; i++) {
		buf_printf(&text, "%s%s", i ? ", " : "; name one by its ID: ", found[i]->id);
		if (*found[i]->division_name)
			json_put_quoted(&text, " in division ", found[i]->division_name);
	}
	buf_str(&text, n > NEAREST ? ", …" : "");
	buf_char(&text, '\0');
	lines_add(problems, "%s", text.failed ? why_no_memory : text.data);
	buf_free(&text);
}

/* Those of one pattern, at hits->v + hits->n, whether or not another one had them. */
static void match_one(const struct queue_list *list, const char *pattern, char *folded,
	bool *taken, struct queue_list_hits *hits, struct lines *problems)
{
	const struct queue_list_entry *few[NEAREST];
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (!fits(folded, list->v[i].folded))
			continue;
		if (n < NEAREST)
			few[n] = &list->v[i];
		n++;
		if (!taken[i])
			hits->v[hits->n++] = &list->v[i];
		taken[i] = true;
	}
	if (n == 0)
		say_none(list, pattern, folded, problems);
	else if (n > 1 && !strchr(pattern, '*'))
		say_many(few, n, pattern, problems);
}

bool queue_list_match(const struct queue_list *list, const char *const *pattern, size_t npattern,
	struct queue_list_hits *hits, struct lines *problems)
{
	bool *taken = calloc(list->n + 1, sizeof(*taken));
	locale_t utf8 = utf8_locale_new();
	struct buf folded = { 0 };
	bool ok;

	hits->n = 0;
	hits->v = calloc(list->n + 1, sizeof(*hits->v));
	ok = taken && hits->v;
	for (size_t i = 0; ok && i < npattern; i++) {
		buf_clear(&folded);
		text_put_folded(&folded, pattern[i], utf8);
		ok = !folded.failed;
		if (ok)
			match_one(list, pattern[i], folded.data, taken, hits, problems);
	}
	buf_free(&folded);
	utf8_locale_free(utf8);
	free(taken);
	return ok && !problems->failed;
}

/* --- printed ------------------------------------------------------------------------ */

static void put_text_or_null(struct buf *out, const char *before, const char *text)
{
	if (*text)
		json_put_quoted(out, before, text);
	else
		buf_printf(out, "%snull", before);
}

static const char *next_media(const char *media)
{
	return media + strlen(media) + 1;
}

void queue_list_put_page(struct buf *out, const char *const *id, const char *const *name, size_t n)
{
	bool first = true;

	buf_str(out, "{\"entities\":[");
	for (size_t i = 0; i < n; i++) {
		if (!name[i])
			continue;
		buf_printf(out, "%s{\"id\":\"%s\"", first ? "" : ",", id[i]);
		json_put_quoted(out, ",\"name\":", name[i]);
		buf_char(out, '}');
		first = false;
	}
	buf_str(out, "]}");
}

void queue_list_put_ndjson(struct buf *out, const struct queue_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct queue_list_entry *e = &list->v[i];
		const char *media = e->media;

		buf_printf(out, "{\"id\":\"%s\"", e->id);
		json_put_quoted(out, ",\"name\":", e->name);
		put_text_or_null(out, ",\"divisionId\":", e->division_id);
		put_text_or_null(out, ",\"divisionName\":", e->division_name);
		buf_str(out, ",\"mediaTypes\":[");
		for (size_t j = 0; j < e->nmedia; j++, media = next_media(media))
			json_put_quoted(out, j ? "," : "", media);
		buf_str(out, "]}\n");
	}
}

/* RFC 4180 §2: quotes only where the text needs them. */
static void put_csv_text(struct buf *out, const char *text)
{
	buf_char(out, ',');
	text_put_csv(out, text);
}

void queue_list_put_csv(struct buf *out, const struct queue_list *list, bool header)
{
	if (header)
		buf_str(out, "id,name,divisionId,divisionName,mediaTypes\n");
	for (size_t i = 0; i < list->n; i++) {
		const struct queue_list_entry *e = &list->v[i];
		const char *media = e->media;

		buf_str(out, e->id);
		put_csv_text(out, e->name);
		put_csv_text(out, e->division_id);
		put_csv_text(out, e->division_name);
		buf_char(out, ',');
		for (size_t j = 0; j < e->nmedia; j++, media = next_media(media)) {
			buf_str(out, j ? " " : "");
			text_put_safe(out, media, strlen(media));
		}
		buf_char(out, '\n');
	}
}

/* --- fetching ----------------------------------------------------------------------- */

struct queue_list_fetch *queue_list_fetch_new(const struct queue_list_fetch_conf *conf,
	struct http *http)
{
	struct queue_list_fetch *n = calloc(1, sizeof(*n));

	if (n) {
		n->conf = *conf;
		n->http = http;
	}
	return n;
}

static void end_asking(struct queue_list_fetch *n)
{
	rest_free(n->rest);
	n->rest = NULL;
	text_wipe(&n->token);
}

void queue_list_fetch_free(struct queue_list_fetch *n)
{
	if (!n)
		return;
	end_asking(n);
	queue_list_free(&n->list);
	free(n);
}

static enum queue_list_fetch_state failed(struct queue_list_fetch *n,
	const struct rest_answer *answer)
{
	n->failure = *answer;
	n->failure.body = "";
	n->failure.len = 0;
	end_asking(n);
	return n->state = QUEUE_LIST_FAILED;
}

static enum queue_list_fetch_state failed_saying(struct queue_list_fetch *n, enum http_failure kind,
	const char *what)
{
	struct rest_answer a = { .kind = kind, .retry_after_us = -1 };

	snprintf(a.text, sizeof(a.text), "%s", what);
	return failed(n, &a);
}

static enum queue_list_fetch_state ask_page(struct queue_list_fetch *n)
{
	struct rest_call call = {
		.method = "GET", .token = n->token, .timeout_us = n->conf.request_us
	};
	char *url = NULL;

	rest_free(n->rest);
	n->rest = NULL;
	if (call.timeout_us > n->end_us - n->now_us)
		call.timeout_us = n->end_us - n->now_us;
	if (n->token && asprintf(&url, "%s/api/v2/routing/queues?pageSize=500&pageNumber=%u",
	    n->conf.base_url, n->page) > 0) {
		call.url = url;
		n->rest = rest_start(n->http, &call, n->now_us);
		free(url);
	}
	if (!n->rest)
		return failed_saying(n, HTTP_NETWORK, why_no_memory);
	return n->state = QUEUE_LIST_ASKING;
}

enum queue_list_fetch_state queue_list_fetch_ask(struct queue_list_fetch *n, const char *token,
	int64_t now_us, int64_t end_us)
{
	if (n->state == QUEUE_LIST_ASKING)
		return n->state;
	if (n->state != QUEUE_LIST_FAILED) {
		queue_list_free(&n->list);
		n->page = 1;
	}
	n->now_us = now_us;
	n->end_us = end_us;
	n->token = strdup(token);
	return ask_page(n);
}

static enum queue_list_fetch_state take_page(struct queue_list_fetch *n,
	const struct rest_answer *a)
{
	struct queue_list_page page;
	const char *why;
	char text[sizeof(a->text)];

	if (a->kind != HTTP_OK)
		return failed(n, a);
	why = queue_list_parse_page(a->body, a->len, &n->list, &page);
	if (!why && (n->page < page.page_count || (page.has_next && page.queues))) {
		if (n->page++ < QUEUE_LIST_PAGES_MAX)
			return ask_page(n);
		why = "it has more than 200 pages";
	}
	if (why == why_no_memory)
		return failed_saying(n, HTTP_NETWORK, why);
	if (why) {
		snprintf(text, sizeof(text), "the list of queues cannot be read: %s (%.300s)", why,
			a->text);
		return failed_saying(n, HTTP_BREACH, text);
	}
	end_asking(n);
	queue_list_sort(&n->list);
	return n->state = QUEUE_LIST_READY;
}

enum queue_list_fetch_state queue_list_fetch_step(struct queue_list_fetch *n, int64_t now_us)
{
	n->now_us = now_us;
	if (n->state == QUEUE_LIST_ASKING && rest_step(n->rest, now_us))
		return take_page(n, rest_answer(n->rest));
	return n->state;
}

int64_t queue_list_fetch_deadline_us(const struct queue_list_fetch *n)
{
	return n->state != QUEUE_LIST_ASKING ? INT64_MAX
		: rest_is_done(n->rest) ? INT64_MIN : rest_deadline_us(n->rest);
}

const struct queue_list *queue_list_fetch_list(const struct queue_list_fetch *n)
{
	return &n->list;
}

const struct rest_answer *queue_list_fetch_failure(const struct queue_list_fetch *n)
{
	return &n->failure;
}

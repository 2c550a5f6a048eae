#include "output/scope.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "util/lookalike.h"
#include "util/text.h"
#include "util/utf8.h"

enum scope_kind { SCOPE_ALL, SCOPE_ID, SCOPE_NAME };

struct scope {
	const char *flag, *expr;
	enum scope_kind kind;
	char *queue;		/* an ID, or a name, in lower case */
	char *media;		/* NULL: none is given */
	struct lines ids;	/* of the queues to which the options give the name */
};

struct scopes {
	const struct queue_index *names;	/* see scopes_new */
	struct scope **v;
	size_t n;
	locale_t utf8;
	struct buf folded;	/* a queue's name in lower case */
};

struct scopes *scopes_new(const struct queue_index *names)
{
	struct scopes *ss = calloc(1, sizeof(*ss));

	if (!ss)
		return NULL;
	ss->names = names;
	ss->utf8 = utf8_locale_new();
	return ss;
}

static void scope_free(struct scope *s)
{
	free(s->queue);
	free(s->media);
	lines_free(&s->ids);
	free(s);
}

void scopes_free(struct scopes *ss)
{
	if (!ss)
		return;
	for (size_t i = 0; i < ss->n; i++)
		scope_free(ss->v[i]);
	free(ss->v);
	buf_free(&ss->folded);
	utf8_locale_free(ss->utf8);
	free(ss);
}

/* Returns the name in lower case, valid until the next call; "" if memory ran out. */
static const char *fold(struct scopes *ss, const char *name)
{
	buf_clear(&ss->folded);
	text_put_folded(&ss->folded, name, ss->utf8);
	return ss->folded.failed ? "" : ss->folded.data;
}

bool scopes_failed(const struct scopes *ss)
{
	return ss->folded.failed;
}

/* --- from text ------------------------------------------------------------------------ */

static size_t media_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]))
		n++;
	return n;
}

/* The quote that ends a queue's name: `:` or `/MEDIA:` follows it. The name may contain quotes. */
static char *closing_quote(char *name)
{
	for (char *end = strchr(name, '"'); end; end = strchr(end + 1, '"'))
		if (end[1] == ':' || (end[1] == '/' && end[2 + media_len(end + 2)] == ':'))
			return end;
	return NULL;
}

/* Checks what split() cut: the queue and the media type (NULL: none), and the rest. */
static bool check_parts(const char *queue, const char *media, bool quoted, const char *rest,
	char *why, size_t size)
{
	if (media && (!*media || media[media_len(media)]))
		snprintf(why, size, "'%.100s' is not a media type: it is of letters and digits, "
			"for example voice", media);
	else if (!*queue && (quoted || !media))
		snprintf(why, size, "no queue before the colon: write its ID or name, /MEDIA, or "
			"both");
	else if (!quoted && strpbrk(queue, " .<>=!"))
		snprintf(why, size, "'%.100s' has a blank, a dot or an operator: put the queue's "
			"name into double quotes", queue);
	else if (strchr(rest, ':'))	/* no path has one */
		snprintf(why, size, "'%.100s' has a colon; put a queue's name with colons into "
			"double quotes, or name the queue by its ID", rest);
	else
		return true;
	return false;
}

/* Cuts text into the queue and the media type, each NULL if it is not there, and the rest. */
static bool split(char **text, char **queue, char **media, char *why, size_t size)
{
	bool quoted = **text == '"';
	char *end = quoted ? closing_quote(*text + 1) : strchr(*text, ':'), *slash;

	*queue = *media = NULL;
	if (!end && quoted)
		snprintf(why, size, "'%.100s' has no closing quote and colon after the queue's "
			"name, as in \"Support\":oWaiting.max", *text);
	if (!end)
		return !quoted;
	*queue = *text + quoted;
	if (quoted)
		*end++ = '\0';
	slash = quoted ? (*end == '/' ? end : NULL) : memchr(*queue, '/', (size_t)(end - *queue));
	if (quoted)
		end = strchr(end, ':');
	*end = '\0';
	*text = end + 1;
	if (slash) {
		*slash = '\0';
		*media = slash + 1;
	}
	if (!check_parts(*queue, *media, quoted, *text, why, size))
		return false;
	if (!**queue)
		*queue = NULL;
	return true;
}

static bool add(struct scopes *ss, struct scope *s)
{
	struct scope **v = reallocarray(ss->v, ss->n + 1, sizeof(struct scope *));

	if (!v)
		return false;
	ss->v = v;
	v[ss->n++] = s;
	return true;
}

/* Finds the queues that have the scope's name according to the options. */
static void find_ids(struct scopes *ss, struct scope *s)
{
	for (size_t i = 0; ss->names && i < queue_index_count(ss->names); i++) {
		const char *name = queue_index_name(ss->names, i);

		if (name && strcmp(fold(ss, name), s->queue) == 0)
			lines_add(&s->ids, "%s", queue_index_id(ss->names, i));
	}
}

static bool set(struct scopes *ss, struct scope *s, const char *queue, const char *media,
	bool quoted)
{
	char id[UUID_LEN + 1];
	bool is_id = queue && !quoted && text_parse_uuid(queue, strlen(queue), id);

	s->kind = !queue ? SCOPE_ALL : is_id ? SCOPE_ID : SCOPE_NAME;
	if (queue)
		s->queue = strdup(is_id ? id : fold(ss, queue));
	if (media)
		s->media = strdup(media);
	if (s->kind == SCOPE_NAME && s->queue)
		find_ids(ss, s);
	return (!queue || s->queue) && (!media || s->media) && !s->ids.failed
		&& !ss->folded.failed;
}

const struct scope *scopes_take(struct scopes *ss, const char *flag, const char *expr, char **text,
	char *why, size_t size)
{
	bool quoted = **text == '"';
	char *queue, *media;
	struct scope *s;

	if (!split(text, &queue, &media, why, size))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s) {
		*s = (struct scope){ .flag = flag, .expr = expr };
		if (set(ss, s, queue, media, quoted) && add(ss, s))
			return s;
		scope_free(s);
	}
	snprintf(why, size, "out of memory");
	return NULL;
}

/* --- the queues of scopes --------------------------------------------------------------- */

const char *scope_queue_id(const struct scope *s)
{
	return s->kind == SCOPE_ID ? s->queue : NULL;
}

const char *scope_queue_name(const struct scope *s)
{
	return s->kind == SCOPE_NAME ? s->queue : NULL;
}

const char *scope_flag(const struct scope *s)
{
	return s->flag;
}

const char *scope_expr(const struct scope *s)
{
	return s->expr;
}

const char *scope_media(const struct scope *s)
{
	return s->media;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcasecmp(a, b) == 0 : a == b;
}

bool scope_same(const struct scope *a, const struct scope *b)
{
	return a->kind == b->kind && same_text(a->queue, b->queue) && same_text(a->media, b->media);
}

unsigned scope_rank(const struct scope *s)
{
	return (s->queue ? 2u : 0u) + (s->media ? 1u : 0u);
}

size_t scopes_count(const struct scopes *ss)
{
	return ss ? ss->n : 0;
}

const struct scope *scopes_at(const struct scopes *ss, size_t i)
{
	return ss->v[i];
}

bool scope_needs_names(const struct scope *s)
{
	return s->kind == SCOPE_NAME && !s->ids.n;
}

const struct scope *scopes_needing_names(const struct scopes *ss)
{
	for (size_t i = 0; i < scopes_count(ss); i++)
		if (scope_needs_names(ss->v[i]))
			return ss->v[i];
	return NULL;
}

void scopes_add_names(const struct scopes *ss, struct lines *names)
{
	for (size_t i = 0; i < scopes_count(ss); i++)
		if (scope_needs_names(ss->v[i]))
			lines_add(names, "%s", ss->v[i]->queue);
}

static bool has_queue(struct scopes *ss, const struct scope *s, const char *id, const char *name)
{
	if (s->kind == SCOPE_NAME)
		return lines_has(&s->ids, id)
			|| (name && strcmp(fold(ss, name), s->queue) == 0);
	return s->kind == SCOPE_ALL || strcmp(id, s->queue) == 0;
}

static void explain_unknown(struct scopes *ss, const struct scope *s,
	const struct queue_index *queues, struct buf *why)
{
	bool by_name = s->kind == SCOPE_NAME;

	buf_printf(why, "%s '%.200s': no queue of this run has the %s '%.200s'", s->flag, s->expr,
		by_name ? "name" : "ID", s->queue);
	for (size_t i = 0; by_name && i < queue_index_count(queues); i++) {
		const char *name = queue_index_name(queues, i);

		if (!name || !lookalike(s->queue, fold(ss, name)))
			continue;
		json_put_quoted(why, "; ", name);
		buf_printf(why, " (%s) looks the same but has ", queue_index_id(queues, i));
		lookalike_put(why, s->queue, ss->folded.data);
		break;
	}
	buf_char(why, '\0');
}

bool scopes_find(struct scopes *ss, const struct queue_index *queues, struct buf *why)
{
	for (size_t i = 0; i < scopes_count(ss); i++) {
		bool found = ss->v[i]->kind == SCOPE_ALL;

		for (size_t k = 0; k < queue_index_count(queues) && !found; k++)
			found = has_queue(ss, ss->v[i], queue_index_id(queues, k),
				queue_index_name(queues, k));
		if (!found) {
			explain_unknown(ss, ss->v[i], queues, why);
			return false;
		}
	}
	return true;
}

/* --- rows ----------------------------------------------------------------------------- */

/* True if a row of the same queue has the number: its own row (own), or one of a media type. */
static bool queue_has(const struct row_window *w, size_t i, bool own, const struct row_name *name)
{
	size_t queue = w->row[i].queue;

	while (i > 0 && w->row[i - 1].queue == queue)	/* a queue's rows follow each other */
		i--;
	for (; i < w->nrow && w->row[i].queue == queue; i++)
		if (own == !w->row[i].media && row_name_is_in(&w->row[i], name))
			return true;
	return false;
}

bool scopes_have_queue(struct scopes *ss, const struct scope *s, const struct row *row)
{
	return has_queue(ss, s, row_id(row), row->queue_name);
}

bool scopes_cover(struct scopes *ss, const struct scope *s, const struct row_window *w, size_t i,
	const struct row_name *name)
{
	const struct row *row = &w->row[i];

	if (!scopes_have_queue(ss, s, row))
		return false;
	if (s->media)
		return row->media && strcasecmp(row->media, s->media) == 0;
	if (row->media)
		return row_name_is_in(row, name) && !queue_has(w, i, true, name);
	return row_name_is_in(row, name) || !queue_has(w, i, false, name);
}

#include "json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_TYPE "routing-statistics-queues"
#define ARENA_FIRST 32768		/* holds the tree of any ordinary frame */
#define ARENA_ALIGN 16
#define SKIP_DEPTH_MAX 512

/* --- the arena behind cJSON --------------------------------------------------------- */

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(ARENA_ALIGN) char bytes[];
};

/* cJSON's hooks have no argument: they allocate from here while a parse is under way. */
static struct chunk *arena;

static struct chunk *chunk_new(size_t size, struct chunk *next)
{
	struct chunk *c = malloc(sizeof(*c) + size);

	if (c)
		*c = (struct chunk){ .next = next, .size = size };
	return c;
}

static void *arena_alloc(size_t n)
{
	struct chunk *c = arena;
	void *at;

	n = (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (c->size - c->used < n) {
		c = chunk_new(n > ARENA_FIRST ? n : ARENA_FIRST, arena);
		if (!c)
			return NULL;
		arena = c;
	}
	at = c->bytes + c->used;
	c->used += n;
	return at;
}

static void arena_no_free(void *p)
{
	(void)p;
}

/* Back to the one first chunk, empty. */
static struct chunk *arena_reset(struct chunk *c)
{
	while (c->next) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
	c->used = 0;
	return c;
}

/* --- one message to frames ---------------------------------------------------------- */

struct metric {
	const char *name;
	size_t len;
};

struct json {
	struct metric metric[METRIC_MAX];
	size_t nmetric, nasked;
	struct chunk *arena;
	const char *at, *end;	/* what is left of the message; at NULL: nothing */
	char path[FIELD_MAX * FIELD_NAME_MAX];	/* of the frame's leaves that are not plain keys */
	size_t path_used;
};

struct json *json_new(const char *const *metric, size_t nmetric, size_t nasked)
{
	struct json *js = calloc(1, sizeof(*js));

	if (!js)
		return NULL;
	js->arena = chunk_new(ARENA_FIRST, NULL);
	if (!js->arena) {
		free(js);
		return NULL;
	}
	for (size_t i = 0; i < nmetric; i++)
		js->metric[i] = (struct metric){ metric[i], strlen(metric[i]) };
	js->nmetric = nmetric;
	js->nasked = nasked;
	return js;
}

void json_free(struct json *js)
{
	if (!js)
		return;
	free(arena_reset(js->arena));
	free(js);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *s, const char *end)
{
	while (s < end && is_space(*s))
		s++;
	return s;
}

void json_begin(struct json *js, const char *text, size_t len)
{
	js->at = text;
	js->end = text + len;
}

/* cJSON on the arena; the tree lives until the next parse. */
static const cJSON *parse(struct json *js, const char **rest)
{
	cJSON_Hooks hooks = { arena_alloc, arena_no_free };
	const cJSON *tree;

	arena = arena_reset(js->arena);
	cJSON_InitHooks(&hooks);
	tree = cJSON_ParseWithLengthOpts(js->at, (size_t)(js->end - js->at), rest, 0);
	cJSON_InitHooks(NULL);
	js->arena = arena;
	arena = NULL;
	return tree;
}

/* A leaf's path grows key by key in the frame's own space. */
struct path {
	const char *key[FIELD_DEPTH_MAX];
	size_t depth;
};

static bool put_path(struct json *js, const struct path *path, struct leaf *leaf)
{
	char *start = js->path + js->path_used;
	size_t room = sizeof(js->path) - js->path_used, n = 0;

	if (room > FIELD_NAME_MAX)
		room = FIELD_NAME_MAX;
	for (size_t i = 0; i < path->depth; i++) {
		if (i && n < room)
			start[n++] = '.';
		for (const char *k = path->key[i]; *k; k++) {
			if (n >= room)
				return false;
			start[n++] = *k == '.' ? '_' : *k;
		}
	}
	if (n >= room)
		return false;
	start[n] = '\0';
	js->path_used += n + 1;
	leaf->path = start;
	leaf->path_len = (uint16_t)n;
	return true;
}

/* A key of the first level without a dot needs no copy. */
static bool leaf_path(struct json *js, const struct path *path, struct leaf *leaf)
{
	size_t len;

	if (path->depth > 1 || strchr(path->key[0], '.'))
		return put_path(js, path, leaf);
	len = strlen(path->key[0]);
	leaf->path = path->key[0];
	leaf->path_len = (uint16_t)len;
	return len < FIELD_NAME_MAX;
}

/* The last of two leaves with one name wins, as it does for most readers of JSON. */
static struct leaf *leaf_place(struct frame *f, const struct leaf *leaf)
{
	for (size_t i = 0; i < f->nleaf; i++)
		if (f->leaf[i].metric == leaf->metric && f->leaf[i].path_len == leaf->path_len
		    && memcmp(f->leaf[i].path, leaf->path, leaf->path_len) == 0)
			return &f->leaf[i];
	return f->nleaf < FIELD_MAX ? &f->leaf[f->nleaf++] : NULL;
}

static const char *take_leaf(struct json *js, struct frame *f, uint16_t metric,
	const struct path *path, double value)
{
	struct leaf leaf = { .metric = metric, .value = value }, *place;

	if (!isfinite(value))
		return "a number is not finite";
	if (!leaf_path(js, path, &leaf))
		return "a field's name is too long";
	place = leaf_place(f, &leaf);
	if (!place)
		return "too many fields";
	*place = leaf;
	return NULL;
}

/* Every number below an object; why it is invalid, NULL: it is not. */
static const char *take_object(struct json *js, struct frame *f, uint16_t metric,
	const cJSON *object, struct path *path)
{
	const char *why = NULL, *bad;
	const cJSON *item;

	if (path->depth == FIELD_DEPTH_MAX)
		return object->child ? "fields nest too deep" : NULL;
	path->depth++;
	for (item = object->child; item; item = item->next) {
		bad = NULL;
		path->key[path->depth - 1] = item->string;
		if (cJSON_IsNumber(item))
			bad = take_leaf(js, f, metric, path, item->valuedouble);
		else if (cJSON_IsObject(item))
			bad = take_object(js, f, metric, item, path);
		why = why ? why : bad;
	}
	path->depth--;
	return why;
}

static void take_metric(struct json *js, struct frame *f, size_t metric, const cJSON *item)
{
	struct path path = { .depth = 0 };
	const char *why = NULL;

	if (cJSON_IsObject(item))
		why = take_object(js, f, (uint16_t)metric, item, &path);
	else if (!cJSON_IsNull(item))
		why = "a metric is no object";
	if (why && metric < js->nasked && !f->invalid)
		f->invalid = why;
}

static void take_time(struct frame *f, const cJSON *item)
{
	f->has_time = cJSON_IsString(item)
		&& time_parse_us(item->valuestring, strlen(item->valuestring), &f->time_us);
}

static void take_member(struct json *js, struct frame *f, const cJSON *item, uint32_t *seen)
{
	size_t len = strlen(item->string);

	for (size_t i = 0; i < js->nmetric; i++)
		if (len == js->metric[i].len
		    && memcmp(item->string, js->metric[i].name, len) == 0) {
			if (!(*seen & 1u << i))
				take_metric(js, f, i, item);
			*seen |= 1u << i;
			return;
		}
	if (strcmp(item->string, "timestamp") == 0)
		take_time(f, item);
	else if (strcmp(item->string, "queueId") == 0 && cJSON_IsString(item)) {
		if (!uuid_parse(item->valuestring, strlen(item->valuestring), f->queue_id))
			f->queue_id[0] = '\0';
	} else if (strcmp(item->string, "interval") == 0 && cJSON_IsString(item))
		f->interval = item->valuestring;
}

static void take_tree(struct json *js, struct frame *f, const cJSON *tree)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(tree, "eventType");
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(tree, "data");
	uint32_t seen = 0;

	f->kind = FRAME_OTHER_EVENT;
	if (!cJSON_IsString(type) || strcmp(type->valuestring, EVENT_TYPE) != 0)
		return;
	f->kind = FRAME_NO_QUEUE;
	for (const cJSON *item = cJSON_IsObject(data) ? data->child : NULL; item; item = item->next)
		take_member(js, f, item, &seen);
	if (!f->queue_id[0])
		return;
	f->kind = FRAME_STATISTICS;
	if (!f->has_time && !f->invalid)
		f->invalid = "no valid timestamp";
}

bool json_next(struct json *js, struct frame *frame)
{
	const char *start, *rest = NULL;
	const cJSON *tree;

	if (!js->at)
		return false;
	start = skip_space(js->at, js->end);
	frame->kind = FRAME_NOT_JSON;
	frame->text = start;
	frame->text_len = (size_t)(js->end - start);
	frame->queue_id[0] = '\0';
	frame->interval = frame->invalid = NULL;
	frame->time_us = 0;
	frame->has_time = false;
	frame->nleaf = 0;
	js->path_used = 0;
	/* cJSON would skip a byte order mark, RFC 8259 §8.1 has none in a message */
	tree = start < js->end && *start != '\xEF' ? parse(js, &rest) : NULL;
	if (!tree) {
		js->at = NULL;
		return true;
	}
	frame->text_len = (size_t)(rest - start);
	js->at = skip_space(rest, js->end) < js->end ? rest : NULL;
	take_tree(js, frame, tree);
	return true;
}

/* --- strict JSON, as text ----------------------------------------------------------- */

static const char *skip_string(const char *s, const char *end)
{
	for (s++; s < end && *s != '"'; s++) {
		if ((unsigned char)*s < 0x20)
			return NULL;
		if (*s != '\\')
			continue;
		if (++s == end || !strchr("\"\\/bfnrtu", *s) || !*s)
			return NULL;
		if (*s != 'u')
			continue;
		if (end - s < 5)
			return NULL;
		for (int i = 0; i < 4; i++)
			if (!strchr("0123456789abcdefABCDEF", *++s) || !*s)
				return NULL;
	}
	return s < end ? s + 1 : NULL;
}

static const char *skip_digits(const char *s, const char *end)
{
	const char *start = s;

	while (s < end && *s >= '0' && *s <= '9')
		s++;
	return s > start ? s : NULL;
}

static const char *skip_number(const char *s, const char *end)
{
	if (*s == '-')
		s++;
	if (s < end && *s == '0')
		s++;
	else if (!(s = skip_digits(s, end)))
		return NULL;
	if (s < end && *s == '.' && !(s = skip_digits(s + 1, end)))
		return NULL;
	if (s < end && (*s == 'e' || *s == 'E')) {
		s++;
		if (s < end && (*s == '+' || *s == '-'))
			s++;
		s = skip_digits(s, end);
	}
	return s;
}

static const char *skip_word(const char *s, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - s) >= n && memcmp(s, word, n) == 0 ? s + n : NULL;
}

static const char *skip_scalar(const char *s, const char *end)
{
	switch (*s) {
	case '"': return skip_string(s, end);
	case 't': return skip_word(s, end, "true");
	case 'f': return skip_word(s, end, "false");
	case 'n': return skip_word(s, end, "null");
	default: return skip_number(s, end);
	}
}

/* A key and its colon; s is at the quote. */
static const char *skip_key(const char *s, const char *end)
{
	s = s < end && *s == '"' ? skip_string(s, end) : NULL;
	s = s ? skip_space(s, end) : NULL;
	return s && s < end && *s == ':' ? skip_space(s + 1, end) : NULL;
}

const char *json_skip(const char *s, const char *end)
{
	char closer[SKIP_DEPTH_MAX];
	size_t depth = 0;

	s = skip_space(s, end);
	for (;;) {
		if (s >= end)
			return NULL;
		if (*s == '{' || *s == '[') {	/* down */
			if (depth == SKIP_DEPTH_MAX)
				return NULL;
			closer[depth++] = *s == '{' ? '}' : ']';
			s = skip_space(s + 1, end);
			if (s < end && *s != closer[depth - 1]) {
				if (closer[depth - 1] == '}' && !(s = skip_key(s, end)))
					return NULL;
				continue;
			}
		} else if (!(s = skip_scalar(s, end))) {
			return NULL;
		}
		for (;;) {			/* up, or on to the next */
			if (depth == 0)
				return s;
			s = skip_space(s, end);
			if (s >= end)
				return NULL;
			if (*s == closer[depth - 1]) {
				depth--;
				s++;
				continue;
			}
			if (*s != ',')
				return NULL;
			s = skip_space(s + 1, end);
			if (closer[depth - 1] == '}' && !(s = skip_key(s, end)))
				return NULL;
			break;
		}
	}
}

int json_walk(const char **s, const char *end, struct json_member *m)
{
	const char *p = *s, *key_end;
	bool first = p < end && *p == '{';

	p = skip_space(first ? p + 1 : p, end);
	if (p < end && *p == '}') {
		*s = p + 1;
		return 0;
	}
	if (!first) {
		if (p >= end || *p != ',')
			return -1;
		p = skip_space(p + 1, end);
	}
	if (p >= end || *p != '"' || !(key_end = skip_string(p, end)))
		return -1;
	m->key = p + 1;
	m->key_len = (size_t)(key_end - 1 - m->key);
	p = skip_key(p, end);
	if (!p || !(*s = json_skip(p, end)))
		return -1;
	m->value = p;
	m->value_len = (size_t)(*s - p);
	return 1;
}

static unsigned hex4(const char *s)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4
			| (unsigned)(s[i] <= '9' ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10);
	return value;
}

static void put_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
	} else if (c < 0x800) {
		buf_char(out, (char)(0xC0 | c >> 6));
		buf_char(out, (char)(0x80 | (c & 0x3F)));
	} else if (c < 0x10000) {
		buf_char(out, (char)(0xE0 | c >> 12));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_char(out, (char)(0x80 | (c & 0x3F)));
	} else {
		buf_char(out, (char)(0xF0 | c >> 18));
		buf_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_char(out, (char)(0x80 | (c & 0x3F)));
	}
}

/* \uXXXX at s (behind the u), perhaps with the second half of a pair; a lone half is
 * U+FFFD. Returns where it ends. */
static const char *unescape_unicode(const char *s, const char *end, struct buf *out)
{
	unsigned c = hex4(s), low;

	s += 4;
	if (c >= 0xD800 && c < 0xDC00 && end - s >= 6 && s[0] == '\\' && s[1] == 'u') {
		low = hex4(s + 2);
		if (low >= 0xDC00 && low < 0xE000) {
			put_utf8(out, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
			return s + 6;
		}
	}
	put_utf8(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
	return s;
}

bool json_unescape(const char *s, size_t len, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *end = s + len;

	if (len < 2 || *s != '"' || skip_string(s, end) != end)
		return false;
	for (s++, end--; s < end; ) {
		const char *plain = s;

		while (s < end && *s != '\\')
			s++;
		buf_add(out, plain, (size_t)(s - plain));
		if (s == end)
			break;
		if (s[1] == 'u') {
			s = unescape_unicode(s + 2, end, out);
			continue;
		}
		buf_char(out, to[strchr(from, s[1]) - from]);
		s += 2;
	}
	return !out->failed;
}

/* --- writing ------------------------------------------------------------------------ */

/* Of the two-byte ones only C1 controls (U+0080 to U+009F) can change a terminal. */
static bool is_c1(const char *s, size_t n)
{
	return n == 2 && (unsigned char)s[0] == 0xC2 && (unsigned char)s[1] < 0xA0;
}

void json_put_string(struct buf *out, const char *s, size_t len)
{
	static const char special[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";

	buf_char(out, '"');
	while (len) {
		size_t plain = 0, n;
		const char *at;

		while (plain < len && (unsigned char)s[plain] >= 0x20 && s[plain] != '"'
		       && s[plain] != '\\' && (unsigned char)s[plain] < 0x7F)
			plain++;
		buf_add(out, s, plain);
		s += plain;
		len -= plain;
		if (!len)
			break;
		n = utf8_length(s, len);
		at = *s ? strchr(special, *s) : NULL;
		if (at)
			buf_printf(out, "\\%c", letter[at - special]);
		else if (n == 0)
			buf_str(out, "\xEF\xBF\xBD");
		else if (n == 1 || is_c1(s, n))
			buf_printf(out, "\\u%04x", (unsigned char)s[n - 1]);
		else
			buf_add(out, s, n);
		n = n ? n : 1;
		s += n;
		len -= n;
	}
	buf_char(out, '"');
}

size_t double_format(char out[DOUBLE_TEXT_MAX], double x)
{
	int n;

	if (x == trunc(x) && fabs(x) <= 9007199254740992.0 && !(x == 0 && signbit(x)))
		return (size_t)snprintf(out, DOUBLE_TEXT_MAX, "%lld", (long long)x);
	for (int digits = 15; ; digits++) {
		n = snprintf(out, DOUBLE_TEXT_MAX, "%.*g", digits, x);
		if (digits == 17 || strtod(out, NULL) == x)
			return (size_t)n;
	}
}

void json_put_double(struct buf *out, double x)
{
	char text[DOUBLE_TEXT_MAX];

	buf_add(out, text, double_format(text, x));
}

void json_put_time_ms(struct buf *out, int64_t ms)
{
	char text[TIME_TEXT_MAX];

	time_format_ms(text, ms);
	buf_printf(out, "\"%s\"", text);
}

void json_put_time_us(struct buf *out, int64_t us)
{
	char text[TIME_TEXT_MAX];

	time_format_us(text, us);
	buf_printf(out, "\"%s\"", text);
}

/* gc's config.toml: read, and read again with what must make no difference, or all. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/gc_profile.h"
#include "util/base.h"
#include "util/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const char *s, char least)
{
	if (s && !*s)
		abort();
	for (; s && *s; s++)
		if (*s < least || *s > '~')
			abort();
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The text between two others, so that neither end is at the end of its memory. */
static enum status parse(struct gc_profile *p, const char *front, const uint8_t *data, size_t size,
	const char *behind)
{
	struct buf text = { 0 };
	struct err err = { "" };
	enum status st;

	if (!buf_str(&text, front) || !buf_add(&text, data, size) || !buf_str(&text, behind))
		abort();
	st = gc_profile_parse(p, text.data, text.len, "Default", &err);
	if (st != ST_OK && (!*err.text || p->client_id || p->secret || p->access_token
	    || p->environment || p->cached_token))
		abort();
	buf_free(&text);
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gc_profile p, q;
	struct err err;
	enum status st = gc_profile_parse(&p, (const char *)data, size, "Default", &err);

	check_string(p.client_id, ' ');
	check_string(p.secret, ' ');
	check_string(p.environment, ' ');
	check_string(p.access_token, '!');
	check_string(p.cached_token, '!');
	if (p.cached_expires_ms && !p.cached_token)
		abort();
	if (size < 1 || data[0] != 0xEF) {	/* a byte order mark stands in front alone */
		if (parse(&q, "# \n", data, size, "") != st || !same(p.client_id, q.client_id)
		    || !same(p.secret, q.secret) || !same(p.cached_token, q.cached_token))
			abort();
		gc_profile_free(&q);
	}
	if (parse(&q, "", data, size, "\n=") == ST_OK)
		abort();
	gc_profile_free(&p);
	return 0;
}

#include "auth/token_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/private_dir.h"
#include "util/text.h"

#define SCHEMA "gsqstat-token/1"
#define FILE_MAX 65536

struct token_cache {
	int dir, lock;
	struct lines *warnings;
	bool warned;			/* a warning of an ignored file was added */
	char name[PRIVATE_DIR_NAME_LEN + 1];
	char *path;			/* of the directory, for warnings */
	char *base_url;
};

void token_cache_entry_free(struct token_cache_entry *t)
{
	text_wipe(&t->token);
	*t = (struct token_cache_entry){ 0 };
}

/* --- opening ------------------------------------------------------------------------ */

struct token_cache *token_cache_open(const char *base_url, const char *client_id,
	struct lines *warnings)
{
	struct token_cache *c = calloc(1, sizeof(*c));
	char *path = private_dir_path();
	const char *why = "neither XDG_CACHE_HOME nor HOME is set";

	if (!c)
		goto fail;
	c->lock = -1;
	c->warnings = warnings;
	c->dir = path ? private_dir_make(path, &why) : -1;
	c->base_url = strdup(base_url);
	if (c->dir < 0 || !c->base_url || !private_dir_name(base_url, client_id, c->name))
		goto fail;
	c->path = path;
	return c;
fail:
	lines_add(warnings, "no token cache%s%s: %s; each run requests a new token",
		path ? " in " : "", path ? path : "", why ? why : "out of memory");
	free(path);
	token_cache_close(c);
	return NULL;
}

void token_cache_close(struct token_cache *c)
{
	if (!c)
		return;
	token_cache_unlock(c);
	if (c->dir >= 0)
		close(c->dir);
	free(c->path);
	free(c->base_url);
	free(c);
}

/* --- reading ------------------------------------------------------------------------ */

static bool is_text(const char *s, const char *text)
{
	return s && strcmp(s, text) == 0;
}

/* Reads the token from the file's text. Returns why there is none, or NULL. why_no_memory does not
 * mean that the file is bad. */
static const char *parse_file(const struct token_cache *c, const char *text, size_t len,
	struct token_cache_entry *t)
{
	const char *why, *token;
	struct cJSON *file = json_document(text, len, FILE_MAX, &why);
	double expires = 0;
	bool ok;

	token = json_value_string(json_member(file, "access_token"));
	ok = file && memcmp(text + len - 2, "}\n", 2) == 0	/* as we write it */
		&& is_text(json_value_string(json_member(file, "schema")), SCHEMA)
		&& is_text(json_value_string(json_member(file, "host")), c->base_url)
		&& token && text_is_visible(token, TEXT_TOKEN_MAX)
		&& json_value_number(json_member(file, "expires_ms"), &expires) && expires > 0
		&& expires < 253402300800000.0	/* the year 10000 */
		&& expires == (double)(int64_t)expires;
	if (ok) {
		t->expires_ms = (int64_t)expires;
		t->token = strdup(token);
		why = t->token ? NULL : why_no_memory;
	} else if (file || why != why_no_memory) {
		why = "it is not a token file of gsqstat";
	}
	json_document_free(file);
	return why;
}

/* Renames a bad file to NAME.bad, or ignores it. An ignored file is found again by each read, but
 * only the first adds a warning. */
static void ignore(struct token_cache *c, bool set_aside, const char *why)
{
	char bad[PRIVATE_DIR_NAME_LEN + 8];

	snprintf(bad, sizeof(bad), "%s.bad", c->name);
	if (set_aside && renameat(c->dir, c->name, c->dir, bad) == 0) {
		lines_add(c->warnings, "the cached token %s/%s was renamed to %s: %s", c->path,
			c->name, bad, why);
	} else if (!c->warned) {
		lines_add(c->warnings, "the cached token %s/%s is ignored: %s", c->path, c->name,
			why);
		c->warned = true;
	}
}

bool token_cache_read(struct token_cache *c, int64_t not_before_ms, struct token_cache_entry *t)
{
	struct buf text = { 0 };
	const char *why = NULL;
	enum private_dir_found found;

	*t = (struct token_cache_entry){ 0 };
	found = private_dir_read(c->dir, c->name, FILE_MAX, &text, &why);
	if (found == PRIVATE_DIR_WHOLE)
		why = parse_file(c, text.data, text.len, t);
	buf_wipe(&text);
	if (why)
		ignore(c, found != PRIVATE_DIR_FAILED && why != why_no_memory, why);
	if (t->token && t->expires_ms <= not_before_ms)
		token_cache_entry_free(t);
	return t->token != NULL;
}

/* --- writing ------------------------------------------------------------------------ */

bool token_cache_write(struct token_cache *c, const char *token, int64_t expires_ms)
{
	struct buf text = { 0 };
	bool ok;

	buf_reserve(&text, 2 * strlen(token) + 1024);	/* growing would leave copies */
	json_put_quoted(&text, "{\"schema\":\"" SCHEMA "\",\"host\":", c->base_url);
	json_put_quoted(&text, ",\"access_token\":", token);
	buf_printf(&text, ",\"expires_ms\":%lld}\n", (long long)expires_ms);
	ok = private_dir_write(c->dir, c->name, &text, true);
	if (!ok)
		lines_add(c->warnings, "the token could not be stored in %s/%s: %s; the next run "
			"requests another one", c->path, c->name, strerror(errno));
	buf_wipe(&text);
	return ok;
}

void token_cache_drop(struct token_cache *c, const char *token)
{
	struct lines *warnings = c->warnings, ignored = { 0 };
	struct token_cache_entry t;

	c->warnings = &ignored;
	if (token_cache_read(c, 0, &t) && strcmp(t.token, token) == 0)
		unlinkat(c->dir, c->name, 0);
	c->warnings = warnings;
	token_cache_entry_free(&t);
	lines_free(&ignored);
}

/* --- the lock ----------------------------------------------------------------------- */

/* If locks do not work (no flock on this file system, no space for the file), the run goes on as if
 * it held the lock. */
bool token_cache_lock(struct token_cache *c)
{
	bool held = false;

	if (c->lock < 0)
		c->lock = private_dir_lock(c->dir, c->name, &held);
	return !held;
}

void token_cache_unlock(struct token_cache *c)
{
	if (c->lock >= 0)
		close(c->lock);
	c->lock = -1;
}

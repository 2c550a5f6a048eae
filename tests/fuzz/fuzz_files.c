/*
 * Files that a run reads: the first byte says as which of them the rest is read. What is taken is
 * written as the program writes it, or in a plainer form, and has to be read as the same again.
 */
#include <fcntl.h>

#include "auth/creds.h"
#include "auth/token_cache.h"
#include "json.h"
#include "tests/support/fuzz.h"
#include "util/base.h"
#include "util/private_dir.h"
#include "util/secret_file.h"
#include "util/text.h"
#include "webhook/signature.h"
#include "webhook/spool.h"
#include "webhook/target.h"

#define RUN "11111111-1111-4111-8111-111111111111"
#define URL "https://hooks.example.com/a?b=c"

/* A file of a private directory in the place of what is there. */
static const struct targets_flags flags = { "--callback-header-file", "--callback-key-file",
	"--callback-spool" };

static void put_file(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

/* --- the token cache -------------------------------------------------------------------- */

static void check_token(const uint8_t *data, size_t size)
{
	static const char host[] = "https://api.example.com";
	static struct lines warnings;
	static struct token_cache *cache;
	static char path[256];
	struct token_cache_entry t, again;

	if (!cache) {
		char name[PRIVATE_DIR_NAME_LEN + 1];

		must(setenv("XDG_CACHE_HOME", fuzz_dir(), 1) == 0);
		cache = token_cache_open(host, "client", &warnings);
		must(cache && private_dir_name(host, "client", name));
		snprintf(path, sizeof(path), "%s/gsqstat/%s", fuzz_dir(), name);
	}
	put_file(path, data, size);
	if (token_cache_read(cache, 0, &t)) {
		must(text_is_visible(t.token, TEXT_TOKEN_MAX) && t.expires_ms > 0);
		must(!token_cache_read(cache, t.expires_ms, &again));
		must(token_cache_write(cache, t.token, t.expires_ms));
		must(token_cache_read(cache, t.expires_ms - 1, &again));
		must(same_text(t.token, again.token) && t.expires_ms == again.expires_ms);
		token_cache_entry_free(&again);
		token_cache_drop(cache, "another");
		must(access(path, F_OK) == 0 && warnings.n == 0);
		token_cache_drop(cache, t.token);
	} else {
		must(warnings.n == 1 && !t.token);
	}
	must(access(path, F_OK) != 0);
	token_cache_entry_free(&t);
	lines_free(&warnings);
}

/* --- secrets ---------------------------------------------------------------------------- */

/* A secret is the file without the newline at its end. */
static void check_secret(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(0, data, size);
	struct lines problems = { 0 }, warnings = { 0 };
	char *secret = creds_secret_file(path, "--x", &problems, &warnings);
	size_t len = size;

	if (len && data[len - 1] == '\n')
		len--;
	if (len && data[len - 1] == '\r')
		len--;
	must(!secret == (problems.n == 1) && warnings.n == 0);
	must(!secret == (len == 0 || size > 4096 || memchr(data, '\0', len)));
	if (secret)
		must(strlen(secret) == len && memcmp(secret, data, len) == 0);
	text_wipe(&secret);
	lines_free(&problems);
}

static void check_audit_key(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(0, data, size);
	struct buf key = { 0 };
	unsigned exposed;
	const char *why = secret_file_read(SECRET_FILE_KEY, path, &key, &exposed);

	must(exposed == 0);
	if (!why)
		must(key.len && key.len <= size && size - key.len <= 2
			&& memcmp(key.data, data, key.len) == 0);
	buf_wipe(&key);
}

/* No message of ours has a Z, so a secret with one is in no message. */
static void check_hidden(const struct lines *lines, const char *secret)
{
	for (size_t i = 0; i < lines->n; i++)
		must(strlen(secret) < 4 || !strchr(secret, 'Z') || !strstr(lines->v[i], secret));
}

static void check_keys(const uint8_t *data, size_t size)
{
	struct lines problems = { 0 };
	struct signature_keys *keys = signature_keys_read(fuzz_file(0, data, size),
		"--callback-key-file", &problems);
	struct buf out = { 0 };

	must(!keys == (problems.n == 1));
	if (keys) {
		size_t n = 0;

		must(signature_sign(keys, "id", 1, "{}", 2, &out) && buf_char(&out, '\0'));
		for (const char *s = out.data; *s; n++) {
			must(strncmp(s, "v1,", 3) == 0 && strcspn(s, " ") == 3 + 44);
			s += 3 + 44;
			s += *s == ' ';
		}
		must(n >= 1 && n <= 16);
	}
	buf_free(&out);
	signature_keys_free(keys);
	lines_free(&problems);
}

/* --- --callback ------------------------------------------------------------------------- */

static void check_header_file(const uint8_t *data, size_t size)
{
	struct targets t = { .header_file = fuzz_file(0, data, size) };
	struct targets again = { 0 };
	struct lines problems = { 0 }, warnings = { 0 };
	struct buf lines = { 0 };
	const char *secret;
	size_t at = 0;

	targets_check(&t, &flags, &problems, &warnings);
	must(t.headers.n <= TARGET_HEADERS_MAX && warnings.n == 0);
	for (size_t i = 0; i < t.headers.n; i++) {
		const char *line = t.headers.v[i], *colon = strstr(line, ": ");

		must(colon && colon > line && colon[2] && colon[2] != ' ');
		for (const char *s = line; *s; s++)
			must((*s >= ' ' || (*s == '\t' && s > colon)) && *s <= '~');
		must(buf_printf(&lines, "%s\n", line));
	}
	while ((secret = targets_secret(&t, &at)))
		check_hidden(&problems, secret);
	lines_free(&problems);
	again.header_file = fuzz_file(0, lines.data ? lines.data : "", lines.len);
	targets_check(&again, &flags, &problems, &warnings);
	must(problems.n == 0 && again.headers.n == t.headers.n);
	for (size_t i = 0; i < t.headers.n; i++)
		must(same_text(t.headers.v[i], again.headers.v[i]));
	buf_wipe(&lines);
	targets_free(&again);
	targets_free(&t);
}

static void check_url_file(const uint8_t *data, size_t size)
{
	char *name = text_format("@%s", fuzz_file(0, data, size));
	struct targets t = { .allow_private = size % 2 };
	struct lines problems = { 0 }, warnings = { 0 };
	size_t at = 0;

	must(name != NULL);
	targets_add(&t, name, "--callback", &problems, &warnings);
	must(t.n + problems.n == 1 && warnings.n == 0);
	if (t.n) {
		must(text_is_visible(t.v[0].url, 4096) && !strpbrk(t.v[0].shown, "?#@"));
		must(strncmp(t.v[0].shown, t.v[0].plain ? "http://" : "https://",
			t.v[0].plain ? 7 : 8) == 0);
		targets_check(&t, &flags, &problems, &warnings);
		check_hidden(&problems, targets_secret(&t, &at));
	} else {
		char *url = fuzz_text(data, size);

		check_hidden(&problems, url + strcspn(url, "?#"));
		free(url);
	}
	lines_free(&problems);
	targets_free(&t);
	free(name);
}

/* --- the spool -------------------------------------------------------------------------- */

static char spool_dir[128], spool_name[SPOOL_NAME_MAX], spool_path[256];

static struct spool *open_spool(void)
{
	struct spool *s = NULL;
	struct err err;

	must(spool_open(&s, spool_dir, 1u << 20, &err) == ST_OK && spool_is_ours_to_send(s));
	return s;
}

static void put_item(struct spool *s, struct spool_item *item)
{
	struct err err;

	must(spool_put(s, 1, RUN, 2, 3, item, &err) == SPOOL_KEPT);
}

/* What the spool gives out comes back when it is put there. */
static struct spool *check_item(struct spool *s, const struct spool_item *item)
{
	char *id = strdup(item->id), *type = strdup(item->type);
	struct spool_item put = { .id = id, .url = URL, .type = type }, again;
	struct buf body = { 0 };
	struct lines warnings = { 0 };
	size_t place = 0;

	must(id && type && buf_add(&body, item->body, item->len));
	must(same_text(item->name, spool_name) && same_text(item->url, URL));
	must(text_is_visible(id, 127) && text_is_visible(type, 127));
	must(json_skip(body.data, body.data + body.len) != NULL);
	put.body = body.data;
	put.len = body.len;
	put_item(s, &put);
	must(same_text(put.name, spool_name));
	spool_free(s);
	s = open_spool();
	must(spool_next(s, URL, &place, &again, &warnings) && warnings.n == 0);
	must(same_text(again.id, id) && same_text(again.url, URL) && same_text(again.type, type));
	must(again.len == put.len && memcmp(again.body, put.body, put.len) == 0);
	must(!spool_next(s, URL, &place, &again, &warnings));
	spool_drop(s, spool_name);
	buf_free(&body);
	free(id);
	free(type);
	return s;
}

static void check_spool(const uint8_t *data, size_t size)
{
	struct spool_item item = { .id = "i", .url = URL, .type = "t", .body = "{}", .len = 2 };
	struct lines warnings = { 0 };
	struct spool *s;
	size_t place = 0;

	if (!spool_dir[0]) {
		snprintf(spool_dir, sizeof(spool_dir), "%s/spool", fuzz_dir());
		s = open_spool();
		put_item(s, &item);
		snprintf(spool_name, sizeof(spool_name), "%s", item.name);
		snprintf(spool_path, sizeof(spool_path), "%s/%s", spool_dir, spool_name);
		spool_free(s);
	}
	put_file(spool_path, data, size);
	s = open_spool();
	if (spool_next(s, URL, &place, &item, &warnings)) {
		must(warnings.n == 0);
		s = check_item(s, &item);
	} else {
		must(warnings.n == 1);
	}
	must(access(spool_path, F_OK) != 0);
	spool_free(s);
	lines_free(&warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const uint8_t *rest, size_t size) = {
		['A' - 'A'] = check_audit_key, ['H' - 'A'] = check_header_file,
		['K' - 'A'] = check_keys, ['S' - 'A'] = check_secret, ['T' - 'A'] = check_token,
		['U' - 'A'] = check_url_file, ['W' - 'A'] = check_spool
	};
	size_t kind = size ? (size_t)(data[0] - 'A') & 31 : 0;

	if (size && kind < ARRAY_LEN(checks) && checks[kind])
		checks[kind](data + 1, size - 1);
	return 0;
}

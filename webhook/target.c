#include "webhook/target.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/creds.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/secret_file.h"
#include "webhook/ip_filter.h"

#define URL_MAX 4096
#define SECRET_WORD_MIN 8	/* bytes; a shorter last word of a header is not a secret */

/* --- what may be shown of a URL ------------------------------------------------------ */

/* Returns where the host begins, with user and port. The URL may be invalid. */
static const char *authority_of(const char *url)
{
	size_t scheme = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return strncmp(url + scheme, "://", 3) == 0 ? url + scheme + 3 : url;
}

static size_t authority_len(const char *authority)
{
	return strcspn(authority, "/?#\\");
}

const char *target_shown(char out[TEXT_SHOWN_SIZE], const char *url)
{
	const char *host = authority_of(url), *at;
	size_t len = authority_len(host);
	struct buf text = { 0 };

	at = memrchr(host, '@', len);
	buf_add(&text, url, (size_t)(host - url));
	if (at) {
		buf_str(&text, "***");
		len -= (size_t)(at - host);
		host = at;
	}
	buf_add(&text, host, len);
	text_shown(out, text.failed ? "" : text.data, text.failed ? 0 : text.len);
	buf_wipe(&text);
	return out;
}

/* --- one URL -------------------------------------------------------------------------- */

static bool has_scheme(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;
}

/* Fills *to and returns NULL, or returns what is wrong with the URL. */
static const char *read_url(struct target *to, const char *url)
{
	const char *host = authority_of(url), *why;
	size_t len = authority_len(host);
	char *base;

	if (*url && !text_is_visible(url, URL_MAX))
		return "must be at most 4096 visible ASCII characters";
	if (!has_scheme(url))
		return "must be an https URL, or http to a loopback host";
	if (memchr(host, '@', len))
		return "must not contain a user or password (the part ***@); put credentials for "
			"the receiver into --callback-header-file";
	if (host[len] == '\\')	/* some programs read it as a slash, some do not */
		return "must have a slash, not a backslash, after the host";
	base = strndup(url, (size_t)(host - url) + len);
	if (!base)
		return why_no_memory;
	to->shown = creds_base_url(base, &to->plain, &why);
	free(base);
	if (!to->shown && !why)
		return why_no_memory;
	if (!to->shown)
		return to->plain ? "must be https; http works only to a loopback host"
			: ip_filter_text(host, strcspn(host, ":/?#"))
			? "must have the IP address in its usual form, such as 192.0.2.1, "
			  "also with --callback-allow-private"
			: "has no valid host or port";
	to->url = strdup(url);
	return to->url ? NULL : why_no_memory;
}

static void free_target(struct target *to)
{
	text_wipe(&to->url);
	free(to->shown);
}

static bool is_known(const struct targets *t, const char *url)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].url, url) == 0)
			return true;
	return false;
}

static void add_url(struct targets *t, const char *url, const char *flag,
	struct lines *problems, struct lines *warnings)
{
	struct target to = { .flag = flag }, *v;
	char shown[TEXT_SHOWN_SIZE];
	const char *why = t->n == TARGETS_MAX ? "a run has at most 16 URLs" : read_url(&to, url);

	if (why == why_no_memory)
		problems->failed = true;
	else if (why)
		lines_add(problems, "%s '%s': %s", flag, target_shown(shown, url), why);
	else if (is_known(t, url))
		lines_add(warnings, "%s '%s' was given before; it counts once", flag, to.shown);
	else {
		v = reallocarray(t->v, t->n + 1, sizeof(*v));
		if (v) {
			v[t->n++] = to;
			t->v = v;
			return;
		}
		problems->failed = true;
	}
	free_target(&to);
}

void targets_add(struct targets *t, const char *value, const char *flag, struct lines *problems,
	struct lines *warnings)
{
	char *url;

	if (value[0] != '@') {
		add_url(t, value, flag, problems, warnings);
		return;
	}
	lines_add(&t->files, "%s", value + 1);
	url = creds_secret_file(value + 1, flag, problems, warnings);
	if (url)
		add_url(t, url, flag, problems, warnings);
	text_wipe(&url);
}

/* --- header lines --------------------------------------------------------------------- */

/* Headers that gsqstat or libcurl sets: about the body, the connection, and the signature. */
static bool is_ours(const char *name, size_t len)
{
	static const char *const ours[] = {
		"content-length", "content-type", "content-encoding", "transfer-encoding", "te",
		"trailer", "expect", "connection", "keep-alive", "proxy-connection", "upgrade",
		"host", "webhook-id", "webhook-timestamp", "webhook-signature"
	};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strlen(ours[i]) == len && strncasecmp(name, ours[i], len) == 0)
			return true;
	return false;
}

static bool is_value(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((s[i] < ' ' && s[i] != '\t') || s[i] > '~')
			return false;
	return len > 0;
}

/* Adds a header and returns NULL, or returns what is wrong with the line. A name is a token (RFC
 * 9110 §5.1). */
static const char *take_header(struct targets *t, const char *line, size_t len)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789!#$%&'*+-.^_`|~";
	const char *colon = memchr(line, ':', len);
	size_t name = colon ? (size_t)(colon - line) : 0, value;

	if (!name || strspn(line, token) != name)
		return "must be `Name: value`";
	if (is_ours(line, name))
		return "gsqstat sets this header itself";
	colon++;
	value = len - name - 1;
	for (; value && (*colon == ' ' || *colon == '\t'); value--)
		colon++;
	if (!is_value(colon, value))
		return "must be `Name: value`; the value is not empty, and has only printable "
			"ASCII characters, blanks and tabs";
	if (t->headers.n == TARGET_HEADERS_MAX)
		return "there can be at most 64 headers";
	lines_add(&t->headers, "%.*s: %.*s", (int)name, line, (int)value, colon);
	return NULL;
}

static void take_headers(struct targets *t, const char *text, size_t size, const char *flag,
	struct lines *problems)
{
	char shown[TEXT_SHOWN_SIZE];
	size_t number = 0;

	for (const char *at = text, *end = text + size; at < end; ) {
		const char *lf = memchr(at, '\n', (size_t)(end - at)), *why = NULL;
		size_t len = (size_t)((lf ? lf : end) - at);

		number++;
		while (len && strchr(" \t\r", at[len - 1]) && at[len - 1])
			len--;
		if (len && at[0] != '#')
			why = take_header(t, at, len);
		if (why)
			lines_add(problems, "%s '%s', line %zu: %s", flag,
				text_shown(shown, t->header_file, strlen(t->header_file)),
				number, why);
		at = lf ? lf + 1 : end;
	}
}

static void read_headers(struct targets *t, const char *flag, struct lines *problems,
	struct lines *warnings)
{
	const char *path = t->header_file, *why = NULL;
	struct buf text = { 0 };
	char shown[TEXT_SHOWN_SIZE];
	unsigned exposed = 0;

	if (strcmp(path, "-") == 0)
		why = "header lines cannot come from stdin";
	else
		why = secret_file_read(SECRET_FILE_HEADERS, path, &text, &exposed);
	if (why) {
		lines_add(problems, "%s '%s': cannot be read: %s", flag,
			text_shown(shown, path, strlen(path)), why);
	} else {
		take_headers(t, text.data, text.len, flag, problems);
		secret_file_warn(warnings, path, exposed);
	}
	buf_wipe(&text);
}

/* --- checks ------------------------------------------------------------------------------ */

/* Returns why the directory cannot be made in its parent, or NULL. */
static const char *parent_fault(const char *path)
{
	char *copy = strdup(path);
	const char *why = copy && access(dirname(copy), W_OK | X_OK) == 0 ? NULL : strerror(errno);

	free(copy);
	return why;
}

/* Returns why spool_open() would fail, or NULL. Makes nothing. */
static const char *spool_fault(const char *path)
{
	struct stat st;

	if (*path && stat(path, &st) != 0 && errno == ENOENT)
		return parent_fault(path);
	if (stat(path, &st) != 0)
		return strerror(errno);
	if (!S_ISDIR(st.st_mode))
		return strerror(ENOTDIR);
	if (st.st_uid != geteuid())
		return "it belongs to another user";
	if (st.st_mode & 077)
		return "group or others have access to it; run chmod 700 on it";
	return access(path, R_OK | W_OK | X_OK) == 0 ? NULL : strerror(errno);
}

/* Refuses IP addresses that are not public, and therefore http, which is only for loopback. What a
 * host name resolves to is checked when http_post connects. */
static void check_private(const struct targets *t, struct lines *problems)
{
	for (size_t i = 0; i < t->n && !t->allow_private; i++) {
		const char *host = authority_of(t->v[i].shown);
		size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

		if (t->v[i].plain || ip_filter_text(host, len))
			lines_add(problems, "%s '%s': the address is not public; add "
				"--callback-allow-private to use it", t->v[i].flag, t->v[i].shown);
	}
}

void targets_check(struct targets *t, const struct targets_flags *flags, struct lines *problems,
	struct lines *warnings)
{
	const char *why = t->spool ? spool_fault(t->spool) : NULL;
	char shown[TEXT_SHOWN_SIZE];

	check_private(t, problems);
	if (t->header_file)
		read_headers(t, flags->header_file, problems, warnings);
	if (t->key_file)
		t->keys = signature_keys_read(t->key_file, flags->key_file, problems);
	if (why)
		lines_add(problems, "%s '%s': cannot be used: %s", flags->spool,
			text_shown(shown, t->spool, strlen(t->spool)), why);
}

/* --- secrets ---------------------------------------------------------------------------- */

const char *targets_secret(const struct targets *t, size_t *at)
{
	size_t i = (*at)++;
	const char *value, *word;

	if (i < t->n) {
		value = authority_of(t->v[i].url);
		return value + authority_len(value);
	}
	i -= t->n;
	if (i / 2 >= t->headers.n)
		return NULL;
	value = strchr(t->headers.v[i / 2], ':') + 2;
	word = strrchr(value, ' ');
	if (i % 2 == 0)
		return value;
	return word && strlen(word + 1) >= SECRET_WORD_MIN ? word + 1 : value;
}

void targets_free(struct targets *t)
{
	for (size_t i = 0; i < t->n; i++)
		free_target(&t->v[i]);
	free(t->v);
	for (size_t i = 0; i < t->headers.n; i++)
		text_wipe(&t->headers.v[i]);
	lines_free(&t->headers);
	lines_free(&t->files);
	signature_keys_free(t->keys);
	*t = (struct targets){ 0 };
}

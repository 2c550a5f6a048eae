#include "webhook/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "util/base64.h"
#include "util/secret_file.h"
#include "util/text.h"

#define KEYS_MAX 16
#define KEY_MIN 24		/* bytes; Standard Webhooks, "Signature scheme" */
#define KEY_MAX 64

/* --- keys --------------------------------------------------------------------------- */

struct signature_keys {
	size_t n;
	struct {
		unsigned char bytes[KEY_MAX + 2];	/* what decoding writes at most */
		size_t len;
	} key[KEYS_MAX];
};

void signature_keys_free(struct signature_keys *keys)
{
	if (keys)
		OPENSSL_cleanse(keys, sizeof(*keys));
	free(keys);
}

/* Adds the key of a line. Returns what is wrong with the line; NULL: nothing. */
static const char *take_key(struct signature_keys *keys, const char *line, size_t len)
{
	static const char prefix[] = "whsec_";
	const size_t skip = sizeof(prefix) - 1;
	size_t n;

	if (keys->n == KEYS_MAX)
		return "there can be at most 16 keys";
	if (len <= skip || memcmp(line, prefix, skip) != 0)
		return "must be whsec_ and the key in base64";
	line += skip;
	len -= skip;
	n = base64_size(line, len);
	if (n > 0 && (n < KEY_MIN || n > KEY_MAX))
		return "a key must have 24 to 64 bytes";
	if (n == 0 || !base64_get(keys->key[keys->n].bytes, line, len))
		return "must be whsec_ and the key in base64";
	keys->key[keys->n++].len = n;
	return NULL;
}

/* Reads keys from lines. Returns what is wrong (NULL: nothing) and the number of the bad line (0:
 * none is). */
static const char *take_keys(struct signature_keys *keys, const struct buf *text, size_t *line)
{
	const char *s, *why = NULL;
	size_t at = 0, len = 0;

	*line = 0;
	while (!why && (s = text_line(text->data, text->len, &at, &len))) {
		++*line;
		if (len)
			why = take_key(keys, s, len);
	}
	if (!why)
		*line = 0;
	return why || keys->n ? why : "it contains no key";
}

struct signature_keys *signature_keys_read(const char *path, const char *flag,
	struct lines *problems)
{
	struct signature_keys *keys = calloc(1, sizeof(*keys));
	struct buf text = { 0 };
	char shown[TEXT_SHOWN_SIZE];
	size_t line = 0;
	unsigned exposed;
	const char *why = !keys ? "out of memory"
		: secret_file_read(SECRET_FILE_KEYS, path, &text, &exposed);

	if (!why)
		why = take_keys(keys, &text, &line);
	text_shown(shown, path, strlen(path));
	if (why && line)
		lines_add(problems, "%s '%s', line %zu: %s", flag, shown, line, why);
	else if (why)
		lines_add(problems, "%s '%s': cannot be used: %s", flag, shown, why);
	buf_wipe(&text);
	if (!why)
		return keys;
	signature_keys_free(keys);
	return NULL;
}

/* --- signatures --------------------------------------------------------------------- */

static bool put_signature(const struct signature_keys *keys, size_t i, const struct buf *text,
	struct buf *out)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!HMAC(EVP_sha256(), keys->key[i].bytes, (int)keys->key[i].len,
		  (const unsigned char *)text->data, text->len, mac, &len))
		return false;
	return buf_printf(out, "%sv1,", i ? " " : "") && base64_put(out, mac, len);
}

bool signature_sign(const struct signature_keys *keys, const char *id, int64_t timestamp_s,
	const char *body, size_t len, struct buf *out)
{
	struct buf text = { 0 };
	bool ok = buf_reserve(&text, strlen(id) + 32 + len)
		&& buf_printf(&text, "%s.%lld.", id, (long long)timestamp_s)
		&& buf_add(&text, body, len);

	for (size_t i = 0; ok && i < keys->n; i++)
		ok = put_signature(keys, i, &text, out);
	buf_free(&text);
	return ok;
}

#include "audit/redact.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

#define SECRET_MIN 4			/* shorter ones would hide ordinary words */
#define REDACTED "REDACTED"
#define BEGINNING_MIN 8			/* bytes of a secret's beginning that give it away */

/* One form in which a text may contain a secret: plain, or in Base64. */
struct redact_form {
	char *text;
	size_t known;		/* bytes at its beginning that are not secret */
};

/* Owns the form from here on. */
static bool keep_form(struct redact_secrets *secrets, char *form, size_t known)
{
	struct redact_form *v = form
		? reallocarray(secrets->form, secrets->n + 1, sizeof(*v)) : NULL;

	if (!v) {
		text_wipe(&form);
		return false;
	}
	secrets->form = v;
	v[secrets->n++] = (struct redact_form){ form, known };
	return true;
}

/* How many bytes at a secret's beginning are not secret: of a URL or path those up to the last
 * slash, the scheme of an Authorization header, the user before a password, and the prefix
 * that all channel IDs have. */
static size_t known_beginning(const char *secret, size_t len)
{
	static const char channel[] = "streaming-";
	const char *end = secret + len, *at = secret, *behind;

	if (*at == '/' || memmem(at, len, "://", 3)) {
		behind = memrchr(at, '/', strcspn(at, "?#") < len ? strcspn(at, "?#") : len);
		at = behind ? behind + 1 : at;
	} else {
		behind = memchr(at, ' ', len);
		behind = behind ? behind : memchr(at, ':', len);
		at = behind ? behind + 1 : at;
	}
	if ((size_t)(end - at) > sizeof(channel)
	    && memcmp(at, channel, sizeof(channel) - 1) == 0) {
		behind = memchr(at + sizeof(channel) - 1, '-',
			(size_t)(end - at) - sizeof(channel) + 1);
		at = behind ? behind + 1 : at;
	}
	return (size_t)(at - secret);
}

static char *base64(const char *s, size_t len)
{
	char *out = malloc(len / 3 * 4 + 5);

	if (out)
		EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)s, (int)len);
	return out;
}

bool redact_add(struct redact_secrets *secrets, const char *secret, size_t len)
{
	char *copy;
	size_t known;

	if (len < SECRET_MIN)
		return true;
	for (size_t i = 0; i < secrets->n; i++)
		if (strlen(secrets->form[i].text) == len
		    && memcmp(secrets->form[i].text, secret, len) == 0)
			return true;
	copy = strndup(secret, len);
	known = copy ? known_beginning(copy, strlen(copy)) : 0;
	return keep_form(secrets, copy, known)
		&& keep_form(secrets, base64(secret, len), (4 * known + 2) / 3);
}

/* True if the text continues with n hex digits. */
static bool has_digits(const char *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)at[i]))
			return false;
	return true;
}

/* True if the text continues with n hex digits whose value is the byte. */
static bool is_number(const char *digits, size_t n, unsigned char byte)
{
	unsigned value = 0;

	if (!has_digits(digits, n))
		return false;
	for (size_t i = 0; i < n; i++)
		value = value << 4 | (unsigned)(digits[i] <= '9' ? digits[i] - '0'
			: (digits[i] | 0x20) - 'a' + 10);
	return value == byte;
}

/* If the text continues with the byte, plain, percent-encoded (RFC 3986 §2.1) or escaped (RFC 8259
 * §7), returns the length of this form; else 0. */
static size_t byte_length(const char *at, char byte)
{
	if (*at == byte)
		return 1;
	if (*at == '%' && is_number(at + 1, 2, (unsigned char)byte))
		return 3;
	if (*at != '\\')
		return 0;
	return at[1] == byte ? 2
		: at[1] == 'u' && is_number(at + 2, 4, (unsigned char)byte) ? 6 : 0;
}

/* True if a secret may have been cut off here: the text or the word ends (dots may follow), or an
 * encoded byte is incomplete. */
static bool is_cut(const char *at)
{
	if (*at == '%')
		return !has_digits(at + 1, 2);
	if (*at == '\\')
		return !at[1] || (at[1] == 'u' && !has_digits(at + 2, 4));
	at += strspn(at, ".");
	return !*at || !(isalnum((unsigned char)*at) || strchr("-_~+/=", *at));
}

/* If the text continues with the secret, returns its length, whichever of its bytes are encoded;
 * else 0. A long enough beginning that is cut off also counts, because servers may shorten what
 * they send back, and so do we. */
static size_t secret_length(const char *text, const struct redact_form *secret)
{
	size_t len = 0, same = 0, n;

	while (secret->text[same] && (n = byte_length(text + len, secret->text[same]))) {
		len += n;
		same++;
	}
	return !secret->text[same] || (same >= secret->known + BEGINNING_MIN
		&& is_cut(text + len)) ? len : 0;
}

void redact_text(const struct redact_secrets *secrets, char *text)
{
	const size_t mark = strlen(REDACTED);

	for (size_t i = 0; i < secrets->n; i++)
		for (char *at = text; *at; ) {
			size_t len = secret_length(at, &secrets->form[i]);
			size_t put = len < mark ? len : mark;

			if (len) {
				memcpy(at, REDACTED, put);
				memmove(at + put, at + len, strlen(at + len) + 1);
			}
			at += len ? put : 1;
		}
}

void redact_free(struct redact_secrets *secrets)
{
	for (size_t i = 0; i < secrets->n; i++)
		text_wipe(&secrets->form[i].text);
	free(secrets->form);
	*secrets = (struct redact_secrets){ 0 };
}

#include "util/base64.h"

#include <openssl/evp.h>

bool base64_put(struct buf *out, const void *bytes, size_t n)
{
	char *to = buf_reserve(out, (n + 2) / 3 * 4 + 1);

	if (!to)
		return false;
	out->len += (size_t)EVP_EncodeBlock((unsigned char *)to, bytes, (int)n);
	return true;
}

/* Whether c is one of the 64 letters. */
static bool is_letter(unsigned char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10
		|| c == '+' || c == '/';
}

size_t base64_size(const char *text, size_t len)
{
	size_t pads = 0;

	if (len == 0 || len % 4 != 0)
		return 0;
	while (pads < 2 && text[len - 1 - pads] == '=')
		pads++;
	for (size_t i = 0; i < len - pads; i++)
		if (!is_letter((unsigned char)text[i]))
			return 0;
	return len / 4 * 3 - pads;
}

bool base64_get(unsigned char *out, const char *text, size_t len)
{
	return EVP_DecodeBlock(out, (const unsigned char *)text, (int)len) >= 0;
}

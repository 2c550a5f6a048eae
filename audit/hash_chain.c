#include "audit/hash_chain.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/text.h"

#define HASH_BYTES (HASH_CHAIN_HEX / 2)
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define SEQ_DIGITS_MAX 19	/* fits into 64 bits */

const struct hash_chain hash_chain_empty = { 0, ZEROS };

struct hash_chain_work {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	EVP_MAC *hmac;
	EVP_MAC_CTX *mac;	/* NULL: no key */
};

static bool set_key(struct hash_chain_work *w, const void *key, size_t len)
{
	char name[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end()
	};

	w->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	w->mac = w->hmac ? EVP_MAC_CTX_new(w->hmac) : NULL;
	return w->mac && EVP_MAC_init(w->mac, key, len, params) == 1;
}

struct hash_chain_work *hash_chain_work_new(const void *key, size_t len)
{
	struct hash_chain_work *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	w->ctx = EVP_MD_CTX_new();
	if (!w->md || !w->ctx || (key && !set_key(w, key, len))) {
		hash_chain_work_free(w);
		return NULL;
	}
	return w;
}

void hash_chain_work_free(struct hash_chain_work *w)
{
	if (!w)
		return;
	EVP_MAC_CTX_free(w->mac);	/* wipes the key */
	EVP_MAC_free(w->hmac);
	EVP_MD_CTX_free(w->ctx);
	EVP_MD_free(w->md);
	free(w);
}

bool hash_chain_work_has_key(const struct hash_chain_work *w)
{
	return w->mac != NULL;
}

bool hash_chain_hash(struct hash_chain_work *w, const void *bytes, size_t len,
	char hex[HASH_CHAIN_HEX + 1])
{
	unsigned char hash[HASH_BYTES];

	if (EVP_DigestInit_ex2(w->ctx, w->md, NULL) != 1
	    || EVP_DigestUpdate(w->ctx, bytes, len) != 1
	    || EVP_DigestFinal_ex(w->ctx, hash, NULL) != 1)
		return false;
	text_hex(hash, HASH_BYTES, hex);
	return true;
}

bool hash_chain_mac(struct hash_chain_work *w, const void *bytes, size_t len,
	char hex[HASH_CHAIN_HEX + 1])
{
	unsigned char mac[HASH_BYTES];
	size_t n = 0;

	/* NULL: use the key that set_key() has set */
	if (EVP_MAC_init(w->mac, NULL, 0, NULL) != 1 || EVP_MAC_update(w->mac, bytes, len) != 1
	    || EVP_MAC_final(w->mac, mac, &n, sizeof(mac)) != 1 || n != sizeof(mac))
		return false;
	text_hex(mac, HASH_BYTES, hex);
	return true;
}

bool hash_chain_seal(struct hash_chain *chain, struct hash_chain_work *w, struct buf *line)
{
	char mac[HASH_CHAIN_HEX + 1];

	buf_printf(line, ",\"seq\":%llu,\"prev\":\"%s\"", (unsigned long long)chain->seq + 1,
		chain->last);
	if (w->mac && !line->failed) {
		if (!hash_chain_mac(w, line->data, line->len, mac))
			return false;
		buf_printf(line, ",\"mac\":\"%s\"", mac);
	}
	buf_char(line, '}');
	if (line->failed || !hash_chain_hash(w, line->data, line->len, chain->last))
		return false;
	chain->seq++;
	return buf_char(line, '\n');
}

/* --- the members at the end of a line ------------------------------------------------- */

static bool is_hex(const char *s)
{
	unsigned char other = 0;	/* branches would be mispredicted */

	for (size_t i = 0; i < HASH_CHAIN_HEX; i++) {
		unsigned char digit = (unsigned char)(s[i] - '0');
		unsigned char letter = (unsigned char)(s[i] - 'a');

		other |= (unsigned char)((digit > 9) & (letter > 5));
	}
	return !other;
}

/* If the line ends with `before`, 64 hex digits and a quote, returns the digits and takes all of
 * this off the line. Else NULL. */
static const char *cut_hex(const char *line, size_t *len, const char *before)
{
	const size_t head = strlen(before), all = head + HASH_CHAIN_HEX + 1;
	const char *at = line + *len - all;

	if (*len < all || memcmp(at, before, head) != 0 || line[*len - 1] != '"'
	    || !is_hex(at + head))
		return NULL;
	*len -= all;
	return at + head;
}

/* The same for `seq`, a number without leading zeros. */
static bool cut_seq(const char *line, size_t *len, uint64_t *seq)
{
	static const char before[] = ",\"seq\":";
	const size_t head = sizeof(before) - 1;
	size_t digits = 0;

	while (digits < *len && line[*len - digits - 1] >= '0' && line[*len - digits - 1] <= '9')
		digits++;
	if (digits == 0 || digits > SEQ_DIGITS_MAX || *len < digits + head
	    || line[*len - digits] == '0'
	    || memcmp(line + *len - digits - head, before, head) != 0)
		return false;
	*seq = 0;
	for (size_t i = *len - digits; i < *len; i++)
		*seq = 10 * *seq + (uint64_t)(line[i] - '0');
	*len -= digits + head;
	return true;
}

bool hash_chain_split(const char *line, size_t len, struct hash_chain_link *link)
{
	if (len < 2 || line[0] != '{' || line[len - 1] != '}')
		return false;
	len--;
	link->mac = cut_hex(line, &len, ",\"mac\":\"");
	link->mac_from = len;
	link->prev = cut_hex(line, &len, ",\"prev\":\"");
	return link->prev && cut_seq(line, &len, &link->seq);
}

/* Returns where the line begins that ends before `end`. */
static size_t line_start(const char *tail, size_t end)
{
	const char *lf = end ? memrchr(tail, '\n', end) : NULL;

	return lf ? (size_t)(lf - tail) + 1 : 0;
}

/* True for an audit line that is not whole. After a crash it may have zeros in place of bytes. */
static bool is_torn(const char *line, size_t len)
{
	static const char head[] = "{\"ts\":\"";
	const size_t n = len < sizeof(head) - 1 ? len : sizeof(head) - 1;

	return (memcmp(line, head, n) == 0 || line[0] == '\0')
		&& json_skip(line, line + len) != line + len;
}

/* 1: we may append after this line, 0: we may not, -1: libcrypto failed. Only lines signed with the
 * same key may follow a signed line, so that the file can be verified with one key. */
static int may_follow(struct hash_chain_work *w, const char *line,
	const struct hash_chain_link *link)
{
	char mac[HASH_CHAIN_HEX + 1];

	if (!link->mac || !w->mac)
		return !link->mac;
	if (!hash_chain_mac(w, line, link->mac_from, mac))
		return -1;
	return memcmp(mac, link->mac, HASH_CHAIN_HEX) == 0;
}

enum hash_chain_end hash_chain_look(struct hash_chain_work *w, const char *tail, size_t len,
	bool all, struct hash_chain *chain, struct hash_chain_tear *tear)
{
	size_t end, at, from, size;
	struct hash_chain_link link = { 0 };

	*chain = hash_chain_empty;
	*tear = (struct hash_chain_tear){ .after = ZEROS, .open = len && tail[len - 1] != '\n' };
	if (!len)
		return all ? HASH_CHAIN_WHOLE : HASH_CHAIN_SHORT;
	end = from = tear->open ? len : len - 1;
	for (at = line_start(tail, end); ; at = line_start(tail, from - 1)) {
		if (at == 0 && !all)
			return HASH_CHAIN_SHORT;
		/* the torn lines begin at `from`, which is at most one byte after the end */
		size = (tear->lines ? from - 1 : end) - at;
		if (hash_chain_split(tail + at, size, &link)) {
			int may = may_follow(w, tail + at, &link);

			if (may == 0)
				return HASH_CHAIN_OTHER_KEY;
			if (may < 0 || (tear->lines
			    && !hash_chain_hash(w, tail + at, size, tear->after)))
				return HASH_CHAIN_FAILED;
			break;
		}
		if (!is_torn(tail + at, size))
			return HASH_CHAIN_FOREIGN;
		tear->lines++;
		from = at;
		if (at == 0)
			break;
	}
	tear->bytes = tear->lines ? end - from : 0;
	chain->seq = link.seq + tear->lines;
	at = line_start(tail, end);
	if (!hash_chain_hash(w, tail + at, end - at, chain->last)
	    || !hash_chain_hash(w, tail + from, (size_t)tear->bytes, tear->digest))
		return HASH_CHAIN_FAILED;
	return tear->lines || tear->open ? HASH_CHAIN_TORN : HASH_CHAIN_WHOLE;
}

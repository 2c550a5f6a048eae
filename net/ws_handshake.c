#include "net/ws_handshake.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEY_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"	/* RFC 6455 §1.3 */

bool ws_handshake_begin(struct ws_handshake *h, char header[WS_HANDSHAKE_HEADER_MAX])
{
	unsigned char nonce[16], hash[EVP_MAX_MD_SIZE], key[32];
	char both[96];
	unsigned len;

	*h = (struct ws_handshake){ .complete = false };
	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return false;
	EVP_EncodeBlock(key, nonce, sizeof(nonce));
	snprintf(header, WS_HANDSHAKE_HEADER_MAX, "Sec-WebSocket-Key: %s", (char *)key);
	snprintf(both, sizeof(both), "%s%s", (char *)key, KEY_GUID);
	if (EVP_Digest(both, strlen(both), hash, &len, EVP_sha1(), NULL) != 1)
		return false;
	EVP_EncodeBlock((unsigned char *)h->accept, hash, (int)len);
	return true;
}

/* --- the answer ----------------------------------------------------------------------- */

/* True if a comma-separated list has the word, in any case. */
static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
		list += n;
	}
	return false;
}

/* Keeps the printable characters of the reason phrase. */
static void take_phrase(struct ws_handshake *h, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	size_t out = 0;

	space = space ? memchr(space + 1, ' ', len - (size_t)(space + 1 - line)) : NULL;
	for (const char *s = space ? space + 1 : line + len;
	     s < line + len && out + 1 < sizeof(h->phrase); s++)
		if (*s >= ' ' && *s <= '~')
			h->phrase[out++] = *s;
	h->phrase[out] = '\0';
}

static void take_field(struct ws_handshake *h, const char *name, const char *value)
{
	struct ws_handshake_answer *a = &h->answer;

	if (strcasecmp(name, "Sec-WebSocket-Accept") == 0) {
		a->accepts++;
		a->accept_is_right = strcmp(value, h->accept) == 0;
	} else if (strcasecmp(name, "Upgrade") == 0) {
		a->upgrades++;
		a->upgrade_is_websocket = strcasecmp(value, "websocket") == 0;
	} else if (strcasecmp(name, "Connection") == 0) {	/* RFC 9110 §5.3: several lines */
		a->connection_has_upgrade |= list_has(value, "upgrade");
	} else if (strcasecmp(name, "Sec-WebSocket-Extensions") == 0) {
		a->has_extensions = true;
	} else if (strcasecmp(name, "Sec-WebSocket-Protocol") == 0) {
		a->has_protocol = true;
	}
}

/* Splits a field line (RFC 9112 §5). Ignores long lines, because those we need are short. */
static void take_line(struct ws_handshake *h, const char *line, size_t len)
{
	char text[512], *value, *end;

	if (len >= sizeof(text))
		return;
	memcpy(text, line, len);
	text[len] = '\0';
	value = strchr(text, ':');
	if (!value)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	take_field(h, text, value);
}

void ws_handshake_line(struct ws_handshake *h, const char *line, size_t len)
{
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		h->complete = false;
		h->answer = (struct ws_handshake_answer){ .accepts = 0 };
		take_phrase(h, line, len);
	} else if (len && (line[0] == '\r' || line[0] == '\n')) {
		h->complete = true;
	} else {
		take_line(h, line, len);
	}
}

const char *ws_handshake_fault(const struct ws_handshake *h)
{
	const struct ws_handshake_answer *a = &h->answer;

	if (!a->accepts)
		return "its Sec-WebSocket-Accept is missing";
	if (a->accepts > 1 || !a->accept_is_right)
		return "its Sec-WebSocket-Accept is wrong";
	if (a->upgrades != 1 || !a->upgrade_is_websocket)
		return "its Upgrade is not websocket";
	if (!a->connection_has_upgrade)
		return "its Connection is not Upgrade";
	if (a->has_extensions)
		return "it uses an extension that was not asked for";
	if (a->has_protocol)
		return "it speaks a subprotocol that was not asked for";
	return NULL;
}

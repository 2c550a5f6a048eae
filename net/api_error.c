#include "net/api_error.h"

#include <string.h>

#include "json.h"
#include "net/url.h"

#define BODY_MAX 65536		/* a longer body is not read */
#define MESSAGE_MAX 300		/* bytes */

/* messageWithParams says more than message, unless a parameter was not filled in. */
static void choose_message(struct buf *message, struct buf *with_params)
{
	struct buf other = *message;

	if (with_params->len == 0 || (message->len
	    && memchr(with_params->data, '{', with_params->len)))
		return;
	*message = *with_params;
	*with_params = other;
}

void api_error_read(struct api_error *e, const char *body, size_t len)
{
	struct json_cursor c = json_start(body, body + len);
	struct buf with_params = { 0 };
	struct json_text key, value;

	*e = (struct api_error){ .code = { 0 } };
	if (len > BODY_MAX || json_peek(&c) != '{')
		return;
	json_enter(&c);
	while (json_key(&c, &key)) {
		bool is_code = json_text_is(&key, "code") || json_text_is(&key, "error");
		bool is_message = json_text_is(&key, "message")
			|| json_text_is(&key, "error_description")
			|| json_text_is(&key, "description");
		struct buf *to = is_code ? &e->code : is_message ? &e->message
			: json_text_is(&key, "messageWithParams") ? &with_params
			: json_text_is(&key, "contextId") ? &e->context : NULL;

		if (!to || json_peek(&c) != '"')
			json_pass(&c);
		else if (json_string(&c, &value) && to->len == 0)
			json_text_put(&value, to);
	}
	choose_message(&e->message, &with_params);
	buf_wipe(&with_params);
}

void api_error_free(struct api_error *e)
{
	buf_wipe(&e->code);
	buf_wipe(&e->message);
	buf_wipe(&e->context);
}

/* Cuts the message, to leave room for the IDs. It is cut between words, because a secret that was
 * cut could not be recognised and masked. */
static size_t shown_length(const struct buf *message)
{
	size_t len = message->len;

	if (len <= MESSAGE_MAX)
		return len;
	for (len = MESSAGE_MAX; len > 0 && message->data[len] != ' '; )
		len--;
	return len;
}

static void put_part(struct buf *text, const char *before, const void *part, size_t len)
{
	if (len) {
		buf_str(text, before);
		buf_add(text, part, len);
	}
}

void api_error_put(const struct api_error *e, const char *url, long http_status,
	const char *correlation, struct buf *text)
{
	size_t len;
	const char *host = url_host(url, &len);

	buf_add(text, host, len);
	buf_printf(text, ": HTTP %ld", http_status);
	if (http_status / 100 == 3)
		buf_str(text, " (a redirect, which is not followed)");
	put_part(text, " ", e->code.data, e->code.len);
	put_part(text, ": ", e->message.data, shown_length(&e->message));
	put_part(text, ", contextId ", e->context.data, e->context.len);
	put_part(text, ", ININ-Correlation-Id ", correlation, strlen(correlation));
}

/* A message from the gateway: decoded, walked and written back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "message/stream_event.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const metrics[] = { "state", "waitTime" };
	const char *text = (const char *)data, *end = json_skip(text, text + size);
	static const struct filter filter = { 1, "avg", COMPARE_GT, 30000 };
	struct stream_events *fs = stream_events_new(metrics, 2, 1, &filter, 1);
	struct buf out = { 0 }, back = { 0 };
	struct stream_event frame;
	struct cJSON *document;
	const char *why;

	if (!fs)
		return 0;
	stream_events_begin(fs, text, size);
	/* the decoder takes what the strict walk takes, and no more */
	for (const char *at = text; stream_events_next(fs, &frame); at += frame.text_len) {
		const char *behind;

		while (at < text + size && strchr(" \t\r\n", *at) && *at)
			at++;
		behind = json_skip(at, text + size);
		if (frame.text != at || (frame.kind == STREAM_EVENT_NOT_JSON) != !behind
		    || (behind && frame.text + frame.text_len != behind))
			abort();
	}
	/* of what is let through to cJSON it can read all */
	document = json_document(text, size, size, &why);
	if (!document && why == why_no_memory)
		abort();
	json_document_free(document);
	/* what we write is strict, and reads back where it was UTF-8 */
	json_put_string(&out, text, size);
	if (json_skip(out.data, out.data + out.len) != out.data + out.len
	    || !json_unescape(out.data, out.len, &back))
		abort();
	if (utf8_valid(text, size) && (back.len != size || (size && memcmp(back.data, text, size))))
		abort();
	if (end && (end < text || end > text + size))
		abort();
	buf_free(&out);
	buf_free(&back);
	stream_events_free(fs);
	return 0;
}

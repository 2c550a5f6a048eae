/* A message from the gateway: decoded, walked and written back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const metrics[] = { "state", "waitTime" };
	const char *text = (const char *)data, *end = json_skip(text, text + size);
	struct json *js = json_new(metrics, 2, 1);
	struct buf out = { 0 }, back = { 0 };
	struct frame frame;

	if (!js)
		return 0;
	json_begin(js, text, size);
	while (json_next(js, &frame))
		if (frame.text < text || frame.text + frame.text_len > text + size)
			abort();
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
	json_free(js);
	return 0;
}

/* The bytes of a sample: text that is read must be written as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stats/sketch.h"
#include "util/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = { 0 }, again = { 0 };
	struct sample_summary summary;
	struct sketch s;

	if (!buf_str(&text, "1:") || !base64_put(&text, data, size))
		abort();
	if (!sketch_get(text.data, text.len, &s)) {
		if (!sketch_put(&again, &s) || again.len != text.len
		    || memcmp(again.data, text.data, text.len) != 0)
			abort();
		if (s.sample.count && !sample_summarise(&s.sample, 1, &summary))
			abort();
	}
	sketch_free(&s);
	buf_free(&text);
	buf_free(&again);
	return 0;
}

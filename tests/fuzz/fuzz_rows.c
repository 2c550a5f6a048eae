/* Rows that --merge reads: a row that is accepted is printed, read again, and printed the same. */
#include "merge/row_reader.h"
#include "output/output.h"
#include "tests/support/fuzz.h"

static struct row_reader *reader;

static void print(struct merge_row *row, struct buf *out)
{
	struct row_window w = { 0 };

	must(row_window_begin(&w, 1, row->nseries));
	merge_row_describe(row, &w);
	w.has_sketch = true;
	must(merge_row_put(row, 0, &w) && row_window_end(&w) && output_ndjson.put(NULL, &w, out));
	row_window_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct buf once = { 0 }, twice = { 0 };
	struct merge_row row;
	int64_t start_ms;

	if (!reader)
		must((reader = row_reader_new()) != NULL);
	if (!row_reader_read(reader, text, size, &row)) {
		must(row_reader_find_start(text, size, &start_ms) && start_ms == row.start_ms);
		print(&row, &once);
		merge_row_free(&row);
		must(!row_reader_read(reader, once.data, once.len, &row));
		print(&row, &twice);
		must(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	}
	merge_row_free(&row);
	buf_free(&once);
	buf_free(&twice);
	return 0;
}

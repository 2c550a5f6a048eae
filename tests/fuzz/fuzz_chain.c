/* The end of an audit file: whatever stands there, a line that follows makes it good again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/hash_chain.h"
#include "util/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line behind it all, with the newline that is missing. */
static void check_next(struct hash_chain_work *w, const char *text, size_t size,
	struct hash_chain chain, const struct hash_chain_tear *tear)
{
	struct buf log = { 0 }, line = { 0 };
	struct hash_chain_tear none;
	struct hash_chain found;

	buf_add(&log, text, size);
	buf_str(&log, tear->open ? "\n" : "");
	buf_str(&line, "{\"event\":\"audit.repaired\"");
	if (!hash_chain_seal(&chain, w, &line) || !buf_add(&log, line.data, line.len))
		abort();
	if (hash_chain_look(w, log.data, log.len, true, &found, &none) != HASH_CHAIN_WHOLE
	    || found.seq != chain.seq || strcmp(found.last, chain.last) != 0 || none.lines)
		abort();
	buf_free(&log);
	buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hash_chain_work *w = hash_chain_work_new("key", 3);
	const char *text = (const char *)data;
	struct hash_chain chain, part;
	struct hash_chain_tear tear, part_tear;
	enum hash_chain_end end;

	if (!w)
		abort();
	end = hash_chain_look(w, text, size, true, &chain, &tear);
	if (end == HASH_CHAIN_SHORT || end == HASH_CHAIN_FAILED || tear.bytes > size)
		abort();
	if (end == HASH_CHAIN_WHOLE || end == HASH_CHAIN_TORN)
		check_next(w, text, size, chain, &tear);
	/* from the middle on it is the same, or too little is seen */
	if (size && hash_chain_look(w, text + size / 2, size - size / 2, false, &part, &part_tear)
	    == HASH_CHAIN_WHOLE && (end != HASH_CHAIN_WHOLE || part.seq != chain.seq))
		abort();
	hash_chain_work_free(w);
	return 0;
}

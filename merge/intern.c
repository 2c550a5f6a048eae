#include "merge/intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/slice.h"
#include "util/text.h"

#define SEED 0
#define CAP_FIRST 256

/* The slot of the text, or the free slot for it. */
static char **place(char **text, size_t cap, const char *s, size_t len)
{
	size_t i = text_hash(SEED, s, len) & (cap - 1);

	while (text[i] && (strlen(text[i]) != len || memcmp(text[i], s, len) != 0))
		i = (i + 1) & (cap - 1);
	return &text[i];
}

static bool grow(struct intern *in)
{
	size_t cap = in->cap ? 2 * in->cap : CAP_FIRST;
	char **text;

	if (2 * in->n < in->cap)
		return true;
	text = calloc(cap, sizeof(*text));
	if (!text)
		return false;
	for (size_t i = 0; i < in->cap; i++)
		if (in->text[i])
			*place(text, cap, in->text[i], strlen(in->text[i])) = in->text[i];
	free(in->text);
	in->text = text;
	in->cap = cap;
	return true;
}

const char *intern_text(struct intern *in, const char *s, size_t len)
{
	char **slot;

	if (!grow(in))
		return NULL;
	slot = place(in->text, in->cap, s, len);
	if (!*slot) {
		*slot = slice_dup((struct slice){ s, len });
		in->n += *slot != NULL;
	}
	return *slot;
}

void intern_free(struct intern *in)
{
	for (size_t i = 0; i < in->cap; i++)
		free(in->text[i]);
	free(in->text);
	*in = (struct intern){ 0 };
}

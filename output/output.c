#include "output/output.h"

#include "util/text.h"

#define POINTER(name, word) &output_##word,
#define WORD(name, word) #word,

const struct output *const outputs[FORMATS] = { EACH_OUTPUT(POINTER) };
const char *const output_words[FORMATS] = { EACH_OUTPUT(WORD) };

bool output_has(enum format format, enum output_feature feature)
{
	return (outputs[format]->features | OUTPUT_ANY
		| (outputs[format]->put_list ? OUTPUT_LISTS : 0u)) & feature;
}

void output_list(char *out, size_t size, const char *before, enum output_feature feature)
{
	const char *words[FORMATS];
	size_t n = 0;

	for (enum format f = 0; f < FORMATS; f++)
		if (output_has(f, feature))
			words[n++] = output_words[f];
	text_words(out, size, before, words, n);
}

/* The token endpoint's answer, a duration, a host and a filter: one text as each of them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/creds.h"
#include "auth/token.h"
#include "message/filter.h"
#include "util/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *token, *url;
	const char *why, *metric;
	struct filter filter;
	double life_s;
	int64_t value;
	bool plain;

	if (!text)
		return 0;
	if (!token_parse_answer((const char *)data, size, &token, &life_s))
		free(token);
	url = creds_base_url(text, &plain, &why);
	if (url && strpbrk(url, " @?#\n"))
		abort();
	free(url);
	if (time_parse_duration_ms(text, &value) && value < 0)
		abort();
	(void)time_parse_us((const char *)data, size, &value);
	filter_parse(text, &metric, &filter);
	free(text);
	return 0;
}

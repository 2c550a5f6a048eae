#include "output/nagios_range.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/compare.h"

static bool parse_end(const char *s, size_t len, double empty, double *out)
{
	char number[64];

	if (!len) {
		*out = empty;
		return true;
	}
	if (len >= sizeof(number))
		return false;
	memcpy(number, s, len);
	number[len] = '\0';
	return compare_number(number, out);
}

bool nagios_range_parse(struct nagios_range *range, const char *text)
{
	const char *colon;
	size_t len;

	range->inside = *text == '@';
	text += range->inside;
	colon = strchr(text, ':');
	len = colon ? (size_t)(colon - text) : 0;
	if (!*text || strcmp(text, ":") == 0)
		return false;
	if (colon && len == 1 && *text == '~')
		range->from = -INFINITY;
	else if (!parse_end(text, len, 0, &range->from))
		return false;
	text = colon ? colon + 1 : text;
	return parse_end(text, strlen(text), INFINITY, &range->to) && range->from <= range->to;
}

bool nagios_range_alerts(const struct nagios_range *range, double value)
{
	return (value >= range->from && value <= range->to) == range->inside;
}

/* Writes DIGITS[.DIGITS]e-N, as json_put_double does, without the exponent. */
static void put_small(struct buf *out, const char *text)
{
	long zeros = -strtol(strchr(text, 'e') + 1, NULL, 10) - 1;

	buf_str(out, *text == '-' ? "-0." : "0.");
	for (long i = 0; i < zeros; i++)
		buf_char(out, '0');
	for (; *text != 'e'; text++)
		if (*text >= '0' && *text <= '9')
			buf_char(out, *text);
}

void nagios_number_put(struct buf *out, double x)
{
	struct buf text = { 0 };

	json_put_double(&text, x);
	buf_char(&text, '\0');
	if (text.failed)
		out->failed = true;
	else if (!strchr(text.data, 'e'))
		buf_str(out, text.data);
	else if (fabs(x) < 1)
		put_small(out, text.data);
	else
		buf_printf(out, "%.0f", x);
	buf_free(&text);
}

void nagios_range_put(struct buf *out, const struct nagios_range *range)
{
	buf_str(out, range->inside ? "@" : "");
	if (isinf(range->from))
		buf_str(out, "~:");
	if (!isinf(range->from) && (range->from < 0 || range->from > 0 || isinf(range->to))) {
		nagios_number_put(out, range->from);
		buf_char(out, ':');
	}
	if (!isinf(range->to))
		nagios_number_put(out, range->to);
}

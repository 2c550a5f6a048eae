#include "output/html_text.h"

#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "output/trend.h"
#include "util/base64.h"
#include "util/text.h"
#include "util/utf8.h"

/* --- text --------------------------------------------------------------------------------- */

/* What stands for a character that has a meaning in HTML; NULL: itself. */
static const char *escape(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

void html_put_text(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0, from = 0; i <= len; i++) {
		const char *escaped = i < len ? escape(s[i]) : "";

		if (!escaped)
			continue;
		text_put_safe(out, s + from, i - from);
		buf_str(out, escaped);
		from = i + 1;
	}
}

void html_put_name(struct buf *out, const char *name)
{
	const size_t len = strlen(name);
	size_t at = 0;

	for (size_t i = 0; i < HTML_NAME_MAX && at < len; i++) {
		size_t n = utf8_length(name + at, len - at);

		at += n ? n : 1;
	}
	html_put_text(out, name, at);
	if (at < len)
		buf_str(out, "\xE2\x80\xA6");
}

/* --- numbers ------------------------------------------------------------------------------ */

void html_put_clock(struct buf *out, double ms)
{
	const double seconds = floor(ms / 1000), minutes = floor(seconds / 60);
	const int s = (int)fmod(seconds, 60);

	if (minutes < 60)
		buf_printf(out, "%.0f:%02d", minutes, s);
	else
		buf_printf(out, "%.0f:%02d:%02d", floor(minutes / 60), (int)fmod(minutes, 60), s);
}

void html_put_share(struct buf *out, double share)
{
	if (share > 0 && share < 0.01)
		buf_str(out, "&lt;1%");
	else
		buf_printf(out, "%.0f%%", floor(100 * share + 1e-9));
}

/* --- the policy ---------------------------------------------------------------------------- */

void html_put_hash(struct buf *out, const char *text)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(text, strlen(text), hash, &len, EVP_sha256(), NULL) != 1) {
		out->failed = true;
		return;
	}
	buf_str(out, "'sha256-");
	base64_put(out, hash, len);
	buf_char(out, '\'');
}

/* --- the chart ----------------------------------------------------------------------------- */

/* Appends a path for each stretch of values. area: closed at the bottom. */
static void put_stretches(struct buf *out, const double *v, size_t n, bool area)
{
	const double bottom = HTML_CHART_HEIGHT - 1, height = HTML_CHART_HEIGHT - 2;
	double low, high;

	trend_range(v, n, &low, &high);
	for (size_t i = 0; i < n; i++) {
		const bool first = i == 0 || isnan(v[i - 1]), last = i + 1 == n || isnan(v[i + 1]);

		if (isnan(v[i]))
			continue;
		if (first && area)
			buf_printf(out, "M%zu %dL", i, HTML_CHART_HEIGHT);
		else
			buf_str(out, first ? "M" : "L");
		buf_printf(out, "%zu %.1f", i,
			bottom - (high > low ? height * (v[i] - low) / (high - low) : 0));
		if (first && last && !area)
			buf_str(out, "h0");	/* with round ends this is a point */
		if (last && area)
			buf_printf(out, "L%zu %dZ", i, HTML_CHART_HEIGHT);
	}
}

void html_put_line(struct buf *out, const double *v, size_t n)
{
	buf_str(out, "<path class=\"area\" d=\"");
	put_stretches(out, v, n, true);
	buf_str(out, "\"/><path class=\"line\" d=\"");
	put_stretches(out, v, n, false);
	buf_str(out, "\"/>");
}

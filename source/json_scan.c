#include "source/json_scan.h"

static bool close_bracket(struct json_scan *c, char closer)
{
	return c->depth && c->open[--c->depth] == (closer == '}' ? '{' : '[');
}

/* Returns false if the value nests too deep or the bracket does not match. */
static bool take_bracket(struct json_scan *c, char ch)
{
	switch (ch) {
	case '{':
	case '[':
		if (c->depth == JSON_SCAN_DEPTH)
			return false;
		c->open[c->depth++] = ch;
		return true;
	case '}':
	case ']':
		return close_bracket(c, ch);
	default:
		return true;
	}
}

enum json_scanned json_scan_line(struct json_scan *c, const char *s, size_t len, size_t *used)
{
	for (size_t i = 0; i < len; i++) {
		char ch = s[i];

		if (c->string) {
			c->string = c->escaped || ch != '"';
			c->escaped = !c->escaped && ch == '\\';
			continue;
		}
		if (ch == ' ' || ch == '\t' || ch == '\r')
			continue;
		c->last = ch;
		if (ch == '"')
			c->string = true;
		else if (!take_bracket(c, ch))
			return JSON_SCAN_BROKEN;
		if (!c->depth) {
			*used = i + 1;
			return JSON_SCAN_END;
		}
	}
	return JSON_SCAN_MORE;
}

bool json_scan_takes_object(const struct json_scan *c)
{
	return c->last == '[' || c->last == ':'
		|| (c->last == ',' && c->open[c->depth - 1] == '[');
}

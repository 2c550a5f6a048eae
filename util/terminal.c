#include "util/terminal.h"

#include <stdlib.h>
#include <string.h>

size_t terminal_columns(void)
{
	const char *text = getenv("COLUMNS");
	size_t len = text ? strspn(text, "0123456789") : 0;

	return len && len < 6 && !text[len] ? strtoul(text, NULL, 10) : 0;
}

bool terminal_is_smart(void)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") != 0;
}

/* https://no-color.org: any value but an empty one counts. */
bool terminal_has_colours(void)
{
	const char *no_color = getenv("NO_COLOR");

	return !(no_color && *no_color) && terminal_is_smart();
}

#include "util/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"

bool compare_number(const char *s, double *out)
{
	char *end;

	if (!*s || s[strspn(s, "0123456789.eE+-")] || s[0] == '+')
		return false;
	*out = strtod(s, &end);
	return *end == '\0' && isfinite(*out);
}

/* Cuts blanks off both ends, in place. */
static char *trimmed(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	for (len = strlen(s); len && strchr(" \t", s[len - 1]); len--)
		s[len - 1] = '\0';
	return s;
}

bool compare_split(char *text, char **left, enum compare *op, char **right)
{
	static const struct {
		const char *sign;
		enum compare op;
	} signs[] = {	/* `>=` before `>` */
		{ ">=", COMPARE_GE }, { "<=", COMPARE_LE }, { "==", COMPARE_EQ },
		{ "!=", COMPARE_NE }, { ">", COMPARE_GT }, { "<", COMPARE_LT }
	};
	char *at = text + strcspn(text, "<>=!");

	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		size_t len = strlen(signs[i].sign);

		if (strncmp(at, signs[i].sign, len) != 0)
			continue;
		*at = '\0';
		*op = signs[i].op;
		*left = trimmed(text);
		*right = trimmed(at + len);
		return true;
	}
	return false;
}

bool compare_holds(enum compare op, double value, double number)
{
	switch (op) {
	case COMPARE_GT: return value > number;
	case COMPARE_GE: return value >= number;
	case COMPARE_LT: return value < number;
	case COMPARE_LE: return value <= number;
	case COMPARE_EQ: return value == number;
	case COMPARE_NE: return value != number;
	}
	return false;
}

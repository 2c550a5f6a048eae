#include "window/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool compare_number(const char *s, double *out)
{
	char *end;

	if (!*s || s[strspn(s, "0123456789.eE+-")] || s[0] == '+')
		return false;
	*out = strtod(s, &end);
	return *end == '\0' && isfinite(*out);
}

/* Without blanks at both ends, in place. */
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
	} signs[] = {	/* the longer before its beginning */
		{ ">=", CMP_GE }, { "<=", CMP_LE }, { "==", CMP_EQ }, { "!=", CMP_NE },
		{ ">", CMP_GT }, { "<", CMP_LT }
	};
	char *at = text + strcspn(text, "<>=!");

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
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

bool filter_parse(char *text, const char **metric, struct filter *rule)
{
	char *left, *right, *dot;

	if (!compare_split(text, &left, &rule->op, &right)
	    || !compare_number(right, &rule->number))
		return false;
	dot = strchr(left, '.');
	if (!dot || strpbrk(left, " \t") || strstr(dot, "..") || left[strlen(left) - 1] == '.')
		return false;	/* a name that is empty would never be met */
	*dot = '\0';
	*metric = left;
	rule->path = dot + 1;
	return true;
}

bool compare_holds(enum compare op, double value, double number)
{
	switch (op) {
	case CMP_GT: return value > number;
	case CMP_GE: return value >= number;
	case CMP_LT: return value < number;
	case CMP_LE: return value <= number;
	case CMP_EQ: return value == number;
	case CMP_NE: return value != number;
	}
	return false;
}

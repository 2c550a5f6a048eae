#include "message/filter.h"

bool filter_parse(char *text, const char **metric, struct filter *filter)
{
	char *left, *right, *dot;

	if (!compare_split(text, &left, &filter->op, &right)
	    || !compare_number(right, &filter->number))
		return false;
	dot = strchr(left, '.');
	if (!dot || strpbrk(left, " \t") || strstr(dot, "..") || left[strlen(left) - 1] == '.')
		return false;	/* the field is missing, or a key in it is empty */
	*dot = '\0';
	*metric = left;
	filter->path = dot + 1;
	return true;
}

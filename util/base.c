#include "util/base.h"

#include <stdarg.h>
#include <stdio.h>

enum status err_set(struct err *err, enum status st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(err->text, sizeof(err->text), fmt, ap) < 0)
		err->text[0] = '\0';
	va_end(ap);
	return st;
}

const char why_no_memory[] = "out of memory";

enum status err_nomem(struct err *err)
{
	return err_set(err, ST_OUTPUT, "%s", why_no_memory);
}

/*
 * Linked into the program of sweep.py alone: its allocators fail once, at the allocation
 * whose number is in $FAULT_AT; with $FAULT_TRACE it says where that is. $FAULT_COUNT names a
 * file that gets the number of allocations at the end. cJSON and libcurl (by the hooks of http.c)
 * allocate here too, OpenSSL does not.
 */
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/wrap_alloc.h"

int __real_vasprintf(char **out, const char *format, va_list args);
int __wrap_vasprintf(char **out, const char *format, va_list args);
int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* libcurl's resolver has a thread. */
static atomic_long made;
static long fault_at = -1;

/* Of the sanitizers' runtime. */
void __sanitizer_print_stack_trace(void) __attribute__((weak));

bool alloc_fails(void)
{
	bool now = atomic_fetch_add(&made, 1) + 1 == fault_at;

	if (now && getenv("FAULT_TRACE") && __sanitizer_print_stack_trace)
		__sanitizer_print_stack_trace();
	return now;
}

int __wrap_vasprintf(char **out, const char *format, va_list args)
{
	return alloc_fails() ? -1 : __real_vasprintf(out, format, args);
}

int __wrap_asprintf(char **out, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = __wrap_vasprintf(out, format, args);
	va_end(args);
	return n;
}

static void put_count(void)
{
	FILE *f = fopen(getenv("FAULT_COUNT"), "w");

	if (f) {
		fprintf(f, "%ld\n", atomic_load(&made));
		fclose(f);
	}
}

__attribute__((constructor)) static void begin(void)
{
	cJSON_Hooks hooks = { __wrap_malloc, free };
	const char *at = getenv("FAULT_AT");

	cJSON_InitHooks(&hooks);
	fault_at = at ? strtol(at, NULL, 10) : -1;
	if (getenv("FAULT_COUNT"))
		atexit(put_count);
}

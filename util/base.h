/* Declarations for every file: the version, the exit statuses, and the text of an error. */
#ifndef UTIL_BASE_H
#define UTIL_BASE_H

#ifndef __LP64__
#error "gsqstat needs a 64-bit machine"
#endif

#define GSQSTAT_VERSION "0.1.0"

/* The exit statuses, as gsqstat(1) EXIT STATUS defines them. 128+N: signal N. */
enum status {
	ST_OK = 0,
	ST_HELD = 1,		/* a threshold of --fail-if held */
	ST_USAGE = 2,
	ST_AUTH = 3,
	ST_RATE = 4,
	ST_NET = 5,
	ST_REFUSED = 6,
	ST_OUTPUT = 7,
	ST_PROTOCOL = 8,
	ST_CALLBACK = 9,
	ST_SIGNAL = 128,	/* plus the signal's number */
	ST_READER_LEFT = 141	/* 128 + SIGPIPE */
};

/* The text of an error. It is a fixed array, so that "out of memory" needs no memory. */
struct err {
	char text[1024];
};

/* Writes the text and returns st, so that one statement handles a failure: `return err_set(…);`. */
enum status err_set(struct err *err, enum status st, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Sets "out of memory" and returns ST_OUTPUT, because rows would be missing. */
enum status err_nomem(struct err *err);

/* Parsers return a text that says why they refuse their input. They return this one when memory
 * ran out. Compare its address: then the input is not invalid and must not be counted as such. */
extern const char why_no_memory[];

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif

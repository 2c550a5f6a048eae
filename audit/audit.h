/*
 * Audit lines on stderr or in a file: one event a line, as JSON or logfmt, in one write of at
 * most 4,096 bytes (PIPE_BUF, so that lines of several processes do not mix). A line has named
 * fields; strings from outside are cut to 256 bytes and escaped, and known secrets are taken
 * out of them.
 * If stderr has no room for a line, the line is dropped and counted. If the file cannot take
 * one, the run fails, and no more lines are written.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit_file.h"
#include "util/base.h"

enum audit_format { AUDIT_JSON, AUDIT_LOGFMT, AUDIT_NONE };
/* LEVEL_DOUBT is a warning that the printed numbers may be wrong, which -s does not hide. */
enum audit_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_DOUBT, LEVEL_ERROR };

struct audit;

/* threshold: the lowest level that is written. Makes a random UUID for the run. NULL: out of
 * memory, or no random bytes. */
struct audit *audit_new(enum audit_format format, enum audit_level threshold, int fd);
void audit_free(struct audit *a);	/* wipes the secrets it knows */
const char *audit_run_id(const struct audit *a);
uint64_t audit_dropped(const struct audit *a);

/* Lines go to this file instead, as JSON. audit_free() closes it. */
void audit_take_file(struct audit *a, struct audit_file *file);
/* ST_OUTPUT once a line could not be written to the file, else ST_OK. */
enum status audit_status(const struct audit *a, struct err *err);

/* From here on this secret is REDACTED in every string that is written, as redact.h says. Copied.
 * False: out of memory. */
bool audit_secret(struct audit *a, const char *secret, size_t len);

/* Takes secrets and control characters out of the text, in place: for the error line of
 * --audit none. */
void audit_redact(const struct audit *a, char *text);

/* Calls before(arg) before each line is written, to clear what else is on the terminal's line.
 * NULL: calls nothing. */
void audit_before(struct audit *a, void (*before)(void *arg), void *arg);

/* Whether lines of this level are written: ask before making fields that are costly to make. */
bool audit_wants(const struct audit *a, enum audit_level level);

/* One line: begin, fields, end. real_us is the time of the real clock, for `ts`. Fields of a line
 * that is not written cost nothing. A field that would make the line longer than 4,096 bytes is
 * left out, and the line says `"truncated":true`. */
void audit_begin(struct audit *a, enum audit_level level, const char *event, int64_t real_us);
void audit_str(struct audit *a, const char *key, const char *value);	/* NULL: null */
void audit_strn(struct audit *a, const char *key, const char *value, size_t len);
/* A message of our own: not cut to 256 bytes, because its end says what to do. Strings from outside
 * in it must be cut already. */
void audit_text(struct audit *a, const char *key, const char *value);
void audit_int(struct audit *a, const char *key, int64_t value);
void audit_double(struct audit *a, const char *key, double value);	/* NaN: null */
void audit_bool(struct audit *a, const char *key, bool value);
/* The JSON text must be our own: it is copied as it is. */
void audit_json(struct audit *a, const char *key, const char *json, size_t len);
/* Hex digits, as they are: a short secret that happens to be among them is not replaced. */
void audit_hex(struct audit *a, const char *key, const char *digits);
void audit_end(struct audit *a);

#endif

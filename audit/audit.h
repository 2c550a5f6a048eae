/*
 * Audit lines on stderr, or in a file of their own: one event a line, JSON or logfmt, one
 * write of at most 4,096 bytes (PIPE_BUF, so lines of several processes never mix). Takes
 * named fields, never free text; strings from outside are cut to 256 bytes, escaped, and
 * cleaned of known secrets.
 * A line that stderr has no room for is dropped and counted; one that the file does not take
 * is an error of the run, after which no more are written.
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

/* threshold: the least level that is written. run: a random UUID is made. NULL: no memory,
 * or no random bytes. */
struct audit *audit_new(enum audit_format format, enum audit_level threshold, int fd);
void audit_free(struct audit *a);	/* wipes the secrets it knows */
const char *audit_run_id(const struct audit *a);
uint64_t audit_dropped(const struct audit *a);

/* Lines go there instead, as JSON. The audit frees it. */
void audit_take_file(struct audit *a, struct audit_file *file);
/* ST_OUTPUT once a line could not be written to the file. */
enum status audit_status(const struct audit *a, struct err *err);

/* From here on this secret is REDACTED in every string that is written, as redact.h says. Copied.
 * False: out of memory. */
bool audit_secret(struct audit *a, const char *secret, size_t len);

/* Takes secrets and control characters out of the text, in place: for the error line of
 * --audit none. */
void audit_redact(const struct audit *a, char *text);

/* Called before each line is written, so that it stands alone on a terminal; NULL: none. */
void audit_before(struct audit *a, void (*before)(void *arg), void *arg);

/* Whether lines of the level are written at all: for what is costly to put together. */
bool audit_wants(const struct audit *a, enum audit_level level);

/* One line: begin, fields, end. real_us is the real clock, for `ts`. Fields of a line that
 * will not be written cost nothing. What passes 4,096 bytes is left out whole, field by
 * field, and the line says `"truncated":true`. */
void audit_begin(struct audit *a, enum audit_level level, const char *event, int64_t real_us);
void audit_str(struct audit *a, const char *key, const char *value);	/* NULL: null */
void audit_strn(struct audit *a, const char *key, const char *value, size_t len);
/* A sentence of ours, in which what is foreign is cut already: as it is, so that what to do,
 * which stands at its end, is not lost. */
void audit_text(struct audit *a, const char *key, const char *value);
void audit_int(struct audit *a, const char *key, int64_t value);
void audit_double(struct audit *a, const char *key, double value);	/* NaN: null */
void audit_bool(struct audit *a, const char *key, bool value);
/* The JSON text is ours and trusted. */
void audit_json(struct audit *a, const char *key, const char *json, size_t len);
/* Digits that say nothing, among which chance may put a secret's: as they are. */
void audit_hex(struct audit *a, const char *key, const char *digits);
void audit_end(struct audit *a);

#endif

/*
 * Writes audit lines to stderr or a file: one event per line, as JSON or logfmt, in one write of at
 * most 4,096 bytes (PIPE_BUF, so that lines of several processes do not mix). Strings from outside
 * are cut to 256 bytes and escaped, and known secrets in them are replaced. On a terminal a line is
 * a sentence for people instead, after `gsqstat: ` or `gsqstat: warning: `.
 * If stderr has no room for a line, the line is dropped and counted. If a line cannot be written to
 * the file, the run fails, and no more lines are written.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit_file.h"
#include "util/base.h"

enum audit_format { AUDIT_JSON, AUDIT_LOGFMT, AUDIT_NONE, AUDIT_PLAIN };
/* LEVEL_DOUBT is a warning that the printed numbers may be wrong, which -s does not hide. */
enum audit_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_DOUBT, LEVEL_ERROR };

struct audit;

/* threshold: the lowest level that is written. Makes a random UUID for the run. NULL: out of
 * memory, or no random bytes. */
struct audit *audit_new(enum audit_format format, enum audit_level threshold, int fd);
void audit_free(struct audit *a);	/* wipes the secrets it knows */
const char *audit_run_id(const struct audit *a);
bool audit_is_plain(const struct audit *a);	/* the format is AUDIT_PLAIN */
uint64_t audit_dropped(const struct audit *a);

/* From now on lines go to this file, as JSON, and not to fd. audit_free() closes it. */
void audit_take_file(struct audit *a, struct audit_file *file);
/* ST_OUTPUT once a line could not be written to the file, else ST_OK. */
enum status audit_status(const struct audit *a, struct err *err);

/* Adds a secret, which is copied: in strings of later lines REDACTED stands for it (redact.h).
 * False: out of memory. */
bool audit_secret(struct audit *a, const char *secret, size_t len);

/* Replaces secrets and control characters in the text, in place. Use it for an error that no audit
 * line has. */
void audit_redact(const struct audit *a, char *text);

/* Calls before(arg), unless it is NULL, before each line, to clear the progress line on the
 * terminal. */
void audit_before(struct audit *a, void (*before)(void *arg), void *arg);

/* True if the fields of lines of this level are written. Ask before computing costly ones. With
 * AUDIT_PLAIN only lines from LEVEL_WARNING on count as having sentences. */
bool audit_wants(const struct audit *a, enum audit_level level);

/* To write one line, call audit_begin, a function for each field, and audit_end. real_us is the
 * time of the real clock, for `ts`. The calls do nothing if the level is not written. A field that
 * would make the line longer than 4,096 bytes is left out, and the line says `"truncated":true`. */
void audit_begin(struct audit *a, enum audit_level level, const char *event, int64_t real_us);
/* Gives the line as a sentence, which has its own level. Call it before the fields. AUDIT_PLAIN
 * writes the sentence and no fields; a line without a sentence only if the threshold is
 * LEVEL_DEBUG. The other formats ignore it. */
void audit_say(struct audit *a, enum audit_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void audit_str(struct audit *a, const char *key, const char *value);	/* NULL: null */
void audit_strn(struct audit *a, const char *key, const char *value, size_t len);
/* A message that gsqstat wrote. It is not cut to 256 bytes, because its end says what to do; the
 * caller must cut strings from outside in it. */
void audit_text(struct audit *a, const char *key, const char *value);
void audit_int(struct audit *a, const char *key, int64_t value);
void audit_double(struct audit *a, const char *key, double value);	/* NaN: null */
void audit_bool(struct audit *a, const char *key, bool value);
/* The value is JSON text that gsqstat wrote: it is copied without a check. */
void audit_json(struct audit *a, const char *key, const char *json, size_t len);
/* Writes hex digits unchanged, even if they happen to contain a short secret. */
void audit_hex(struct audit *a, const char *key, const char *digits);
void audit_end(struct audit *a);

#endif

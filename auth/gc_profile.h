/*
 * Reads a profile of gc, Genesys Cloud's own command line, from its config.toml: client ID and
 * secret, environment, and the token that gc stores there. The case of names is ignored, because gc
 * writes all of them in lower case.
 *
 * It reads only the TOML that gc writes and that gc's README shows: lines [NAME] and NAME = VALUE,
 * where VALUE is a string of one line, true, false or a decimal number. Everything else is an
 * error: arrays, inline tables, dotted names of values, strings in triple quotes, dates.
 */
#ifndef AUTH_GC_PROFILE_H
#define AUTH_GC_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "util/base.h"
#include "util/lines.h"

/* The path of gc's config.toml (malloc'd). NULL: HOME is not set, or out of memory. */
char *gc_profile_path(void);

struct gc_profile {
	/* Each is printable ASCII; NULL: it is absent, empty or not a string. */
	char *client_id;
	char *secret;
	char *access_token;	/* without blanks, like cached_token */
	char *environment;	/* a domain or an AWS region, as it is in the file */
	char *cached_token;	/* of gc's last login, perhaps expired; NULL: none, or unreadable */
	int64_t cached_expires_ms;	/* since 1970 */
	unsigned open_mode;	/* the file's mode if it is exposed (secret_file.h), else 0 */
};

/*
 * Read a profile from a file or its text. A profile is a table of the file; a table within it has
 * the name PARENT.NAME, as in gc. ST_USAGE: the file cannot be read, has a line with an error (err
 * has its number, but never a value), or has no such profile (err lists the nearest names); *p is
 * empty then.
 */
enum status gc_profile_read(struct gc_profile *p, const char *path, const char *name,
	struct err *err);
enum status gc_profile_parse(struct gc_profile *p, const char *text, size_t len, const char *name,
	struct err *err);
/* Fills names, which must be empty, with the names of all profiles of the file. Leaves it empty if
 * the file cannot be read or has a line with an error. */
void gc_profile_names(const char *path, struct lines *names);
void gc_profile_free(struct gc_profile *p);	/* overwrites secrets */

#endif

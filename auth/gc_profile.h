/*
 * One profile of gc, Genesys Cloud's own command line, from its config.toml: who we are and
 * where, and the token that gc keeps there. Names are compared without case, as gc writes all of
 * them in lower case. gc_profile_free wipes.
 *
 * Of TOML this reads what gc writes, and what its README shows: lines of [NAME] and NAME = VALUE,
 * where the value is a string of one line, true, false or a decimal number. The rest (arrays,
 * inline tables, dotted names of values, strings in triple quotes, dates) is refused.
 */
#ifndef AUTH_GC_PROFILE_H
#define AUTH_GC_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "util/base.h"

struct gc_profile {
	/* Each NULL where it is absent, empty or no string; printable ASCII. */
	char *client_id;
	char *secret;
	char *access_token;	/* without blanks, like the cached one */
	char *environment;	/* a domain or an AWS region, as it stands */
	char *grant_type;	/* "1": client credentials; "2", "3": gc logs a person in */
	char *cached_token;	/* of gc's last login, perhaps over; NULL if it cannot be read */
	int64_t cached_expires_ms;	/* since 1970 */
	unsigned open_mode;	/* the file's permissions, if exposed (files.h), else 0 */
};

/*
 * ST_USAGE, and *p is empty, if the file cannot be read, has a line that is not understood (the
 * text gives its number, never a value), or has no such profile (the text lists the nearest). The
 * name of a table in another one is PARENT.NAME, as for gc.
 */
enum status gc_profile_read(struct gc_profile *p, const char *path, const char *name,
	struct err *err);
enum status gc_profile_parse(struct gc_profile *p, const char *text, size_t len, const char *name,
	struct err *err);
void gc_profile_free(struct gc_profile *p);

#endif

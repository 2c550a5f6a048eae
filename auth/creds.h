/*
 * Credentials and hosts: a client ID and secret or an access token, and the hosts to connect to.
 * They come from files, a profile of gc (Genesys Cloud's own command line) and the environment; no
 * secret comes from the command line. Variables with secrets are overwritten after they are read.
 */
#ifndef AUTH_CREDS_H
#define AUTH_CREDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/lines.h"

struct creds {
	char *client_id, *secret;	/* NULL: there is only access_token */
	char *access_token;	/* secret; NULL: request one with the client ID and secret */
	int64_t expires_ms;	/* of access_token, since 1970; 0: unknown */
	char *base_url;		/* the API's: https://HOST[:PORT]; http only on loopback */
	char *login_url;	/* base URL of /oauth/token */
	char *domain;		/* of the notification service, in lower case: its hosts are this
				   domain and its subdomains; NULL for the stream */
	bool plain;		/* base_url is http */
	char *secret_path;	/* the file in $CREDENTIALS_DIRECTORY; NULL: not used */
	char *profile_path;	/* gc's config.toml; NULL: --profile was not given */
	/* Where each came from, a static string: an option such as "--client-secret-file", "--host"
	 * or "--profile", a variable such as "GENESYS_CLIENT_ID", or "$CREDENTIALS_DIRECTORY".
	 * NULL: there is none. */
	const char *id_from, *secret_from, *token_from, *host_from;
};

struct creds_conf {
	const char *secret_file;	/* --client-secret-file, or NULL */
	const char *host;		/* --host, or NULL */
	const char *profile;		/* --profile, or NULL */
	const char *secret_flag, *host_flag, *profile_flag;	/* how problems name these */
	int64_t margin_ms;		/* how long gc's last login must still be valid */
	bool notifications;		/* true: for the notification service; false: the stream */
	bool flags_only;		/* for a replay, which needs no credentials: only check
					   what options name, and keep no secret */
};

/* Fills *creds, which must be all zero. Adds a problem for each thing that is missing or wrong, and
 * a warning for a secret file that others may read. A profile can give both the access token of
 * gc's last login, which may expire soon, and an ID and secret to request another with. */
void creds_load(struct creds *creds, const struct creds_conf *conf, struct lines *problems,
	struct lines *warnings);
void creds_free(struct creds *creds);	/* overwrites secrets */

/* Overwrites the variables that hold secrets. Call it at the start of every run. */
void creds_wipe_environment(void);

/* Reads a secret of at most 4096 bytes from a file, without the newline at its end (malloc'd).
 * NULL: it added a problem that begins with `from`. Adds a warning if others may read the file. */
char *creds_secret_file(const char *path, const char *from, struct lines *problems,
	struct lines *warnings);

/* Returns the kind of an origin, for --dry-run: `flag`, `environment`, `file` or `profile`. */
const char *creds_origin(const char *from);

/* Turns HOST[:PORT] or a URL (https wss http ws) into a base URL (malloc'd); NULL: it is invalid,
 * and *why says what it must be; or memory ran out, and *why is NULL. */
char *creds_base_url(const char *host, bool *plain, const char **why);

/* Turns an AWS region (in any case, `_` is the same as `-`) or a domain into the domain (malloc'd);
 * cuts `api.`, `apps.`, `login.` or `streaming.` off the latter. NULL: *why says what it must be;
 * or memory ran out, and *why is NULL. */
char *creds_region_domain(const char *region, const char **why);

/* Sets domain, base_url (api.DOMAIN), login_url (login.DOMAIN) and plain from an AWS region, or a
 * domain, host or URL of the service. For an IP address, a loopback host and, unless any_domain is
 * true, a host outside the domains of the service: domain is the host, and both URLs are its URL.
 * False: the host is invalid, and *why says what it must be; or memory ran out, and *why is NULL.
 * */
bool creds_hosts(struct creds *creds, const char *host, bool any_domain, const char **why);

#endif

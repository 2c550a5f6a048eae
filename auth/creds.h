/*
 * Credentials and hosts: a client ID and secret, or an access token, and where to connect to. They
 * come from files, a profile of gc and the environment; no secret comes from the command line.
 * Variables that hold secrets are overwritten after they are read. creds_free wipes secrets.
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
	char *login_url;	/* the same for /oauth/token */
	char *domain;		/* of the notification service, in lower case: its hosts are equal
				   to it or end in a dot and it; NULL for the stream */
	bool plain;		/* base_url is http */
	char *secret_path;	/* the file that the secret came from; NULL: none */
	char *profile_path;	/* gc's config.toml; NULL: --profile was not given */
	/* Where each came from; static strings. NULL: there is none. */
	const char *id_from;	/* "GENESYS_CLIENT_ID", "--profile" here and below, … */
	const char *secret_from;	/* "--client-secret-file", "$CREDENTIALS_DIRECTORY", … */
	const char *token_from;	/* "GENESYSCLOUD_ACCESS_TOKEN" */
	const char *host_from;	/* "--host", "GENESYS_API_HOST", "GENESYSCLOUD_REGION", … */
};

struct creds_conf {
	const char *secret_file;	/* --client-secret-file, or NULL */
	const char *host;		/* --host, or NULL */
	const char *profile;		/* --profile, or NULL */
	int64_t margin_ms;		/* how long gc's last login must still be valid */
	bool notifications;		/* for the notification service, else the stream */
	bool flags_alone;		/* a replay needs no credentials: only check what flags
					   name, and keep no secret */
};

/* Adds a problem for each thing that is missing or wrong; the run then ends with ST_USAGE. Adds a
 * warning for a secret file that others may read. From a profile there may be both gc's last login
 * as access_token, which may expire soon, and an ID with a secret. */
void creds_load(struct creds *creds, const struct creds_conf *conf, struct lines *problems,
	struct lines *warnings);
void creds_free(struct creds *creds);

/* Overwrites the variables that hold secrets. Call it at the start of every run. */
void creds_wipe_environment(void);

/* The secret in a file (malloc'd): at most 4096 bytes, without the newline at the end. NULL: it
 * added a problem that begins with `from`. Adds a warning if others may read the file. */
char *creds_secret_file(const char *path, const char *from, struct lines *problems,
	struct lines *warnings);

/* What kind of origin `from` is, for --dry-run: `flag`, `environment`, `file` or `profile`. */
const char *creds_origin(const char *from);

/* Turns HOST[:PORT] or a URL (https wss http ws) into a base URL (malloc'd); NULL: it is invalid,
 * and *why says what it must be; or memory ran out, and *why is NULL. */
char *creds_base_url(const char *host, bool *plain, const char **why);

/* Turns an AWS region (in any case, `_` is the same as `-`) or a domain into the domain (malloc'd);
 * NULL: there is no such region. */
char *creds_region_domain(const char *region);

/* Sets domain, base_url (api.DOMAIN), login_url (login.DOMAIN) and plain from an AWS region, or a
 * domain, host or URL of the service. A host of another domain is used as it is for all three,
 * unless any_domain is true; so is a loopback host or an address in any case. False: it is invalid,
 * and *why says what it must be; or memory ran out, and *why is NULL. */
bool creds_hosts(struct creds *creds, const char *host, bool any_domain, const char **why);

#endif

/*
 * Who we are and where we go: client ID and secret, or an access token, and the hosts, from
 * files, a profile of gc and the environment, never from the command line. Secret variables
 * are overwritten in place once read; secrets are wiped by creds_free.
 */
#ifndef AUTH_CREDS_H
#define AUTH_CREDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/lines.h"

struct creds {
	char *client_id, *secret;	/* NULL where access_token is all there is */
	char *access_token;	/* as secret; NULL: to be had for ID and secret */
	int64_t expires_ms;	/* of access_token, since 1970; 0: nobody knows */
	char *base_url;		/* the API's: https://HOST[:PORT]; http on loopback alone */
	char *login_url;	/* the same for /oauth/token */
	char *domain;		/* of the notification service, in lower case: what its hosts are
				   or end in behind a dot; NULL for the stream */
	bool plain;		/* base_url is http */
	char *secret_path;	/* the file that the secret came from, NULL: none */
	char *profile_path;	/* gc's config.toml, NULL: not asked for */
	/* Where each came from; static, NULL: there is none. */
	const char *id_from;	/* "GENESYS_CLIENT_ID", "--profile" here and below, … */
	const char *secret_from;	/* "--client-secret-file", "$CREDENTIALS_DIRECTORY", … */
	const char *token_from;	/* "GENESYSCLOUD_ACCESS_TOKEN" */
	const char *host_from;	/* "--host", "GENESYS_API_HOST", "GENESYSCLOUD_REGION", … */
};

struct creds_conf {
	const char *secret_file;	/* --client-secret-file, or NULL */
	const char *host;		/* --host, or NULL */
	const char *profile;		/* --profile, or NULL */
	int64_t margin_ms;		/* so long its last login must hold to be taken */
	bool notifications;		/* for the notification service, else the stream */
	bool flags_alone;		/* a replay needs nothing of it: what flags name is
					   checked, and no secret kept */
};

/* One line of `problems` for each thing that is missing or wrong (the run ends with
 * ST_USAGE), one of `warnings` for a secret file that others may read. Both access_token and
 * ID with secret are there where a profile has gc's last login: it may be over before long. */
void creds_load(struct creds *creds, const struct creds_conf *conf, struct lines *problems,
	struct lines *warnings);
void creds_free(struct creds *creds);

/* Overwrites, in place, the variables that hold secrets: at the start of every run. */
void creds_wipe_environment(void);

/* What a file holds, at most 4096 bytes without a newline at the end, malloc'd; NULL after a
 * line of problems that begins with `from`. One that others may read is a warning. */
char *creds_secret_file(const char *path, const char *from, struct lines *problems,
	struct lines *warnings);

/* `flag`, `environment`, `file` or `profile` of what came from there, as --dry-run has it. */
const char *creds_origin(const char *from);

/* HOST[:PORT] or URL (https wss http ws) to base_url, malloc'd; NULL: bad, why tells in
 * words what is allowed. */
char *creds_base_url(const char *host, bool *plain, const char **why);

/* An AWS region (`-` and `_` alike, any case) or a domain to the domain, malloc'd; NULL: no
 * such region. */
char *creds_region_domain(const char *region);

/* The service's hosts from an AWS region, one of its domains, one of its hosts or a URL: api.,
 * login. and the domain. A host of any other domain is all of them, unless any_domain is set;
 * a loopback host or an address always is. Fills domain, base_url, login_url, plain; false: bad,
 * why tells in words what is allowed (*why is NULL: out of memory). */
bool creds_hosts(struct creds *creds, const char *host, bool any_domain, const char **why);

#endif

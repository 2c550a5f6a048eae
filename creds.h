/*
 * Who we are and where we go: client ID, client secret and host, from files and the
 * environment, never from the command line. Secret variables are overwritten in place once
 * read; the secret is wiped by creds_free.
 */
#ifndef CREDS_H
#define CREDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

struct creds {
	char *client_id;
	char *secret;
	char *base_url;		/* https://HOST[:PORT] without a slash; http on loopback alone */
	bool plain;		/* base_url is http */
	const char *id_from;	/* "GENESYS_CLIENT_ID", static; NULL: there is none */
	char *secret_path;	/* the file that the secret came from, NULL: none */
	const char *secret_from;	/* "--client-secret-file", "$CREDENTIALS_DIRECTORY", … */
	const char *host_from;	/* "--host", "GENESYS_API_HOST", "GENESYSCLOUD_REGION" */
};

struct creds_conf {
	const char *secret_file;	/* --client-secret-file, or NULL */
	const char *host;		/* --host, or NULL */
	bool flags_alone;		/* a replay needs nothing of it: what flags name is
					   checked, and no secret kept */
};

/* One line of `problems` for each thing that is missing or wrong (the run ends with
 * ST_USAGE), one of `warnings` for a secret file that others may read. */
void creds_load(struct creds *creds, const struct creds_conf *conf, struct lines *problems,
	struct lines *warnings);
void creds_free(struct creds *creds);

/* Overwrites, in place, the variables that hold secrets: at the start of every run. */
void creds_wipe_environment(void);

/* HOST[:PORT] or URL (https wss http ws) to base_url, malloc'd; NULL: bad, why tells in
 * words what is allowed. */
char *creds_base_url(const char *host, bool *plain, const char **why);

/* An AWS region (`-` and `_` alike, any case) or a domain to the domain, malloc'd; NULL: no
 * such region. */
char *creds_region_domain(const char *region);

#endif

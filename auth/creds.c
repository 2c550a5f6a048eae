/* Finds the client ID and secret or the access token, and the hosts of the region. */
#include "auth/creds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "auth/gc_profile.h"
#include "net/url.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/secret_file.h"
#include "util/text.h"

#define SECRET_MAX 4096
#define LABEL_MAX 63			/* bytes between dots, RFC 1035 §2.3.4 */
#define HOST_MAX 253

/* --- the host ----------------------------------------------------------------------- */

/* True for a name of letters, digits, dots and hyphens; libcurl accepts other names too. */
static bool is_host_name(const char *s, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z')
		      || (s[i] >= '0' && s[i] <= '9') || s[i] == '-' || s[i] == '.'))
			return false;
		label = s[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX || (s[i] == '.' && i && s[i - 1] == '.'))
			return false;
	}
	return s[0] != '.' && s[0] != '-';
}

/* Skips the scheme of *host, if it has one. False: it has an unknown scheme. */
static bool take_scheme(const char **host, bool *plain)
{
	static const struct {
		const char *text;
		bool plain;
	} schemes[] = {
		{ "https://", false }, { "wss://", false }, { "http://", true }, { "ws://", true }
	};

	*plain = false;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (strncasecmp(*host, schemes[i].text, strlen(schemes[i].text)) == 0) {
			*plain = schemes[i].plain;
			*host += strlen(schemes[i].text);
			return true;
		}
	return !strstr(*host, "://");
}

char *creds_base_url(const char *host, bool *plain, const char **why)
{
	const char *fault;
	struct url url;
	char *text;

	*why = "the scheme must be https or wss";
	if (!take_scheme(&host, plain))
		return NULL;
	*why = "write a host, HOST:PORT or https://HOST, without a user, path or query";
	text = text_format("%s://%s", *plain ? "http" : "https", host);
	fault = text ? url_read(text, &url) : why_no_memory;
	if (fault == why_no_memory) {
		*why = NULL;
	} else if (!fault && (url.host[0] == '[' || is_host_name(url.host, strlen(url.host)))
	    && strcmp(url.rest, url.rest[0] == '/' ? "/" : "") == 0) {
		if (!*plain || url.is_loopback) {
			text[url.rest - text] = '\0';
			return text;
		}
		*why = "must be https or wss; http and ws work only to a loopback host";
	}
	free(text);
	return NULL;
}

/* AWS regions and their domains, from Genesys Cloud's own tools. */
static const char *const regions[][2] = {
	{ "us-east-1", "mypurecloud.com" }, { "us-west-2", "usw2.pure.cloud" },
	{ "eu-west-1", "mypurecloud.ie" }, { "eu-west-2", "euw2.pure.cloud" },
	{ "eu-central-1", "mypurecloud.de" }, { "eu-central-2", "euc2.pure.cloud" },
	{ "ap-southeast-2", "mypurecloud.com.au" },
	{ "ap-southeast-1", "apse1.pure.cloud" },
	{ "ap-northeast-1", "mypurecloud.jp" }, { "ap-northeast-2", "apne2.pure.cloud" },
	{ "ap-northeast-3", "apne3.pure.cloud" }, { "ap-south-1", "aps1.pure.cloud" },
	{ "ca-central-1", "cac1.pure.cloud" }, { "sa-east-1", "sae1.pure.cloud" },
	{ "me-central-1", "mec1.pure.cloud" }, { "mx-central-1", "mxc1.pure.cloud" },
	{ "us-east-2", "use2.us-gov-pure.cloud" },
	{ "eusc-de-east-1", "edee1.eusc-pure.cloud" }
};

/* Returns the domain of a host of the service, without a prefix such as `api.`. */
static const char *behind_prefix(const char *host)
{
	static const char *const prefixes[] = { "api.", "apps.", "login.", "streaming." };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strncasecmp(host, prefixes[i], strlen(prefixes[i])) == 0)
			return host + strlen(prefixes[i]);
	return host;
}

/* Returns the domain of a region or host name, borrowed; NULL: it is neither. */
static const char *find_domain(const char *region)
{
	char key[32];
	size_t len = strlen(region);

	if (strchr(region, '.'))
		return is_host_name(region, len) ? behind_prefix(region) : NULL;
	if (len >= sizeof(key))
		return NULL;
	for (size_t i = 0; i <= len; i++)
		key[i] = region[i] == '_' ? '-' : region[i];
	for (size_t i = 0; i < ARRAY_LEN(regions); i++)
		if (strcasecmp(key, regions[i][0]) == 0)
			return regions[i][1];
	return NULL;
}

char *creds_region_domain(const char *region, const char **why)
{
	const char *found = find_domain(region);
	char *domain = found ? strdup(found) : NULL;

	*why = found ? NULL : "must be an AWS region of Genesys Cloud, a domain, a host, "
		"HOST:PORT, or an https or wss URL";
	return domain;
}

/* The region or domain that differs least from the one given, by two letters at most; NULL: none
 * does, or it is one of them. host can be a URL. */
static const char *nearest(const char *host)
{
	const char *found = NULL, *scheme = strstr(host, "://");
	size_t fewest = 2, len;

	if (!strchr(host, '.') && find_domain(host))	/* a region, maybe with `_` or capitals */
		return NULL;
	host = behind_prefix(scheme ? scheme + strlen("://") : host);
	len = strcspn(host, "/:");
	for (size_t i = 0; i < 2 * ARRAY_LEN(regions); i++) {
		const char *known = regions[i / 2][i % 2];
		size_t edits = text_edits(host, len, known, strlen(known), fewest);

		if (edits == 0)
			return NULL;
		if (edits < fewest || (edits == fewest && !found)) {
			fewest = edits;
			found = known;
		}
	}
	return found;
}

/* --- the service's three hosts ------------------------------------------------------ */

static bool is_known_domain(const char *domain)
{
	for (size_t i = 0; i < ARRAY_LEN(regions); i++)
		if (strcmp(regions[i][1], domain) == 0)
			return true;
	return false;
}

/* True for a word such as mars-1: it is not a host, but an unknown or misspelt region. */
static bool looks_like_region(const char *word)
{
	size_t len = strlen(word);

	return len && !strpbrk(word, ".:/[") && strpbrk(word, "-_") && word[len - 1] >= '0'
		&& word[len - 1] <= '9';
}

static bool set_hosts(struct creds *c, const char *base_url, bool any_domain)
{
	const char *domain = behind_prefix(strstr(base_url, "://") + 3);
	struct url url;

	if (url_read(base_url, &url))
		return false;
	/* an IP address or a loopback host has no subdomain `api.` */
	if (url.is_address || url.is_loopback
	    || (!any_domain && !is_known_domain(behind_prefix(url.host)))) {
		c->domain = strdup(url.host);
		c->base_url = strdup(base_url);
		c->login_url = strdup(base_url);
	} else {
		c->domain = strdup(behind_prefix(url.host));
		c->base_url = text_format("https://api.%s", domain);
		c->login_url = text_format("https://login.%s", domain);
	}
	return c->domain && c->base_url && c->login_url;
}

bool creds_hosts(struct creds *c, const char *host, bool any_domain, const char **why)
{
	bool named = strpbrk(host, ".:/[") || strcasecmp(host, "localhost") == 0
		|| (!any_domain && *host && !looks_like_region(host));
	char *domain = named ? NULL : creds_region_domain(host, why), *url = NULL;
	bool ok = false;

	if (named || domain)
		url = creds_base_url(domain ? domain : host, &c->plain, why);
	if (url) {
		ok = set_hosts(c, url, domain || any_domain);
		*why = NULL;
	}
	free(domain);
	free(url);
	return ok;
}

/* --- the environment ---------------------------------------------------------------- */

/* Variables of the same tools. ID and secret must come from the same family. */
static const struct host_family {
	const char *id, *secret, *host[2];
	bool host_is_domain;	/* or a region: the API is at api.DOMAIN */
} families[] = {
	{ "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", { "GENESYS_API_HOST" }, false },
	{ "GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET",
	  { "GENESYSCLOUD_REGION" }, true },
	{ "GENESYS_CLOUD_CLIENT_ID", "GENESYS_CLOUD_CLIENT_SECRET",
	  { "GENESYS_CLOUD_REGION", "GENESYS_CLOUD_ENVIRONMENT" }, true }
};

static const char token_variable[] = "GENESYSCLOUD_ACCESS_TOKEN";

static char *variable(const char *name)
{
	char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Overwrites the value in the memory of the environment, which can be read in /proc. */
static void wipe_variable(const char *name)
{
	const size_t len = strlen(name);

	for (char **at = environ; *at; at++)	/* it may be set twice */
		if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
			memset(*at + len + 1, 'x', strlen(*at + len + 1));
	/* keep the compiler from dropping memset because nothing seems to read the bytes */
	__asm__ volatile("" : : "r"(environ) : "memory");
}

static const struct host_family *choose_family(bool secret_known)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (variable(families[i].id) && (secret_known || variable(families[i].secret)))
			return &families[i];
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (variable(families[i].id) || variable(families[i].secret))
			return &families[i];
	return &families[0];
}

/* --- the secret --------------------------------------------------------------------- */

char *creds_secret_file(const char *path, const char *from, struct lines *problems,
	struct lines *warnings)
{
	struct buf secret = { 0 };
	unsigned exposed;
	const char *why = secret_file_read(SECRET_FILE_TEXT, path, &secret, &exposed);
	char text[TEXT_SHOWN_SIZE];

	if (!why) {
		secret_file_warn(warnings, path, exposed);
		return secret.data;
	}
	lines_add(problems, "%s '%s': cannot be read: %s", from,
		text_shown(text, path, strlen(path)), why);
	buf_wipe(&secret);
	return NULL;
}

static void load_secret_files(struct creds *c, const struct creds_conf *conf,
	struct lines *problems, struct lines *warnings)
{
	const char *dir = variable("CREDENTIALS_DIRECTORY");
	char *path = NULL;

	if (conf->secret_file) {
		c->secret_from = "--client-secret-file";
		c->secret = creds_secret_file(conf->secret_file, conf->secret_flag, problems,
			warnings);
		return;
	}
	if (!dir || conf->flags_only || asprintf(&path, "%s/gsqstat-client-secret", dir) < 0)
		return;
	if (access(path, F_OK) == 0 || errno != ENOENT)
		c->secret = creds_secret_file(path, "$CREDENTIALS_DIRECTORY", problems, warnings);
	if (c->secret) {
		c->secret_from = "$CREDENTIALS_DIRECTORY";
		c->secret_path = path;
	} else {
		free(path);
	}
}

/* --- loading all of them ------------------------------------------------------------ */

struct host_origin {
	const char *host;	/* NULL: there is none */
	const char *from;
	bool is_domain;
};

static struct host_origin own_host(const struct host_family *family)
{
	for (size_t i = 0; i < ARRAY_LEN(family->host); i++)
		if (family->host[i] && variable(family->host[i]))
			return (struct host_origin){ variable(family->host[i]), family->host[i],
				family->host_is_domain };
	return (struct host_origin){ NULL, family->host[0], family->host_is_domain };
}

/* Returns the host in the family's own variables, else the first in those of another family. */
static struct host_origin host_of_family(const struct host_family *family)
{
	struct host_origin own = own_host(family), origin = own;

	for (size_t i = 0; !origin.host && i < ARRAY_LEN(families); i++)
		origin = own_host(&families[i]);
	return origin.host ? origin : own;
}

static void load_host(struct creds *c, const struct creds_conf *conf, struct host_origin origin,
	struct lines *problems, struct lines *warnings)
{
	const char *why = NULL, *shown, *user, *near, *flag;
	char text[TEXT_SHOWN_SIZE];
	size_t len;
	bool ok;

	if (conf->host)
		origin = (struct host_origin){ conf->host, "--host", false };
	if (!origin.host) {
		lines_add(problems, "no host: give --host or set %s", origin.from);
		return;
	}
	c->host_from = origin.from;
	flag = conf->host ? conf->host_flag : origin.from;
	ok = creds_hosts(c, origin.host, conf->notifications || origin.is_domain, &why);
	if (!conf->notifications) {
		free(c->domain);
		c->domain = NULL;
	}
	near = nearest(origin.host);
	if (ok && near)
		lines_add(warnings, "%s '%s': this is no domain of Genesys Cloud; did you mean %s?",
			flag, text_shown(text, origin.host, strlen(origin.host)), near);
	if (ok)
		return;
	shown = origin.host;	/* show neither user nor query, which may be secrets */
	len = strcspn(shown, "?#");
	user = memrchr(shown, '@', len);
	if (strchr(shown + len, '@')) {	/* the ? or # may be in a password */
		len = 0;
	} else if (user) {
		len -= (size_t)(user - shown);
		shown = user;
	}
	if (why)
		lines_add(problems, "%s '%s': %s%s%s%s", flag,
			text_shown(text, shown, len), why, near ? "; did you mean " : "",
			near ? near : "", near ? "?" : "");
	else
		lines_add(problems, "out of memory");
}

/* Returns the host of the profile. GENESYS_API_HOST, which only gsqstat uses, overrides it. */
static struct host_origin profile_host(const struct gc_profile *p)
{
	struct host_origin origin = own_host(&families[0]);

	if (origin.host)
		return origin;
	origin = (struct host_origin){ p->environment, "--profile", true };
	return origin.host ? origin : host_of_family(&families[1]);
}

static void check_token(const char *token, const char *from, struct lines *problems)
{
	if (!text_is_visible(token, TEXT_TOKEN_MAX))
		lines_add(problems, "%s: must be a token of at most 16384 visible ASCII "
			"characters", from);
}

static void check_id(const char *id, const char *from, struct lines *problems)
{
	if (strchr(id, ':'))	/* RFC 7617 §2 */
		lines_add(problems, "%s: a client ID has no colon; is this ID:SECRET?", from);
}

static void load_token(struct creds *c, struct lines *problems)
{
	c->token_from = token_variable;
	c->access_token = strdup(variable(token_variable));
	if (!c->access_token)
		lines_add(problems, "out of memory");
	else
		check_token(c->access_token, c->token_from, problems);
}

static void load_client(struct creds *c, const struct creds_conf *conf,
	const struct host_family *family, struct lines *problems)
{
	const char *id = variable(family->id), *secret = variable(family->secret);

	if (id) {
		c->client_id = strdup(id);
		c->id_from = family->id;
		check_id(id, family->id, problems);
	}
	if (!c->secret && !c->secret_from && secret) {
		c->secret = strdup(secret);
		c->secret_from = family->secret;
		if (strlen(secret) > SECRET_MAX)
			lines_add(problems, "%s: the secret has %zu bytes; the limit is %d",
				family->secret, strlen(secret), SECRET_MAX);
	}
	if (!id)
		lines_add(problems, "no client ID: set GENESYS_CLIENT_ID%s (other names: "
			"ENVIRONMENT in gsqstat(1))", !conf->notifications ? ""
			: " or GENESYSCLOUD_ACCESS_TOKEN, or give --profile");
	if (!c->secret_from)
		lines_add(problems, "no client secret: give --client-secret-file or set %s",
			family->secret);
	if ((id && !c->client_id) || (c->secret_from == family->secret && !c->secret))
		lines_add(problems, "out of memory");
}

static char *take(char **from)
{
	char *s = *from;

	*from = NULL;
	return s;
}

/* Moves the profile's access_token to c. Without one, moves the token of gc's last login, if that
 * is still valid, and the ID and secret to request a token with. */
static void take_profile(struct creds *c, const struct creds_conf *conf, struct gc_profile *p,
	struct lines *problems)
{
	const int64_t good_ms = (int64_t)time(NULL) * 1000 + conf->margin_ms;
	char text[TEXT_SHOWN_SIZE];

	if (p->access_token) {
		c->access_token = take(&p->access_token);
	} else {
		if (p->cached_token && p->cached_expires_ms > good_ms) {
			c->access_token = take(&p->cached_token);
			c->expires_ms = p->cached_expires_ms;
		}
		if (p->client_id && p->secret) {
			c->client_id = take(&p->client_id);
			c->secret = take(&p->secret);
			c->id_from = c->secret_from = "--profile";
			check_id(c->client_id, conf->profile_flag, problems);
		}
	}
	if (c->access_token) {
		c->token_from = "--profile";
		check_token(c->access_token, conf->profile_flag, problems);
	} else if (!c->client_id) {
		lines_add(problems, "%s '%s': no token: %s; log in with gc%s, or add an "
			"access_token, or client_credentials with a client_secret, to the "
			"profile in %s", conf->profile_flag,
			text_shown(text, conf->profile, strlen(conf->profile)),
			p->cached_token ? "gc's last login has expired" : "gc has not logged in",
			p->cached_token ? " again" : "", c->profile_path);
	}
}

/* False: the profile cannot be read; it added a problem that says why. */
static bool read_profile(struct creds *c, const struct creds_conf *conf, struct gc_profile *p,
	struct lines *problems, struct lines *warnings)
{
	char text[TEXT_SHOWN_SIZE];
	struct err err = { "HOME is not set, so $HOME/.gc/config.toml cannot be found" };
	enum status st = ST_USAGE;

	c->profile_path = gc_profile_path();
	if (c->profile_path)
		st = gc_profile_read(p, c->profile_path, conf->profile, &err);
	else if (variable("HOME"))
		st = err_nomem(&err);
	if (st != ST_OK)
		lines_add(problems, "%s '%s': %s", conf->profile_flag,
			text_shown(text, conf->profile, strlen(conf->profile)), err.text);
	else
		secret_file_warn(warnings, c->profile_path, p->open_mode);
	return st == ST_OK;
}

static void load_profile(struct creds *c, const struct creds_conf *conf, struct lines *problems,
	struct lines *warnings)
{
	struct gc_profile p = { 0 };

	if (!read_profile(c, conf, &p, problems, warnings))
		return;
	if (!conf->flags_only) {
		take_profile(c, conf, &p, problems);
		load_host(c, conf, profile_host(&p), problems, warnings);
	}
	gc_profile_free(&p);
}

static void put_unused(struct buf *text, const struct creds *c, const char *name)
{
	if (name && variable(name) && name != c->id_from && name != c->secret_from
	    && name != c->token_from && name != c->host_from)
		buf_printf(text, "%s%s", text->len ? ", " : "", name);
}

/* Reports variables that are set but not used, because the user may expect them to be used. */
static void report_unused(const struct creds *c, struct lines *problems)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		put_unused(&text, c, families[i].id);
		put_unused(&text, c, families[i].secret);
		for (size_t k = 0; k < ARRAY_LEN(families[i].host); k++)
			put_unused(&text, c, families[i].host[k]);
	}
	put_unused(&text, c, token_variable);
	if (text.len && buf_char(&text, '\0'))
		lines_add(problems, "%s %s set but not used here (see ENVIRONMENT in gsqstat(1))",
			text.data, strchr(text.data, ',') ? "are" : "is");
	problems->failed = problems->failed || text.failed;
	buf_free(&text);
}

static void load_environment(struct creds *c, const struct creds_conf *conf,
	struct lines *problems, struct lines *warnings)
{
	const struct host_family *family;

	if (conf->notifications && !c->secret_from && variable(token_variable)) {
		load_token(c, problems);
		/* prefer the region of the same tools, so that no other host gets the token */
		family = &families[1];
	} else {
		family = choose_family(c->secret_from != NULL);
		load_client(c, conf, family, problems);
	}
	load_host(c, conf, host_of_family(family), problems, warnings);
	if (!c->host_from || (!c->token_from && (!c->id_from || !c->secret_from)))
		report_unused(c, problems);
}

void creds_load(struct creds *creds, const struct creds_conf *conf, struct lines *problems,
	struct lines *warnings)
{
	if (conf->profile)
		load_profile(creds, conf, problems, warnings);
	else
		load_secret_files(creds, conf, problems, warnings);
	if (conf->flags_only) {
		if (conf->host)
			load_host(creds, conf, host_of_family(&families[0]), problems, warnings);
		text_wipe(&creds->secret);
	} else if (!conf->profile) {
		load_environment(creds, conf, problems, warnings);
	}
}

void creds_wipe_environment(void)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		wipe_variable(families[i].secret);
	wipe_variable(token_variable);
}

const char *creds_origin(const char *from)
{
	if (strcmp(from, "--host") == 0)
		return "flag";
	if (strcmp(from, "--profile") == 0)
		return "profile";
	return from[0] == '-' || from[0] == '$' ? "file" : "environment";
}

void creds_free(struct creds *creds)
{
	text_wipe(&creds->secret);
	text_wipe(&creds->access_token);
	free(creds->secret_path);
	free(creds->profile_path);
	free(creds->client_id);
	free(creds->base_url);
	free(creds->login_url);
	free(creds->domain);
	*creds = (struct creds){ 0 };
}

#include "creds.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define SECRET_MAX 4096
#define SECRET_WAIT_MS 5000	/* for a secret that comes by a pipe */
#define HOST_MAX 253

/* --- the host ----------------------------------------------------------------------- */

static bool is_loopback(const char *host, size_t len)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr v4;

	if (len == 9 && strncasecmp(host, "localhost", len) == 0)
		return true;
	if (len == 5 && strncmp(host, "[::1]", len) == 0)
		return true;
	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static bool is_host_name(const char *s, size_t len)
{
	if (len == 0 || len > HOST_MAX)
		return false;
	if (s[0] == '[')
		return len > 3 && s[len - 1] == ']'
			&& strspn(s + 1, "0123456789abcdefABCDEF:.") == len - 2;
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z')
		      || (s[i] >= '0' && s[i] <= '9') || s[i] == '-' || s[i] == '.'))
			return false;
	return s[0] != '.' && s[0] != '-';
}

static bool is_port(const char *s, size_t len)
{
	long port = 0;

	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		port = 10 * port + (s[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

/* The scheme in front of host, if any; false: an unknown one. Moves *host behind it. */
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
	size_t len, name;
	const char *colon;
	char *url = NULL;

	*why = "a host, HOST:PORT, or an https or wss URL without path, user or query";
	if (!take_scheme(&host, plain))
		return NULL;
	len = strlen(host);
	if (len && host[len - 1] == '/')
		len--;
	colon = host[0] == '[' ? memchr(host, ']', len) : host;
	colon = colon ? memchr(colon, ':', len - (size_t)(colon - host)) : NULL;
	name = colon ? (size_t)(colon - host) : len;
	if (!is_host_name(host, name) || (colon && !is_port(colon + 1, len - name - 1)))
		return NULL;
	if (*plain && !is_loopback(host, name)) {
		*why = "https or wss: plain http and ws are for a loopback host alone";
		return NULL;
	}
	if (asprintf(&url, "%s://%.*s", *plain ? "http" : "https", (int)len, host) < 0)
		return NULL;
	return url;
}

char *creds_region_domain(const char *region)
{
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
	char key[32];
	size_t len = strlen(region);

	if (strchr(region, '.'))
		return is_host_name(region, len) ? strdup(region) : NULL;
	if (len >= sizeof(key))
		return NULL;
	for (size_t i = 0; i <= len; i++)
		key[i] = region[i] == '_' ? '-' : region[i];
	for (size_t i = 0; i < ARRAY_LEN(regions); i++)
		if (strcasecmp(key, regions[i][0]) == 0)
			return strdup(regions[i][1]);
	return NULL;
}

/* --- the environment ---------------------------------------------------------------- */

/* The names that belong together: ID, secret and host of one family, never of two. */
static const struct family {
	const char *id, *secret, *host;
	bool host_is_region;
} families[] = {
	{ "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", "GENESYS_API_HOST", false },
	{ "GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET",
	  "GENESYSCLOUD_REGION", true }
};

static char *variable(const char *name)
{
	char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The bytes of the process's environment itself, which /proc shows, are overwritten. */
static void wipe_variable(const char *name)
{
	char *value = getenv(name);

	if (value)
		memset(value, 'x', strlen(value));
	/* the compiler may not drop it: the environment is read by others */
	__asm__ volatile("" : : "r"(value) : "memory");
}

static const struct family *choose_family(bool secret_known)
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

static ssize_t read_some(int fd, char *to, size_t room)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	do {
		if (poll(&p, 1, SECRET_WAIT_MS) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = read(fd, to, room);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return n;
}

/* The file's first line's worth: a newline at the end is an editor's, not the secret's. */
static char *read_secret(int fd, const char **why)
{
	struct buf text = { .limit = SECRET_MAX + 1 };
	char *room = buf_reserve(&text, SECRET_MAX + 1);
	ssize_t n = 0;

	*why = room ? NULL : "out of memory";
	while (room && text.len <= SECRET_MAX
	       && (n = read_some(fd, room + text.len, SECRET_MAX + 1 - text.len)) > 0)
		text.len += (size_t)n;
	if (room && n < 0)
		*why = strerror(errno);
	else if (text.len > SECRET_MAX)
		*why = "longer than a secret is (4096 bytes)";
	if (text.len && text.data[text.len - 1] == '\n')
		text.len--;
	if (text.len && text.data[text.len - 1] == '\r')
		text.len--;
	if (!*why && text.len == 0)
		*why = "it is empty";
	if (!*why && memchr(text.data, '\0', text.len))
		*why = "it holds a NUL byte";
	if (!*why) {
		text.data[text.len] = '\0';
		return text.data;
	}
	buf_wipe(&text);
	return NULL;
}

/* The secret of a file; what is wrong with it goes to problems, under the name `from`. */
static char *secret_of_file(const char *path, const char *from, bool systemd,
	struct lines *problems, struct lines *warnings)
{
	/* systemd lets a service's user in by an ACL, whose mask stands in the group's bits */
	const mode_t others = systemd ? S_IROTH : S_IRGRP | S_IROTH;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *why = NULL;
	char text[SHOWN_SIZE];
	struct stat st = { .st_mode = 0 };
	char *secret = NULL;

	if (fd < 0 && systemd && errno == ENOENT)
		return NULL;
	if (fd < 0 || fstat(fd, &st) != 0)
		why = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		why = "it is a directory";
	else
		secret = read_secret(fd, &why);
	if (why)
		lines_add(problems, "%s '%s': cannot be read: %s", from,
			text_shown(text, path, strlen(path)), why);
	else if (S_ISREG(st.st_mode) && (st.st_mode & others))
		lines_add(warnings, "%s: others may read it (mode %03o); chmod 600 it",
			text_shown(text, path, strlen(path)), (unsigned)(st.st_mode & 0777));
	if (fd >= 0)
		close(fd);
	return secret;
}

static void load_secret_files(struct creds *c, const struct creds_conf *conf,
	struct lines *problems, struct lines *warnings)
{
	const char *dir = variable("CREDENTIALS_DIRECTORY");
	char *path = NULL;

	if (conf->secret_file) {
		c->secret_from = "--client-secret-file";
		c->secret = secret_of_file(conf->secret_file, c->secret_from, false, problems,
			warnings);
		return;
	}
	if (!dir || conf->flags_alone || asprintf(&path, "%s/gsqstat-client-secret", dir) < 0)
		return;
	c->secret = secret_of_file(path, "$CREDENTIALS_DIRECTORY", true, problems, warnings);
	if (c->secret) {
		c->secret_from = "$CREDENTIALS_DIRECTORY";
		c->secret_path = path;
	} else {
		free(path);
	}
}

/* --- all of it ---------------------------------------------------------------------- */

static void load_host(struct creds *c, const struct creds_conf *conf,
	const struct family *family, struct lines *problems)
{
	const char *host = conf->host, *why, *user;
	char *domain, *api = NULL, text[SHOWN_SIZE];

	c->host_from = "--host";
	if (!host) {
		host = variable(family->host);
		c->host_from = family->host;
	}
	if (!host) {
		c->host_from = NULL;
		lines_add(problems, "no host: give --host or set %s", family->host);
		return;
	}
	if (host != conf->host && family->host_is_region) {
		domain = creds_region_domain(host);
		if (domain && asprintf(&api, "api.%s", domain) < 0)
			api = NULL;
		free(domain);
		if (!api) {
			lines_add(problems, "%s '%s': allowed is an AWS region of Genesys Cloud "
				"or a domain", family->host, text_shown(text, host, strlen(host)));
			return;
		}
		host = api;
	}
	c->base_url = creds_base_url(host, &c->plain, &why);
	if (!c->base_url) {	/* of a URL with a user in it, without that */
		user = strrchr(host, '@');
		host = user ? user : host;
		lines_add(problems, "%s '%s': allowed is %s", c->host_from,
			text_shown(text, host, strlen(host)), why);
	}
	free(api);
}

static void load_client(struct creds *c, const struct family *family, struct lines *problems)
{
	const char *id = variable(family->id), *secret = variable(family->secret);

	if (id) {
		c->client_id = strdup(id);
		c->id_from = family->id;
	}
	if (!c->secret && !c->secret_from && secret) {
		c->secret = strdup(secret);
		c->secret_from = family->secret;
	}
	if (!id)
		lines_add(problems, "no client ID: set GENESYS_CLIENT_ID "
			"(or GENESYSCLOUD_OAUTHCLIENT_ID)");
	else if (strchr(id, ':'))	/* RFC 7617 §2 */
		lines_add(problems, "%s: a client ID holds no colon", family->id);
	if (!c->secret_from)
		lines_add(problems, "no client secret: give --client-secret-file or set %s",
			family->secret);
	if ((id && !c->client_id) || (c->secret_from == family->secret && !c->secret))
		lines_add(problems, "out of memory");
}

static void wipe_secret(struct creds *c)
{
	if (c->secret)
		OPENSSL_cleanse(c->secret, strlen(c->secret));
	free(c->secret);
	c->secret = NULL;
}

void creds_load(struct creds *creds, const struct creds_conf *conf, struct lines *problems,
	struct lines *warnings)
{
	const struct family *family;

	load_secret_files(creds, conf, problems, warnings);
	if (conf->flags_alone) {
		if (conf->host)
			load_host(creds, conf, &families[0], problems);
		wipe_secret(creds);
		return;
	}
	family = choose_family(creds->secret_from != NULL);
	load_client(creds, family, problems);
	load_host(creds, conf, family, problems);
}

void creds_wipe_environment(void)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		wipe_variable(families[i].secret);
	wipe_variable("GENESYSCLOUD_ACCESS_TOKEN");
}

void creds_free(struct creds *creds)
{
	wipe_secret(creds);
	free(creds->secret_path);
	free(creds->client_id);
	free(creds->base_url);
	*creds = (struct creds){ 0 };
}

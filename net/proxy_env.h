/*
 * The proxies in the environment that libcurl will use: whether the variables are valid, and which
 * secrets they contain.
 */
#ifndef NET_PROXY_ENV_H
#define NET_PROXY_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "util/lines.h"

/* Adds a problem for each variable that is no valid proxy. It does not show the value, which may
 * contain a password. Sets problems->failed if out of memory. */
void proxy_env_check(struct lines *problems);

/* Returns the variable that sets the proxy for https, or for wss, and puts its HOST[:PORT] into
 * out, `?` if that cannot be parsed. *socks: it is a SOCKS proxy. NULL: there is none. Ignores
 * no_proxy. */
const char *proxy_env_show(char *out, size_t size, bool wss, bool *socks);

/* Calls keep for each password, as it is and percent-decoded, and for user:password, which Basic
 * sends (RFC 7617 §2). False: keep returned false, or out of memory. */
bool proxy_env_secrets(bool (*keep)(void *arg, const char *secret), void *arg);

#endif

/*
 * The proxies that the environment names and libcurl will take, before it takes them: whether
 * it can, and what in them is a secret.
 */
#ifndef NET_PROXY_ENV_H
#define NET_PROXY_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "util/lines.h"

/* A line for each variable that names none; nothing of its value, which may hold a password. */
void proxy_env_check(struct lines *problems);

/* The variable that names the proxy for https, or for wss, and in out its HOST[:PORT]; NULL: there
 * is none. What no_proxy says is not looked at. */
const char *proxy_env_show(char *out, size_t size, bool wss, bool *socks);

/* Each password as it stands and decoded, and user:password as Basic has it (RFC 7617 §2). False:
 * keep said so, or out of memory. */
bool proxy_env_secrets(bool (*keep)(void *arg, const char *secret), void *arg);

#endif

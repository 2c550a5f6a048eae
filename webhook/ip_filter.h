/*
 * Tells whether an IP address is not publicly routable. This keeps a webhook URL, which may come
 * from a file that others can write, from reaching this machine or its network. Resolves no names.
 */
#ifndef WEBHOOK_IP_FILTER_H
#define WEBHOOK_IP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* True for what IANA's special-purpose registries (RFC 6890) list as not globally reachable,
 * for multicast, and for any family other than IPv4 and IPv6. An IPv6 address that holds an
 * IPv4 address (mapped, NAT64, 6to4) is judged by the latter. */
bool ip_filter_address(const struct sockaddr *address);

/* The same for the host of a URL: an address with or without brackets, IPv4 also in the forms
 * that inet_aton(3) reads (`127.1`, `0x7f000001`). False for a host name. */
bool ip_filter_text(const char *host, size_t len);

#endif

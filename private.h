/*
 * Which addresses are nobody's out on the internet: a URL that others may have written leads to
 * one of them only where that was allowed. Knows no names; opens nothing.
 */
#ifndef PRIVATE_H
#define PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Also true of what is neither IPv4 nor IPv6. */
bool private_address(const struct sockaddr *address);

/* The same of an address as text, of a URL's host also in the forms that inet_aton(3) reads
 * (`127.1`, `0x7f000001`) and in brackets; false of a name. */
bool private_text(const char *host, size_t len);

#endif

#include "webhook/ip_filter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "util/base.h"

#define HOST_MAX 64	/* bytes; a longer host is not an address */

enum reach { PUBLIC, NOT_PUBLIC, BY_IPV4_AT_2, BY_IPV4_AT_12 };

struct ip_network {
	const char *first;
	int bits;
	enum reach reach;
};

/*
 * IANA's IPv4 and IPv6 Special-Purpose Address Registries as of 2025-11, without the entries
 * that change nothing. The longest prefix decides; an address in none of them is public.
 */
static const struct ip_network ipv4_networks[] = {
	{ "0.0.0.0", 8, NOT_PUBLIC },		/* this network, RFC 791 */
	{ "10.0.0.0", 8, NOT_PUBLIC },		/* private use, RFC 1918 */
	{ "100.64.0.0", 10, NOT_PUBLIC },	/* shared address space, RFC 6598 */
	{ "127.0.0.0", 8, NOT_PUBLIC },		/* loopback, RFC 1122 */
	{ "169.254.0.0", 16, NOT_PUBLIC },	/* link local, RFC 3927 */
	{ "172.16.0.0", 12, NOT_PUBLIC },	/* private use, RFC 1918 */
	{ "192.0.0.0", 24, NOT_PUBLIC },	/* IETF protocol assignments, RFC 6890 */
	{ "192.0.0.9", 32, PUBLIC },		/* PCP anycast, RFC 7723 */
	{ "192.0.0.10", 32, PUBLIC },		/* TURN anycast, RFC 8155 */
	{ "192.0.2.0", 24, NOT_PUBLIC },	/* documentation, RFC 5737 */
	{ "192.88.99.2", 32, NOT_PUBLIC },	/* 6a44 relay anycast, RFC 6751 */
	{ "192.168.0.0", 16, NOT_PUBLIC },	/* private use, RFC 1918 */
	{ "198.18.0.0", 15, NOT_PUBLIC },	/* benchmarking, RFC 2544 */
	{ "198.51.100.0", 24, NOT_PUBLIC },	/* documentation, RFC 5737 */
	{ "203.0.113.0", 24, NOT_PUBLIC },	/* documentation, RFC 5737 */
	{ "224.0.0.0", 4, NOT_PUBLIC },		/* multicast, RFC 5771 */
	{ "240.0.0.0", 4, NOT_PUBLIC }		/* reserved and broadcast, RFC 1112 */
};
static const struct ip_network ipv6_networks[] = {
	{ "::", 96, BY_IPV4_AT_12 },		/* IPv4-compatible; `::` and `::1` too */
	{ "::ffff:0:0", 96, BY_IPV4_AT_12 },	/* IPv4-mapped, RFC 4291 */
	{ "64:ff9b::", 96, BY_IPV4_AT_12 },	/* NAT64, RFC 6052 */
	{ "64:ff9b:1::", 48, NOT_PUBLIC },	/* NAT64 for local use, RFC 8215 */
	{ "100::", 64, NOT_PUBLIC },		/* discard only, RFC 6666 */
	{ "100:0:0:1::", 64, NOT_PUBLIC },	/* dummy prefix, RFC 9780 */
	{ "2001::", 23, NOT_PUBLIC },		/* IETF protocol assignments, Teredo too */
	{ "2001:1::1", 128, PUBLIC },		/* PCP anycast, RFC 7723 */
	{ "2001:1::2", 128, PUBLIC },		/* TURN anycast, RFC 8155 */
	{ "2001:1::3", 128, PUBLIC },		/* DNS-SD anycast, RFC 9665 */
	{ "2001:3::", 32, PUBLIC },		/* AMT, RFC 7450 */
	{ "2001:4:112::", 48, PUBLIC },		/* AS112, RFC 7535 */
	{ "2001:20::", 28, PUBLIC },		/* ORCHIDv2, RFC 7343 */
	{ "2001:30::", 28, PUBLIC },		/* drone remote ID, RFC 9374 */
	{ "2001:db8::", 32, NOT_PUBLIC },	/* documentation, RFC 3849 */
	{ "2002::", 16, BY_IPV4_AT_2 },		/* 6to4, RFC 3056 */
	{ "3fff::", 20, NOT_PUBLIC },		/* documentation, RFC 9637 */
	{ "5f00::", 16, NOT_PUBLIC },		/* segment routing, RFC 9602 */
	{ "fc00::", 7, NOT_PUBLIC },		/* unique local, RFC 4193 */
	{ "fe80::", 10, NOT_PUBLIC },		/* link local, RFC 4291 */
	{ "fec0::", 10, NOT_PUBLIC },		/* site local, deprecated by RFC 3879 */
	{ "ff00::", 8, NOT_PUBLIC }		/* multicast, RFC 4291 */
};

static bool is_in(const unsigned char *a, const struct ip_network *network, int family)
{
	unsigned char first[sizeof(struct in6_addr)];
	const int whole = network->bits / 8, rest = network->bits % 8;

	return inet_pton(family, network->first, first) == 1
		&& memcmp(a, first, (size_t)whole) == 0
		&& (rest == 0 || (a[whole] ^ first[whole]) >> (8 - rest) == 0);
}

static enum reach reach_of(const unsigned char *a, const struct ip_network *networks,
	size_t n, int family)
{
	const struct ip_network *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (is_in(a, &networks[i], family) && (!found || networks[i].bits > found->bits))
			found = &networks[i];
	return found ? found->reach : PUBLIC;
}

static bool is_private4(const unsigned char *a)
{
	return reach_of(a, ipv4_networks, ARRAY_LEN(ipv4_networks), AF_INET) != PUBLIC;
}

static bool is_private6(const unsigned char *a)
{
	switch (reach_of(a, ipv6_networks, ARRAY_LEN(ipv6_networks), AF_INET6)) {
	case PUBLIC: return false;
	case BY_IPV4_AT_2: return is_private4(a + 2);
	case BY_IPV4_AT_12: return is_private4(a + 12);
	case NOT_PUBLIC: break;
	}
	return true;
}

bool ip_filter_address(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof(v4));
		return is_private4((const unsigned char *)&v4.sin_addr);
	case AF_INET6:
		memcpy(&v6, address, sizeof(v6));
		return is_private6(v6.sin6_addr.s6_addr);
	default:
		return true;
	}
}

bool ip_filter_text(const char *host, size_t len)
{
	char text[HOST_MAX];
	struct in6_addr v6;
	struct in_addr v4;

	if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (len && host[len - 1] == '.') {	/* a name may end with the root's dot */
		len--;
	}
	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, &v6) == 1)
		return is_private6(v6.s6_addr);
	return inet_aton(text, &v4) && is_private4((const unsigned char *)&v4);
}

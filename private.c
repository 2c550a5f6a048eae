#include "private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base.h"

#define HOST_MAX 64	/* longer is no address */

/* 0/8 is this machine for Linux; the last ones are multicast. */
static bool is_private4(uint32_t a)
{
	static const struct {
		uint32_t net;
		int bits;
	} nets[] = {
		{ 0x00000000, 8 }, { 0x0A000000, 8 }, { 0x64400000, 10 }, { 0x7F000000, 8 },
		{ 0xA9FE0000, 16 }, { 0xAC100000, 12 }, { 0xC0A80000, 16 }, { 0xE0000000, 4 }
	};

	for (size_t i = 0; i < ARRAY_LEN(nets); i++)
		if ((a ^ nets[i].net) >> (32 - nets[i].bits) == 0)
			return true;
	return false;
}

/* ::ffff:a.b.c.d is the IPv4 address; `::` is this machine, as 0.0.0.0 is. */
static bool is_private6(const struct in6_addr *a)
{
	uint32_t v4;

	if (IN6_IS_ADDR_V4MAPPED(a)) {
		memcpy(&v4, a->s6_addr + 12, sizeof(v4));
		return is_private4(ntohl(v4));
	}
	return IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a) || IN6_IS_ADDR_LINKLOCAL(a)
		|| IN6_IS_ADDR_MULTICAST(a) || (a->s6_addr[0] & 0xFE) == 0xFC;
}

bool private_address(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof(v4));
		return is_private4(ntohl(v4.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&v6, address, sizeof(v6));
		return is_private6(&v6.sin6_addr);
	default:
		return true;
	}
}

bool private_text(const char *host, size_t len)
{
	char text[HOST_MAX];
	struct in6_addr v6;
	struct in_addr v4;

	if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (len && host[len - 1] == '.') {	/* of the root, which a name may end in */
		len--;
	}
	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, &v6) == 1)
		return is_private6(&v6);
	return inet_aton(text, &v4) && is_private4(ntohl(v4.s_addr));
}

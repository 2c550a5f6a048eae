/* Which addresses are private: every net of the registries, at both edges. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/support/check.h"
#include "webhook/ip_filter.h"

/* Each net of the table: whether its first and last address are private, and whether those
 * just before and just after it are. N: there is none. */
static const struct edge {
	const char *first, *last;
	const char *verdicts;	/* of before, first, last, after: P private, - public */
} edges[] = {
	{ "0.0.0.0", "0.255.255.255", "NPP-" },
	{ "10.0.0.0", "10.255.255.255", "-PP-" },
	{ "100.64.0.0", "100.127.255.255", "-PP-" },
	{ "127.0.0.0", "127.255.255.255", "-PP-" },
	{ "169.254.0.0", "169.254.255.255", "-PP-" },
	{ "172.16.0.0", "172.31.255.255", "-PP-" },
	{ "192.0.0.0", "192.0.0.8", "-PP-" },
	{ "192.0.0.9", "192.0.0.10", "P--P" },
	{ "192.0.0.11", "192.0.0.255", "-PP-" },
	{ "192.0.2.0", "192.0.2.255", "-PP-" },
	{ "192.88.99.2", "192.88.99.2", "-PP-" },
	{ "192.168.0.0", "192.168.255.255", "-PP-" },
	{ "198.18.0.0", "198.19.255.255", "-PP-" },
	{ "198.51.100.0", "198.51.100.255", "-PP-" },
	{ "203.0.113.0", "203.0.113.255", "-PP-" },
	{ "224.0.0.0", "239.255.255.255", "-PPP" },
	{ "240.0.0.0", "255.255.255.255", "PPPN" },
	{ "::", "::0.255.255.255", "NPP-" },
	{ "::ffff:0.0.0.0", "::ffff:0.255.255.255", "-PP-" },
	{ "::ffff:240.0.0.0", "::ffff:255.255.255.255", "PPP-" },
	{ "64:ff9b::", "64:ff9b::0.255.255.255", "-PP-" },
	{ "64:ff9b::10.0.0.0", "64:ff9b::10.255.255.255", "-PP-" },
	{ "64:ff9b::240.0.0.0", "64:ff9b::255.255.255.255", "PPP-" },
	{ "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "-PP-" },
	{ "100::", "100::ffff:ffff:ffff:ffff", "-PPP" },
	{ "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "PPP-" },
	{ "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "-PPP" },
	{ "2001:1::1", "2001:1::3", "P--P" },
	{ "2001:1::2", "2001:1::2", "----" },
	{ "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", "P--P" },
	{ "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", "P--P" },
	{ "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "P---" },
	{ "2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", "---P" },
	{ "2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "-PP-" },
	{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "-PP-" },
	{ "2002::", "2002:ff:ffff:ffff:ffff:ffff:ffff:ffff", "-PP-" },
	{ "2002:a9fe::", "2002:a9fe:ffff:ffff:ffff:ffff:ffff:ffff", "-PP-" },
	{ "2002:c612::", "2002:c613:ffff:ffff:ffff:ffff:ffff:ffff", "-PP-" },
	{ "2002:f000::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "PPP-" },
	{ "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "-PP-" },
	{ "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-PP-" },
	{ "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-PP-" },
	{ "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-PPP" },
	{ "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "PPPP" },
	{ "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "PPPN" }
};
static const char *const public_ones[] = {
	"1.1.1.1", "8.8.8.8", "192.31.196.1", "192.52.193.1", "192.175.48.1", "192.88.99.1",
	"2620:4f:8000::1", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8",
	"64:ff9b::808:808", "2002:808:808::1", "4000::", "3ffe::1"
};

static bool judge(const char *text)
{
	struct sockaddr_storage at = { .ss_family = AF_INET };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(&at, &v4, sizeof(v4));
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		memcpy(&at, &v6, sizeof(v6));
	}
	assert_int_equal(ip_filter_text(text, strlen(text)),
		ip_filter_address((struct sockaddr *)&at));
	return ip_filter_address((struct sockaddr *)&at);
}

/* The address `by` (1 or -1) away. */
static const char *beside(const char *text, int by, char out[INET6_ADDRSTRLEN])
{
	const int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	unsigned char a[sizeof(struct in6_addr)];
	int i = family == AF_INET6 ? 15 : 3;

	assert_int_equal(inet_pton(family, text, a), 1);
	while (a[i] == (by > 0 ? 0xFF : 0))
		a[i--] = by > 0 ? 0 : 0xFF;
	a[i] = (unsigned char)(a[i] + by);
	return inet_ntop(family, a, out, INET6_ADDRSTRLEN);
}

static void assert_verdict(const char *text, char verdict)
{
	if (judge(text) != (verdict == 'P'))
		fail_msg("%s is %s", text, verdict == 'P' ? "private" : "public");
}

TEST(network__ends_at_both_of_its_edges)
{
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
		const struct edge *e = &edges[i];

		if (e->verdicts[0] != 'N')
			assert_verdict(beside(e->first, -1, text), e->verdicts[0]);
		assert_verdict(e->first, e->verdicts[1]);
		assert_verdict(e->last, e->verdicts[2]);
		if (e->verdicts[3] != 'N')
			assert_verdict(beside(e->last, 1, text), e->verdicts[3]);
	}
	for (size_t i = 0; i < ARRAY_LEN(public_ones); i++)
		assert_verdict(public_ones[i], '-');
}

TEST(address__of_another_family_is_private)
{
	struct sockaddr at = { .sa_family = AF_UNIX };

	assert_true(ip_filter_address(&at));
}

static bool text(const char *host)
{
	return ip_filter_text(host, strlen(host));
}

TEST(text__is_read_as_a_url_has_it)
{
	assert_true(text("127.1") && text("0x7f.1") && text("2130706433") && text("0177.0.0.1"));
	assert_true(text("[::1]") && text("[fe80::1]") && text("[::ffff:10.0.0.1]"));
	assert_true(text("10.0.0.1."));
	assert_true(text("[64:ff9b::7f00:1]") && text("[2002:a00:1::]") && text("[::127.0.0.1]"));
	assert_false(text("8.8.8.8") || text("[2606:4700::1]") || text("134744072"));
}

TEST(text__of_a_name_is_not_judged)
{
	assert_false(text("localhost") || text("hooks.example.com") || text("") || text("[]"));
	assert_false(text("10.example.com") || text("."));
	assert_false(text("0000000000000000000000000000000000000000000000000000000000000000127.1"));
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

/* Which addresses are private, at the edges of each net. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "../base.h"
#include "../private.h"

static const char *const inside[] = {
	"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
	"127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "172.16.0.0",
	"172.31.255.255", "192.168.0.0", "192.168.255.255", "224.0.0.1", "239.255.255.255",
	"::", "::1", "fc00::", "fdff:ffff::1", "fe80::1", "febf::1", "ff02::1",
	"::ffff:0.0.0.0", "::ffff:10.1.2.3", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
	"::ffff:172.31.0.1", "::ffff:192.168.0.1", "::ffff:100.64.0.1", "::ffff:224.0.0.1"
};
static const char *const outside[] = {
	"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
	"126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
	"172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255", "240.0.0.1",
	"::2", "fbff::1", "fe00::1", "fec0::1", "2001:db8::1", "::ffff:8.8.8.8",
	"::ffff:172.32.0.1"
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
	assert_int_equal(private_text(text, strlen(text)),
		private_address((struct sockaddr *)&at));
	return private_address((struct sockaddr *)&at);
}

static void address__of_a_private_net_is_private(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(inside); i++)
		if (!judge(inside[i]))
			fail_msg("%s is private", inside[i]);
}

static void address__beside_a_private_net_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		if (judge(outside[i]))
			fail_msg("%s is not private", outside[i]);
}

static void address__of_another_family_is_private(void **state)
{
	struct sockaddr at = { .sa_family = AF_UNIX };

	(void)state;
	assert_true(private_address(&at));
}

static bool text(const char *host)
{
	return private_text(host, strlen(host));
}

static void text__is_read_as_a_url_has_it(void **state)
{
	(void)state;
	assert_true(text("127.1") && text("0x7f.1") && text("2130706433") && text("0177.0.0.1"));
	assert_true(text("[::1]") && text("[fe80::1]") && text("[::ffff:10.0.0.1]"));
	assert_true(text("10.0.0.1."));
	assert_false(text("8.8.8.8") || text("[2001:db8::1]") || text("134744072"));
}

static void text__of_a_name_is_not_judged(void **state)
{
	(void)state;
	assert_false(text("localhost") || text("hooks.example.com") || text("") || text("[]"));
	assert_false(text("10.example.com") || text("."));
	assert_false(text("0000000000000000000000000000000000000000000000000000000000000000127.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address__of_a_private_net_is_private),
		cmocka_unit_test(address__beside_a_private_net_is_not),
		cmocka_unit_test(address__of_another_family_is_private),
		cmocka_unit_test(text__is_read_as_a_url_has_it),
		cmocka_unit_test(text__of_a_name_is_not_judged)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

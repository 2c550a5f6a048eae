/* Queues by name, and what is said of names that fit none or many. */
#include "source/queue_match.h"
#include "tests/support/queue_pages.h"
#include "util/lines.h"

/* The last digits of the IDs, and how many problems. */
static void assert_match(const char *const *pattern, size_t n,
	const char *want, size_t problems_wanted)
{
	struct lines problems = { 0 };
	struct queue_match_hits hits;
	char got[256] = "";

	assert_true(queue_match(&list, pattern, n, &hits, &problems));
	for (size_t i = 0; i < hits.n; i++)
		strncat(got, hits.v[i]->id + 35, 2);
	if (strcmp(got, want) != 0 || problems.n != problems_wanted)
		fail_msg("%s: %s, not %s; %zu problems", pattern[0], got, want, problems.n);
	free(hits.v);
	lines_free(&problems);
}

#define MATCH(want, problems, ...) do { \
	const char *const patterns[] = { __VA_ARGS__ }; \
	assert_match(patterns, ARRAY_LEN(patterns), want, problems); \
} while (0)

TEST(match__ignores_case_and_knows_asterisks)
{
	read_list(PAGE(QUEUE("0001", "Support DE") ","
		QUEUE("0002", "support EN") "," QUEUE("0003", "Sales") ","
		QUEUE("0004", "VERTRIEB K\\u00d6LN") ","
		QUEUE("0005", "a*b") "," QUEUE("0006", "\\u039f\\u03a5\\u03a1\\u0391 "), ""));
	MATCH("3", 0, "SALES");
	MATCH("12", 0, "Support *");
	MATCH("32", 0, "sales", "*EN");
	MATCH("1", 0, "*port*d*");
	MATCH("4", 0, "vertrieb k\303\266ln");
	MATCH("4", 0, "*K\303\226LN*");
	MATCH("6", 0, "\316\277\317\205\317\201\316\261 ");
	MATCH("5", 0, "A*B");
	MATCH("531246", 0, "a*b", "SALES", "*", "s*");
	MATCH("1", 0, "Support DE", "support de", "*DE");
	MATCH("", 1, "support");
	MATCH("", 1, "");
	MATCH("", 1, "Sales ");
	MATCH("", 1, "*x*");
	MATCH("3", 2, "no", "sales", "no*");
}

TEST(match__is_fast_for_hostile_patterns)
{
	char name[1000], pattern[512], text[1200];
	const char *const patterns[] = { pattern };

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < sizeof(pattern) - 2; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[sizeof(pattern) - 2] = 'b';
	pattern[sizeof(pattern) - 1] = '\0';
	snprintf(text, sizeof(text), PAGE(QUEUE("0001", "%s"), ""), name);
	read_list(text);
	assert_match(patterns, 1, "", 1);
}

/* p against s by trying everything. */
static bool slow_fits(const char *p, const char *s)
{
	if (*p == '*')
		return slow_fits(p + 1, s) || (*s && slow_fits(p, s + 1));
	return *p == *s && (!*p || slow_fits(p + 1, s + 1));
}

TEST(match__agrees_with_a_simple_implementation)
{
	uint32_t random = 1;

	for (int round = 0; round < 20000; round++) {
		char pattern[8] = "", name[10] = "", text[128];
		const char *const patterns[] = { pattern };
		bool fits;

		random = random * 1664525 + 1013904223;
		for (unsigned i = 0, r = random >> 8; i < r % 7; i++)
			pattern[i] = "ab*"[(random >> (8 + 2 * i)) % 3];
		random = random * 1664525 + 1013904223;
		for (unsigned i = 0, r = random >> 8; i < r % 9; i++)
			name[i] = "ab"[(random >> (9 + i)) % 2];
		fits = slow_fits(pattern, name);
		snprintf(text, sizeof(text), PAGE(QUEUE("0001", "%s"), ""), name);
		read_list(text);
		assert_match(patterns, 1, fits ? "1" : "", !fits);
		}
}

static void assert_problem(const char *pattern, const char *want)
{
	const char *const patterns[] = { pattern };
	struct lines problems = { 0 };
	struct queue_match_hits hits;

	assert_true(queue_match(&list, patterns, 1, &hits, &problems));
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.v[0], want);
	free(hits.v);
	lines_free(&problems);
}

TEST(problem__names_the_three_most_similar_names)
{
	read_list(PAGE(QUEUE("0001", "Support DE") ","
		QUEUE("0002", "Support EN") "," QUEUE("0003", "Suport") ","
		QUEUE("0004", "Billing \\u001b[31m") ","
		QUEUE("0005", "Support FR") "," QUEUE("0006",
		"Acme Corporation - Region North - Second Level - Technics, Printers"), ""));
	assert_problem("Supprt", "no queue has the name \"Supprt\"; similar names: \"Suport\"");
	assert_problem("support dn", "no queue has the name \"support dn\"; similar names: "
		"\"Support DE\", \"Support EN\", \"Support FR\"");
	assert_problem("PRINTERS", "no queue has the name \"PRINTERS\"; similar names: \"Acme "
		"Corporation - Region North - Second Level - Technics, Printers\"");
	assert_problem("Acme Corporation - Region Nrth - 2nd Level - Technics, Printer",
		"no queue has the name \"Acme Corporation - Region Nrth - 2nd Level - Technics, "
		"Printer\"; similar names: \"Acme Corporation - Region North - Second Level - "
		"Technics, Printers\"");
	assert_problem("biling*\x1b", "no queue's name matches \"biling*\\u001b\"");
	assert_problem("suporrt e*",
		"no queue's name matches \"suporrt e*\"; similar names: \"Support EN\", "
		"\"Suport\", \"Support DE\"");
	assert_problem("suportt*",
		"no queue's name matches \"suportt*\"; similar names: \"Suport\", "
		"\"Support DE\", \"Support EN\"");
	assert_problem("*North Regino*", "no queue's name matches \"*North Regino*\"");
	assert_problem("*Regino Nrth*", "no queue's name matches \"*Regino Nrth*\"; similar names: "
		"\"Acme Corporation - Region North - Second Level - Technics, Printers\"");
	assert_problem("*ot rf", "no queue's name matches \"*ot rf\"");
	assert_problem("*Frr*", "no queue's name matches \"*Frr*\"; similar names: "
		"\"Support FR\"");
	assert_problem("*supotr", "no queue's name matches \"*supotr\"; similar names: "
		"\"Suport\", \"Support DE\", \"Support EN\"");
	assert_problem("Zebra", "no queue has the name \"Zebra\"");
	assert_problem("billing", "no queue has the name \"billing\"; similar names: "
		"\"Billing \\u001b[31m\"");
}

TEST(problem__of_a_look_alike_name_has_the_code_points)
{
	read_list("{\"entities\":["
		QUEUE("0001", "Bu\xCC\x88ro Su\xCC\x88" "d") ","
		QUEUE("0002", "Second\xC2\xA0Level") "," QUEUE("0003", "Third Level ") ","
		QUEUE("0004", "C\xD0\xBEt \xE2\x80\x93 d\xE2\x80\x8B") ","
		QUEUE("0005", "B\xC3\xBAro") "]}");
	assert_problem("B\xC3\xBCro S\xC3\xBC" "d",
		"no queue has the name \"B\xC3\xBCro S\xC3\xBC" "d\"; "
		"\"Bu\xCC\x88ro Su\xCC\x88" "d\" (" ID("0001") ") looks the same but has "
		"U+0075 U+0308 for U+00FC, U+0075 U+0308 for U+00FC");
	assert_problem("second level", "no queue has the name \"second level\"; "
		"\"Second\xC2\xA0Level\" (" ID("0002") ") looks the same but has "
		"U+00A0 for U+0020");
	assert_problem("third  level", "no queue has the name \"third  level\"; "
		"\"Third Level \" (" ID("0003") ") looks the same but has nothing for U+0020, "
		"U+0020 for nothing");
	assert_problem("Cot - d", "no queue has the name \"Cot - d\"; "
		"\"C\xD0\xBEt \xE2\x80\x93 d\xE2\x80\x8B\" (" ID("0004") ") looks the same but has "
		"U+043E for U+006F, U+2013 for U+002D, U+200B for nothing");
	assert_problem("B\xC3\xBCro", "no queue has the name \"B\xC3\xBCro\"; similar names: "
		"\"B\xC3\xBAro\"");
}

TEST(problem__of_an_ambiguous_name_has_the_ids)
{
	read_list("{\"entities\":[" QUEUE("0001", "x") ","
		QUEUE("0002", "X") "," "{\"id\":\"" ID("0003") "\",\"name\":\"y\",\"division\":"
		"{\"id\":\"1\",\"name\":\"A\"}},"
		QUEUE("0004", "Y") "," QUEUE("0005", "y") "," QUEUE("0006", "y") "]}");
	assert_problem("x", "2 queues have the name \"x\"; choose one by its ID: " ID("0002")
		", " ID("0001"));
	assert_problem("y", "4 queues have the name \"y\"; choose one by its ID: " ID("0004")
		", " ID("0003") " in division \"A\", " ID("0005") ", \xE2\x80\xA6");
}

int main(void)
{
	each_test(NULL, free_list);
	return run_all_tests(NULL, NULL);
}

/* Texts without secrets. */
#include "audit/redact.h"
#include "tests/support/check.h"

TEST(secrets__that_are_cut_off_are_redacted)
{
	static const char secret[] = "a/b+c=secret";
	struct redact_secrets secrets = { 0 };
	char text[128];

	assert_true(redact_add(&secrets, secret, strlen(secret)));
	strcpy(text, "cut: a/b+c=se; a%2Fb%2bc=se and a/b+c=");
	redact_text(&secrets, text);
	assert_string_equal(text, "cut: REDACTED; REDACTED and a/b+c=");
	/* cut within an encoded byte or before a full stop, with more words behind */
	strcpy(text, "a%2Fb%2Bc%3Dsec%7, a/b+c=sec%, a\\u002fb+c=sec\\u00 a/b+c=secr... a/b+c=se.");
	redact_text(&secrets, text);
	assert_string_equal(text, "REDACTED%7, REDACTED%, REDACTED\\u00 REDACTED... REDACTED.");
	strcpy(text, "a/b+c=se.d a/b+c=se%20 a/b+c=se\\n");
	redact_text(&secrets, text);
	assert_string_equal(text, "a/b+c=se.d a/b+c=se%20 a/b+c=se\\n");
	redact_free(&secrets);
}

/* What all channel IDs begin with, a URL's host, a scheme and a user are no secrets. */
TEST(public_prefixes__of_secrets_are_kept)
{
	static const char *const secrets[] = {
		"streaming-0-fmtdmf8cdis7jh14udg5p89t6z",
		"wss://streaming.example.com/channels/streaming-0-fmtdmf8cdis7jh14udg5p89t6z",
		"/services/T00000000/Xq8vJk2mPz", "Bearer Jw9rTnQ4sYd7", "monitoring:Hb3xWc5eRt"
	};
	static const char *const kept[] = {
		"streaming.example.com", "wss://streaming.example.com/", "the streaming",
		"queue streaming-0 and streaming-0-", "streaming-0-fmtdmf8",
		"streaming-0-fmtdmf8cdiX and more", "/services", "/services/T00000000/", "Bearer",
		"monitoring", "monitoring:Hb3", "c3RyZWFtaW5nLTAt", "c3RyZWFtaW5nLTAtZm10ZG0="
	};
	static const char *const cut[] = {
		"streaming-0-fmtdmf8c", "streaming%2D0-fmtdmf8c", "streaming-0-fmtdmf8cd",
		"/services/T00000000/Xq8vJk2m", "Bearer Jw9rTnQ4s", "monitoring:Hb3xWc5e",
		"c3RyZWFtaW5nLTAtZm10ZG1mOG"
	};
	struct redact_secrets known = { 0 };
	char text[128];

	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		assert_true(redact_add(&known, secrets[i], strlen(secrets[i])));
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		strcpy(text, kept[i]);
		redact_text(&known, text);
		assert_string_equal(text, kept[i]);
	}
	strcpy(text, secrets[1]);
	redact_text(&known, text);
	assert_string_equal(text, "wss://streaming.example.com/channels/REDACTED");
	for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
		strcpy(text, cut[i]);
		redact_text(&known, text);
		assert_string_equal(text, "REDACTED");
	}
	redact_free(&known);
}

int main(void)
{
	return run_all_tests(NULL, NULL);
}

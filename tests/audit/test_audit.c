/* Audit lines: whole, bounded, harmless, and without secrets. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/audit.h"
#include "json.h"
#include "tests/support/check.h"

static char line[8192];

static int fd[2] = { -1, -1 };		/* a pipe: the audit writes to its second end */
static struct audit *audit;

static void open_audit(enum audit_format format)
{
	assert_int_equal(pipe(fd), 0);
	audit = audit_new(format, LEVEL_INFO, fd[1]);
	assert_non_null(audit);
}

static int tear_down(void **state __attribute__((unused)))
{
	audit_free(audit);
	audit = NULL;
	for (int end = 0; end < 2; end++) {
		if (fd[end] >= 0)
			close(fd[end]);
		fd[end] = -1;
	}
	return 0;
}

/* Ends the line and reads it; returns its length. */
static size_t end_line(void)
{
	ssize_t n;

	audit_end(audit);
	n = read(fd[0], line, sizeof(line) - 1);
	assert_true(n >= 0);
	line[n] = '\0';
	return (size_t)n;
}

/* Writes a line with one field, and returns it. */
static const char *line_with(const char *value, size_t len)
{
	audit_begin(audit, LEVEL_INFO, "x", 0);
	audit_strn(audit, "field", value, len);
	end_line();
	return line;
}

TEST(line__is_strict_json_for_any_input)
{
	char *long_text = malloc(1 << 20);

	open_audit(AUDIT_JSON);
	assert_non_null(long_text);
	for (int c = 0; c < 256; c++) {
		char text[4] = { 'a', (char)c, 'b', '\0' };
		const char *s = line_with(text, 3);

		assert_int_equal(s[strlen(s) - 1], '\n');
		assert_ptr_equal(json_skip(s, s + strlen(s)), s + strlen(s) - 1);
		for (const char *p = s; p[1]; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7F);
	}
	memset(long_text, 'z', 1 << 20);
	assert_true(strlen(line_with(long_text, 1 << 20)) < 512);
	free(long_text);
}

/* A word, or a JSON string, or null, and nothing that a reader would take for more. */
TEST(logfmt__has_one_value_per_key_for_any_input)
{
	open_audit(AUDIT_LOGFMT);
	for (int c = 0; c < 256; c++) {
		char text[4] = { 'a', (char)c, 'b', '\0' };
		const char *s = strstr(line_with(text, 3), " field="), *end;

		assert_non_null(s);
		s += strlen(" field=");
		end = *s == '"' ? json_skip(s, s + strlen(s)) : s + strcspn(s, " =\"\n");
		assert_string_equal(end, "\n");
		for (; s < end; s++)
			assert_true((unsigned char)*s >= 0x20 && *s != 0x7F);
	}
	assert_non_null(strstr(line_with("", 0), " field=\"\"\n"));
	assert_non_null(strstr(line_with(NULL, 0), " field=null\n"));
}

TEST(line__holds_no_secret_in_any_form)
{
	static const char secret[] = "a/b+c=secret";
	static const char *const forms[] = { "a/b+c=secret", "a%2Fb%2Bc%3Dsecret",
		"a%2fb%2bc%3dsecret", "a/b%2Bc%3dsecret", "a\\/b+c=secret",
		"a\\u002Fb\\u002bc\\u003dsecret", "%61%2f%62+c=s%65cret", "YS9iK2M9c2VjcmV0" };
	char text[600];

	open_audit(AUDIT_LOGFMT);
	assert_true(audit_secret(audit, secret, strlen(secret)));
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		for (size_t before = 0; before < 300; before += 7) {
			memset(text, 'x', before);
			strcpy(text + before, forms[i]);
			strcat(text, " and more");
			line_with(text, strlen(text));
			for (size_t k = 0; k < ARRAY_LEN(forms); k++)
				assert_null(strstr(line, forms[k]));
			assert_null(strstr(line, "b+c"));
			assert_null(strstr(line, "cret"));
			assert_null(strstr(line, "YS9i"));
			if (before < 200)
				assert_non_null(strstr(line, "REDACTED and more"));
		}
	strcpy(text, "one a/b+c=secret\x1b[31m\n\xFF two");
	audit_redact(audit, text);
	assert_string_equal(text, "one REDACTED?[31m?? two");
}

/* A secret of a few digits must not spoil what is to be compared. */
TEST(line__keeps_numbers_that_look_like_a_secret)
{
	open_audit(AUDIT_JSON);
	assert_true(audit_secret(audit, "beef", 4));
	audit_begin(audit, LEVEL_INFO, "x", 0);
	audit_hex(audit, "digest", "deadbeef");
	end_line();
	assert_non_null(strstr(line, ",\"digest\":\"deadbeef\"}\n"));
}

TEST(line__has_at_most_4096_bytes)
{
	char text[201], key[16];
	size_t n;

	open_audit(AUDIT_JSON);
	memset(text, 'y', 200);
	text[200] = '\0';
	audit_begin(audit, LEVEL_INFO, "x", 0);
	for (int i = 0; i < 50; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		audit_str(audit, key, text);
	}
	n = end_line();
	assert_true(n > 3000 && n <= 4096);
	assert_ptr_equal(json_skip(line, line + n), line + n - 1);
	assert_memory_equal(line + n - 19, ",\"truncated\":true}\n", 19);
}

TEST(line__escapes_bidirectional_controls)
{
	static const char text[] = "a\xE2\x80\xAE" "b\xD8\x9C" "c\xE2\x81\xA6" "d";

	open_audit(AUDIT_LOGFMT);
	assert_non_null(strstr(line_with(text, strlen(text)),
		"field=\"a\\u202eb\\u061cc\\u2066d\""));
}

TEST(line__keeps_the_end_of_a_long_message)
{
	char text[1024];
	size_t n;

	open_audit(AUDIT_JSON);
	memset(text, 'y', sizeof(text) - 1);
	strcpy(text + sizeof(text) - 5, "end.");
	audit_begin(audit, LEVEL_ERROR, "x", 0);
	audit_text(audit, "message", text);
	n = end_line();
	assert_true(n > 1000);
	assert_memory_equal(line + n - 7, "end.\"}\n", 7);
}

TEST(line__that_does_not_fit_is_dropped)
{
	open_audit(AUDIT_JSON);
	for (int i = 0; i < 5000; i++) {
		audit_begin(audit, LEVEL_INFO, "x", 0);
		audit_end(audit);
	}
	assert_true(audit_dropped(audit) > 0 && audit_dropped(audit) < 5000);
}

TEST(level__below_the_threshold_is_not_written)
{
	open_audit(AUDIT_JSON);
	assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	audit_begin(audit, LEVEL_DEBUG, "x", 0);
	audit_int(audit, "n", 1);
	audit_end(audit);
	assert_int_equal(read(fd[0], line, sizeof(line)), -1);
}

/* --- sentences ------------------------------------------------------------------------- */

/* Writes a line with a sentence and a field; returns the line, "" if none was written. */
static const char *line_saying(enum audit_level of_line, enum audit_level level, const char *text)
{
	ssize_t n;

	audit_begin(audit, of_line, "x", 0);
	if (text)
		audit_say(audit, level, "%s", text);
	audit_int(audit, "n", 1);
	audit_end(audit);
	assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	n = read(fd[0], line, sizeof(line) - 1);
	line[n < 0 ? 0 : n] = '\0';
	return line;
}

TEST(plain__is_a_sentence_without_fields)
{
	open_audit(AUDIT_PLAIN);
	assert_string_equal(line_saying(LEVEL_ERROR, LEVEL_ERROR, "no\x1b[2J way"),
		"gsqstat: no?[2J way\n");
	assert_string_equal(line_saying(LEVEL_WARNING, LEVEL_WARNING, "oh"),
		"gsqstat: warning: oh\n");
	assert_string_equal(line_saying(LEVEL_WARNING, LEVEL_DOUBT, "oh"),
		"gsqstat: warning: oh\n");
	assert_string_equal(line_saying(LEVEL_ERROR, LEVEL_INFO, "fine"), "gsqstat: fine\n");
}

TEST(plain__leaves_out_lines_for_programs)
{
	open_audit(AUDIT_PLAIN);
	assert_string_equal(line_saying(LEVEL_ERROR, LEVEL_ERROR, NULL), "");
	assert_string_equal(line_saying(LEVEL_ERROR, LEVEL_DEBUG, "more"), "");
	assert_false(audit_wants(audit, LEVEL_INFO));
	assert_true(audit_wants(audit, LEVEL_WARNING));
}

TEST(plain__redacts_a_secret_that_is_cut_off)
{
	static const char secret[] = "a/b+c=secret";
	char text[1200];

	open_audit(AUDIT_PLAIN);
	assert_true(audit_secret(audit, secret, strlen(secret)));
	for (size_t before = 1000; before < 1040; before++) {
		memset(text, 'x', before);
		strcpy(text + before, secret);
		line_saying(LEVEL_ERROR, LEVEL_ERROR, text);
		assert_null(strstr(line, "xa/"));
		assert_true(strlen(line) <= strlen("gsqstat: ") + 1024);
	}
}

TEST(say__changes_no_other_format)
{
	open_audit(AUDIT_LOGFMT);
	assert_non_null(strstr(line_saying(LEVEL_ERROR, LEVEL_INFO, "oh"), "event=x"));
	assert_null(strstr(line, "oh"));
	assert_non_null(strstr(line, "n=1\n"));
}

TEST(line__stays_whole_if_many_write)
{
	int ends[2];
	FILE *in;

	assert_int_equal(pipe(ends), 0);
	for (int child = 0; child < 8; child++)
		if (fork() == 0) {
			struct audit *a = audit_new(AUDIT_JSON, LEVEL_INFO, ends[1]);

			for (int i = 0; a && i < 200; i++) {
				audit_begin(a, LEVEL_INFO, "x", 0);
				audit_str(a, "text", "some words that make it longer");
				audit_end(a);
			}
			_exit(0);
		}
	close(ends[1]);
	in = fdopen(ends[0], "r");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in))
		assert_ptr_equal(json_skip(line, line + strlen(line)), line + strlen(line) - 1);
	fclose(in);
	while (wait(NULL) > 0)
		;
}

int main(void)
{
	each_test(NULL, tear_down);
	return run_all_tests(NULL, NULL);
}

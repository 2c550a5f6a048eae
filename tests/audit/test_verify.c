/* The audit in its file, after a crash at any byte, and what the verifier makes of it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "tests/support/tempdir.h"
#include "audit/audit.h"
#include "audit/verify.h"

#define LOG_LINES 6

static char *dir, *log_path, *rows_path;
static struct buf key = { .data = (char[]){ "a key" }, .len = 5 };
static struct buf text;		/* of a log */
static struct err err;
static struct verify_tear repaired;
static size_t tears;

/* --- a directory, a log ------------------------------------------------------------------- */

static int set_up(void **state __attribute__((unused)))
{
	dir = tempdir_new();
	log_path = joined(dir, "/log");
	rows_path = joined(dir, "/rows");
	return 0;
}

static int tear_down(void **state __attribute__((unused)))
{
	free(log_path);
	free(rows_path);
	buf_free(&text);
	tempdir_free(dir);
	return 0;
}

/* An audit that goes to the file alone. */
static struct audit *audit_to(const char *path, bool chain, const struct buf *with_key)
{
	struct audit_file *file = NULL;
	struct audit *a = audit_new(AUDIT_JSON, LEVEL_INFO, -1);

	assert_non_null(a);
	assert_int_equal(audit_file_open(&file, path, chain, with_key, &err), ST_OK);
	audit_take_file(a, file);
	return a;
}

/* n lines of one run added; the status of the last. */
static enum status write_lines(int n, bool chain, const struct buf *with_key)
{
	struct audit *a = audit_to(log_path, chain, with_key);
	enum status st;

	for (int i = 0; i < n; i++) {
		audit_begin(a, LEVEL_INFO, "stream.retry", 1000000LL * i);
		audit_int(a, "attempt", i);
		audit_str(a, "reason", "\"}\n,\"seq\":7");
		audit_end(a);
	}
	st = audit_status(a, &err);
	audit_free(a);
	return st;
}

static void read_log(void)
{
	int fd = open(log_path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	buf_clear(&text);
	while ((n = read(fd, buf_reserve(&text, 65536), 65536)) > 0)
		text.len += (size_t)n;
	text.data[text.len] = '\0';
	close(fd);
}

static void put_log(const char *s, size_t len)
{
	put_file(log_path, s, len, 0600);
}

static void new_log(int n, const struct buf *with_key)
{
	unlink(log_path);
	assert_int_equal(write_lines(n, true, with_key), ST_OK);
	read_log();
}

static void note_repair(void *arg, const struct verify_tear *tear)
{
	(void)arg;
	repaired = *tear;
	tears++;
}

static enum status verify(const struct buf *with_key, struct hash_chain *end)
{
	struct verify_conf conf = { .log = log_path, .key = with_key, .tear = note_repair };

	tears = 0;
	err.text[0] = '\0';
	return verify_audit(&conf, end, &err);
}

static uint64_t bad_line(void)
{
	const char *at = strstr(err.text, ": line ");

	return at ? strtoull(at + strlen(": line "), NULL, 10) : 0;
}

static void expect_bad(uint64_t line, const struct buf *with_key, const char *what)
{
	struct hash_chain end;

	if (verify(with_key, &end) != ST_PROTOCOL || bad_line() != line)
		fail_msg("%s: not line %u but '%s'", what, (unsigned)line, err.text);
}

static void expect_good(uint64_t lines, const struct buf *with_key)
{
	struct hash_chain end;

	if (verify(with_key, &end) != ST_OK || end.seq != lines)
		fail_msg("%u lines, %s", (unsigned)end.seq, err.text);
}

/* Where each line of the text begins, and where the last one ends. */
static size_t starts[LOG_LINES + 1];

static void find_starts(void)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len && n <= LOG_LINES; i++)
		if (i == 0 || text.data[i - 1] == '\n')
			starts[n++] = i;
	assert_int_equal(n, LOG_LINES);
	starts[n] = text.len;
}

/* --- what was written is good --------------------------------------------------------------- */

TEST(log__that_is_unchanged_is_accepted)
{
	struct hash_chain end;

	new_log(LOG_LINES, NULL);
	expect_good(LOG_LINES, NULL);
	assert_int_equal(tears, 0);
	assert_int_equal(mode_of(log_path), 0600);
	expect_bad(1, &key, "no mac");
	assert_int_equal(write_lines(2, true, &key), ST_OK);
	expect_good(LOG_LINES + 2, NULL);
	new_log(LOG_LINES, &key);
	expect_good(LOG_LINES, NULL);
	expect_good(LOG_LINES, &key);
	/* who has the key could prove nothing behind a line without it */
	assert_int_equal(write_lines(1, true, NULL), ST_OUTPUT);
	assert_non_null(strstr(err.text, "a new file"));
	expect_good(LOG_LINES, &key);
	put_log("", 0);
	assert_int_equal(verify(NULL, &end), ST_OK);
	assert_int_equal(end.seq, 0);
}

/* --- what was done to it ---------------------------------------------------------------------- */

/* A bit of each byte, where the key knows each line, the chain all but the last. */
TEST(edit__of_any_byte_is_found_in_its_line)
{
	for (int keyed = 0; keyed < 2; keyed++) {
		new_log(LOG_LINES, keyed ? &key : NULL);
		find_starts();
		for (size_t line = 0; line < LOG_LINES; line++)
			for (size_t i = starts[line]; i < starts[line + 1]; i++) {
				bool last = line == LOG_LINES - 1;
				uint64_t at = line + 1;
				struct hash_chain end;

				text.data[i] ^= 1;
				put_log(text.data, text.len);
				if (keyed || !last)
					expect_bad(at, keyed ? &key : NULL, "edit");
				else if (verify(NULL, &end) != ST_OK)
					assert_true(bad_line() == at || bad_line() == at - 1);
				text.data[i] ^= 1;
			}
	}
}

/* The text with `n` bytes at `at` in place of `len`. */
static void put_changed(size_t at, size_t len, const char *s, size_t n)
{
	struct buf out = { 0 };

	buf_add(&out, text.data, at);
	buf_add(&out, s, n);
	buf_add(&out, text.data + at + len, text.len - at - len);
	put_log(out.data, out.len);
	buf_free(&out);
}

TEST(line__that_is_removed_swapped_or_repeated_is_found)
{
	for (int keyed = 0; keyed < 2; keyed++) {
		const struct buf *with = keyed ? &key : NULL;
		struct hash_chain end;

		new_log(LOG_LINES, with);
		find_starts();
		for (size_t i = 0; i < LOG_LINES; i++) {
			size_t len = starts[i + 1] - starts[i];
			struct buf pair = { 0 };

			put_changed(starts[i], len, "", 0);
			if (i < LOG_LINES - 1)
				expect_bad(i + 1, with, "cut");
			else
				assert_int_equal(verify(with, &end), ST_OK);
			put_changed(starts[i], 0, text.data + starts[i], len);
			expect_bad(i + 2, with, "repeated");
			put_changed(starts[i], 0, "{}\n", 3);
			expect_bad(i + 1, with, "added");
			put_changed(starts[i], 0, "\n", 1);
			expect_bad(i + 1, with, "an empty line");
			put_changed(starts[i + 1] - 1, 1, "", 0);
			expect_bad(i + 1, with, "joined");
			put_changed(starts[i] + len / 2, 0, "\n", 1);
			expect_bad(i + 1, with, "parted");
			if (i == LOG_LINES - 1)
				continue;
			buf_add(&pair, text.data + starts[i + 1], starts[i + 2] - starts[i + 1]);
			buf_add(&pair, text.data + starts[i], len);
			put_changed(starts[i], pair.len, pair.data, pair.len);
			expect_bad(i + 1, with, "swapped");
			buf_free(&pair);
		}
	}
}

/* A line of the same place in another log of the same key. */
TEST(line__of_another_log_is_found)
{
	struct buf other = { 0 };

	new_log(LOG_LINES, &key);
	buf_add(&other, text.data, text.len);
	new_log(LOG_LINES, &key);
	find_starts();
	for (size_t i = 0; i < LOG_LINES; i++) {
		/* runs differ in their IDs alone, lines in no length */
		put_changed(starts[i], starts[i + 1] - starts[i], other.data + starts[i],
			starts[i + 1] - starts[i]);
		if (i == 0)
			expect_bad(2, &key, "of another log");
		else
			expect_bad(i + 1, &key, "of another log");
	}
	buf_free(&other);
}

TEST(key__that_is_wrong_is_reported)
{
	struct buf other = { .data = (char[]){ "a kez" }, .len = 5 };

	new_log(LOG_LINES, &key);
	expect_bad(1, &other, "another key");
}

TEST(expect__finds_a_missing_end)
{
	struct verify_conf conf = { .log = log_path };
	struct hash_chain end, cut;
	char expect[HASH_CHAIN_HEX + 1];

	new_log(LOG_LINES, NULL);
	find_starts();
	assert_int_equal(verify_audit(&conf, &end, &err), ST_OK);
	memcpy(expect, end.last, sizeof(expect));
	conf.expect = expect;
	assert_int_equal(verify_audit(&conf, &end, &err), ST_OK);
	put_log(text.data, starts[LOG_LINES - 1]);
	assert_int_equal(verify_audit(&conf, &cut, &err), ST_PROTOCOL);
	assert_non_null(strstr(err.text, "has the hash"));
	text.data[text.len - 200] ^= 1;		/* an edit that no next line tells */
	put_log(text.data, text.len);
	assert_int_equal(verify_audit(&conf, &cut, &err), ST_PROTOCOL);
}

/* --- crashes ---------------------------------------------------------------------------------- */

/* A run after a crash at each byte of the last line: it is repaired, told, and good. */
TEST(crash__at_any_byte_is_repaired)
{
	struct buf whole = { 0 };

	for (int keyed = 0; keyed < 2; keyed++) {
		const struct buf *with = keyed ? &key : NULL;

		new_log(LOG_LINES, with);
		find_starts();
		buf_clear(&whole);
		buf_add(&whole, text.data, text.len);
		for (size_t cut = starts[LOG_LINES - 1] + 1; cut < whole.len; cut++) {
			put_log(whole.data, cut);
			expect_bad(LOG_LINES, with, "not repaired");
			assert_int_equal(write_lines(1, true, with), ST_OK);
			expect_good(LOG_LINES + 2, with);
			assert_int_equal(tears, 1);
			assert_int_equal(repaired.lines, cut < whole.len - 1);
			assert_int_equal(repaired.first, LOG_LINES + !repaired.lines);
			/* no other line holds the hash of the one before those that are torn */
			read_log();
			text.data[starts[LOG_LINES - 2] + 9] ^= 1;
			put_log(text.data, text.len);
			expect_bad(LOG_LINES - 1, with, "edit before what is torn");
			text.data[starts[LOG_LINES - 2] + 9] ^= 1;
			put_log(text.data, text.len);
		}
		assert_int_equal(write_lines(1, true, with), ST_OK);
		expect_good(LOG_LINES + 3, with);
	}
	buf_free(&whole);
}

/* And the repair may crash as well: at each byte of what it wrote. */
TEST(crash__of_the_repair_is_repaired)
{
	struct buf whole = { 0 };
	size_t torn;

	new_log(LOG_LINES, NULL);
	find_starts();
	torn = starts[LOG_LINES - 1] + 10;
	put_log(text.data, torn);
	assert_int_equal(write_lines(1, true, NULL), ST_OK);
	read_log();
	buf_add(&whole, text.data, text.len);
	for (size_t cut = torn + 1; cut < whole.len; cut++) {
		struct hash_chain end;

		put_log(whole.data, cut);
		assert_int_equal(write_lines(1, true, NULL), ST_OK);
		if (verify(NULL, &end) != ST_OK)
			fail_msg("%u: %s", (unsigned)cut, err.text);
		assert_true(tears == 1 || tears == 2);
		/* no byte of what is torn may be edited */
		read_log();
		text.data[torn - 5] ^= 1;
		put_log(text.data, text.len);
		expect_bad(LOG_LINES, NULL, "edit of what is torn");
	}
	buf_free(&whole);
}

TEST(crash__at_the_first_line_is_repaired)
{
	put_log("{\"ts\":\"2026", 11);
	assert_int_equal(write_lines(1, true, &key), ST_OK);
	expect_good(3, &key);
	assert_int_equal(repaired.first, 1);
	assert_int_equal(repaired.lines, 1);
}

TEST(crash__is_repaired_without_a_chain_too)
{
	put_log("{\"a\":1}\n{\"ts\":\"2026", 19);
	assert_int_equal(write_lines(1, false, NULL), ST_OK);
	read_log();
	assert_memory_equal(text.data, "{\"a\":1}\n{\"ts\":\"2026\n{\"ts\":\"", 27);
	assert_non_null(strstr(text.data, "\"event\":\"audit.repaired\""));
	assert_null(strstr(text.data, "\"prev\""));
}

/* --- the file --------------------------------------------------------------------------------- */

TEST(chain__is_refused_in_a_log_without_one)
{
	put_log("{\"a\":1}\n", 8);
	assert_non_null(audit_file_unfit(log_path, true, NULL));
	assert_null(audit_file_unfit(log_path, false, NULL));
	assert_int_equal(write_lines(1, true, NULL), ST_OUTPUT);
	assert_non_null(strstr(err.text, "a new file"));
	read_log();
	assert_int_equal(text.len, 8);
}

TEST(file__that_is_rotated_starts_a_new_chain)
{
	struct audit_file *file = NULL;
	char *old = joined(dir, "/log.1");
	struct buf line = { 0 };

	unlink(log_path);
	assert_int_equal(audit_file_open(&file, log_path, true, NULL, &err), ST_OK);
	for (int i = 0; i < 4; i++) {
		if (i == 2)
			assert_int_equal(rename(log_path, old), 0);
		if (i == 3)	/* as a copytruncate does it */
			assert_int_equal(truncate(log_path, 0), 0);
		buf_clear(&line);
		buf_str(&line, "{\"event\":\"x\",\"run\":\"y\"");
		assert_int_equal(audit_file_lock(file, &err), ST_OK);
		assert_int_equal(audit_file_put(file, &line, &err), ST_OK);
		audit_file_unlock(file);
	}
	audit_file_close(file);
	expect_good(1, NULL);
	assert_int_equal(rename(old, log_path), 0);
	expect_good(2, NULL);
	buf_free(&line);
	free(old);
}

TEST(lock__of_another_process_is_awaited_for_a_second)
{
	int fd = open(log_path, O_RDWR | O_CREAT | O_TRUNC, 0600), status;
	pid_t child;

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(write_lines(2, true, NULL), ST_OUTPUT);
	assert_non_null(strstr(err.text, "locked"));
	child = fork();
	if (child == 0) {
		usleep(200000);
		_exit(flock(fd, LOCK_UN));
	}
	assert_int_equal(write_lines(2, true, NULL), ST_OK);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(fd);
	expect_good(2, NULL);
}

/* Not cut off, but not yet there. */
TEST(line__that_is_being_written_is_awaited)
{
	int fd, status, locked[2];
	pid_t child;
	char c;

	new_log(LOG_LINES, NULL);
	put_log(text.data, text.len - 50);
	assert_int_equal(pipe(locked), 0);
	child = fork();
	if (child == 0) {
		fd = open(log_path, O_WRONLY | O_APPEND);
		if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(locked[1], "x", 1) != 1)
			_exit(1);
		usleep(100000);
		_exit(write(fd, text.data + text.len - 50, 50) != 50);
	}
	assert_int_equal(read(locked[0], &c, 1), 1);
	expect_good(LOG_LINES, NULL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(locked[0]);
	close(locked[1]);
	put_log(text.data, text.len - 50);
	expect_bad(LOG_LINES, NULL, "cut off");
}

TEST(file__that_is_full_is_an_error)
{
	struct audit *a = audit_to("/dev/full", true, NULL);

	assert_int_equal(audit_status(a, &err), ST_OK);
	audit_begin(a, LEVEL_INFO, "x", 0);
	audit_end(a);
	assert_int_equal(audit_status(a, &err), ST_OUTPUT);
	assert_non_null(strstr(err.text, "No space left"));
	assert_false(audit_wants(a, LEVEL_ERROR));
	audit_free(a);
}

/* A line's own members are left out before the chain's are. */
TEST(line__keeps_room_for_the_chain)
{
	struct audit *a;
	char value[251], name[16];

	unlink(log_path);
	a = audit_to(log_path, true, &key);
	for (size_t less = 0; less < 250; less++) {
		memset(value, 'y', sizeof(value));
		value[250 - less] = '\0';
		audit_begin(a, LEVEL_INFO, "x", 0);
		for (int i = 0; i < 40; i++) {
			snprintf(name, sizeof(name), "k%d", i);
			audit_str(a, name, value);
		}
		audit_end(a);
	}
	assert_int_equal(audit_status(a, &err), ST_OK);
	audit_free(a);
	expect_good(250, &key);
	read_log();
	for (size_t from = 0, i = 0, most = 0; i < text.len; i++)
		if (text.data[i] == '\n') {
			most = i + 1 - from > most ? i + 1 - from : most;
			assert_true(most <= HASH_CHAIN_LINE_MAX);
			from = i + 1;
			assert_true(i + 1 < text.len || most > 4000);
		}
}

/* --- rows ------------------------------------------------------------------------------------- */

static void flush(struct audit *a, int window, const char *rows)
{
	struct hash_chain_work *w = hash_chain_work_new(NULL, 0);
	char hex[HASH_CHAIN_HEX + 1];

	assert_non_null(w);
	assert_true(hash_chain_hash(w, rows, strlen(rows), hex));
	audit_begin(a, LEVEL_INFO, "window.flush", 0);
	audit_int(a, "window", window);
	audit_hex(a, "rowsDigest", hex);
	audit_int(a, "rowsBytes", (int64_t)strlen(rows));
	audit_end(a);
	hash_chain_work_free(w);
}

static enum status verify_rows(const char *rows, const char *run)
{
	struct verify_conf conf = { .log = log_path, .rows = rows_path, .run = run };
	struct hash_chain end;

	put_file(rows_path, rows, strlen(rows), 0600);
	err.text[0] = '\0';
	return verify_audit(&conf, &end, &err);
}

static void expect_rows_bad(const char *rows, const char *run, const char *why)
{
	assert_int_equal(verify_rows(rows, run), ST_PROTOCOL);
	assert_non_null(strstr(err.text, why));
}

TEST(rows__must_match_the_digests_in_order)
{
	static const char *const windows[2][3] = {
		{ "a1\n", "", "a22\n" }, { "b1\n", "b2\n", "" }
	};
	char *run[2];

	unlink(log_path);
	for (int r = 0; r < 2; r++) {
		struct audit *a = audit_to(log_path, true, NULL);

		for (int i = 0; i < 3; i++)
			flush(a, i, windows[r][i]);
		run[r] = strdup(audit_run_id(a));
		audit_free(a);
	}
	assert_int_equal(verify_rows("a1\na22\nb1\nb2\n", NULL), ST_OK);
	assert_int_equal(verify_rows("a1\na22\n", run[0]), ST_OK);
	assert_int_equal(verify_rows("b1\nb2\n", run[1]), ST_OK);
	expect_rows_bad("a1\na22\nb1\nb2", NULL,
		"ends before the end of window 1 (");
	expect_rows_bad("", NULL, "");
	expect_rows_bad("a1\na22\nb1\nb2\n\n", NULL,
		"has more after the rows of the last window in ");
	expect_rows_bad("a1\na2x\nb1\nb2\n", NULL, ", line 3)");
	expect_rows_bad("b1\nb2\na1\na22\n", NULL, "");
	expect_rows_bad("a1\na22\n", run[1], "");
	expect_rows_bad("", "00000000-0000-4000-8000-000000000000", "has no line of this run");
	/* an edit of the log is told before what follows from it */
	read_log();
	*strstr(text.data, "rowsBytes\":3") ^= 1;
	put_log(text.data, text.len);
	expect_rows_bad("a1\na22\nb1\nb2\n", NULL, "");
	assert_int_equal(bad_line(), 1);
	free(run[0]);
	free(run[1]);
}

int main(void)
{
	return run_all_tests(set_up, tear_down);
}

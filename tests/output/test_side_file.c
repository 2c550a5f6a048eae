/* Side files: private, locked, and with a failure of their own. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>

#include "tests/support/tempdir.h"
#include "output/side_file.h"

#define MIB (1u << 20)

static struct err err;

static struct side_file *open_side(const char *path)
{
	struct side_file *s;

	assert_int_equal(side_file_open(&s, "--record", path, &err), ST_OK);
	return s;
}

static struct side_file *begin_side(const char *path)
{
	struct side_file *s = open_side(path);

	assert_int_equal(side_file_begin(s, &err), ST_OK);
	return s;
}

static void put(struct side_file *s, const char *text, size_t len)
{
	struct buf line = { 0 };

	assert_true(buf_add(&line, text, len));
	side_file_put(s, &line);
	buf_free(&line);
}

static struct side_file *begin_fifo(int *reader)
{
	assert_int_equal(mkfifo("fifo", 0600), 0);
	*reader = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_true(*reader >= 0);
	return begin_side("fifo");
}

/* --- files ---------------------------------------------------------------------------- */

TEST(file__is_emptied_when_it_begins)
{
	struct side_file *s;

	umask(0);
	put_text("side", "old", 0666);
	s = open_side("side");
	put(s, "a\n", 2);
	side_file_flush(s);
	assert_file("side", "old");
	side_file_free(s);
	assert_file("side", "old");
	assert_int_equal(mode_of("side"), 0666);
	s = begin_side("side");
	put(s, "a\n", 2);
	side_file_flush(s);
	assert_file("side", "a\n");
	put(s, "b\n", 2);
	side_file_end(s);
	assert_null(side_file_failure(s));
	side_file_free(s);
	assert_file("side", "a\nb\n");
	assert_int_equal(mode_of("side"), 0600);
}

TEST(file__keeps_lines_from_before_its_opening)
{
	static char line[200000];
	struct side_file *s = open_side("side");
	struct stat st;

	memset(line, 'x', sizeof(line));
	put(s, line, sizeof(line));
	assert_int_equal(side_file_begin(s, &err), ST_OK);
	side_file_end(s);
	assert_null(side_file_failure(s));
	side_file_free(s);
	assert_int_equal(stat("side", &st), 0);
	assert_int_equal(st.st_size, sizeof(line));
}

TEST(file__of_another_run_is_refused)
{
	struct side_file *first, *second;

	first = begin_side("side");
	put(first, "a\n", 2);
	side_file_flush(first);
	assert_int_equal(side_file_check("side", &err), ST_OK);
	assert_int_equal(side_file_open(&second, "--rejects", "side", &err), ST_USAGE);
	assert_null(second);
	assert_string_equal(err.text,
		"--rejects 'side': cannot be opened for writing: another run is writing it");
	assert_file("side", "a\n");
	side_file_free(first);
	side_file_free(begin_side("side"));
}

TEST(file__that_cannot_be_made_is_refused)
{
	static const char *const bad[] = { "none/file", ".", "side/" };
	struct side_file *s;

	put_text("side", "old", 0666);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(side_file_check(bad[i], &err), ST_USAGE);
		assert_int_equal(side_file_open(&s, "--record", bad[i], &err), ST_USAGE);
		assert_null(s);
		assert_non_null(strstr(err.text, bad[i]));
	}
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(side_file_open(&s, "--record", "fifo", &err), ST_USAGE);
	assert_non_null(strstr(err.text, "no process reads it"));
}

/* --- failures ------------------------------------------------------------------------- */

TEST(disk__that_is_full_is_a_lasting_failure)
{
	struct side_file *s = begin_side("/dev/full");

	put(s, "a\n", 2);
	assert_null(side_file_failure(s));
	side_file_flush(s);
	assert_string_equal(side_file_failure(s), "--record '/dev/full': No space left on device");
	assert_string_equal(side_file_new_failure(s), side_file_failure(s));
	assert_null(side_file_new_failure(s));
	put(s, "a\n", 2);
	assert_false(side_file_waiting(s));
	assert_int_equal(side_file_fd(s), -1);
	side_file_end(s);
	assert_non_null(side_file_failure(s));
	side_file_free(s);
	assert_null(side_file_failure(NULL));
	assert_null(side_file_new_failure(NULL));
	side_file_free(NULL);
}

TEST(line__without_memory_is_a_failure)
{
	struct side_file *s = begin_side("side");
	struct buf line = { .failed = true };

	side_file_put(s, &line);
	assert_string_equal(side_file_failure(s), "--record 'side': out of memory");
	side_file_free(s);
}

TEST(reader__that_stops_fails_after_16_mib)
{
	static char line[MIB];
	int reader;
	struct side_file *s = begin_fifo(&reader);

	memset(line, 'x', sizeof(line));
	alarm(20);
	for (int i = 0; i < 16; i++)
		put(s, line, sizeof(line));
	assert_null(side_file_failure(s));
	assert_true(side_file_waiting(s) && side_file_fd(s) >= 0);
	put(s, line, sizeof(line));
	alarm(0);
	assert_non_null(strstr(side_file_failure(s), "too slow: more than 16 MiB"));
	side_file_free(s);
	close(reader);
}

TEST(reader__that_leaves_bytes_at_the_end_is_a_failure)
{
	static char line[MIB];
	int reader;
	struct side_file *s = begin_fifo(&reader);

	put(s, line, sizeof(line));
	side_file_end(s);
	assert_non_null(strstr(side_file_failure(s), "too slow"));
	side_file_free(s);
	close(reader);
}

TEST(reader__that_is_slow_gets_every_byte)
{
	static char line[MIB], got[4096];
	int reader;
	struct side_file *s = begin_fifo(&reader);
	size_t all = 0;
	ssize_t n;

	for (int i = 0; i < 5; i++) {
		memset(line, 'a' + i, sizeof(line));
		put(s, line, sizeof(line));
	}
	while (all < 5 * MIB) {
		n = read(reader, got, sizeof(got));
		assert_true(n > 0);
		assert_int_equal(got[0], 'a' + (int)(all / MIB));
		all += (size_t)n;
		side_file_flush(s);
	}
	assert_false(side_file_waiting(s));
	side_file_end(s);
	assert_null(side_file_failure(s));
	side_file_free(s);
	close(reader);
}

TEST(reader__that_took_nothing_for_a_second_has_stopped)
{
	static char line[MIB], got[65536];
	int reader;
	struct side_file *s = begin_fifo(&reader);

	assert_false(side_file_is_read(s, 10));	/* nothing waits */
	put(s, line, sizeof(line));
	assert_true(side_file_is_read(s, 10));	/* the pipe took some */
	assert_true(side_file_is_read(s, 1000009));
	assert_false(side_file_is_read(s, 1000010));
	assert_true(read(reader, got, sizeof(got)) > 0);
	side_file_flush(s);
	assert_true(side_file_is_read(s, 5000000));
	assert_false(side_file_is_read(s, 6000000));
	side_file_free(s);
	close(reader);
}

TEST(reader__that_left_is_noticed_without_writing)
{
	int reader;
	struct side_file *s = begin_fifo(&reader);

	side_file_flush(s);
	assert_null(side_file_failure(s));
	close(reader);
	side_file_flush(s);
	assert_string_equal(side_file_failure(s), "--record 'fifo': its reader has closed it");
	side_file_free(s);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	each_test(workdir_enter, workdir_leave);
	return run_all_tests(NULL, NULL);
}

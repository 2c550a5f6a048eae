/* Delivery: files made beside their target, pipes, terminals, and readers that stop or leave. */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "output/writer.h"
#include "tests/support/tempdir.h"

#define MIB (1u << 20)

static struct err err;
static struct lines warnings;

static int enter(void **state)
{
	umask(022);
	return workdir_enter(state);
}

static bool is_of_type(const char *path, mode_t type)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return (st.st_mode & S_IFMT) == type;
}

static int names;

static int count_name(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)path;
	(void)st;
	(void)flag;
	names += ftw->level > 0;
	return 0;
}

static int count_names(void)
{
	names = 0;
	assert_int_equal(nftw(".", count_name, 8, FTW_PHYS), 0);
	return names;
}

static struct writer *open_out(const char *path)
{
	struct writer *o;

	assert_int_equal(writer_open(&o, path, &warnings, &err), ST_OK);
	return o;
}

static enum status window(struct writer *o, const char *bytes, size_t len, struct err *why)
{
	struct buf rows = { 0 };
	enum status st;

	assert_true(buf_add(&rows, bytes, len));
	st = writer_window(o, &rows, why);
	assert_true(st != ST_OK || rows.len == 0);
	buf_free(&rows);
	return st;
}

static void put(struct writer *o, const char *rows)
{
	assert_int_equal(window(o, rows, strlen(rows), &err), ST_OK);
}

/* Opens, writes a row and keeps it. */
static void write_through(const char *path)
{
	struct writer *o = open_out(path);

	put(o, "row\n");
	assert_int_equal(writer_flush(o, &err), ST_OK);
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
}

/* Without root's right to pass permissions by, where it has it. */
static bool as_plain_user(bool (*what)(void))
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(syscall(SYS_capset, &head, none) != 0 ? 2 : what() ? 0 : 1);
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
	return WEXITSTATUS(status) == 0;
}

/* --- stdout is another descriptor meanwhile -------------------------------------------- */

static int saved_stdout;

static struct writer *open_stdout_on(int fd)
{
	struct writer *o = NULL;

	fflush(NULL);
	saved_stdout = dup(STDOUT_FILENO);
	if (saved_stdout < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return NULL;
	return writer_open(&o, "-", &warnings, &err) == ST_OK ? o : NULL;
}

static void restore_stdout(void)
{
	assert_true(dup2(saved_stdout, STDOUT_FILENO) >= 0);
	close(saved_stdout);
}

/* --- files ---------------------------------------------------------------------------- */

TEST(file__appears_whole_at_the_end)
{
	struct writer *o = open_out("rows");

	assert_true(access("rows", F_OK) != 0);
	assert_non_null(writer_temp_path(o));
	assert_int_equal(access(writer_temp_path(o), F_OK), 0);
	assert_int_equal(writer_fd(o), -1);
	put(o, "a\n");
	put(o, "b\n");
	assert_true(writer_waiting(o));
	assert_int_equal(writer_waiting_bytes(o), 4);
	assert_int_equal(writer_flush(o, &err), ST_OK);
	assert_false(writer_waiting(o));
	assert_true(access("rows", F_OK) != 0);
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	assert_file("rows", "a\nb\n");
	assert_int_equal(count_names(), 1);
}

TEST(file__stays_if_no_row_was_printed)
{
	struct writer *o;

	put_text("rows", "old", 0644);
	o = open_out("rows");		/* no row */
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	o = open_out("rows");		/* not to be kept */
	put(o, "row\n");
	assert_int_equal(writer_flush(o, &err), ST_OK);
	assert_int_equal(writer_close(o, false, &warnings, &err), ST_OK);
	assert_file("rows.unfinished", "row\n");
	assert_int_equal(warnings.n, 1);
	assert_non_null(strstr(warnings.v[0], "rows.unfinished"));
	lines_free(&warnings);
	assert_int_equal(unlink("rows.unfinished"), 0);
	o = open_out("rows");		/* not all written */
	put(o, "row\n");
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	o = open_out("rows");
	put(o, "row\n");
	writer_abandon(o);
	writer_abandon(NULL);
	assert_file("rows", "old");
	assert_int_equal(count_names(), 1);
}

TEST(file__mode_is_kept_or_that_of_the_umask)
{
	umask(027);
	write_through("new");
	assert_int_equal(mode_of("new"), 0640);
	put_text("old", "", 0666);
	write_through("old");
	assert_int_equal(mode_of("old"), 0666);
	put_text("run", "", 04755);	/* whose program it is now is not what it was */
	write_through("run");
	assert_int_equal(mode_of("run"), 0755);
}

TEST(file__links_are_written_through)
{
	assert_int_equal(mkdir("d", 0755), 0);
	put_text("d/there", "old", 0644);
	assert_int_equal(symlink("d/there", "link"), 0);
	write_through("link");
	assert_file("d/there", "row\n");
	assert_true(is_of_type("link", S_IFLNK));
	assert_int_equal(symlink("d/one", "first"), 0);	/* to nothing yet, by two links */
	assert_int_equal(symlink("two", "d/one"), 0);
	write_through("first");
	assert_true(is_of_type("first", S_IFLNK) && is_of_type("d/one", S_IFLNK));
	assert_file("d/two", "row\n");
	assert_int_equal(count_names(), 6);
}

static enum status replace(struct writer *o, const char *text)
{
	struct buf all = { 0 };
	enum status st;

	assert_true(buf_str(&all, text));
	st = writer_replace(o, &all, &err);
	buf_free(&all);
	return st;
}

TEST(file__can_be_replaced_again_and_again)
{
	struct writer *o;

	assert_int_equal(mkdir("d", 0755), 0);
	put_text("d/there", "old", 0640);
	assert_int_equal(symlink("d/there", "link"), 0);
	o = open_out("link");
	assert_true(writer_is_replaceable(o));
	assert_file("d/there", "old");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(replace(o, i % 2 ? "one\n" : "another\n"), ST_OK);
		assert_file("d/there", i % 2 ? "one\n" : "another\n");
		assert_null(writer_temp_path(o));
		assert_int_equal(count_names(), 3);
	}
	assert_int_equal(mode_of("d/there"), 0640);
	assert_true(is_of_type("link", S_IFLNK));
	assert_int_equal(chmod("d/there", 0604), 0);	/* meanwhile */
	assert_int_equal(replace(o, "last\n"), ST_OK);
	assert_int_equal(mode_of("d/there"), 0604);
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	assert_file("d/there", "last\n");
	o = open_out("d/new");
	assert_int_equal(replace(o, "new\n"), ST_OK);
	writer_abandon(o);
	assert_file("d/new", "new\n");
	o = open_out("d/never");
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	assert_int_equal(count_names(), 4);
}

/* In place of libc's, to count the calls and to let one fail. */
static int syncs, sync_error;

int fsync(int fd)
{
	syncs++;
	errno = sync_error;
	return sync_error ? -1 : (int)syscall(SYS_fsync, fd);
}

TEST(file__that_is_replaced_often_is_not_synced)
{
	struct writer *o = open_out("rows");

	syncs = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(replace(o, "all\n"), ST_OK);
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	assert_int_equal(syncs, 0);
	write_through("rows");
	assert_int_equal(syncs, 2);	/* it and its directory */
}

TEST(file__that_cannot_be_synced_is_kept_under_another_name)
{
	struct writer *o;

	put_text("rows", "old", 0644);
	o = open_out("rows");
	put(o, "row\n");
	assert_int_equal(writer_flush(o, &err), ST_OK);
	sync_error = EIO;
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OUTPUT);
	sync_error = 0;
	assert_non_null(strstr(err.text, "rows: Input/output error; the content is in /"));
	assert_file("rows", "old");
	assert_file("rows.unfinished", "row\n");
	assert_int_equal(count_names(), 2);
}

TEST(file__that_cannot_be_replaced_stays)
{
	struct writer *o;

	assert_int_equal(mkdir("d", 0755), 0);
	o = open_out("d/file");
	assert_int_equal(replace(o, "good\n"), ST_OK);
	assert_int_equal(unlink("d/file"), 0);
	assert_int_equal(rmdir("d"), 0);
	assert_int_equal(replace(o, "more\n"), ST_OUTPUT);
	assert_non_null(strstr(err.text, "d/file': cannot create a file next to it"));
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	o = open_out("/dev/null");
	assert_false(writer_is_replaceable(o));
	writer_abandon(o);
}

TEST(file__with_an_impossible_name_is_refused)
{
	static const char *const bad[] = {
		"", "nothing/", "nothing/.", "nothing/..", "nothing/file", "there/", "there/file",
		".", "loop"
	};
	struct writer *o;

	put_text("there", "old", 0644);
	assert_int_equal(symlink("loop", "loop"), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (writer_check(bad[i], &err) != ST_USAGE)
			fail_msg("'%s' passes the check", bad[i]);
		err.text[0] = '\0';
		if (writer_open(&o, bad[i], &warnings, &err) != ST_USAGE)
			fail_msg("'%s' is opened", bad[i]);
		assert_null(o);
		assert_true(err.text[0] != '\0');
	}
	assert_int_equal(count_names(), 2);
}

TEST(file__with_the_longest_name_has_a_temporary_file)
{
	char name[NAME_MAX + 1];

	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	assert_int_equal(writer_check(name, &err), ST_OK);
	write_through(name);
	assert_file(name, "row\n");
}

/* The check and the opening must not differ. */
static bool is_refused(const char *path)
{
	struct writer *o = NULL;
	enum status checked = writer_check(path, &err),
		    opened = writer_open(&o, path, &warnings, &err);

	writer_abandon(o);
	return checked == ST_USAGE && opened == ST_USAGE;
}

static bool all_refused(void)
{
	return is_refused("closed/there") && is_refused("closed/new") && is_refused("readonly")
		&& is_refused("dark/new");
}

static bool unreadable_directory_is_fine(void)
{
	struct writer *o;

	return writer_open(&o, "drop/rows", &warnings, &err) == ST_OK
		&& window(o, "row\n", 4, &err) == ST_OK && writer_flush(o, &err) == ST_OK
		&& writer_close(o, true, &warnings, &err) == ST_OK;
}

TEST(file__permissions_are_checked_at_the_start)
{
	assert_int_equal(mkdir("closed", 0755) | mkdir("dark", 0755) | mkdir("drop", 0300), 0);
	put_text("closed/there", "old", 0666);
	put_text("readonly", "old", 0444);
	assert_int_equal(chmod("closed", 0555) | chmod("dark", 0600), 0);
	assert_true(as_plain_user(all_refused));
	assert_true(as_plain_user(unreadable_directory_is_fine));
	assert_int_equal(chmod("closed", 0755) | chmod("dark", 0755) | chmod("drop", 0755), 0);
	assert_file("closed/there", "old");
	assert_file("drop/rows", "row\n");
}

/* --- what is written directly --------------------------------------------------------- */

TEST(device__that_is_full_is_an_output_error)
{
	struct writer *o = open_out("/dev/full");

	assert_int_equal(writer_check("/dev/full", &err), ST_OK);
	assert_null(writer_temp_path(o));
	put(o, "row\n");
	assert_int_equal(writer_flush(o, &err), ST_OUTPUT);
	assert_non_null(strstr(err.text, strerror(ENOSPC)));
	assert_int_equal(writer_close(o, false, &warnings, &err), ST_OK);
	assert_int_equal(count_names(), 0);
}

/* A FIFO whose reader the test is: *reader gets its descriptor. */
static struct writer *open_fifo(int *reader)
{
	assert_int_equal(mkfifo("fifo", 0600), 0);
	*reader = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_true(*reader >= 0);
	return open_out("fifo");
}

TEST(fifo__without_a_reader_is_refused_at_once)
{
	struct writer *o;

	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(writer_open(&o, "fifo", &warnings, &err), ST_USAGE);
	assert_non_null(strstr(err.text, "no process reads it"));
}

TEST(fifo__gets_rows_and_is_not_replaced)
{
	char got[16];
	int reader;
	struct writer *o = open_fifo(&reader);

	assert_true(writer_fd(o) >= 0);
	put(o, "row\n");
	assert_int_equal(writer_flush(o, &err), ST_OK);
	assert_int_equal(read(reader, got, sizeof(got)), 4);
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	assert_int_equal(read(reader, got, sizeof(got)), 0);
	assert_true(is_of_type("fifo", S_IFIFO));
	close(reader);
}

TEST(fifo__reader_that_left_is_noticed_without_writing)
{
	int reader;
	struct writer *o = open_fifo(&reader);

	assert_int_equal(writer_flush(o, &err), ST_OK);
	close(reader);
	assert_int_equal(writer_flush(o, &err), ST_READER_LEFT);
	writer_abandon(o);
}

/* A row that fits in PIPE_BUF is one write: whatever came before, it is never torn. */
TEST(pipe__rows_that_fit_are_whole)
{
	static char row[3 * PIPE_BUF];
	char got[65536];
	unsigned lengths[] = { 100, PIPE_BUF, 5000, 904, 3900, 1, PIPE_BUF - 1, 9000, 2000 };
	int pair[2];
	ssize_t torn = 0;
	struct writer *o;

	/* datagrams, to see each write by itself; a socket is cut as a pipe is */
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	o = open_stdout_on(pair[0]);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		memset(row, 'a' + (int)i, sizeof(row));
		row[lengths[i] - 1] = '\n';
		assert_int_equal(window(o, row, lengths[i], &err), ST_OK);
	}
	while (writer_waiting(o) && writer_flush(o, &err) == ST_OK) {
		ssize_t n;

		while ((n = recv(pair[1], got, sizeof(got), MSG_DONTWAIT)) > 0)
			if (n > PIPE_BUF || (got[n - 1] != '\n' && n != PIPE_BUF))
				torn = n;
	}
	writer_abandon(o);
	restore_stdout();
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(torn, 0);
}

static size_t drain(int reader)
{
	static char got[MIB];
	size_t all = 0;
	ssize_t n;

	while ((n = read(reader, got, sizeof(got))) > 0)
		all += (size_t)n;
	return all;
}

TEST(reader__that_is_slow_gets_every_byte)
{
	static char rows[100000];
	int reader;
	struct writer *o = open_fifo(&reader);
	size_t got = 0;

	memset(rows, 'x', sizeof(rows));
	for (size_t i = 999; i < sizeof(rows); i += 1000)
		rows[i] = '\n';
	for (int i = 0; i < 500; i++) {
		assert_int_equal(window(o, rows, sizeof(rows), &err), ST_OK);
		assert_int_equal(writer_flush(o, &err), ST_OK);
		while (writer_waiting_bytes(o) > (i < 499 ? 8 * MIB : 0)) {
			got += drain(reader);
			assert_int_equal(writer_flush(o, &err), ST_OK);
		}
	}
	got += drain(reader);
	assert_int_equal(got, 500 * sizeof(rows));
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	close(reader);
}

/* 16 MiB may wait behind the window that is being written, which may itself be larger. */
TEST(reader__that_is_16_mib_behind_is_too_slow)
{
	char *rows = malloc(17 * MIB);
	int reader;
	struct writer *o = open_fifo(&reader);

	assert_non_null(rows);
	memset(rows, 'x', 17 * MIB);
	rows[99] = '\n';
	assert_int_equal(window(o, rows, 100, &err), ST_OK);
	assert_int_equal(window(o, rows, 15 * MIB, &err), ST_OK);
	assert_int_equal(writer_flush(o, &err), ST_OK);	/* the first is out, the second begun */
	assert_int_equal(window(o, rows, 10 * MIB, &err), ST_OK);
	assert_int_equal(window(o, rows, 6 * MIB, &err), ST_OK);
	assert_int_equal(window(o, rows, 1, &err), ST_OUTPUT);
	assert_non_null(strstr(err.text, "too slow"));
	writer_abandon(o);
	close(reader);
	assert_int_equal(unlink("fifo"), 0);
	o = open_fifo(&reader);
	assert_int_equal(window(o, rows, 17 * MIB, &err), ST_OK);
	assert_int_equal(writer_flush(o, &err), ST_OK);
	assert_int_equal(window(o, rows, 16 * MIB, &err), ST_OK);
	writer_abandon(o);
	close(reader);
	free(rows);
}

/* Many windows may close at once, before the loop comes to write: a file takes them all. */
TEST(file__has_no_limit_for_waiting_rows)
{
	char *rows = malloc(MIB);
	struct writer *o = open_out("rows");
	struct stat st;

	assert_non_null(rows);
	memset(rows, '\n', MIB);
	for (int i = 0; i < 40; i++)
		assert_int_equal(window(o, rows, MIB, &err), ST_OK);
	assert_int_equal(writer_flush(o, &err), ST_OK);
	assert_int_equal(writer_close(o, true, &warnings, &err), ST_OK);
	assert_int_equal(stat("rows", &st), 0);
	assert_int_equal(st.st_size, 40 * MIB);
	free(rows);
}

/* --- stdout --------------------------------------------------------------------------- */

TEST(stdout__is_closed_but_its_descriptor_is_not_reused)
{
	int end[2], flags;
	struct stat st = { 0 };
	struct writer *o;
	enum status written, closed;

	assert_int_equal(pipe(end), 0);
	o = open_stdout_on(end[1]);
	flags = fcntl(STDOUT_FILENO, F_GETFL);
	written = window(o, "row\n", 4, &err) == ST_OK ? writer_flush(o, &err) : ST_OUTPUT;
	closed = writer_close(o, true, &warnings, &err);
	fstat(STDOUT_FILENO, &st);
	restore_stdout();
	close(end[1]);
	assert_int_equal(written, ST_OK);
	assert_int_equal(closed, ST_OK);
	assert_int_equal(flags & O_NONBLOCK, 0);
	assert_true(S_ISCHR(st.st_mode));	/* /dev/null */
	assert_int_equal(drain(end[0]), 4);	/* and the pipe's end is seen */
	close(end[0]);
}

TEST(stdout__that_cannot_be_written_is_refused)
{
	int null = open("/dev/null", O_RDONLY);
	struct writer *o = open_stdout_on(null);

	restore_stdout();
	close(null);
	assert_null(o);
	assert_non_null(strstr(err.text, "closed"));
}

/* A terminal with room for one byte says that it is writable: no write may wait for more. */
TEST(terminal__that_is_blocked_does_not_block_the_run)
{
	static char rows[MIB];
	char room[100];
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct writer *o;
	enum status flushed, again, gone;
	bool waits, shared;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	memset(rows, 'x', sizeof(rows));
	for (size_t i = 999; i < sizeof(rows); i += 1000)
		rows[i] = '\n';
	alarm(20);	/* a write that waits would wait for good */
	o = open_stdout_on(slave);
	window(o, rows, sizeof(rows), &err);
	flushed = writer_flush(o, &err);
	waits = writer_waiting(o);
	shared = !(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK);
	again = read(master, room, sizeof(room)) > 0 ? writer_flush(o, &err) : ST_OUTPUT;
	close(master);
	gone = writer_flush(o, &err);
	writer_abandon(o);
	restore_stdout();
	alarm(0);
	close(slave);
	assert_int_equal(flushed, ST_OK);
	assert_int_equal(again, ST_OK);
	assert_true(waits);
	assert_true(shared);
	assert_int_equal(gone, ST_OUTPUT);
}

TEST(terminal__that_hung_up_is_noticed_without_writing)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	enum status idle, gone;
	struct writer *o;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	o = open_stdout_on(slave);
	idle = writer_flush(o, &err);
	close(master);
	gone = writer_flush(o, &err);
	writer_abandon(o);
	restore_stdout();
	close(slave);
	assert_int_equal(idle, ST_OK);
	assert_int_equal(gone, ST_OUTPUT);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	each_test(enter, workdir_leave);
	return run_all_tests(NULL, NULL);
}

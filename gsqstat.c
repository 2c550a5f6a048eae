/*
 * gsqstat prints statistics of Genesys Cloud routing queues, window by window.
 *
 * main() reads the options, does one run (run/run.h) or verifies an audit file (--verify-audit),
 * and returns the exit status. A run gets a token, connects to a source, sorts what its messages
 * say into windows, and prints a row for each queue and window.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "audit/verify.h"
#include "cli/complete.h"
#include "cli/options.h"
#include "cli/print.h"
#include "net/http.h"
#include "run/run.h"
#include "run/signals.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/text.h"

static int64_t clock_us(clockid_t id)
{
	struct timespec t = { 0, 0 };

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t run_clock_us(const struct run_clock *clock)
{
	return clock->real_start_us + clock_us(CLOCK_BOOTTIME) - clock->boot_start_us;
}

static int64_t real_clock_us(const struct run_clock *clock)
{
	(void)clock;
	return clock_us(CLOCK_REALTIME);
}

static struct run_clock clock_start(void)
{
	return (struct run_clock){
		.now_us = run_clock_us,
		.real_us = real_clock_us,
		.real_start_us = clock_us(CLOCK_REALTIME),
		.boot_start_us = clock_us(CLOCK_BOOTTIME)
	};
}

/*
 * Opens /dev/null for each standard descriptor that the parent process has closed. Otherwise the
 * next file or socket would get its number. stdin cannot be read then, and stdout and stderr cannot
 * be written, so that using them fails as it would with the closed descriptor.
 */
static bool fill_standard_descriptors(void)
{
	static const int flags[] = { O_WRONLY, O_RDONLY, O_WRONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			return false;
	return true;
}

/* Memory holds secrets: allow no core dump, and no other process to read it. */
static void guard_memory(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static enum status run_all(const struct options *set, struct options_made *made,
	const struct run_clock *clock, struct err *err)
{
	struct run *run = NULL;
	sigset_t signals;
	int signal_fd = signals_open(&signals);
	enum status st;

	if (signal_fd < 0)
		return err_set(err, ST_OUTPUT, "cannot receive signals: %s", errno == EMFILE
			? "out of file descriptors: raise the limit (ulimit -n)" : strerror(errno));
	st = run_open(&run, set, made, clock, signal_fd, err);
	while (st == ST_OK && !run_is_over(run))
		st = run_turn(run, err);
	/* with --check, the status line must be printed before a signal may end the process */
	if (st > ST_SIGNAL && run && !set->check)
		signals_end_at_once(run, &signals);
	st = run_close(run, st, err);	/* prints partial windows, renames the output */
	close(signal_fd);
	return st;
}

/* --- --check -------------------------------------------------------------------------- */

/*
 * With --check, the exit status is one of the Nagios plugin API, and stdout always has a plugin
 * line, also after an error. If the run printed none, this function prints it.
 */
static enum status check_end(struct nagios **check, enum status st, const char *why)
{
	struct buf line = { 0 };

	if (!*check)
		*check = nagios_new(NULL);
	if (!*check)
		return (enum status)NAGIOS_UNKNOWN;
	if (!nagios_has_line(*check) && nagios_put_line(*check, st, why, &line))
		print_text(&line);
	return (enum status)nagios_state(*check, st);
}

/* --- no run: --verify-audit --------------------------------------------------------------- */

static void warn_of_tear(void *arg, const struct verify_tear *tear)
{
	const char *path = arg;
	unsigned long long first = tear->first, lines = tear->lines;

	if (lines == 0)
		fprintf(stderr, "gsqstat: warning: %s: line %llu: the line before it had lost "
			"its newline, which was added later\n", path, first);
	else if (lines == 1)
		fprintf(stderr, "gsqstat: warning: %s: line %llu is torn; line %llu repairs "
			"it\n", path, first, first + 1);
	else
		fprintf(stderr, "gsqstat: warning: %s: lines %llu to %llu are torn; line %llu "
			"repairs them\n", path, first, first + lines - 1, first + lines);
}

static enum status verify(const struct options *set, struct err *err)
{
	char path[PATH_MAX];
	const struct verify_conf conf = {
		.log = set->verify_audit,
		.key = set->audit_key.len ? &set->audit_key : NULL,
		.expect = set->expect,
		.rows = set->rows,
		.run = set->run,
		.tear = warn_of_tear,
		.arg = path
	};
	struct hash_chain end;
	enum status st;

	snprintf(path, sizeof(path), "%s", set->verify_audit);
	text_clean(path);
	st = verify_audit(&conf, &end, err);
	if (st != ST_OK)
		return st;
	printf("lines %llu last %s\n", (unsigned long long)end.seq, end.last);
	if (fflush(stdout) != 0)
		return err_set(err, ST_OUTPUT, "standard output: %s", strerror(errno));
	return ST_OK;
}

int main(int argc, char **argv)
{
	struct run_clock clock = clock_start();
	struct options set = { 0 };
	struct options_made made = { 0 };
	struct err err = { "" };
	enum status st = ST_USAGE;
	enum options_parsed parsed;
	bool check = options_ask_check(argc, argv);

	signals_begin(check);
	guard_memory();
	if (!fill_standard_descriptors())
		return check ? (int)NAGIOS_UNKNOWN : (int)ST_OUTPUT;
	if (complete(argc, argv))
		return ST_OK;
	if (options_read_config(&set, argc, argv) && !check) {
		check = true;
		signals_begin(check);
	}
	parsed = options_parse(&set, &made, argc, argv, http_versions(), &st);
	if (parsed == PARSED_RUN && set.task == TASK_VERIFY_AUDIT)
		st = verify(&set, &err);
	else if (parsed == PARSED_RUN)
		st = run_all(&set, &made, &clock, &err);
	text_clean(err.text);
	if (err.text[0] && st != ST_OK)
		fprintf(stderr, "gsqstat: %s\n", err.text);
	if (check && !(parsed == PARSED_DONE && st == ST_OK))
		st = check_end(&made.ranges, st, set.first_problem ? set.first_problem : err.text);
	options_made_free(&made);
	options_free(&set);
	return (int)st;
}

#include "run/signals.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/run_state.h"

static const int handled[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };

/* For the handler of a second signal: the temporary file of -o, and the name that keeps its
 * rows. */
static char temp_file[PATH_MAX], unfinished_file[PATH_MAX];

static bool is_ignored(int signal)
{
	struct sigaction old;

	return sigaction(signal, NULL, &old) != 0 || old.sa_handler == SIG_IGN;
}

/* --- before the run ----------------------------------------------------------------- */

/* Keeps the rows in the temporary file of -o, or removes it if it has none. */
static void end_at_once(int signal)
{
	struct stat st;

	if (temp_file[0] && stat(temp_file, &st) == 0 && st.st_size == 0)
		unlink(temp_file);
	else if (temp_file[0] && unfinished_file[0])
		(void)rename(temp_file, unfinished_file);	/* a handler cannot report it */
	_exit(ST_SIGNAL + signal);
}

/* A Nagios check must print its line, also when it ends before it knows anything. */
static void end_check_at_once(int signal)
{
	char line[] = "GSQSTAT UNKNOWN - ended by signal 00\n";
	ssize_t n;

	line[sizeof(line) - 4] = (char)('0' + signal / 10);
	line[sizeof(line) - 3] = (char)('0' + signal % 10);
	n = write(STDOUT_FILENO, line, sizeof(line) - 1);
	(void)n;	/* a handler cannot report it */
	_exit(NAGIOS_UNKNOWN);
}

void signals_begin(bool check)
{
	struct sigaction action = { .sa_handler = check ? end_check_at_once : end_at_once };
	sigset_t status;

	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(handled); i++)
		if ((check || handled[i] != SIGUSR1) && !is_ignored(handled[i]))
			sigaction(handled[i], &action, NULL);
	/* block it until the signalfd is ready: its default action would end the process */
	sigemptyset(&status);
	sigaddset(&status, SIGUSR1);
	if (!is_ignored(SIGUSR1))
		sigprocmask(SIG_BLOCK, &status, NULL);
}

/* --- during the run ----------------------------------------------------------------- */

int signals_open(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_LEN(handled); i++)
		if (!is_ignored(handled[i]))
			sigaddset(set, handled[i]);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, set, NULL) != 0)
		return -1;
	return signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int signals_take(struct run *run)
{
	struct signalfd_siginfo info;
	int ending = 0;

	while (read(run->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			audit_events_status(run->events, input_report(run).up);
		else if (!ending)
			ending = (int)info.ssi_signo;
	}
	return ending;
}

enum status signals_status(int signal, struct err *err)
{
	return err_set(err, (enum status)(ST_SIGNAL + signal), "ended by signal %d (%s)", signal,
		strsignal(signal));
}

/* --- the second signal -------------------------------------------------------------- */

void signals_end_at_once(const struct run *run, const sigset_t *set)
{
	struct sigaction action = { .sa_handler = end_at_once };
	sigset_t ending = *set;
	const char *temp = run->writer ? writer_temp_path(run->writer) : NULL;
	const char *unfinished = run->writer ? writer_unfinished_path(run->writer) : NULL;

	/* copies, because the run frees the names; a file that is gone by then does no harm */
	snprintf(temp_file, sizeof(temp_file), "%s", temp ? temp : "");
	snprintf(unfinished_file, sizeof(unfinished_file), "%s", unfinished ? unfinished : "");
	sigfillset(&action.sa_mask);
	for (int signal = 1; signal < SIGRTMIN; signal++)
		if (signal != SIGUSR1 && sigismember(set, signal) == 1)
			sigaction(signal, &action, NULL);
	sigdelset(&ending, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &ending, NULL);
}

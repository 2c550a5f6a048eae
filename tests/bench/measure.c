/*
 * Runs a command and says what it took, "CPU-SECONDS PEAK-KIB STATUS", on descriptor 3.
 * A parent of its own, because a process begins with the peak of the one it was forked from.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage use;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (pid == 0) {
		close(3);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &use) != pid)
		return 1;
	dprintf(3, "%ld.%06ld %ld %d\n",
		(long)(use.ru_utime.tv_sec + use.ru_stime.tv_sec)
			+ (long)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1000000,
		(long)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) % 1000000, use.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}

#include "checks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "paths.h"
#include "text.h"
#include "wanted.h"

#define LATENESS_WINDOWS_MAX 60

void checks_derive(struct parse *p)
{
	struct settings *set = p->set;

	wanted_settle(p);
	if (!p->given[OPT_WINDOW])
		set->window_ms = set->interval_ms > 30000 ? set->interval_ms : 30000;
	if (!p->given[OPT_COUNT])
		set->count = set->replay ? 0 : 1;
	if (!p->given[OPT_TIME])
		set->time = set->replay && !set->notices ? TIME_EVENT : TIME_ARRIVAL;
	if (!p->given[OPT_IDLE_TIMEOUT])
		set->idle_timeout_ms = 2 * set->interval_ms;
	if (!p->given[OPT_LATENESS]) {
		set->lateness_ms = 2 * set->interval_ms;
		if (set->lateness_ms > LATENESS_WINDOWS_MAX * set->window_ms)
			set->lateness_ms = LATENESS_WINDOWS_MAX * set->window_ms;
	}
}

void checks_options(struct parse *p)
{
	struct settings *set = p->set;
	char window[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX], late[DURATION_TEXT_MAX];
	char text[SHOWN_SIZE];

	duration_format(window, set->window_ms);
	duration_format(most, LATENESS_WINDOWS_MAX * set->window_ms);
	duration_format(late, set->lateness_ms);
	if (set->lateness_ms > LATENESS_WINDOWS_MAX * set->window_ms && !p->bad[OPT_WINDOW]
	    && !p->bad[OPT_INTERVAL])
		lines_add(&p->problems, "--lateness '%s': allowed is 60 windows at most, that is "
			"%s", late, most);
	if (set->window_ms < set->interval_ms)
		lines_add(&set->warnings, "--window %s is shorter than --interval %s: windows "
			"without an update are to be expected", window, set->interval);
	if (p->outlier_none && set->noutlier && p->given[OPT_OUTLIER])
		lines_add(&p->problems, "--outlier 'none': allowed is no other --outlier beside "
			"it");
	if (set->replay && set->record)
		lines_add(&p->problems, "--record '%s': allowed is a live run, not --replay",
			text_shown(text, set->record, strlen(set->record)));
	if (set->replay && strcmp(set->replay, "-") == 0 && p->queue_stdin)
		lines_add(&p->problems, "--queue-file '-': stdin is what --replay - reads");
	if (p->given[OPT_REPLAY])
		return;
	if (!set->queues.n && !p->given[OPT_QUEUE] && !p->given[OPT_QUEUE_FILE]
	    && !p->queue_words.n)
		lines_add(&p->problems, "no queue: name one by --queue, --queue-file or as an "
			"operand");
	if (set->queues.n > QUEUES_MAX && !p->bad[OPT_QUEUE])
		lines_add(&p->problems, "--queue: %zu queues; allowed are %d at most",
			set->queues.n, QUEUES_MAX);
}

/* --- files -------------------------------------------------------------------------- */

static void check_same_files(struct parse *p)
{
	const struct settings *set = p->set;
	const struct path_use fixed[] = {
		{ "--output", set->output ? set->output : "-", true, false },
		{ "--record", set->record, true, false },
		{ "--rejects", set->rejects, true, false },
		{ "standard error", "-", true, true },
		{ "--replay", set->replay, false, false },
		{ "--cacert", set->cacert, false, false },
		{ "SSL_CERT_FILE", p->ca_file, false, false },
		{ "--client-secret-file", p->secret_file, false, false },
		{ "CREDENTIALS_DIRECTORY", set->creds.secret_path, false, false }
	};
	const size_t n = ARRAY_LEN(fixed);
	struct path_use *use = calloc(n + p->queue_files.n, sizeof(*use));

	if (!use) {
		p->problems.failed = true;
		return;
	}
	memcpy(use, fixed, sizeof(fixed));
	for (size_t i = 0; i < p->queue_files.n; i++)
		use[n + i] = (struct path_use){ "--queue-file", p->queue_files.v[i], false, false };
	paths_check(use, n + p->queue_files.n, &p->problems);
	free(use);
}

static void check_output(struct parse *p, const char *flag, const char *path)
{
	size_t len = path ? strlen(path) : 0;
	struct err err;

	if (!len || strcmp(path, "-") == 0)
		return;
	if (path[len - 1] == '/')
		lines_add(&p->problems, "%s %.100s: cannot be made: %s", flag, path,
			strerror(EISDIR));
	else if (out_check(path, &err) != ST_OK)
		lines_add(&p->problems, "%s %s", flag, err.text);
}

void checks_files(struct parse *p)
{
	const struct settings *set = p->set;

	check_same_files(p);
	check_output(p, "--output", set->output);
	check_output(p, "--record", set->record);
	check_output(p, "--rejects", set->rejects);
	if (set->replay)
		parse_file_problem(p, "--replay", set->replay, paths_unreadable(set->replay));
	if (set->cacert)
		parse_file_problem(p, "--cacert", set->cacert, paths_no_certificates(set->cacert));
	if (p->ca_file && !set->creds.plain)
		parse_file_problem(p, "SSL_CERT_FILE", p->ca_file,
			paths_no_certificates(p->ca_file));
}

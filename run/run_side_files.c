#include "run/run_side_files.h"

#include "util/lines.h"

static void report_failure(struct run *run, struct side_file *side)
{
	const char *why = side_file_new_failure(side);

	if (!why)
		return;
	lines_add(&run->warnings, "%s; nothing more is written to it", why);
	audit_events_warnings(run->events, &run->warnings);
}

static void report_failures(struct run *run)
{
	report_failure(run, run->record);
	report_failure(run, run->rejects);
}

void run_side_files_flush(struct run *run)
{
	if (run->record)
		side_file_flush(run->record);
	if (run->rejects)
		side_file_flush(run->rejects);
	report_failures(run);
}

bool run_side_files_wait(const struct run *run)
{
	return (run->record && side_file_waiting(run->record))
		|| (run->rejects && side_file_waiting(run->rejects));
}

enum status run_side_files_close(struct run *run, struct err *err)
{
	const char *why;

	if (run->record)
		side_file_end(run->record);
	if (run->rejects)
		side_file_end(run->rejects);
	report_failures(run);
	why = side_file_failure(run->record);
	if (!why)
		why = side_file_failure(run->rejects);
	return why ? err_set(err, ST_OUTPUT, "%s", why) : ST_OK;
}

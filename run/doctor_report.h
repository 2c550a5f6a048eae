/* The lines that --doctor prints, one for each step, and the exit status that follows from them. */
#ifndef RUN_DOCTOR_REPORT_H
#define RUN_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "run/run_state.h"
#include "util/base.h"

enum doctor_mark { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL, DOCTOR_SKIPPED };

struct doctor_report {
	struct run *run;
	enum status status;	/* of the first step that failed; ST_OK: none did */
	size_t failed;		/* lines that say FAIL */
	bool clock_told;
	enum status written;	/* ST_OK, or why a line could not be written */
	struct err err;
};

/* Prints a line about a step, without the secrets that the audit knows. Use doctor_report_fail for
 * a step that failed, so that the run ends with this status. */
void doctor_report_line(struct doctor_report *r, enum doctor_mark mark, const char *step,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void doctor_report_fail(struct doctor_report *r, enum status status, const char *step,
	const char *text);

/* What is known without a request: credentials, hosts, and warnings about options. */
void doctor_report_settings(struct doctor_report *r);
/* Prints and empties the warnings of the run. */
void doctor_report_warnings(struct doctor_report *r);
/* Compares this machine's clock with the Date of the first answer, once there is one. last: there
 * will be no other. */
void doctor_report_clock(struct doctor_report *r, bool last);

#endif

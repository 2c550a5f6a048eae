#include "run/doctor_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/text.h"
#include "util/time.h"

#define TEXT_MAX 1400
#define CLOCK_OFF_US 5000000	/* the Date of an answer has whole seconds, and is on its way */

static const char *const marks[] = {
	[DOCTOR_OK] = "OK",
	[DOCTOR_WARN] = "WARN",
	[DOCTOR_FAIL] = "FAIL",
	[DOCTOR_SKIPPED] = "-"
};

static void put_line(struct doctor_report *r, enum doctor_mark mark, const char *step, char *text)
{
	struct run *run = r->run;

	if (r->written != ST_OK)
		return;
	audit_redact(run->audit, text);
	buf_clear(&run->text);
	buf_printf(&run->text, "%-4s  %-13s  ", marks[mark], step);
	text_put_safe(&run->text, text, strlen(text));
	buf_char(&run->text, '\n');
	r->written = run->text.failed ? err_nomem(&r->err)
		: writer_window(run->writer, &run->text, &r->err);
}

void doctor_report_line(struct doctor_report *r, enum doctor_mark mark, const char *step,
	const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put_line(r, mark, step, text);
}

void doctor_report_fail(struct doctor_report *r, enum status status, const char *step,
	const char *text)
{
	if (r->status == ST_OK)
		r->status = status;
	r->failed++;
	doctor_report_line(r, DOCTOR_FAIL, step, "%s", text);
}

void doctor_report_warnings(struct doctor_report *r)
{
	struct lines *warnings = &r->run->warnings;

	for (size_t i = 0; i < warnings->n; i++)
		doctor_report_line(r, DOCTOR_WARN, "warning", "%s", warnings->v[i]);
	lines_free(warnings);
}

void doctor_report_settings(struct doctor_report *r)
{
	const struct options *set = r->run->set;
	const struct creds *creds = &set->creds;

	if (creds->access_token)
		doctor_report_line(r, DOCTOR_OK, "credentials", "access token from %s",
			creds->token_from);
	if (creds->secret)
		doctor_report_line(r, DOCTOR_OK, "credentials",
			"client ID from %s, client secret from %s", creds->id_from,
			creds->secret_from);
	doctor_report_line(r, DOCTOR_OK, "hosts", "%s and, for the token, %s; from %s",
		creds->base_url, creds->login_url, creds->host_from);
	for (size_t i = 0; i < set->warnings.n; i++)
		doctor_report_line(r, DOCTOR_WARN, "options", "%s", set->warnings.v[i]);
}

void doctor_report_clock(struct doctor_report *r, bool last)
{
	const struct run_clock *clock = r->run->clock;
	int64_t date_s = r->run->http ? http_date_s(r->run->http) : 0;
	int64_t ahead_us = clock->real_us(clock) - (date_s * US_PER_S + US_PER_S / 2);

	if (r->clock_told || (!date_s && !last))
		return;
	r->clock_told = true;
	if (!date_s)
		doctor_report_line(r, DOCTOR_SKIPPED, "clock", "no answer has told the time");
	else if (llabs(ahead_us) <= CLOCK_OFF_US)
		doctor_report_line(r, DOCTOR_OK, "clock", "within %d s of the server's",
			CLOCK_OFF_US / US_PER_S);
	else
		doctor_report_line(r, DOCTOR_WARN, "clock", "this machine's clock is %lld s %s "
			"the server's: set it, for example with NTP",
			llabs(ahead_us) / US_PER_S, ahead_us < 0 ? "behind" : "ahead of");
}

#include "cli/option_values.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command_line.h"
#include "json.h"
#include "message/metric_types.h"
#include "message/source_kind.h"
#include "util/base.h"
#include "util/lines.h"
#include "util/text.h"
#include "util/time.h"
#include "window/row.h"

#define DAY_MS (24LL * 3600 * 1000)
#define COUNT_MAX 1000000
#define SIZE_LEAST 1024
#define SIZE_MOST (UINT64_C(1024) << 30)

#define WORDS(name, ...) \
	static const char *const name##_list[] = { __VA_ARGS__ }; \
	const struct option_words name##_words = { name##_list, ARRAY_LEN(name##_list) }

WORDS(interval, "PT10S", "PT15S", "PT30S", "PT1M", "PT2M");
WORDS(time, [TIME_ARRIVAL] = "arrival", [TIME_EVENT] = "event");
WORDS(subscribe, [SUBSCRIBE_URL] = "url", [SUBSCRIBE_MESSAGE] = "message");
WORDS(audit, [AUDIT_JSON] = "json", [AUDIT_LOGFMT] = "logfmt", [AUDIT_NONE] = "none");
WORDS(callback, [PAYLOAD_PLAIN] = "plain", [PAYLOAD_CLOUDEVENTS] = "cloudevents");
WORDS(check, "nagios");
const struct option_words source_words = { source_kind_names, SOURCE_UNKNOWN };
const struct option_words format_words = { output_words, FORMATS };
const struct option_words metric_words = { metric_types_stream, METRIC_TYPES_STREAM };
const struct option_words stat_words = { row_stat_names, STAT_NAMES };
const struct option_words media_words = { row_media_words, MEDIA_WORDS };

/* --- storing ------------------------------------------------------------------------ */

/* Reports a number without a unit: which valid durations it may mean. False: it is none. */
static bool lacks_unit(struct command_line *p, const char *value)
{
	static const char *const units[] = { "ms", "s", "m", "h" };
	char with_unit[ARRAY_LEN(units)][24], list[96], text[128];
	const char *meant[ARRAY_LEN(units)];
	size_t n = 0;
	int64_t ms;

	for (size_t i = 0; i < ARRAY_LEN(units) && strlen(value) < 16; i++) {
		snprintf(with_unit[i], sizeof(with_unit[i]), "%s%s", value, units[i]);
		if (time_parse_duration_ms(with_unit[i], &ms) && ms >= p->current->number
		    && ms <= DAY_MS)
			meant[n++] = with_unit[i];
	}
	if (!n || value[strspn(value, "0123456789.")])
		return false;
	text_words(list, sizeof(list), "", meant, n);
	snprintf(text, sizeof(text), "has no unit; did you mean %s?", list);
	command_line_problem(p, value, text);
	return true;
}

static void set_duration(struct command_line *p, int64_t *ms, const char *value)
{
	const int64_t least = p->current->number;
	const bool or_0 = p->current->kind == KIND_DURATION_OR_0;
	char shortest[DURATION_TEXT_MAX], text[128];

	*ms = 0;
	if (or_0 && strcmp(value, "0") == 0)
		return;
	if (time_parse_duration_ms(value, ms)
	    && ((*ms >= least && *ms <= DAY_MS) || (or_0 && *ms == 0)))
		return;
	*ms = least;
	if (lacks_unit(p, value))
		return;
	time_format_duration(shortest, least);
	snprintf(text, sizeof(text), "must be %s%s to 24h, for example 90s, 5m or PT1M30S",
		or_0 && least ? "0, or " : "", least ? shortest : "0");
	command_line_problem(p, value, text);
}

static void set_count(struct command_line *p, uint32_t *count, const char *value)
{
	size_t len = strlen(value);
	long n = len > 0 && len < 9 && !value[strspn(value, "0123456789")]
		? strtol(value, NULL, 10) : 0;

	if (n < 1 || n > COUNT_MAX)
		command_line_problem(p, value, "must be 1 to 1000000");
	else
		*count = (uint32_t)n;
}

static const char size_units[] = "KMG";		/* powers of 1024 */

static void set_size(struct command_line *p, uint64_t *bytes, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	const char *unit = value[digits] ? strchr(size_units, value[digits]) : NULL;
	uint64_t n = digits && digits < 10 ? strtoull(value, NULL, 10) : 0;
	char text[64];

	if (!unit && !value[digits] && n > 0 && n < SIZE_LEAST) {
		snprintf(text, sizeof(text), "has no unit; did you mean %sK, %sM or %sG?", value,
			value, value);
		command_line_problem(p, value, text);
		return;
	}
	if (unit)
		n <<= 10 * (unit - size_units + 1);
	if (n < SIZE_LEAST || n > SIZE_MOST || value[digits + (unit != NULL)])
		command_line_problem(p, value, "must be 1K to 1024G, a number of bytes or a number "
			"with K, M or G");
	else
		*bytes = n;
}

/* Returns the index of a word; 0 for a bad one, so that later checks have a valid value. */
static size_t set_word(struct command_line *p, const char *value)
{
	int i = command_line_word(p, value, p->current->words);

	return i < 0 ? 0 : (size_t)i;
}

/* Adds words between commas to the set. The first use of the option replaces the default. */
static void set_words(struct command_line *p, unsigned *set, const char *value)
{
	const char *at = value;
	char word[TEXT_SHOWN_SIZE];

	if (!command_line_given(p, p->current->name))
		*set = 0;
	for (size_t len; ; at += len + 1) {
		int i;

		len = strcspn(at, ",");
		i = command_line_word(p, text_shown(word, at, len), p->current->words);
		if (i < 0)
			return;
		*set |= 1u << i;
		if (!at[len])
			return;
	}
}

static void set_text(struct command_line *p, const char **text, const char *value)
{
	/* it would make a file named `-`, which no user wants */
	if (p->current->kind == KIND_SIDE_FILE && strcmp(value, "-") == 0)
		command_line_problem(p, value, "must be a file; stdout is for rows");
	else
		*text = value;
}

void option_values_set(struct command_line *p, const char *value)
{
	const struct option_def *d = p->current;
	void *at = (char *)p->set + d->at;

	if (d->set) {
		d->set(p, value);
		return;
	}
	switch (d->kind) {
	case KIND_FLAG: *(bool *)at = d->number != p->defaults; break;
	case KIND_LEVEL: *(enum audit_level *)at = (enum audit_level)d->number; break;
	case KIND_DURATION:
	case KIND_DURATION_OR_0: set_duration(p, at, value); break;
	case KIND_COUNT: set_count(p, at, value); break;
	case KIND_SIZE: set_size(p, at, value); break;
	case KIND_WORD: *(unsigned *)at = (unsigned)set_word(p, value); break;
	case KIND_SET: set_words(p, at, value); break;
	case KIND_CHOICE: *(const char **)at = d->words->v[set_word(p, value)]; break;
	case KIND_TEXT:
	case KIND_INPUT:
	case KIND_OUTPUT:
	case KIND_SIDE_FILE: set_text(p, at, value); break;
	case KIND_LIST: lines_add(at, "%s", value); break;
	case KIND_TARGETS: targets_add(at, value, command_line_value_flag(p, d->name, value),
		&p->problems, &p->set->warnings); break;
	case KIND_NONE: break;
	}
}

static bool has_name(const char *label, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(label, name, len) == 0 && label[len] == '=';
}

/* Whether an output uses the name of the label itself, or what reads the output reserves it. */
static bool is_taken(const char *label)
{
	for (enum row_statistic stat = 0; stat < STAT_NAMES; stat++)
		if (has_name(label, row_stat_names[stat]))
			return true;
	for (enum row_member m = 0; m < ROW_MEMBERS; m++)
		if (row_members[m].label && has_name(label, row_members[m].label))
			return true;
	for (size_t i = 0; i < FORMATS; i++)
		for (const char *const *own = outputs[i]->own_labels; own && *own; own++)
			if (has_name(label, *own))
				return true;
	return false;
}

void option_values_set_label(struct command_line *p, const char *value)
{
	const char *why = is_taken(value)
		? "gsqstat, Prometheus or InfluxDB use this name themselves; choose another"
		: row_labels_add(&p->set->labels, value);

	if (!why)
		lines_add(&p->set->label_texts, "%s", value);
	else if (why == why_no_memory)
		p->problems.failed = true;
	else
		command_line_problem(p, value, why);
}

/* Stores the hash in lower case, as --verify-audit prints it. */
void option_values_set_expect(struct command_line *p, const char *value)
{
	struct options *set = p->set;
	size_t len = strlen(value);

	if (len != sizeof(set->expect_text) - 1 || value[strspn(value, "0123456789abcdefABCDEF")]) {
		command_line_problem(p, value, "must be a SHA-256 hash, 64 hex digits");
		return;
	}
	for (size_t i = 0; i <= len; i++)
		set->expect_text[i] = (char)tolower((unsigned char)value[i]);
	set->expect = set->expect_text;
}

void option_values_set_run(struct command_line *p, const char *value)
{
	if (text_parse_uuid(value, strlen(value), p->set->run_text))
		p->set->run = p->set->run_text;
	else
		command_line_problem(p, value, "must be a run's ID, a UUID, as in the member "
			"\"run\" of audit lines");
}

const char *option_values_text(const struct option_def *d, const struct options *set)
{
	return *(const char *const *)((const char *)set + d->at);
}

/* --- JSON --------------------------------------------------------------------------- */

static void put_text(struct buf *out, const char *s)
{
	if (s)
		json_put_string(out, s, strlen(s));
	else
		buf_str(out, "null");
}

static void put_duration(struct buf *out, int64_t ms)
{
	char text[DURATION_TEXT_MAX];

	time_format_duration(text, ms);
	put_text(out, text);
}

static void put_count(struct buf *out, uint32_t n)
{
	if (n)
		buf_printf(out, "%u", n);
	else
		buf_str(out, "null");
}

static void put_size(struct buf *out, uint64_t bytes)
{
	size_t unit = 0;

	for (; unit < 3 && bytes % 1024 == 0; unit++)
		bytes /= 1024;
	buf_printf(out, "\"%llu%.*s\"", (unsigned long long)bytes, unit != 0,
		size_units + (unit ? unit - 1 : 0));
}

static void put_lines(struct buf *out, const struct lines *lines, bool brief)
{
	if (brief) {
		buf_printf(out, "%zu", lines->n);
		return;
	}
	buf_char(out, '[');
	for (size_t i = 0; i < lines->n; i++) {
		buf_str(out, i ? "," : "");
		put_text(out, lines->v[i]);
	}
	buf_char(out, ']');
}

/* Appends the URLs without their secret parts. */
static void put_targets(struct buf *out, const struct targets *t, bool brief)
{
	struct lines shown = { 0 };

	for (size_t i = 0; i < t->n; i++)
		lines_add(&shown, "%s", t->v[i].shown);
	put_lines(out, &shown, brief);
	out->failed = out->failed || shown.failed;
	lines_free(&shown);
}

static void put_words(struct buf *out, unsigned set, const struct option_words *words)
{
	bool first = true;

	buf_char(out, '[');
	for (size_t i = 0; i < words->n; i++) {
		if (!(set & 1u << i))
			continue;
		buf_str(out, first ? "" : ",");
		put_text(out, words->v[i]);
		first = false;
	}
	buf_char(out, ']');
}

void option_values_put(struct buf *out, const struct option_def *d, const struct options *set,
	bool brief)
{
	const void *at = (const char *)set + d->at;
	bool is_set;

	switch (d->kind) {
	case KIND_FLAG:
	case KIND_LEVEL:
		is_set = d->kind == KIND_FLAG ? *(const bool *)at == (bool)d->number
			: *(const enum audit_level *)at == (enum audit_level)d->number;
		buf_str(out, is_set ? "true" : "false");
		break;
	case KIND_DURATION:
	case KIND_DURATION_OR_0: put_duration(out, *(const int64_t *)at); break;
	case KIND_COUNT: put_count(out, *(const uint32_t *)at); break;
	case KIND_SIZE: put_size(out, *(const uint64_t *)at); break;
	case KIND_WORD: put_text(out, d->words->v[*(const unsigned *)at]); break;
	case KIND_SET: put_words(out, *(const unsigned *)at, d->words); break;
	case KIND_CHOICE:
	case KIND_TEXT:
	case KIND_INPUT:
	case KIND_OUTPUT:
	case KIND_SIDE_FILE: put_text(out, option_values_text(d, set)); break;
	case KIND_LIST: put_lines(out, at, brief); break;
	case KIND_TARGETS: put_targets(out, at, brief); break;
	case KIND_NONE: break;
	}
}

/* --- lists -------------------------------------------------------------------------- */

bool option_values_lists_failed(const struct options *set)
{
	bool failed = set->targets.files.failed || set->targets.headers.failed;

	FOR_EACH_OPTION(d)
		if (d->kind == KIND_LIST)
			failed |= ((const struct lines *)((const char *)set + d->at))->failed;
	return failed;
}

void option_values_lists_free(struct options *set)
{
	FOR_EACH_OPTION(d)
		if (d->kind == KIND_LIST)
			lines_free((struct lines *)((char *)set + d->at));
}

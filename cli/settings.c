#include "cli/settings.h"

#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include "auth/creds.h"
#include "json.h"
#include "output/list_table.h"
#include "util/time.h"

#define AUDITED_MAX 3550		/* bytes of settings that fit into run.start's line */

/* brief: the length of a list in place of the list, see settings_put_values. */
static void put_value(struct buf *out, const struct command_line *p, const struct option_def *d,
	bool brief)
{
	const struct option_state *state = &p->state[d - option_table];

	if (state->unknown || (p->modes & ~d->modes & (MODE_STREAM | MODE_NOTIFICATIONS)))
		buf_str(out, "null");
	else if (state->shown)
		json_put_string(out, state->shown, strlen(state->shown));
	else
		option_values_put(out, d, p->set, brief);
}

static void put_secret(struct buf *out, const char *key, const char *from)
{
	buf_printf(out, ",\"%s\":{\"from\":", key);
	if (from)
		buf_printf(out, "\"%s\"}", creds_origin(from));
	else
		buf_str(out, "null}");
}

/* Of secrets, it prints only where they come from. */
void settings_put(struct buf *out, const struct command_line *p)
{
	buf_str(out, "{\"schema\":\"gsqstat-settings/1\"");
	FOR_EACH_OPTION(d) {
		const char *from = p->state[d - option_table].from;

		if (d->kind == KIND_NONE)
			continue;
		buf_printf(out, ",\"%s\":{\"value\":", d->name);
		put_value(out, p, d, false);
		json_put_quoted(out, ",\"from\":", from ? from : "default");
		buf_char(out, '}');
	}
	put_secret(out, "client-id", p->set->creds.id_from);
	put_secret(out, "client-secret", p->set->creds.secret_from);
	put_secret(out, "access-token", p->set->creds.token_from);
	buf_str(out, "}\n");
}

/* --- for people --------------------------------------------------------------------- */

/* Adds the JSON value as plain text. */
static void add_value(struct lines *values, struct json_cursor *c)
{
	const char *from = c->at;
	struct json_text text;
	struct buf plain = { 0 };

	if (json_peek(c) == '"' && json_string(c, &text)) {
		json_text_put(&text, &plain);
	} else {
		json_pass(c);
		buf_add(&plain, from, (size_t)(c->at - from));
	}
	lines_add(values, "%.*s", (int)plain.len, plain.len ? plain.data : "");
	values->failed = values->failed || plain.failed;
	buf_free(&plain);
}

/* Appends the items of a list, or the one value; none if there is no value. */
static void add_values(struct lines *values, const struct command_line *p,
	const struct option_def *d)
{
	struct buf json = { 0 };
	struct json_cursor c;

	put_value(&json, p, d, false);
	c = json_start(json.data, json.data + json.len);
	if (json.failed) {
		values->failed = true;
	} else if (json_peek(&c) == '[') {
		json_enter(&c);
		while (json_item(&c))
			add_value(values, &c);
	} else if (json_peek(&c) != 'n') {	/* null */
		add_value(values, &c);
	}
	buf_free(&json);
}

/* "default", or "default" and words; a configuration file may be named default.conf. */
static bool is_default(const char *from)
{
	return !from || strcmp(from, "default") == 0
		|| strncmp(from, "default ", strlen("default ")) == 0;
}

static bool can_be_used(const struct command_line *p, const struct option_def *d)
{
	return d->kind != KIND_NONE && !(p->modes & ~d->modes);
}

/* Adds the row of a setting. The items of a list have a row each. */
static void add_rows(struct lines *cells, const char *name, const struct lines *values,
	const char *from)
{
	lines_add(cells, "%c %s", is_default(from) ? ' ' : '*', name);
	lines_add(cells, "%s", values->n ? values->v[0] : "-");
	lines_add(cells, "%s", from ? from : "default");
	for (size_t i = 1; i < values->n; i++) {
		lines_add(cells, "%s", "");
		lines_add(cells, "%s", values->v[i]);
		lines_add(cells, "%s", "");
	}
	cells->failed = cells->failed || values->failed;
}

static void add_secret(struct lines *cells, const char *name, const char *from)
{
	const struct lines hidden = { .v = (char *[]){ "(not shown)" }, .n = 1 };

	if (from)
		add_rows(cells, name, &hidden, creds_origin(from));
}

/* Says what the run would do, so that the table ends with an answer. */
static void put_summary(struct buf *out, const struct command_line *p)
{
	const struct options *set = p->set;
	const size_t queues = set->queues.n, names = set->queue_names.n;
	char text[DURATION_TEXT_MAX];

	buf_str(out, "\nThese settings are valid. The run would ");
	if (set->task == TASK_LIST_QUEUES || set->task == TASK_DOCTOR) {
		buf_str(out, set->task == TASK_DOCTOR ? "check each step.\n"
			: "list the queues.\n");
		return;
	}
	buf_str(out, set->task == TASK_REPLAY ? "read a recording" : "watch");
	if (queues)
		buf_printf(out, "%s %zu queue%s", set->task == TASK_REPLAY ? " of" : "",
			queues, queues == 1 ? "" : "s");
	if (names)
		buf_printf(out, "%s the queues that match %zu name%s", queues ? " and" : "", names,
			names == 1 ? "" : "s");
	if (set->now) {
		buf_str(out, " once.\n");
		return;
	}
	time_format_duration(text, set->window_ms);
	if (set->count)
		buf_printf(out, " for %u window%s of %s.\n", (unsigned)set->count,
			set->count == 1 ? "" : "s", text);
	else
		buf_printf(out, " in windows of %s.\n", text);
}

bool settings_put_table(struct buf *out, const struct command_line *p)
{
	static const char *const titles[] = { "  option", "value", "from" };
	struct list_table table = { .title = titles, .ncolumn = ARRAY_LEN(titles), .kept = 2,
		.header = p->set->header, .ascii = p->set->ascii };
	bool ok;

	FOR_EACH_OPTION(d) {
		struct lines values = { 0 };

		if (!can_be_used(p, d))
			continue;
		add_values(&values, p, d);
		add_rows(&table.cells, d->name, &values, p->state[d - option_table].from);
		lines_free(&values);
	}
	add_secret(&table.cells, "client-id", p->set->creds.id_from);
	add_secret(&table.cells, "client-secret", p->set->creds.secret_from);
	add_secret(&table.cells, "access-token", p->set->creds.token_from);
	list_table_fit(&table, STDOUT_FILENO);
	ok = list_table_put(&table, out);
	lines_free(&table.cells);
	put_summary(out, p);
	return ok;
}

/* `queue ID, ID (flag); window 5m (flag)` */
void settings_put_changed(struct buf *out, const struct command_line *p)
{
	FOR_EACH_OPTION(d) {
		const char *from = p->state[d - option_table].from;
		struct lines values = { 0 };

		if (is_default(from) || !can_be_used(p, d))
			continue;
		add_values(&values, p, d);
		buf_printf(out, "%s%s", out->len ? "; " : "", d->name);
		for (size_t i = 0; i < values.n; i++)
			buf_printf(out, "%s%s", i ? ", " : " ", values.v[i]);
		buf_printf(out, " (%s)", from);
		out->failed = out->failed || values.failed;
		lines_free(&values);
	}
	buf_char(out, '\0');
}

/* --- for run.start ------------------------------------------------------------------ */

static void put_values(struct buf *out, const struct command_line *p, bool brief)
{
	FOR_EACH_OPTION(d) {
		if (d->kind == KIND_NONE)
			continue;
		buf_printf(out, "%c\"%s\":", d == option_table ? '{' : ',', d->name);
		put_value(out, p, d, brief);
	}
	buf_add(out, "}", 2);
}

/* Length of the JSON in a logfmt audit line, which escapes quotes and backslashes. */
static size_t audited_len(const struct buf *json)
{
	size_t len = json->len;

	for (size_t i = 0; i < json->len; i++)
		len += json->data[i] == '"' || json->data[i] == '\\';
	return len;
}

void settings_put_values(struct buf *out, const struct command_line *p)
{
	put_values(out, p, false);
	if (audited_len(out) <= AUDITED_MAX)
		return;
	buf_clear(out);
	put_values(out, p, true);
}

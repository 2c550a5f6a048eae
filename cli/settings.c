#include "cli/settings.h"

#include <string.h>

#include "auth/creds.h"
#include "cli/config_file.h"
#include "json.h"

#define AUDITED_MAX 3400		/* bytes of settings that fit into run.start's line */

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

static void put_from(struct buf *out, const struct command_line *p,
	const struct option_state *state)
{
	struct buf text = { 0 };

	if (state->line)
		buf_printf(&text, "%s:%zu", p->set->config_file->name, state->line);
	else
		buf_str(&text, state->from ? state->from : "default");
	buf_str(out, ",\"from\":");
	json_put_string(out, text.data, text.len);
	buf_char(out, '}');
	out->failed = out->failed || text.failed;
	buf_free(&text);
}

/* Of secrets, it prints only where they come from. */
void settings_put(struct buf *out, const struct command_line *p)
{
	buf_str(out, "{\"schema\":\"gsqstat-settings/1\"");
	FOR_EACH_OPTION(d) {
		if (d->kind == KIND_NONE)
			continue;
		buf_printf(out, ",\"%s\":{\"value\":", d->name);
		put_value(out, p, d, false);
		put_from(out, p, &p->state[d - option_table]);
	}
	put_secret(out, "client-id", p->set->creds.id_from);
	put_secret(out, "client-secret", p->set->creds.secret_from);
	put_secret(out, "access-token", p->set->creds.token_from);
	buf_str(out, "}\n");
}

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

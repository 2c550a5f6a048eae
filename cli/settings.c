#include "cli/settings.h"

#include <string.h>

#include "cli/option_table.h"
#include "cli/print.h"
#include "json.h"
#include "util/base.h"
#include "util/lines.h"
#include "util/time.h"

#define AUDITED_MAX 3400		/* bytes of settings that fit into run.start's line */

static void put_text(struct buf *out, const char *s)
{
	if (s)
		json_put_string(out, s, strlen(s));
	else
		buf_str(out, "null");
}

static void put_texts(struct buf *out, const char *const *v, size_t n)
{
	buf_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_str(out, i ? "," : "");
		put_text(out, v[i]);
	}
	buf_char(out, ']');
}

static void put_lines(struct buf *out, const struct lines *lines, bool brief)
{
	if (brief)
		buf_printf(out, "%zu", lines->n);
	else
		put_texts(out, (const char *const *)lines->v, lines->n);
}

static void put_duration(struct buf *out, int64_t ms)
{
	char text[DURATION_TEXT_MAX];

	time_format_duration(text, ms);
	put_text(out, text);
}

static void put_size(struct buf *out, uint64_t bytes)
{
	static const char units[] = "KMG";
	size_t unit = 0;

	for (; unit < 3 && bytes % 1024 == 0; unit++)
		bytes /= 1024;
	buf_printf(out, "\"%llu%.*s\"", (unsigned long long)bytes, unit != 0,
		units + (unit ? unit - 1 : 0));
}

/* Without the parts of their URLs that are secret. */
static void put_targets(struct buf *out, const struct targets *t, bool brief)
{
	if (brief) {
		buf_printf(out, "%zu", t->n);
		return;
	}
	buf_char(out, '[');
	for (size_t i = 0; i < t->n; i++) {
		buf_str(out, i ? "," : "");
		put_text(out, t->v[i].shown);
	}
	buf_char(out, ']');
}

static void put_bool(struct buf *out, bool b)
{
	buf_str(out, b ? "true" : "false");
}

/* Whether the value comes from the recording, or would if that was read now. */
static bool is_recorded(const struct option_values *p, enum option_id id)
{
	switch (id) {
	case OPT_QUEUE: return p->set->queues_recorded && (p->set->queues.n || p->unread);
	case OPT_SOURCE: return p->set->source_recorded || (p->unread && !p->given[id]);
	case OPT_INTERVAL: return p->interval_recorded || (p->unread && !p->given[id]);
	default: return false;
	}
}

/* brief: the length of a list in place of the list. */
static void put_value(struct buf *out, const struct option_values *p, enum option_id id, bool brief)
{
	const struct options *set = p->set;

	if (option_values_is_foreign(p, id)) {
		buf_str(out, "null");
		return;
	}
	switch (id) {
	case OPT_QUEUE: put_lines(out, &set->queues, brief); break;
	case OPT_QUEUE_FILE: put_lines(out, &p->queue_files, brief); break;
	case OPT_QUEUE_NAME: put_lines(out, &set->queue_names, brief); break;
	case OPT_SKIP_REFUSED: put_bool(out, set->skip_refused); break;
	case OPT_LIST_QUEUES: put_bool(out, set->list_queues); break;
	case OPT_METRIC:
		if (p->unread && p->bad[OPT_SOURCE] && !p->given[OPT_METRIC])
			put_text(out, NULL);
		else
			put_lines(out, &set->patterns, brief);
		break;
	case OPT_SOURCE:
		put_text(out, is_recorded(p, id) && p->unread ? NULL
			: source_words.v[set->notifications]);
		break;
	case OPT_INTERVAL:
		put_text(out, is_recorded(p, id) && p->unread ? NULL : set->interval);
		break;
	case OPT_WINDOW: put_duration(out, set->window_ms); break;
	case OPT_COUNT:
		if (set->count)
			buf_printf(out, "%u", set->count);
		else
			buf_str(out, "null");
		break;
	case OPT_ALIGN: put_bool(out, set->align); break;
	case OPT_NOW: put_bool(out, set->now); break;
	case OPT_TIME: put_text(out, time_words.v[set->time == TIME_EVENT]); break;
	case OPT_LATENESS: put_duration(out, set->lateness_ms); break;
	case OPT_FORMAT: put_text(out, format_words.v[set->format]); break;
	case OPT_NO_HEADER: put_bool(out, !set->header); break;
	case OPT_ASCII: put_bool(out, set->ascii); break;
	case OPT_OUTPUT: put_text(out, set->output); break;
	case OPT_RECORD: put_text(out, set->record); break;
	case OPT_REJECTS: put_text(out, set->rejects); break;
	case OPT_DRY_RUN: put_bool(out, set->dry_run); break;
	case OPT_FAIL_IF: put_lines(out, &set->fail_if, brief); break;
	case OPT_FAIL_FAST: put_bool(out, set->fail_fast); break;
	case OPT_CHECK: put_text(out, set->nagios ? check_words.v[0] : NULL); break;
	case OPT_WARNING: put_lines(out, &set->warning, brief); break;
	case OPT_CRITICAL: put_lines(out, &set->critical, brief); break;
	case OPT_CALLBACK: put_targets(out, &set->targets, brief); break;
	case OPT_CALLBACK_HEADER_FILE: put_text(out, set->targets.header_file); break;
	case OPT_CALLBACK_FORMAT:
		put_text(out, callback_words.v[set->targets.format]);
		break;
	case OPT_CALLBACK_KEY_FILE: put_text(out, set->targets.key_file); break;
	case OPT_CALLBACK_TIMEOUT: put_duration(out, set->targets.timeout_ms); break;
	case OPT_CALLBACK_SPOOL: put_text(out, set->targets.spool); break;
	case OPT_CALLBACK_SPOOL_MAX: put_size(out, set->targets.spool_max); break;
	case OPT_CALLBACK_ALLOW_PRIVATE: put_bool(out, set->targets.allow_private); break;
	case OPT_REPLAY: put_text(out, set->replay); break;
	case OPT_HOST: put_text(out, set->creds.base_url); break;
	case OPT_SUBSCRIBE: put_text(out, subscribe_words.v[set->subscribe]); break;
	case OPT_NO_SNAPSHOT: put_bool(out, !set->snapshot); break;
	case OPT_RESYNC: put_duration(out, set->resync_ms); break;
	case OPT_CACERT: put_text(out, set->cacert ? set->cacert : p->ca_file); break;
	case OPT_CONNECT_TIMEOUT: put_duration(out, set->connect_timeout_ms); break;
	case OPT_RETRY_FOR: put_duration(out, set->retry_for_ms); break;
	case OPT_IDLE_TIMEOUT: put_duration(out, set->idle_timeout_ms); break;
	case OPT_PONG_TIMEOUT: put_duration(out, set->pong_timeout_ms); break;
	case OPT_OUTLIER: put_lines(out, &set->outlier_text, brief); break;
	case OPT_PROFILE: put_text(out, p->profile); break;
	case OPT_TOKEN_MARGIN: put_duration(out, set->token_margin_ms); break;
	case OPT_NO_CACHE: put_bool(out, !set->cache); break;
	case OPT_CLIENT_SECRET_FILE: put_text(out, p->secret_file); break;
	case OPT_AUDIT: put_text(out, audit_words.v[set->audit]); break;
	case OPT_AUDIT_FILE: put_text(out, set->audit_file); break;
	case OPT_AUDIT_CHAIN: put_bool(out, set->audit_chain); break;
	case OPT_AUDIT_KEY_FILE: put_text(out, p->audit_key_file); break;
	case OPT_VERIFY_AUDIT: put_text(out, set->verify_audit); break;
	case OPT_EXPECT: put_text(out, set->expect); break;
	case OPT_ROWS: put_text(out, set->rows); break;
	case OPT_RUN: put_text(out, set->run); break;
	case OPT_VERBOSE: put_bool(out, set->level == LEVEL_DEBUG); break;
	case OPT_SILENT: put_bool(out, set->level == LEVEL_DOUBT); break;
	case OPT_HELP:
	case OPT_VERSION:
	case OPTIONS: break;
	}
}

/* `flag`, `environment`, `file`, `profile`, `recording` or `default`. Queues can come from several;
 * then the first of these counts. */
static const char *origin(const struct option_values *p, enum option_id id)
{
	if (is_recorded(p, id))
		return "recording";
	if (p->given[id] || (id == OPT_QUEUE && p->operands.n))
		return "flag";
	if (id == OPT_QUEUE && p->given[OPT_QUEUE_FILE])
		return "file";
	if (id == OPT_HOST && p->set->creds.host_from)
		return creds_origin(p->set->creds.host_from);
	if (id == OPT_CACERT && p->ca_file)
		return "environment";
	return "default";
}

static void put_secret(struct buf *out, const char *key, const char *from)
{
	buf_printf(out, ",\"%s\":{\"from\":", key);
	put_text(out, from ? creds_origin(from) : NULL);
	buf_char(out, '}');
}

/* Secrets have no value, but where they come from. */
static void put_settings(struct buf *out, const struct option_values *p)
{
	buf_str(out, "{\"schema\":\"gsqstat-settings/1\"");
	for (enum option_id id = 0; id < OPT_HELP; id++) {
		buf_printf(out, ",\"%s\":{\"value\":", option_table[id].name);
		put_value(out, p, id, false);
		buf_printf(out, ",\"from\":\"%s\"}", origin(p, id));
	}
	put_secret(out, "client-id", p->set->creds.id_from);
	put_secret(out, "client-secret", p->set->creds.secret_from);
	put_secret(out, "access-token", p->set->creds.token_from);
	buf_str(out, "}\n");
}

static void put_values(struct buf *out, const struct option_values *p, bool brief)
{
	for (enum option_id id = 0; id < OPT_HELP; id++) {
		buf_printf(out, "%c\"%s\":", id ? ',' : '{', option_table[id].name);
		put_value(out, p, id, brief);
	}
	buf_add(out, "}", 2);
}

/* Its length in an audit line in logfmt, where each quote takes a backslash. */
static size_t audited_len(const struct buf *json)
{
	size_t len = json->len;

	for (size_t i = 0; i < json->len; i++)
		len += json->data[i] == '"' || json->data[i] == '\\';
	return len;
}

void settings_put_values(struct buf *out, const struct option_values *p)
{
	put_values(out, p, false);
	if (audited_len(out) <= AUDITED_MAX)
		return;
	buf_clear(out);
	put_values(out, p, true);
}

enum status settings_print(const struct option_values *p)
{
	struct buf out = { 0 };

	put_settings(&out, p);
	return print_text(&out);
}

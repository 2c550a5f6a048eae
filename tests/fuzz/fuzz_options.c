/*
 * Values of options and of the environment: the first byte says what the rest is read as. What is
 * taken is written in another form and has to be read as the same again.
 */
#include <arpa/inet.h>
#include <math.h>
#include <strings.h>

#include "auth/creds.h"
#include "message/filter.h"
#include "net/proxy_env.h"
#include "net/url.h"
#include "output/nagios.h"
#include "output/scope.h"
#include "output/threshold.h"
#include "tests/support/fuzz.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/decimal.h"
#include "util/lines.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"
#include "webhook/ip_filter.h"
#include "window/row.h"

#define Q1 "11111111-1111-4111-8111-111111111111"
#define Q2 "22222222-2222-4222-8222-222222222222"

/* --- expressions and ranges ----------------------------------------------------------- */

static void check_filter(const char *text)
{
	static const char *const signs[] = { [COMPARE_GT] = ">", [COMPARE_GE] = ">=",
		[COMPARE_LT] = "<", [COMPARE_LE] = "<=", [COMPARE_EQ] = "==", [COMPARE_NE] = "!=" };
	char *copy = strdup(text), *other, number[DECIMAL_MAX];
	const char *metric, *again;
	struct filter filter, same;

	must(copy != NULL);
	if (filter_parse(copy, &metric, &filter)) {
		must(isfinite(filter.number) && *filter.path && !strpbrk(metric, " \t<>=!."));
		must(!strstr(filter.path, "..") && filter.path[strlen(filter.path) - 1] != '.');
		decimal_format(number, filter.number);
		other = text_format("\t%s.%s%s %s ", metric, filter.path, signs[filter.op], number);
		must(other && filter_parse(other, &again, &same) && same_text(metric, again));
		must(same.op == filter.op && same_text(filter.path, same.path));
		must(same.number >= filter.number && same.number <= filter.number);
		free(other);
	}
	free(copy);
}

/* A scope that is written with quotes is the same one. */
static void check_scope(const struct scope *scope, const char *media)
{
	const char *id = scope_queue_id(scope), *name = scope_queue_name(scope), *why_not;
	struct scopes *scopes = scopes_new(NULL);
	const char *own = id ? id : Q2;
	struct queue_index queues = { 0 };
	char *text = id || name ? text_format("%s%s%s%s%s:rest", name ? "\"" : "", name ? name : id,
		name ? "\"" : "", media ? "/" : "", media ? media : "")
		: text_format("%s%s%srest", media ? "/" : "", media ? media : "", media ? ":" : "");
	char *at = text, why[512] = "", uuid[UUID_LEN + 1];
	const struct scope *same;
	struct buf unknown = { 0 };

	must(scopes && text && (!id || !name));
	must(!id || (text_parse_uuid(id, strlen(id), uuid) && same_text(id, uuid)));
	must(!name || *name);
	same = scopes_take(scopes, "--fail-if", text, &at, why, sizeof(why));
	must(same && scope_same(scope, same) && scope_rank(scope) == scope_rank(same));
	must(same_text(at, "rest"));
	must(queue_index_add(&queues, own));
	must(same_text(own, Q1) || queue_index_add(&queues, Q1));
	must(!name || queue_index_set_name(&queues, own, name));
	why_not = scopes_find(scopes, &queues, &unknown) ? NULL : unknown.data;
	must(!why_not && scopes_count(scopes) == 1 && !scopes_needing_names(scopes) == !name);
	queue_index_free(&queues);
	buf_free(&unknown);
	free(text);
	scopes_free(scopes);
}

static void check_scope_text(const char *text)
{
	struct scopes *scopes = scopes_new(NULL);
	char *copy = strdup(text), *at = copy, why[512] = "", *slash;
	const struct scope *scope;

	must(scopes && copy);
	scope = scopes_take(scopes, "--fail-if", text, &at, why, sizeof(why));
	must(!scope == (why[0] != '\0') && at >= copy && at <= copy + strlen(text));
	/* what is before the rest has the media type at its end, behind the last slash */
	if (scope) {
		size_t before = (size_t)(at - copy);
		char *head = strndup(text, before ? before - 1 : 0);

		must(head && same_text(text + before, at));
		slash = strrchr(head, '/');
		check_scope(scope, scope_rank(scope) & 1 ? slash + 1 : NULL);
		free(head);
	}
	scopes_free(scopes);
	free(copy);
}

/* Two queues, one with a row of a media type, and the numbers that the seeds name. */
static struct row_window *a_window(void)
{
	static const char *const metrics[] = { "oWaiting", "tWait" };
	static const char odd_name[] = "Sales|=' \xE2\x80\xAE";
	static struct row_window w;
	const struct row rows[] = {
		{ .queue = 0, .queue_id = Q1, .queue_name = odd_name, .coverage = 1 },
		{ .queue = 0, .queue_id = Q1, .queue_name = odd_name, .media = "voice",
			.coverage = NAN },
		{ .queue = 1, .queue_id = Q2, .queue_name = "b", .coverage = 0.5 }
	};

	if (w.nrow)
		return &w;
	must(row_window_begin(&w, ARRAY_LEN(rows), 2 * ARRAY_LEN(rows)));
	w.source = "notifications";
	w.members = (1u << ROW_MEMBERS) - 1;
	w.has_gauges = true;
	w.end_ms = 10000;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		row_window_add(&w, &rows[i]);
		for (size_t k = 0; k < ARRAY_LEN(metrics); k++) {
			struct row_series *s = row_window_add_series(&w, metrics[k], "count",
				ROW_GAUGE);

			s->stat[STAT_MAX] = 1e15 * (double)i;
			s->stat[STAT_MEAN] = 1.0 / 3 - (double)i;
		}
	}
	must(row_window_end(&w));
	return &w;
}

static void held(void *arg, const struct threshold_hit *hit)
{
	must(!isnan(hit->value) && hit->row && hit->text);
	++*(size_t *)arg;
}

static void check_threshold(const char *text)
{
	struct scopes *scopes = scopes_new(NULL);
	struct thresholds *ts = scopes ? thresholds_new(scopes) : NULL;
	const struct row_window *w = a_window();
	char *blanks = text_format(" \t%s", text);
	char why[512], same[512];
	size_t hits = 0;

	must(ts && blanks);
	thresholds_add(ts, text, why, sizeof(why));
	must(thresholds_count(ts) == !why[0]);
	thresholds_add(ts, blanks, same, sizeof(same));
	must(!why[0] == !same[0] && thresholds_count(ts) == 2 * (size_t)!why[0]);
	if (!why[0]) {
		must(same_text(threshold_text(ts, 0), text));
		must(scope_same(threshold_scope(ts, 0), threshold_scope(ts, 1)));
		must(same_text(threshold_name(ts, 0)->metric, threshold_name(ts, 1)->metric));
		must(thresholds_judge(ts, w, held, &hits) && hits % 2 == 0 && hits <= 2 * w->nrow);
		must(!hits || threshold_was_met(ts, 0));
		must(threshold_was_met(ts, 0) == threshold_was_met(ts, 1));
	}
	thresholds_free(ts);
	scopes_free(scopes);
	free(blanks);
}

static void check_range(const char *text)
{
	char from[DECIMAL_MAX] = "~", to[DECIMAL_MAX] = "", *other;
	struct nagios_range range, same;

	if (!nagios_range_parse(&range, text))
		return;
	must(range.from <= range.to && range.from < INFINITY && range.to > -INFINITY);
	if (!isinf(range.from)) {
		decimal_format(from, range.from);
		must(nagios_range_alerts(&range, range.from) == range.inside);
		must(nagios_range_alerts(&range, -INFINITY) != range.inside);
	}
	if (!isinf(range.to)) {
		decimal_format(to, range.to);
		must(nagios_range_alerts(&range, range.to) == range.inside);
	}
	other = text_format("%s%s:%s", range.inside ? "@" : "", from, to);
	must(other && nagios_range_parse(&same, other) && same.inside == range.inside);
	must(same.from <= range.from && same.from >= range.from);
	must(same.to <= range.to && same.to >= range.to);
	free(other);
}

/* What a check prints is one line, with one bar before the performance data. */
static void check_line(const struct buf *line)
{
	const char *bar = memchr(line->data, '|', line->len);
	size_t n;

	must(line->len > 1 && line->data[line->len - 1] == '\n');
	must(utf8_valid(line->data, line->len));
	for (size_t i = 0; i < line->len - 1; i += n) {
		n = utf8_length(line->data + i, line->len - i);
		must(!utf8_is_unsafe(line->data + i, n));
	}
	must(!bar || !memchr(bar + 1, '|', line->len - (size_t)(bar + 1 - line->data)));
}

static void check_nagios(const char *text)
{
	struct scopes *scopes = scopes_new(NULL);
	struct nagios *check = scopes ? nagios_new(scopes) : NULL;
	const struct row_name *name;
	struct buf line = { 0 };
	char why[512];

	must(check != NULL);
	name = nagios_add(check, false, text, why, sizeof(why));
	must(!name == (why[0] != '\0'));
	if (name) {
		must(!nagios_add(check, false, text, why, sizeof(why)) && why[0]);
		must(nagios_add(check, true, text, why, sizeof(why)) == name && !why[0]);
		must(nagios_take(check, a_window()));
		must(nagios_put_line(check, ST_OK, NULL, &line));
		check_line(&line);
		/* the ranges are the same ones, so what warns is critical */
		must(nagios_state(check, ST_OK) != NAGIOS_WARNING);
	}
	buf_free(&line);
	nagios_free(check);
	scopes_free(scopes);
}

static void check_label(const char *text)
{
	struct row_labels labels = { .n = 0 };
	char *again;

	if (!row_labels_add(&labels, text)) {
		must(labels.n == 1 && strncmp(labels.v[0].name, "__", 2) != 0);
		must(labels.v[0].name[0] && *labels.v[0].value);
		must(utf8_valid(labels.v[0].value, strlen(labels.v[0].value)));
		again = text_format("%s=%s", labels.v[0].name, labels.v[0].value);
		must(same_text(again, text));
		must(row_labels_add(&labels, text) && labels.n == 1);
		free(again);
	}
	row_labels_free(&labels);
}

/* --- times ------------------------------------------------------------------------------ */

static void check_duration(const char *text)
{
	char again[DURATION_TEXT_MAX];
	int64_t ms, same;

	if (!time_parse_duration_ms(text, &ms))
		return;
	must(ms >= 0 && ms <= INT64_C(3650) * 24 * 3600 * 1000);
	time_format_duration(again, ms);
	must(time_parse_duration_ms(again, &same) && same == ms);
}

static void check_time(const char *text)
{
	static const int64_t year_1 = -62135596800000000, year_10000 = 253402300800000000;
	char again[TIME_TEXT_MAX];
	int64_t us, same;

	if (!time_parse_us(text, strlen(text), &us))
		return;
	must(us >= year_1 - INT64_C(86400000000) && us < year_10000 + INT64_C(86400000000));
	time_format_us(again, us);
	if (us >= year_1 && us < year_10000)
		must(time_parse_us(again, strlen(again), &same) && same == us);
}

/* --- hosts ------------------------------------------------------------------------------ */

static void check_url(const char *text)
{
	struct in_addr v4;
	struct url url, same;
	char *again;

	if (url_read(text, &url))
		return;
	must(url.rest > text && url.rest <= text + strlen(text));
	must(!*url.rest || strchr("/?#", *url.rest));
	must(*url.host && strlen(url.host) <= URL_HOST_MAX && !strpbrk(url.host, "@/?# \\\n"));
	must(!url.is_loopback || url.is_address || strcmp(url.host, "localhost") == 0);
	must(inet_pton(AF_INET, url.host, &v4) != 1 || url.is_address);
	for (const char *s = url.host; *s; s++)
		must(*s < 'A' || *s > 'Z');
	again = text_format("https://%s", url.host);
	must(again && !url_read(again, &same) && same_text(url.host, same.host));
	must(same.is_address == url.is_address && same.is_loopback == url.is_loopback);
	free(again);
}

static void check_host(const char *text)
{
	struct creds creds = { .client_id = NULL };
	const char *why = "";
	char *url, *same;
	bool plain, plain_again;

	url = creds_base_url(text, &plain, &why);
	if (url) {
		must(strncmp(url, plain ? "http://" : "https://", plain ? 7 : 8) == 0);
		must(!strpbrk(url + 8, "/@?# \\\n"));
		same = creds_base_url(url, &plain_again, &why);
		must(same_text(url, same) && plain == plain_again);
		free(same);
		free(url);
	} else {
		must(why && *why);
	}
	if (creds_hosts(&creds, text, false, &why))
		must(creds.base_url && creds.login_url);
	else
		must(why && *why);
	creds_free(&creds);
}

static void check_address(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	size_t len = strlen(text);

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		must(ip_filter_text(text, len) == ip_filter_address((struct sockaddr *)&v4));
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		must(ip_filter_text(text, len) == ip_filter_address((struct sockaddr *)&v6));
	else
		(void)ip_filter_text(text, len);
}

static bool keep(void *arg, const char *secret)
{
	const char *text = arg;

	must(strlen(secret) <= strlen(text));
	return true;
}

static void check_proxy(const char *text)
{
	struct lines problems = { 0 };
	char shown[64];
	bool socks;

	must(setenv("https_proxy", text, 1) == 0);
	proxy_env_check(&problems);
	must(problems.n <= 1 && !problems.failed);
	if (proxy_env_show(shown, sizeof(shown), false, &socks))
		must(!strchr(shown, '@'));
	else
		must(!*text && !problems.n);
	(void)proxy_env_secrets(keep, (void *)text);
	lines_free(&problems);
}

static void check_uuid(const char *text)
{
	char id[UUID_LEN + 1], same[UUID_LEN + 1];

	if (!text_parse_uuid(text, strlen(text), id)) {
		must(!*id);
		return;
	}
	must(strlen(id) == UUID_LEN && strlen(text) == UUID_LEN && strcasecmp(id, text) == 0);
	must(text_parse_uuid(id, UUID_LEN, same) && same_text(id, same));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const char *text) = {
		['A' - 'A'] = check_address, ['C' - 'A'] = check_nagios,
		['D' - 'A'] = check_duration, ['F' - 'A'] = check_filter,
		['H' - 'A'] = check_host, ['L' - 'A'] = check_label,
		['P' - 'A'] = check_proxy, ['Q' - 'A'] = check_uuid,
		['R' - 'A'] = check_range, ['S' - 'A'] = check_scope_text,
		['T' - 'A'] = check_time, ['U' - 'A'] = check_url, ['W' - 'A'] = check_threshold
	};
	size_t kind = size ? (size_t)(data[0] - 'A') & 31 : 0;
	char *text;

	if (!size || kind >= ARRAY_LEN(checks) || !checks[kind])
		return 0;
	text = fuzz_text(data + 1, size - 1);
	checks[kind](text);
	free(text);
	return 0;
}

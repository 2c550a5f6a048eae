/* The command line: what argv and the environment make of the settings, and what is said. */
#include <unistd.h>

#include "cli/option_table.h"
#include "cli/options.h"
#include "json.h"
#include "tests/support/check.h"

#define Q1 "11111111-1111-4111-8111-111111111111"
#define Q2 "aaaaaaaa-1111-4111-8111-111111111111"
#define SAMPLE "tests/sample.ndjson"
#define ARGS_MAX 40

static struct options set;
static struct options_made made;
static enum status status;
static char said[65536];	/* on stderr, by the last parse */

static void read_back(FILE *f, char *to, size_t size)
{
	size_t n;

	assert_int_equal(fseek(f, 0, SEEK_SET), 0);
	n = fread(to, 1, size - 1, f);
	to[n] = '\0';
	fclose(f);
}

/* Parses the words, a blank between two; a word that holds one has `_` there. */
static enum options_parsed parse(const char *words)
{
	char copy[4096], *argv[ARGS_MAX] = { NULL }, *rest = copy, *word;
	FILE *err = tmpfile();
	int argc = 0, old = dup(STDERR_FILENO);
	enum options_parsed parsed;

	options_made_free(&made);
	options_free(&set);
	setenv("GENESYS_CLIENT_ID", "id", 1);
	setenv("GENESYS_CLIENT_SECRET", "the-secret", 1);
	setenv("GENESYS_API_HOST", "api.example.com", 1);
	snprintf(copy, sizeof(copy), "gsqstat %s", words);
	while ((word = strsep(&rest, " ")) && argc < ARGS_MAX - 1) {
		for (char *c = word; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		argv[argc++] = word;
	}
	assert_non_null(err);
	assert_true(old >= 0);
	fflush(stderr);
	assert_true(dup2(fileno(err), STDERR_FILENO) >= 0);
	parsed = options_parse(&set, &made, argc, argv, "versions", &status);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	read_back(err, said, sizeof(said));
	return parsed;
}

static void run(const char *words)
{
	if (parse(words) != PARSED_RUN)
		fail_msg("%s: %s", words, said);
	assert_string_equal(said, "");
}

static size_t lines_said(void)
{
	size_t n = 0;

	for (const char *s = said; (s = strchr(s, '\n')); s++)
		n++;
	return n;
}

static void bad(const char *words, const char *why)
{
	if (parse(words) != PARSED_BAD || !strstr(said, why) || lines_said() != 1)
		fail_msg("%s: not one line with '%s' but '%s'", words, why, said);
}

TEST(table__names_options_that_exist_and_each_once)
{
	for (size_t i = 0; i < option_table_len; i++) {
		const struct option_def *d = &option_table[i];

		assert_ptr_equal(option_table_find(d->name), d);
		assert_true(!d->needs || option_table_find(d->needs));
		assert_true(!d->not_with || option_table_find(d->not_with));
		assert_true(d->modes);
		for (size_t k = 0; k < i; k++)
			assert_true(!d->letter || d->letter != option_table[k].letter);
	}
}

TEST(default__is_as_the_manual_says)
{
	run(Q1);
	assert_int_equal(set.queues.n, 1);
	assert_int_equal(set.nmetric, 4);
	assert_int_equal(set.nasked, 4);
	assert_string_equal(set.metric[3], "waitTime");
	assert_string_equal(set.interval, "PT10S");
	assert_int_equal(set.window_ms, 30000);
	assert_int_equal(set.count, 1);
	assert_int_equal(set.time, TIME_ARRIVAL);
	assert_int_equal(set.lateness_ms, 20000);
	assert_int_equal(set.format, FORMAT_NDJSON);
	assert_true(set.header && set.cache && !set.align && !set.dry_run && !set.interval_given);
	assert_null(set.output);
	assert_null(set.replay);
	assert_int_equal(set.subscribe, SUBSCRIBE_URL);
	assert_int_equal(set.connect_timeout_ms, 15000);
	assert_int_equal(set.retry_for_ms, 60000);
	assert_int_equal(set.idle_timeout_ms, 20000);
	assert_int_equal(set.token_margin_ms, 60000);
	assert_int_equal(set.audit, AUDIT_JSON);
	assert_int_equal(set.level, LEVEL_INFO);
	assert_int_equal(set.noutlier, 1);
	assert_string_equal(set.outlier[0].path, "avg");
	assert_string_equal(set.creds.base_url, "https://api.example.com");
	assert_string_equal(set.creds.secret, "the-secret");
	assert_string_equal(getenv("GENESYS_CLIENT_SECRET"), "xxxxxxxxxx");
}

/* execve(2) takes an environment that has a name twice; both values are in /proc. */
TEST(secret__that_is_in_the_environment_twice_is_wiped_twice)
{
	char first[] = "GENESYS_CLIENT_SECRET=one", second[] = "GENESYS_CLIENT_SECRET=two";
	char other[] = "GENESYS_CLIENT_SECRETS=three";
	char *both[] = { first, other, second, NULL }, **kept = environ;

	environ = both;
	creds_wipe_environment();
	environ = kept;
	assert_string_equal(first, "GENESYS_CLIENT_SECRET=xxx");
	assert_string_equal(second, "GENESYS_CLIENT_SECRET=xxx");
	assert_string_equal(other, "GENESYS_CLIENT_SECRETS=three");
}

TEST(default__follows_interval_and_replay)
{
	run("-i PT2M " Q1);
	assert_int_equal(set.window_ms, 120000);
	assert_int_equal(set.lateness_ms, 240000);
	assert_int_equal(set.idle_timeout_ms, 240000);
	assert_int_equal(parse("-w 100ms " Q1), PARSED_RUN);
	assert_int_equal(set.lateness_ms, 6000);	/* 60 windows */
	assert_int_equal(set.warnings.n, 1);
	run("--replay " SAMPLE);
	assert_int_equal(set.count, 0);
	assert_int_equal(set.time, TIME_EVENT);
	assert_int_equal(set.queues.n, 0);
	assert_true(set.source == SOURCE_STREAM && set.queues_recorded && made.recording);
	assert_null(set.creds.base_url);
	run("--replay tests/notices.ndjson");
	assert_int_equal(set.source, SOURCE_NOTIFICATIONS);
	assert_int_equal(set.time, TIME_ARRIVAL);
	assert_string_equal(set.patterns.v[0], "oWaiting");
	run("--replay " SAMPLE " --time arrival -n 3");
	assert_int_equal(set.count, 3);
	assert_int_equal(set.time, TIME_ARRIVAL);
}

TEST(value__is_accepted_in_every_form)
{
	run("-w1m " Q1 " --window=PT0.5M -fcsv --lat 30m -vs -s -v -n 1000000 -o - --retry-for 0 "
		"--token-margin 1ms --idle-timeout 24h --no-c --audit logfmt --subscribe message "
		"--connect-timeout=1.5h --no-header --align -m state -m waitTime,state");
	assert_int_equal(set.window_ms, 30000);
	assert_int_equal(set.format, FORMAT_CSV);
	assert_int_equal(set.lateness_ms, 1800000);
	assert_int_equal(set.level, LEVEL_DEBUG);
	assert_int_equal(set.count, 1000000);
	assert_int_equal(set.retry_for_ms, 0);
	assert_int_equal(set.token_margin_ms, 1);
	assert_int_equal(set.idle_timeout_ms, 86400000);
	assert_int_equal(set.connect_timeout_ms, 5400000);
	assert_int_equal(set.audit, AUDIT_LOGFMT);
	assert_int_equal(set.subscribe, SUBSCRIBE_MESSAGE);
	assert_true(!set.cache && !set.header && set.align);
	assert_int_equal(set.nasked, 2);
	assert_string_equal(set.metric[0], "state");
	assert_string_equal(set.metric[1], "waitTime");
}

TEST(queue__keeps_its_order_once_and_in_lower_case)
{
	assert_int_equal(parse(Q1 " -q AAAAAAAA-1111-4111-8111-111111111111," Q1 " -- " Q2),
		PARSED_RUN);
	assert_int_equal(set.queues.n, 2);
	assert_string_equal(set.queues.v[0], Q2);
	assert_string_equal(set.queues.v[1], Q1);
	assert_int_equal(set.warnings.n, 2);
	assert_string_equal(set.warnings.v[0],
		"QUEUE_ID '" Q1 "' was given before; it counts once");
}

TEST(filter__replaces_the_default)
{
	run("--outlier none " Q1);
	assert_int_equal(set.noutlier, 0);
	run("--outlier _agentState.a.b_>=_-1e3 --outlier waitTime.avg!=.5 -m state " Q1);
	assert_int_equal(set.noutlier, 2);
	assert_int_equal(set.nasked, 1);
	assert_int_equal(set.nmetric, 3);	/* two for the rules alone */
	assert_string_equal(set.metric[set.outlier[0].metric], "agentState");
	assert_string_equal(set.outlier[0].path, "a.b");
	assert_int_equal(set.outlier[0].op, COMPARE_GE);
	assert_true(set.outlier[0].number == -1000);
	assert_string_equal(set.metric[set.outlier[1].metric], "waitTime");
	bad("--outlier waitTime.avg> " Q1, "METRIC.FIELD OP NUMBER");
	bad("--outlier waitTime.avg=5 " Q1, "METRIC.FIELD OP NUMBER");
	bad("--outlier waitTime.avg>inf " Q1, "METRIC.FIELD OP NUMBER");
	bad("--outlier waitTime.avg>1e999 " Q1, "METRIC.FIELD OP NUMBER");
	bad("--outlier waitTime.>5 " Q1, "METRIC.FIELD OP NUMBER");
	bad("--outlier waitTime..avg>5 " Q1, "METRIC.FIELD OP NUMBER");
	bad("--outlier waitTime.avg.>5 " Q1, "METRIC.FIELD OP NUMBER");
	bad("--outlier waittime.avg>5 " Q1, "did you mean waitTime?");
	bad("--outlier None " Q1, "did you mean none?");
	bad("--outlier none --outlier waitTime.avg>1 " Q1, "cannot be used with another");
	bad("--outlier waitTime.avg>1 --outlier none " Q1, "cannot be used with another");
}

#define NOTICES "--source notifications "
#define STREAM "--source stream "

TEST(default__is_another_for_notifications)
{
	run(NOTICES Q1);
	assert_true(set.source == SOURCE_NOTIFICATIONS && set.snapshot && !set.now);
	assert_true(!set.list_queues && !set.skip_refused);
	assert_int_equal(set.window_ms, 30000);
	assert_int_equal(set.count, 1);
	assert_int_equal(set.time, TIME_ARRIVAL);
	assert_int_equal(set.idle_timeout_ms, 40000);
	assert_int_equal(set.pong_timeout_ms, 10000);
	assert_int_equal(set.noutlier, 0);
	assert_int_equal(set.outlier_text.n, 0);
	assert_int_equal(set.queue_names.n, 0);
	assert_int_equal(set.patterns.n, 8);
	assert_string_equal(set.patterns.v[0], "oWaiting");
	assert_string_equal(set.patterns.v[7], "oServiceLevel");
	assert_string_equal(set.creds.base_url, "https://api.example.com");
	assert_string_equal(set.creds.login_url, "https://login.example.com");
	assert_string_equal(set.creds.domain, "example.com");
	run(Q1);
	assert_string_equal(set.creds.login_url, set.creds.base_url);
	assert_null(set.creds.domain);
	run("--replay " SAMPLE " " NOTICES Q1);
	assert_int_equal(set.count, 0);
	assert_int_equal(set.time, TIME_ARRIVAL);
	assert_null(set.creds.base_url);
}

TEST(metric__that_no_snapshot_has_is_a_warning)
{
	assert_int_equal(parse(NOTICES "--now -m oWaiting,tWait,n*,oServiceLevel " Q1),
		PARSED_RUN);
	assert_int_equal(set.warnings.n, 1);
	assert_string_equal(set.warnings.v[0], "--metric tWait,n*,oServiceLevel: no snapshot "
		"has it, so --now does not print it");
	assert_int_equal(parse(NOTICES "--now -m o* " Q1), PARSED_RUN);
	assert_int_equal(set.warnings.n, 0);
	assert_int_equal(parse(NOTICES "--now " Q1), PARSED_RUN);
	assert_int_equal(set.warnings.n, 0);
	assert_int_equal(parse(NOTICES "-m tWait " Q1), PARSED_RUN);
	assert_int_equal(set.warnings.n, 0);
}

TEST(value__for_notifications_is_accepted)
{
	run(NOTICES "--queue-name Support_* --queue-name A,B --skip-refused --no-snapshot "
		"--pong-timeout 1ms --idle-timeout 5s --time arrival -m oX,t* -m * -w 1s");
	assert_int_equal(set.queue_names.n, 2);
	assert_string_equal(set.queue_names.v[0], "Support *");
	assert_string_equal(set.queue_names.v[1], "A,B");
	assert_true(set.skip_refused && !set.snapshot);
	assert_int_equal(set.pong_timeout_ms, 1);
	assert_int_equal(set.idle_timeout_ms, 5000);
	assert_int_equal(set.patterns.n, 3);
	assert_int_equal(set.resync_ms, 0);
	run(NOTICES Q1);
	assert_int_equal(set.resync_ms, 300000);
	run(NOTICES "--resync 0 " Q1);
	assert_int_equal(set.resync_ms, 0);
	run(NOTICES "--resync 0s " Q1);
	assert_int_equal(set.resync_ms, 0);
	run(NOTICES "--list-queues -f csv --no-header -o rows");
	assert_true(set.list_queues);
	run(NOTICES "--now --queue-name *");
	assert_true(set.now);
}

/* What belongs to one source, and what has no place beside another option. */
TEST(option__that_does_not_fit_is_one_problem)
{
	bad("--time event " NOTICES Q1, "--time 'event' needs --source stream; for");
	bad("--lateness 5s " NOTICES Q1, "--lateness '5s' needs --source stream");
	bad("-i PT30S " NOTICES Q1, "--interval 'PT30S' needs --source stream");
	bad("--subscribe url " NOTICES Q1, "--subscribe 'url' needs --source stream");
	bad("--outlier none " NOTICES Q1, "--outlier 'none' needs --source stream");
	bad("--lateness 0s " NOTICES Q1, "--lateness '0s': must be 1ms");
	bad(STREAM "--queue-name x", "--queue-name 'x' cannot be used with --source stream");
	bad(STREAM "--list-queues", "--list-queues cannot be used with --source stream");
	bad(STREAM "--skip-refused " Q1, "--skip-refused cannot be used with --source stream");
	bad(STREAM "--no-snapshot " Q1, "--no-snapshot cannot be used with --source stream");
	bad(STREAM "--now " Q1, "--now cannot be used with --source stream");
	bad(STREAM "--resync 5m " Q1, "--resync '5m' cannot be used with --source stream");
	bad(NOTICES "--now --resync 0 " Q1, "--resync '0' cannot be used with --now");
	bad(NOTICES "--no-snapshot --resync 1m " Q1,
		"--resync '1m' cannot be used with --no-snapshot");
	bad(NOTICES "--replay " SAMPLE " --resync 1m " Q1,
		"--resync '1m' cannot be used with --replay");
	bad(NOTICES "--resync 99ms " Q1, "--resync '99ms': must be 0, or 100ms to 24h");
	bad(STREAM "--profile p " Q1, "--profile 'p' cannot be used with --source stream");
	bad(STREAM "--pong-timeout 9s " Q1,
		"--pong-timeout '9s' cannot be used with --source stream");
	bad("--now -m oWaiting --source notificaton " Q1, "did you mean notifications?");
	bad(NOTICES "--now -n 3 " Q1, "--count '3' cannot be used with --now");
	bad(NOTICES "--now -w 1m " Q1, "--window '1m' cannot be used with --now");
	bad(NOTICES "--now --align " Q1, "--align cannot be used with --now");
	bad(NOTICES "--now --record x " Q1, "--record 'x' cannot be used with --now");
	bad(NOTICES "--now --replay " SAMPLE " " Q1,
		"--replay '" SAMPLE "' cannot be used with --now");
	bad(NOTICES "--now --no-snapshot " Q1, "--no-snapshot cannot be used with --now");
	bad(NOTICES "--list-queues -q " Q1, "--queue '" Q1 "' cannot be used with --list-queues");
	bad(NOTICES "--list-queues " Q1, "QUEUE_ID '" Q1 "' cannot be used with --list-queues");
	bad(NOTICES "--list-queues --queue-name x",
		"--queue-name 'x' cannot be used with --list-queues");
	bad(NOTICES "--list-queues --now", "--now cannot be used with --list-queues");
	bad(NOTICES "--list-queues --fail-if waitTime.avg.max>1",
		"--fail-if 'waitTime.avg.max>1' cannot be used with --list-queues");
	bad(NOTICES "--list-queues --rejects x",
		"--rejects 'x' cannot be used with --list-queues");
	bad(NOTICES "--list-queues --record x", "--record 'x' cannot be used with --list-queues");
	bad(NOTICES "--list-queues --replay " SAMPLE,
		"--replay '" SAMPLE "' cannot be used with --list-queues");
	bad(NOTICES "--list-queues --check nagios",
		"--check 'nagios' cannot be used with --list-queues");
}

/* Each option that the table has for notifications alone chooses them. */
TEST(source__is_chosen_by_options_of_notifications)
{
	char words[256];
	size_t n = 0;

	for (size_t i = 0; i < option_table_len; i++) {
		const struct option_def *d = &option_table[i];
		const char *value = d->kind == KIND_DURATION || d->kind == KIND_DURATION_OR_0
			? "1m" : "none";

		if (!(d->modes & MODE_NOTIFICATIONS) || d->modes & MODE_STREAM)
			continue;
		n++;
		snprintf(words, sizeof(words), "--%s%s%s", d->name, d->arg ? "=" : "",
			d->arg ? value : "");
		parse(words);	/* may lack a queue */
		assert_int_equal(set.source, SOURCE_NOTIFICATIONS);
	}
	assert_true(n >= 8);
}

TEST(source__is_chosen_by_metrics_of_notifications)
{
	static const char *const theirs[] = { "oWaiting", "nOffered", "tAnswered", "tNoSuch", "o*",
		"tWait*", "*,oWaiting" };
	static const char *const others[] = { "state", "queueState", "conversationCount",
		"waitTime", "abandonedCount", "agentState" };
	char words[128];

	for (size_t i = 0; i < ARRAY_LEN(theirs); i++) {
		snprintf(words, sizeof(words), "-m %s " Q1, theirs[i]);
		run(words);
		assert_int_equal(set.source, SOURCE_NOTIFICATIONS);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		snprintf(words, sizeof(words), "-m %s " Q1, others[i]);
		run(words);
		assert_int_equal(set.source, SOURCE_STREAM);
	}
	bad("-m time " Q1, "--metric 'time': must be state, queueState");
	bad("-m t " Q1, "--metric 't': must be state, queueState");
	bad("-m waitTime,oWaiting " Q1,
		"--metric 'waitTime': needs --source stream, but --metric chose notifications");
	bad("--now -m waitTime " Q1,
		"--metric 'waitTime': needs --source stream, but --now chose notifications");
	bad("--now -i PT30S " Q1,
		"--interval 'PT30S' needs --source stream, but --now chose notifications");
	bad("--now --time event " Q1, "--time 'event' needs --source stream, but --now chose "
		"notifications; for notifications it is arrival");
}

TEST(source__is_that_of_the_variable_if_nothing_else_chooses_it)
{
	setenv("GSQSTAT_SOURCE", "notifications", 1);
	run(Q1);
	assert_int_equal(set.source, SOURCE_NOTIFICATIONS);
	run(STREAM Q1);
	assert_int_equal(set.source, SOURCE_STREAM);
	run("--replay " SAMPLE);
	assert_int_equal(set.source, SOURCE_STREAM);
	bad("-i PT30S " Q1,
		"--interval 'PT30S' needs --source stream, but GSQSTAT_SOURCE chose notif");
	setenv("GSQSTAT_SOURCE", "stream", 1);
	run(Q1);
	assert_int_equal(set.source, SOURCE_STREAM);
	run("--now " Q1);
	assert_int_equal(set.source, SOURCE_NOTIFICATIONS);
	run("--replay tests/notices.ndjson");
	assert_int_equal(set.source, SOURCE_NOTIFICATIONS);
	setenv("GSQSTAT_SOURCE", "notification", 1);
	bad(Q1, "GSQSTAT_SOURCE 'notification': must be stream or notifications; did you mean "
		"notifications?");
	run(STREAM Q1);
	run("--now " Q1);
	run("--replay tests/notices.ndjson");
	run("--verify-audit " SAMPLE);
	setenv("GSQSTAT_SOURCE", "", 1);
	run(Q1);
	assert_int_equal(set.source, SOURCE_STREAM);
	unsetenv("GSQSTAT_SOURCE");
}

static bool asks(char *word)
{
	char *argv[] = { "gsqstat", "-q", Q1, word, NULL };

	return options_ask_check(4, argv);
}

TEST(check__is_found_in_any_place)
{
	assert_true(asks("--check"));
	assert_true(asks("--check="));
	assert_true(asks("--check=nagios"));
	assert_true(asks("--ch"));
	assert_true(asks("--chec=x"));
	assert_false(asks("--"));
	assert_false(asks("--c"));	/* as good as any other option with that letter */
	assert_false(asks("--checks"));
	assert_false(asks("check"));
	assert_false(asks("-check"));
	assert_false(asks("--critical"));
	assert_false(asks("--check-"));
}

TEST(notifications__bad_value_is_reported_once)
{
	bad("--source notifications", "a queue ID, --queue, --queue-name or --queue-file");
	bad("--source notifications --now", "no queue");
	bad(NOTICES "-m waitTime " Q1, "--metric 'waitTime': needs --source stream\n");
	bad(NOTICES "-m waittime " Q1, "--metric 'waittime': must be a metric of the notif");
	bad(NOTICES "-m o*x " Q1, "--metric 'o*x'");
	bad(STREAM "-m oWaiting " Q1, "--metric 'oWaiting': cannot be used with --source stream");
	bad(STREAM "-m * " Q1, "--metric '*': must be state, queueState");
	bad(NOTICES "--queue-name=", "--queue-name ''");
	bad(NOTICES "--queue-name \xFF", "--queue-name '?'");
	bad(NOTICES "--pong-timeout 0s " Q1, "--pong-timeout '0s'");
	bad(NOTICES "-H mars-1 " Q1, "--host 'mars-1': must be an AWS region");
	bad(NOTICES "-H http://api.x.de " Q1, "--host 'http://api.x.de': must be https");
}

/* Flag, value, what it must be, and the nearest word. */
TEST(value__that_is_bad_is_one_problem)
{
	bad("-w 99ms " Q1, "--window '99ms': must be 100ms to 24h");
	bad("-w 5 --lateness 1m " Q1, "--window '5'");
	bad("-i PT11S --lateness 40m " Q1, "--interval 'PT11S'");
	bad("-w 24h1ms " Q1, "24h1ms");
	bad("-w 86400001ms " Q1, "24h");
	bad("-w 1e3s " Q1, "1e3s");
	bad("--lateness 0s " Q1, "--lateness '0s': must be 1ms");
	bad("--lateness 31m " Q1, "--lateness '31m': must be at most 60 windows, that is 30m");
	bad("--retry-for 25h " Q1, "0 to 24h");
	bad("-n 1000001 " Q1, "1 to 1000000");
	bad("-n -1 " Q1, "--count '-1'");
	bad("-n  " Q1, "--count ''");
	bad("--label le=a " Q1, "use this name");
	bad("--label shard=a " Q1, "use this name");
	bad("--label observedMs=a " Q1, "use this name");
	bad("-f jsn " Q1, "must be ndjson, csv, table, prometheus, influx or html");
	bad("-f tsv " Q1, "did you mean csv?");
	bad("-m state,waittime " Q1, "did you mean waitTime?");
	bad("-m state, " Q1, "--metric ''");
	bad("-q " Q1 ",", "--queue ''");
	bad("--record - " Q1, "--record '-'");
	bad("--output= " Q1, "--output ''");
	bad("--replay=", "--replay ''");
	bad("-o no/such/x " Q1, "no/such/x");
	bad("-o new/ " Q1, "must be a file, but the name ends in /");
	bad("--align=yes " Q1, "--align takes no value");
	bad(Q1 " -w", "--window needs a value");
	bad("-H https://user:word@h " Q1, "--host '@h'");
	assert_null(strstr(said, "word"));
	bad("--replay " SAMPLE " -H h/path", "--host");
	bad("--replay " SAMPLE " --client-secret-file nowhere", "--client-secret-file");
	bad("--replay tests/notices.ndjson --time event", "needs a recording of the stream; for");
	bad("--replay tests/notices.ndjson -i PT30S", "needs a recording of the stream");
	bad("--replay tests/notices.ndjson --outlier none", "needs a recording of the stream");
	bad("--replay " SAMPLE " --queue-name x", "needs a recording of notifications");
	bad("--replay tests/notices.ndjson -m waitTime",
		"--metric 'waitTime': needs a recording of the stream");
	bad("--replay " SAMPLE " -m tWait", "--metric 'tWait': needs a recording of notif");
	bad("--replay " SAMPLE " --record x", "--record 'x'");
	bad("-n 1", "no queue");
}

TEST(option__that_is_unknown_is_one_problem)
{
	bad("--formt csv " Q1, "did you mean --format?");	/* csv is no queue */
	bad("--formt=csv " Q1, "did you mean --format?");
	bad("--alin " Q1, "did you mean --align?");
	bad("--ca x " Q1, "--callback-allow-private or --cacert");
	bad("--re x " Q1, "--record, --rejects, --replay, --resync or --retry-for");
	bad("--no " Q1, "--now, --no-header, --no-snapshot or --no-cache");
	bad("--nonsense-of-this-kind " Q1, "see --help");
	bad("--nonsense-of-this-kind 5 " Q1, "see --help");	/* 5 may be its value */
	bad("--nonsense-of-this-kind 5", "see --help");
	bad("-Z " Q1, "unknown option -Z");
}

TEST(value__that_is_bad_hides_no_other)
{
	assert_int_equal(parse("-w 1 -n 0 -f x -i y --audit z --nix -q a,b c --time d"),
		PARSED_BAD);
	assert_int_equal(lines_said(), 9);	/* c can be the value of --nix */
	assert_int_equal(parse("-f x"), PARSED_BAD);
	assert_non_null(strstr(said, "no queue"));
}

TEST(problem__has_no_control_characters)
{
	char words[4096] = Q1 " -f \x1b[31m\n\xFF\xC2\x9B";
	size_t len = strlen(words);

	memset(words + len, 'x', 2000);
	bad(words, "--format '?[31m???xxx");
	assert_true(strlen(said) < 300);
	bad("-H h\x1b " Q1, "--host 'h?'");
	bad("-o no\x1b/x " Q1, "no?/x");
	bad("--client-secret-file no\x1b " Q1, "no?");
}

TEST(settings__are_json)
{
	const char *s;

	run(Q1);
	s = set.settings_json;
	assert_ptr_equal(json_skip(s, s + strlen(s)), s + strlen(s));
	assert_non_null(strstr(s, "\"queue\":[\"" Q1 "\"]"));
	assert_null(strstr(s, "the-secret"));
}

static int free_set(void **state __attribute__((unused)))
{
	options_made_free(&made);
	options_free(&set);
	return 0;
}

int main(void)
{
	return run_all_tests(NULL, free_set);
}

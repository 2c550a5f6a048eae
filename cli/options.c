#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/help.h"
#include "cli/metric_args.h"
#include "cli/option_table.h"
#include "cli/print.h"
#include "cli/queue_args.h"
#include "cli/settings.h"
#include "cli/validate.h"
#include "util/text.h"

#define LONG_KEY 256		/* the key of an option without a letter: this plus its place */

/* --- reading argv ------------------------------------------------------------------- */

static void apply(struct option_values *p, enum option_id id, const char *value)
{
	p->current = id;
	if (option_table[id].arg && strcmp(option_table[id].arg, "FILE") == 0 && !*value)
		option_values_problem(p, value, "the name of a file");
	else
		option_table[id].set(p, value);
	p->given[id] = !p->defaults;
	p->value[id] = p->defaults ? NULL : value;
}

static void apply_defaults(struct option_values *p)
{
	p->set->header = p->set->cache = p->set->snapshot = true;
	p->set->level = LEVEL_INFO;
	p->defaults = true;
	for (enum option_id id = 0; id < OPTIONS; id++)
		if (option_table[id].initial)
			apply(p, id, option_table[id].initial);
	p->defaults = false;
}

static void make_getopt(struct option longs[OPTIONS + 1], char shorts[2 * OPTIONS + 3])
{
	*shorts++ = '-';	/* keeps the order of argv; asks_for_help alone passes it */
	*shorts++ = ':';
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_def *d = &option_table[i];

		longs[i] = (struct option){ d->name, d->arg ? required_argument : no_argument,
			NULL, d->letter ? d->letter : LONG_KEY + (int)i };
		if (!d->letter)
			continue;
		*shorts++ = d->letter;
		if (d->arg)
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[OPTIONS] = (struct option){ 0 };
}

static int id_of_key(int key)
{
	if (key >= LONG_KEY)
		return key - LONG_KEY;
	for (int i = 0; i < OPTIONS; i++)
		if (option_table[i].letter == key && key)
			return i;
	return -1;
}

/* A long option that is unknown, or an ambiguous abbreviation. If the options it may mean take a
 * value, the next word is that value and not a queue. */
static void unknown_option(struct option_values *p, const char *arg, const char *next)
{
	const char *all[OPTIONS], *fit[OPTIONS];
	char name[TEXT_SHOWN_SIZE];
	struct buf hint = { 0 };
	size_t len = strcspn(arg, "="), n = 0;
	bool value = true;

	text_shown(name, arg, len);
	for (size_t i = 0; i < OPTIONS; i++) {
		all[i] = option_table[i].name;
		if (strncmp(all[i], arg, len) == 0)
			fit[n++] = all[i];
	}
	if (n) {
		for (size_t i = 0; i < n; i++)
			buf_printf(&hint, "%s--%s", !i ? "" : i + 1 < n ? ", " : " and ", fit[i]);
		lines_add(&p->problems, "option --%s is the beginning of %.*s", name,
			(int)hint.len, hint.data);
		p->problems.failed = p->problems.failed || hint.failed;
		buf_free(&hint);
	} else {
		fit[0] = text_nearest_word(name, all, OPTIONS);
		n = fit[0] != NULL;
		lines_add(&p->problems, "unknown option --%s; %s%s%s", name,
			n ? "did you mean --" : "see --help", n ? fit[0] : "", n ? "?" : "");
	}
	for (size_t i = 0, k = 0; k < n; i++)
		if (all[i] == fit[k]) {
			value = value && option_table[i].arg;
			k++;
		}
	if (n && value && !arg[len] && next && (next[0] != '-' || !next[1]))
		optind++;
}

static void bad_option(struct option_values *p, int code, int key, char **argv)
{
	char name[2] = { (char)key, '\0' };
	int id = id_of_key(key);

	if (id >= 0)
		lines_add(&p->problems, "--%s %s", option_table[id].name, code == ':'
			? "needs a value" : "takes no value");
	else if (key)
		lines_add(&p->problems, "unknown option -%s; see --help", name);
	else
		unknown_option(p, argv[optind - 1] + 2, argv[optind]);
}

/* Whether --help or --version is among the options. Checked before any value is used, because a
 * value can be a file that would be read. */
static bool asks_for_help(struct option_values *p, int argc, char **argv, const char *shorts,
	const struct option *longs)
{
	int key;

	optind = 0;	/* from the start, whatever was parsed before */
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		p->help = p->help || key == option_table[OPT_HELP].letter;
		p->version = p->version || key == option_table[OPT_VERSION].letter;
	}
	optind = 0;
	return p->help || p->version;
}

/* Whether somebody tries to pass a secret as the value of an option. There is no such option; read
 * as an abbreviation of another one, it would show the secret in an error message. */
static bool passes_secret(const char *arg)
{
	static const char *const tried[] = { "token", "access-token", "secret", "password" };
	static const char file[] = "client-secret-file";
	const size_t least = strlen("cl"), most = strlen("client-secret");
	size_t len;

	if (strncmp(arg, "--", 2) != 0)
		return false;
	arg += 2;
	len = strcspn(arg, "=");
	for (size_t i = 0; i < ARRAY_LEN(tried); i++)
		if (strlen(tried[i]) == len && strncmp(arg, tried[i], len) == 0)
			return true;
	return len >= least && len <= most && strncmp(arg, file, len) == 0;
}

static bool refuse_secret(struct option_values *p, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		p->secret_given = p->secret_given || passes_secret(argv[i]);
	if (p->secret_given)
		lines_add(&p->problems, "a secret has no place on the command line, where others "
			"see it: --client-secret-file or the environment take it, see --help");
	return p->secret_given;
}

static void read_argv(struct option_values *p, int argc, char **argv)
{
	struct option longs[OPTIONS + 1];
	char shorts[2 * OPTIONS + 3];
	int key;

	make_getopt(longs, shorts);
	opterr = 0;
	if (asks_for_help(p, argc, argv, shorts, longs) || refuse_secret(p, argc, argv))
		return;
	while ((key = getopt_long(argc, argv, shorts + 1, longs, NULL)) != -1) {
		if (key == '?' || key == ':')
			bad_option(p, key, optopt, argv);
		else
			apply(p, (enum option_id)id_of_key(key), optarg);
	}
	for (; optind < argc; optind++)
		lines_add(&p->operands, "%s", argv[optind]);
	for (size_t i = 0; i < p->operands.n; i++)
		queue_args_add(p, p->operands.v[i], "QUEUE_ID");
}

/* --- all of it ---------------------------------------------------------------------- */

static void load_creds(struct option_values *p)
{
	struct options *set = p->set;
	const struct creds_conf conf = {
		.secret_file = p->secret_file,
		.host = p->host,
		.profile = set->notifications ? p->profile : NULL,
		.margin_ms = set->token_margin_ms,
		.notifications = set->notifications,
		.flags_alone = p->given[OPT_REPLAY] || set->verify_audit
	};

	creds_load(&set->creds, &conf, &p->problems, &set->warnings);
}

static void check_all(struct option_values *p)
{
	struct options *set = p->set;
	const char *ca_file = getenv("SSL_CERT_FILE");
	struct buf json = { 0 };

	validate_recording(p);
	validate_derive(p);
	if ((!set->replay || set->targets.n) && !set->verify_audit && !set->cacert && ca_file
	    && *ca_file)
		p->ca_file = ca_file;
	load_creds(p);
	validate_options(p);
	validate_files(p);
	validate_environment(p);
	settings_put_values(&json, p);
	set->settings_json = json.data;
	if (json.failed || p->problems.failed || set->queues.failed || set->queue_names.failed
	    || set->patterns.failed || set->outlier_text.failed || set->fail_if.failed
	    || set->warning.failed || set->critical.failed
	    || p->queue_files.failed || p->operands.failed || set->targets.files.failed
	    || set->targets.headers.failed)
		lines_add(&p->problems, "out of memory");
}

static void keep_first_problem(struct option_values *p)
{
	const struct lines *all = &p->problems;

	if (!all->n)
		return;
	if (all->n == 1)
		p->set->first_problem = strdup(all->v[0]);
	else if (asprintf(&p->set->first_problem, "%s (and %zu more)", all->v[0], all->n - 1) < 0)
		p->set->first_problem = NULL;
}

static enum options_parsed settle(struct option_values *p, const char *versions, enum status *st)
{
	if (p->help || p->version) {
		*st = p->help ? help_print() : help_print_version(versions);
		return PARSED_DONE;
	}
	if (!p->secret_given)	/* else another error could show the secret */
		check_all(p);
	print_lines("", &p->problems);
	if (p->problems.n || p->problems.failed) {
		keep_first_problem(p);
		return PARSED_BAD;
	}
	if (!p->set->dry_run)
		return PARSED_RUN;
	if (p->set->level <= LEVEL_WARNING)
		print_lines("warning: ", &p->set->warnings);
	*st = settings_print(p);
	return PARSED_DONE;
}

enum options_parsed options_parse(struct options *set, int argc, char **argv, const char *versions,
	enum status *st)
{
	struct option_values p = { .set = set };
	enum options_parsed parsed;

	apply_defaults(&p);
	read_argv(&p, argc, argv);
	parsed = settle(&p, versions, st);
	creds_wipe_environment();
	lines_free(&p.problems);
	lines_free(&p.queue_files);
	lines_free(&p.operands);
	return parsed;
}

void options_free(struct options *set)
{
	metric_args_free(set);
	lines_free(&set->queues);
	lines_free(&set->queue_names);
	lines_free(&set->warnings);
	creds_free(&set->creds);
	targets_free(&set->targets);
	recording_close(set->recording);
	free(set->settings_json);
	buf_wipe(&set->audit_key);
	free(set->first_problem);
	*set = (struct options){ 0 };
}

/* As for getopt_long: an abbreviation that fits no other option. */
static bool means_check(const char *name, size_t len)
{
	bool means = false;

	if (len == strlen(option_table[OPT_CHECK].name))
		return strncmp(name, option_table[OPT_CHECK].name, len) == 0;
	for (enum option_id id = 0; id < OPTIONS; id++) {
		if (strncmp(option_table[id].name, name, len) != 0)
			continue;
		if (id != OPT_CHECK)
			return false;
		means = true;
	}
	return means;
}

bool options_ask_check(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--", 2) == 0
		    && means_check(argv[i] + 2, strcspn(argv[i] + 2, "=")))
			return true;
	return false;
}

#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command_line.h"
#include "cli/config_args.h"
#include "cli/help.h"
#include "cli/list_metrics.h"
#include "cli/metric_args.h"
#include "cli/option_table.h"
#include "cli/print.h"
#include "cli/queue_args.h"
#include "cli/settings.h"
#include "cli/shard_args.h"
#include "cli/validate.h"
#include "util/text.h"

#define LONG_KEY 256		/* key of an option without a letter: this plus its index */
#define OPERAND 1		/* what getopt_long returns for an operand, with '-' */

/* --- reading argv ------------------------------------------------------------------- */

static void apply_defaults(struct command_line *p)
{
	p->set->level = LEVEL_INFO;
	p->defaults = true;
	FOR_EACH_OPTION(d)
		if (d->initial || d->kind == KIND_FLAG)
			command_line_apply(p, d, d->initial, NULL);
	p->defaults = false;
}

static int key_of(const struct option_def *d)
{
	return d->letter ? d->letter : LONG_KEY + (int)(d - option_table);
}

static bool may_lack_value(const struct option_def *d)
{
	return d->arg && d->arg[0] == '[';
}

static void make_getopt(struct option longs[OPTIONS_MAX + 1], char shorts[2 * OPTIONS_MAX + 3])
{
	*shorts++ = '-';	/* keeps argv in order; only options_scan uses it */
	*shorts++ = ':';
	for (size_t i = 0; i < option_table_len; i++) {
		const struct option_def *d = &option_table[i];

		longs[i] = (struct option){ d->name, !d->arg ? no_argument
			: may_lack_value(d) ? optional_argument : required_argument,
			NULL, key_of(d) };
		if (!d->letter)
			continue;
		*shorts++ = d->letter;
		if (d->arg && !may_lack_value(d))
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[option_table_len] = (struct option){ 0 };
}

static const struct option_def *of_key(int key)
{
	FOR_EACH_OPTION(d)
		if (key_of(d) == key)
			return d;
	return NULL;
}

/* Reports a long option that is unknown, or an ambiguous abbreviation. Skips the next argument if
 * one of the options that may be meant takes a value: it would be reported as a bad queue ID. */
static void unknown_option(struct command_line *p, const char *arg, const char *next)
{
	const char *all[OPTIONS_MAX], *fit[OPTIONS_MAX], *near;
	char name[TEXT_SHOWN_SIZE];
	struct buf hint = { 0 };
	size_t len = strcspn(arg, "="), n = 0;
	bool value = false;

	text_shown(name, arg, len);
	FOR_EACH_OPTION(d) {
		all[d - option_table] = d->name;
		if (strncmp(d->name, arg, len) != 0)
			continue;
		fit[n++] = d->name;
		value = value || d->arg;
	}
	if (n) {
		for (size_t i = 0; i < n; i++)
			buf_printf(&hint, "%s--%s", !i ? "" : i + 1 < n ? ", " : " or ", fit[i]);
		lines_add(&p->problems, "option --%s is ambiguous: %.*s", name, (int)hint.len,
			hint.data);
		p->problems.failed = p->problems.failed || hint.failed;
		buf_free(&hint);
	} else {
		near = text_nearest_word(name, all, option_table_len);
		value = near && option_table_find(near)->arg;
		lines_add(&p->problems, "unknown option --%s; %s%s%s", name,
			near ? "did you mean --" : "see --help", near ? near : "",
			near ? "?" : "");
	}
	if (value && !arg[len] && next && (next[0] != '-' || !next[1]))
		optind++;
}

static void bad_option(struct command_line *p, int code, int key, char **argv)
{
	char name[2] = { (char)key, '\0' };
	const struct option_def *d = of_key(key);

	p->misread = true;
	if (d)
		lines_add(&p->problems, "--%s %s", d->name, code == ':'
			? "needs a value" : "takes no value");
	else if (key)
		lines_add(&p->problems, "unknown option -%s; see --help", name);
	else
		unknown_option(p, argv[optind - 1] + 2, argv[optind]);
}

void options_scan(struct config_flags *flags, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 3];
	const struct option_def *d;
	int key;

	*flags = (struct config_flags){ .operand = false };
	make_getopt(longs, shorts);
	opterr = 0;
	optind = 0;	/* start again: argv may have been parsed before */
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		flags->operand = flags->operand || key == OPERAND;
		d = of_key(key == ':' ? optopt : key);
		if (!d)
			continue;
		flags->given[d - option_table] = true;
		flags->value[d - option_table] = key == ':' ? NULL
			: !optarg && may_lack_value(d) && optind < argc && argv[optind][0] != '-'
			? argv[optind] : optarg;
	}
	flags->operand = flags->operand || optind < argc;
}

static bool has(const struct config_flags *flags, const char *name)
{
	return flags->given[option_table_find(name) - option_table];
}

static bool passes_secret(const char *arg)
{
	return strncmp(arg, "--", 2) == 0
		&& option_table_tries_secret(arg + 2, strcspn(arg + 2, "="));
}

static bool refuse_secret(struct command_line *p, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		p->secret_given = p->secret_given || passes_secret(argv[i]);
	if (p->secret_given)
		lines_add(&p->problems, "a secret cannot be given on the command line, where "
			"others can see it; use --client-secret-file or the environment, see "
			"gsqstat(1)");
	return p->secret_given;
}

/* Sets the options of the configuration file; those of argv follow. */
static void take_config(struct command_line *p)
{
	const struct config_file *c = p->set->config_file;

	if (!p->set->config)
		return;
	command_line_state(p, "config")->from = "environment";
	command_line_state(p, "config")->flag = CONFIG_VARIABLE;
	p->problems.failed = p->problems.failed || !c || c->problems.failed;
	for (size_t i = 0; c && i < c->problems.n; i++)
		lines_add(&p->problems, "%s", c->problems.v[i]);
	config_args_apply(p);
}

/* Whether an argument begins with a queue ID. An operand that does not can be the value of an
 * unknown option. */
static bool is_id(const char *arg)
{
	char id[UUID_LEN + 1];

	return text_parse_uuid(arg, strcspn(arg, ","), id);
}

/* Sets an option of argv. A bad value that is an option or a queue ID means that the option lacks
 * its value. */
static void apply_argv(struct command_line *p, const struct option_def *d, const char *value)
{
	const size_t before = p->problems.n;

	command_line_apply(p, d, value, NULL);
	if (p->problems.n > before && value && ((is_id(value) && !strchr(value, ','))
		|| (value[0] == '-' && (value[1] == '-' || of_key(value[1])))))
		p->misread = true;
}

static void read_argv(struct command_line *p, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 3];
	struct config_flags flags;
	int key;

	/* before options are applied, because a value can be a file that is then read */
	options_scan(&flags, argc, argv);
	p->help = has(&flags, "help");
	p->help_topic = flags.value[option_table_find("help") - option_table];
	p->version = has(&flags, "version");
	if (p->help || p->version || refuse_secret(p, argc, argv))
		return;
	shard_args_find(p, &flags);
	take_config(p);
	make_getopt(longs, shorts);
	optind = 0;
	while ((key = getopt_long(argc, argv, shorts + 1, longs, NULL)) != -1) {
		if (key == '?' || key == ':')
			bad_option(p, key, optopt, argv);
		else
			apply_argv(p, of_key(key), optarg);
	}
	for (; optind < argc; optind++)
		if (!p->misread || is_id(argv[optind]))
			lines_add(&p->operands, "%s", argv[optind]);
	for (size_t i = 0; i < p->operands.n; i++)
		queue_args_operand(p, p->operands.v[i]);
}

/* --- from argv to a result ---------------------------------------------------------- */

static void check_all(struct command_line *p)
{
	struct buf json = { 0 }, changed = { 0 };

	validate(p);
	settings_put_values(&json, p);
	settings_put_changed(&changed, p);
	p->set->settings_json = json.data;
	p->set->settings_changed = changed.data;
	if (json.failed || changed.failed || p->problems.failed || p->operands.failed
	    || option_values_lists_failed(p->set))
		lines_add(&p->problems, "out of memory");
}

static void keep_first_problem(struct command_line *p)
{
	const struct lines *all = &p->problems;

	if (!all->n)
		return;
	p->set->first_problem = all->n == 1 ? strdup(all->v[0])
		: text_format("%s (and %zu more)", all->v[0], all->n - 1);
}

static enum options_parsed settle(struct command_line *p, const char *versions, enum status *st)
{
	struct buf text = { 0 };

	if (p->help && !help_put(&text, p->help_topic)) {
		lines_add(&p->problems, "%.*s", (int)text.len, text.data);
		buf_free(&text);
	} else if (p->help || p->version) {
		if (!p->help)
			buf_printf(&text, "gsqstat %s (%s)\n", GSQSTAT_VERSION, versions);
		*st = print_text(&text);
		return PARSED_DONE;
	}
	/* another error could show the secret, or only follow from these */
	if (!p->help && !p->secret_given && !p->misread
	    && !(p->set->config_file && p->set->config_file->problems.n))
		check_all(p);
	print_lines("", &p->problems);
	if (p->problems.n || p->problems.failed) {
		keep_first_problem(p);
		return PARSED_BAD;
	}
	if (p->set->task == TASK_LIST_METRICS) {
		list_metrics_put(p, &text);
		*st = print_text(&text);
		return PARSED_DONE;
	}
	if (!p->set->dry_run)
		return PARSED_RUN;
	if (p->set->level <= LEVEL_WARNING)
		print_lines("warning: ", &p->set->warnings);
	if (p->set->level <= LEVEL_DOUBT)
		print_lines("warning: ", &p->set->doubts);
	if (!isatty(STDOUT_FILENO))
		settings_put(&text, p);
	else if (!settings_put_table(&text, p))
		text.failed = true;
	*st = print_text(&text);
	return PARSED_DONE;
}

enum options_parsed options_parse(struct options *set, struct options_made *made, int argc,
	char **argv, const char *versions, enum status *st)
{
	struct command_line p = { .set = set, .made = made };
	enum options_parsed parsed;

	apply_defaults(&p);
	read_argv(&p, argc, argv);
	parsed = settle(&p, versions, st);
	creds_wipe_environment();
	lines_free(&p.problems);
	lines_free(&p.operands);
	queue_index_free(&p.named);
	return parsed;
}

void options_made_free(struct options_made *made)
{
	thresholds_free(made->thresholds);
	nagios_free(made->ranges);
	scopes_free(made->scopes);
	recording_close(made->recording);
	*made = (struct options_made){ 0 };
}

void options_free(struct options *set)
{
	metric_args_free(set);
	option_values_lists_free(set);
	row_labels_free(&set->labels);
	if (set->config_file)
		config_file_free(set->config_file);
	free(set->config_file);
	queue_index_free(&set->file_names);
	lines_free(&set->warnings);
	lines_free(&set->doubts);
	creds_free(&set->creds);
	targets_free(&set->targets);
	free(set->settings_json);
	free(set->settings_changed);
	buf_wipe(&set->audit_key);
	free(set->first_problem);
	*set = (struct options){ 0 };
}

bool options_ask_check(int argc, char **argv)
{
	struct config_flags flags;

	options_scan(&flags, argc, argv);
	return has(&flags, "check");
}

bool options_read_config(struct options *set, int argc, char **argv)
{
	struct config_flags flags;
	const char *flag;

	options_scan(&flags, argc, argv);
	if (has(&flags, "help") || has(&flags, "version"))
		return false;
	set->config = config_args_path(&flags, &flag);
	if (!set->config)
		return false;
	set->config_file = calloc(1, sizeof(*set->config_file));
	if (!set->config_file)
		return false;
	config_file_read(set->config_file, set->config, flag);
	return config_args_choose(set->config_file, &flags);
}

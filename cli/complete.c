#include "cli/complete.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/creds.h"
#include "auth/gc_profile.h"
#include "cli/config_args.h"
#include "cli/help.h"
#include "cli/option_table.h"
#include "cli/options.h"
#include "message/metric_types.h"
#include "source/queue_cache.h"
#include "util/base.h"
#include "util/text.h"
#include "util/utf8.h"

struct request {
	const struct option_def *option;	/* whose value is completed */
	struct config_flags flags;		/* the words before */
	struct config_file config;
	struct buf *out;
};

/* --- lines -------------------------------------------------------------------------- */

/* Whether the text can be a line. Shells and terminals act on other characters. */
static bool fits_line(const char *s)
{
	size_t len = strlen(s), n;

	for (const char *end = s + len; s < end; s += n) {
		n = utf8_length(s, (size_t)(end - s));
		if (n == 0 || utf8_is_unsafe(s, n))
			return false;
	}
	return len > 0;
}

static void put_word(struct buf *out, const char *word, const char *about)
{
	if (!fits_line(word))
		return;
	buf_str(out, word);
	if (about && *about) {
		buf_char(out, '\t');
		text_put_safe(out, about, strlen(about));
	}
	buf_char(out, '\n');
}

static void put_options(struct buf *out)
{
	buf_str(out, "OPTION\n");
	FOR_EACH_OPTION(d) {
		const char *tab = d->arg ? "\t" : "", *arg = d->arg ? d->arg : "";
		char help[256];

		option_table_help(d, help, sizeof(help));
		buf_printf(out, "--%s\t%s%s%s\n", d->name, help, tab, arg);
		if (d->letter)
			buf_printf(out, "-%c\t%s%s%s\n", d->letter, help, tab, arg);
	}
}

/* --- what the words before say ------------------------------------------------------ */

static bool is_given(const struct request *r, const struct option_def *d)
{
	const char *value;

	return config_args_given(&r->config, &r->flags, d, &value);
}

static const char *value_of(const struct request *r, const char *name)
{
	const char *value;

	config_args_given(&r->config, &r->flags, option_table_find(name), &value);
	return value;
}

/* The source whose metrics can be used; NULL: those of both. */
static const char *known_source(const struct request *r)
{
	const char *source = value_of(r, "source");

	if (source)
		return source;
	FOR_EACH_OPTION(d)
		if (is_given(r, d) && option_table_chooses_notifications(d))
			return source_words.v[1];
	/* if it is the stream, a metric of notifications chooses them all the same */
	source = getenv("GSQSTAT_SOURCE");
	return source && strcmp(source, source_words.v[1]) == 0 ? source : NULL;
}

/* --- values ------------------------------------------------------------------------- */

/* Reads the cached queues of the client that the run would use. */
static void load_queues(const struct request *r, struct queue_list *list)
{
	const struct creds_conf conf = { .host = value_of(r, "host"), .host_flag = "--host",
		.profile = value_of(r, "profile"), .profile_flag = "--profile",
		.notifications = true };
	struct lines problems = { 0 }, warnings = { 0 };
	struct creds creds = { 0 };

	if (is_given(r, option_table_find("no-cache")))
		return;
	/* a secret may be missing: the run could read it from a file */
	creds_load(&creds, &conf, &problems, &warnings);
	if (creds.base_url && creds.client_id) {
		const struct queue_cache_key key = { creds.base_url, creds.client_id };

		queue_cache_load_old(&key, list);
	}
	creds_free(&creds);
	lines_free(&problems);
	lines_free(&warnings);
}

static void put_queue_ids(const struct request *r)
{
	struct queue_list list = { 0 };

	load_queues(r, &list);
	for (size_t i = 0; i < list.n; i++)
		put_word(r->out, list.v[i].id, list.v[i].name);
	queue_list_free(&list);
}

static void put_queue_names(const struct request *r)
{
	struct queue_list list = { 0 };

	load_queues(r, &list);
	for (size_t i = 0; i < list.n; i++)	/* in the order of names */
		if (i == 0 || strcmp(list.v[i].name, list.v[i - 1].name) != 0)
			put_word(r->out, list.v[i].name, NULL);
	queue_list_free(&list);
}

static void put_metrics(const struct request *r)
{
	const char *source = known_source(r);
	const struct metric_doc *doc;

	for (size_t i = 0; (doc = metric_types_doc(i)); i++)
		if (!source || strcmp(source, source_words.v[doc->type.name != NULL]) == 0)
			put_word(r->out, doc->name.s, doc->meaning);
}

static void put_profiles(const struct request *r)
{
	char *path = gc_profile_path();
	struct lines names = { 0 };

	if (path)
		gc_profile_names(path, &names);
	for (size_t i = 0; i < names.n; i++)
		put_word(r->out, names.v[i], NULL);
	lines_free(&names);
	free(path);
}

static void put_outliers(const struct request *r)
{
	buf_printf(r->out, "none\n%s\n", r->option->initial);
}

static void put_help_topics(const struct request *r)
{
	buf_str(r->out, "all\n");
	help_put_group_names(r->out, "\n");
	buf_char(r->out, '\n');
}

/* Options with values of their own. Of the others, the table says the values. */
static const struct {
	const char *option;
	void (*put)(const struct request *r);
} values[] = {
	{ "queue", put_queue_ids }, { "queue-name", put_queue_names }, { "metric", put_metrics },
	{ "profile", put_profiles }, { "outlier", put_outliers }, { "help", put_help_topics }
};

static void put_values(const struct request *r)
{
	const struct option_def *d = r->option;

	buf_printf(r->out, "%s\n", d->arg);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (strcmp(values[i].option, d->name) == 0)
			values[i].put(r);
	for (size_t i = 0; d->words && i < d->words->n; i++)
		put_word(r->out, d->words->v[i], NULL);
	if (d->kind == KIND_DURATION || d->kind == KIND_DURATION_OR_0)
		buf_str(r->out, "10s\n30s\n1m\n5m\n1h\n");
	if (d->kind == KIND_SIZE)
		buf_str(r->out, "64M\n1G\n");
}

/* --- the request -------------------------------------------------------------------- */

/* Returns the option whose value comes next: --NAME, --NAME= or -LETTERS; NULL: none does. */
static const struct option_def *find_option(const char *word)
{
	const size_t len = strlen(word);

	if (strncmp(word, "--", 2) == 0) {
		const struct option_def *d = option_table_look_up(word + 2,
			len - 2 - (word[len - 1] == '='));

		return d && d->arg ? d : NULL;
	}
	FOR_EACH_OPTION(d)
		if (len > 1 && word[0] == '-' && d->arg && d->letter == word[len - 1])
			return d;
	return NULL;
}

/* Reads the configuration file, unless that could wait or take from another reader. */
static void read_config(struct request *r)
{
	const char *flag, *path = config_args_path(&r->flags, &flag);
	struct stat st;

	if (!path || strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	config_file_read(&r->config, path, flag);
	config_args_choose(&r->config, &r->flags);
}

bool complete(int argc, char **argv)
{
	struct buf out = { 0 };
	struct request r = { .out = &out };

	if (argc < 2 || strcmp(argv[1], "--complete") != 0)
		return false;
	if (argc > 2 && strcmp(argv[2], "options") == 0) {
		put_options(&out);
	} else if (argc > 2) {
		r.option = find_option(argv[2]);
		if (!r.option)
			r.option = option_table_find("queue");
		options_scan(&r.flags, argc - 2, argv + 2);	/* KIND is in the name's place */
		read_config(&r);
		put_values(&r);
		config_file_free(&r.config);
	}
	creds_wipe_environment();
	if (!out.failed)
		buf_write(&out, STDOUT_FILENO);
	buf_free(&out);
	return true;
}

/*
 * A command line, one argument a line, and behind an empty line the file `file`, which arguments
 * may name. What would be printed is looked at here. Paths that lead out of the directory are left
 * out.
 */
#include <fcntl.h>

#include "cli/options.h"
#include "cli/print.h"
#include "json.h"
#include "tests/support/fuzz.h"
#include "util/text.h"
#include "util/utf8.h"

#define ARGS_MOST 24
#define SECRET "Z-secret-0123456789"
#define SECRET_VARIABLE "GENESYS_CLIENT_SECRET=" SECRET

static size_t nproblem;

static void check_shown(const char *text, size_t len)
{
	must(!memmem(text, len, SECRET, strlen(SECRET)));
}

enum status print_text(struct buf *text)
{
	const char *end = text->data + text->len;

	must(!text->failed && text->len && end[-1] == '\n');
	check_shown(text->data, text->len);
	if (text->data[0] == '{') {
		end = json_skip(text->data, end);
		must(end && *end == '\n');
	}
	buf_free(text);
	return ST_OK;
}

void print_lines(const char *prefix, struct lines *lines)
{
	must(!lines->failed);
	for (size_t i = 0; i < lines->n; i++) {
		must(*lines->v[i]);
		check_shown(lines->v[i], strlen(lines->v[i]));
		text_clean(lines->v[i]);
		must(utf8_valid(lines->v[i], strlen(lines->v[i])));
	}
	if (!*prefix)
		nproblem += lines->n;
}

/* Names of files only of this directory, and URLs. */
static bool leads_out(const char *arg)
{
	const char *slash = strchr(arg, '/');

	return slash && (slash == arg || strncmp(slash - 1, "://", 3) != 0);
}

static void check_names(const struct options *set)
{
	for (size_t i = 0; i < queue_index_count(&set->file_names); i++) {
		const char *name = queue_index_name(&set->file_names, i);

		must(lines_has(&set->queues, queue_index_id(&set->file_names, i)));
		must(*name && strlen(name) <= 1024 && utf8_valid(name, strlen(name)));
	}
}

static void check_run(const struct options *set)
{
	const char *json = set->settings_json;
	char id[UUID_LEN + 1];

	must(!set->first_problem && nproblem == 0);
	must(json && json_skip(json, json + strlen(json)) == json + strlen(json));
	check_shown(json, strlen(json));
	if (set->verify_audit)
		return;
	must(set->window_ms > 0 && set->count <= 1000000 && set->nmetric <= METRIC_MAX);
	must(set->nasked <= set->nmetric && set->noutlier <= FILTERS_MAX);
	for (size_t i = 0; i < set->queues.n; i++) {
		const char *queue = set->queues.v[i];

		must(text_parse_uuid(queue, strlen(queue), id) && same_text(queue, id));
		for (size_t k = 0; k < i; k++)
			must(!same_text(queue, set->queues.v[k]));
	}
	check_names(set);
}

/* The variables with secrets are overwritten when they are read. Not setenv(3), which would leave
 * its copies behind, and libFuzzer would look for leaks each time. */
static void set_variables(void)
{
	static const char *const texts[] = {
		"GENESYS_CLIENT_ID=id", SECRET_VARIABLE, "GENESYS_API_HOST=api.example.com"
	};
	static char variables[ARRAY_LEN(texts)][64];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		snprintf(variables[i], sizeof(variables[i]), "%s", texts[i]);
		must(putenv(variables[i]) == 0);
	}
}

/* Relative paths are of that directory, but not those of seeds. Returns what to go back to. */
static int enter_directory(void)
{
	static int before = -1;

	if (before < 0) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		must(before >= 0 && null >= 0 && dup2(null, STDIN_FILENO) >= 0 && close(null) == 0);
		must(setenv("XDG_CONFIG_HOME", fuzz_dir(), 1) == 0);
		/* all its certificates would be read each time */
		must(unsetenv("SSL_CERT_FILE") == 0 && unsetenv("SSL_CERT_DIR") == 0);
	}
	must(chdir(fuzz_dir()) == 0);
	set_variables();
	return before;
}

static void put_file(const char *text, size_t len)
{
	int fd = open("file", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, text, len) == (ssize_t)len && close(fd) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[] = "gsqstat", *argv[ARGS_MOST + 2] = { name };
	char *text, *file, *rest, *arg;
	struct options set = { .now = false };
	struct options_made made = { .recording = NULL };
	enum status st = ST_OK;
	int argc = 1, before;

	if (memmem(data, size, SECRET, strlen(SECRET)))		/* it comes from elsewhere */
		return 0;
	before = enter_directory();
	rest = text = fuzz_text(data, size);
	file = strstr(text, "\n\n");
	put_file(file ? file + 2 : "", file ? strlen(file + 2) : 0);
	if (file)
		*file = '\0';
	while (argc <= ARGS_MOST && (arg = strsep(&rest, "\n")))
		if (!leads_out(arg))
			argv[argc++] = arg;
	nproblem = 0;
	(void)options_read_config(&set, argc, argv);
	switch (options_parse(&set, &made, argc, argv, "versions", &st)) {
	case PARSED_RUN:
		check_run(&set);
		break;
	case PARSED_DONE:
		must(st == ST_OK && nproblem == 0);
		break;
	case PARSED_BAD:
		must(nproblem > 0 && set.first_problem);
		break;
	}
	options_made_free(&made);
	options_free(&set);
	free(text);
	must(fchdir(before) == 0);
	return 0;
}

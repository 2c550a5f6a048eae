#include "cli/queue_args.h"

#include <stdio.h>
#include <string.h>

#include "cli/queue_file.h"
#include "source/channel.h"
#include "util/buf.h"
#include "util/files.h"
#include "util/lines.h"
#include "util/shard.h"
#include "util/text.h"
#include "util/utf8.h"
#include "webhook/target.h"

#define QUEUES_NAMED_MAX 10000		/* a live run takes fewer, see cli/validate.c */
#define QUEUE_FILE_MAX (4 << 20)
/* The same if only one shard of the queues is taken. */
#define IDS_MAX 2000000
#define SHARD_FILE_MAX (64 << 20)
#define PROBLEMS_MAX 100		/* of a file, that are reported */

/* Shortens a bad queue ID for a message. Of a URL it shows only the host: it may be a misplaced
 * value of --callback, which can have a secret. */
static const char *shown(char text[TEXT_SHOWN_SIZE], const char *s, size_t len)
{
	char url[TEXT_SHOWN_SIZE];

	text_shown(text, s, len);
	if (!strstr(text, "://"))
		return text;
	memcpy(url, text, sizeof(url));
	return target_shown(text, url);
}

/* Keeps the first name that a queue has in a file. from: the file and line. */
static void add_name(struct command_line *p, const char *id, const char *name, const char *from)
{
	struct queue_index *names = &p->set->file_names;
	char first[TEXT_SHOWN_SIZE], second[TEXT_SHOWN_SIZE];
	const char *known;

	if (queue_index_find(names, id) == QUEUE_INDEX_NONE && !queue_index_add(names, id)) {
		p->problems.failed = true;
		return;
	}
	known = queue_index_name(names, queue_index_find(names, id));
	if (!known)
		p->problems.failed |= !queue_index_set_name(names, id, name);
	else if (strcmp(known, name) != 0)
		lines_add(&p->set->warnings, "%s queue %s already has the name '%s'; '%s' is "
			"ignored", from, id, text_shown(first, known, strlen(known)),
			text_shown(second, name, strlen(name)));
}

/* Adds a queue ID, or a problem. name: NULL if there is none. from says where the ID was: an
 * option, or a file and line. hint: ends the problem. */
static void add_queue(struct command_line *p, const char *s, size_t len, const char *name,
	const char *from, const char *hint)
{
	char id[UUID_LEN + 1], text[TEXT_SHOWN_SIZE];
	struct lines *queues = &p->set->queues;

	if (!text_parse_uuid(s, len, id)) {
		lines_add(&p->problems, "%s '%s': must be a queue ID, a UUID like "
			"11111111-1111-4111-8111-111111111111%s", from, shown(text, s, len), hint);
		return;
	}
	if (name)
		add_name(p, id, name, from);
	if (!shard_has(&p->set->shard, id))
		return;
	if (queue_index_find(&p->named, id) != QUEUE_INDEX_NONE) {
		lines_add(&p->set->warnings, "%s '%s' was given before; it counts once", from, id);
		return;
	}
	if (queues->n < QUEUES_NAMED_MAX) {
		lines_add(queues, "%s", id);
		p->problems.failed |= !queue_index_add(&p->named, id);
		return;
	}
	if (!command_line_bad(p, "queue"))
		lines_add(&p->problems, "%s '%s': a run has at most %d queues", from, id,
			QUEUES_NAMED_MAX);
	command_line_state(p, "queue")->bad = true;
}

/* What to say about a bad queue ID on the command line. */
static const char *hint_of(const char *s, size_t len)
{
	const bool damaged_id = strspn(s, "0123456789abcdefABCDEF-") >= len;

	return damaged_id || memmem(s, len, "://", strlen("://")) ? ""
		: "; for a name use --queue-name";
}

static void add_queues(struct command_line *p, const char *value, const char *from)
{
	for (;;) {
		size_t len = strcspn(value, ",");

		add_queue(p, value, len, NULL, from, hint_of(value, len));
		if (!value[len])
			return;
		value += len + 1;
	}
}

void queue_args_ids(struct command_line *p, const char *value)
{
	add_queues(p, value, command_line_value_flag(p, "queue", value));
}

void queue_args_operand(struct command_line *p, const char *value)
{
	add_queues(p, value, "QUEUE_ID");
	command_line_state(p, "queue")->from = "flag";
}

void queue_args_name(struct command_line *p, const char *value)
{
	struct lines *names = &p->set->queue_names;

	if (!*value || !utf8_valid(value, strlen(value)))
		command_line_problem(p, value, "must be a name in UTF-8; * stands for any text");
	else if (names->n == CHANNEL_QUEUES_MAX)
		command_line_problem(p, value, "a run has at most 500 names");
	else
		lines_add(names, "%s", value);
}

/* --- --queue-file ------------------------------------------------------------------- */

/* Whether the line is no more than the ID of a queue of another shard, as most lines of a file for
 * many shards are. */
static bool is_of_other_shard(const struct command_line *p, const struct queue_file_entry *e)
{
	char id[UUID_LEN + 1];

	return p->set->shard.n && !e->why && !e->name && e->id
		&& text_parse_uuid(e->id, e->id_len, id) && !shard_has(&p->set->shard, id);
}

static void queue_entry(struct command_line *p, const char *path, const struct queue_file_entry *e)
{
	char from[CONFIG_FROM_SIZE + TEXT_SHOWN_SIZE + 64], text[TEXT_SHOWN_SIZE];

	snprintf(from, sizeof(from), "%s '%s', line %zu:",
		command_line_value_flag(p, "queue-file", path),
		text_shown(text, path, strlen(path)), e->line);
	if (e->why == why_no_memory)
		p->problems.failed = true;
	else if (e->why)
		lines_add(&p->problems, "%s %s", from, e->why);
	if (e->id)
		add_queue(p, e->id, e->id_len, e->name, from, "");
}

static void queue_entries(struct command_line *p, const struct buf *file, const char *path)
{
	struct queue_file f = { .text = file->data, .size = file->len };
	struct queue_file_entry e;
	char text[TEXT_SHOWN_SIZE];
	size_t found = 0, most = p->problems.n + PROBLEMS_MAX;

	for (; p->problems.n < most && queue_file_next(&f, &e); found++) {
		if (p->ids++ == IDS_MAX)
			lines_add(&p->problems, "%s '%s', line %zu: there are more than %d queue "
				"IDs", command_line_value_flag(p, "queue-file", path),
				text_shown(text, path, strlen(path)), e.line, IDS_MAX);
		if (p->ids > IDS_MAX)
			break;
		if (!is_of_other_shard(p, &e))
			queue_entry(p, path, &e);
	}
	queue_file_free(&f);
	if (!found)
		lines_add(&p->problems, "%s '%s': contains no queue ID",
			command_line_value_flag(p, "queue-file", path),
			text_shown(text, path, strlen(path)));
}

/* Why stdin cannot be read as this file; NULL: it is another file, or the first to read stdin. */
static const char *taken_stdin(const struct command_line *p, const char *path)
{
	if (strcmp(path, "-") != 0)
		return NULL;
	if (p->set->config && strcmp(p->set->config, "-") == 0)
		return "--config - reads stdin already";
	return p->queue_stdin ? "another --queue-file '-' reads stdin already" : NULL;
}

void queue_args_file(struct command_line *p, const char *path)
{
	struct option_state *queue = command_line_state(p, "queue");
	const char *taken = taken_stdin(p, path);
	const size_t most = p->set->shard.n ? SHARD_FILE_MAX : QUEUE_FILE_MAX;
	struct buf text = { 0 };
	const char *why = taken ? taken : files_read(path, most, &text);

	p->queue_stdin = p->queue_stdin || strcmp(path, "-") == 0;
	if (!queue->from)
		queue->from = "file";
	if (!taken)
		lines_add(&p->set->queue_files, "%s", path);
	if (why)
		command_line_file_problem(p, command_line_value_flag(p, "queue-file", path), path,
			why);
	else
		queue_entries(p, &text, path);
	buf_free(&text);
}

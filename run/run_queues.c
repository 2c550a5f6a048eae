#include "run/run_queues.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "source/queue_match.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/shard.h"
#include "util/text.h"

enum status run_queues_begin(struct run *run, struct err *err)
{
	const struct lines *named = &run->set->queues;

	for (size_t i = 0; i < named->n; i++)
		lines_add(&run->queues, "%s", named->v[i]);
	run->any_queue = run->set->task == TASK_REPLAY && run->set->queues_recorded && !named->n;
	return run->queues.failed ? err_nomem(err) : ST_OK;
}

enum status run_queues_add(struct run *run, const char *id, struct err *err)
{
	if (shard_has(&run->set->shard, id) && !lines_has(&run->queues, id))
		lines_add(&run->queues, "%s", id);
	return run->queues.failed ? err_nomem(err) : ST_OK;
}

enum status run_queues_set_file_names(const struct run *run, struct pipeline *p, struct err *err)
{
	const struct queue_index *names = &run->set->file_names;
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < queue_index_count(names); i++)
		st = pipeline_set_name(p, queue_index_id(names, i), queue_index_name(names, i),
			err);
	return st;
}

enum status run_queues_set_names(const struct run *run, struct pipeline *p,
	const struct queue_list *list, struct err *err)
{
	const struct queue_index *names = &run->set->file_names;
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < list->n; i++)
		if (run->set->source == SOURCE_NOTIFICATIONS
		    || queue_index_find(names, list->v[i].id) == QUEUE_INDEX_NONE)
			st = pipeline_set_name(p, list->v[i].id, list->v[i].name, err);
	return st;
}

enum status run_queues_match(struct run *run, const struct queue_list *list,
	struct lines *problems, struct err *err)
{
	const struct lines *patterns = &run->set->queue_names;
	struct queue_match_hits hits = { NULL, 0 };
	bool ok = queue_match(list, (const char *const *)patterns->v, patterns->n, &hits,
		problems);
	enum status st = ok ? ST_OK : err_nomem(err);

	for (size_t i = 0; st == ST_OK && i < hits.n; i++)
		st = run_queues_add(run, hits.v[i]->id, err);
	free(hits.v);
	return st;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* SHA-256 over the sorted IDs, each with a newline, as `sort | sha256sum` has it. False: out of
 * memory. */
static bool digest_queues(const struct lines *queues, char hex[65])
{
	char **sorted = calloc(queues->n + 1, sizeof(*sorted));
	unsigned char hash[EVP_MAX_MD_SIZE];
	struct buf text = { 0 };
	unsigned len = 0;
	bool ok = sorted != NULL;

	for (size_t i = 0; ok && i < queues->n; i++)
		sorted[i] = queues->v[i];
	if (ok)
		qsort(sorted, queues->n, sizeof(*sorted), by_text);
	for (size_t i = 0; ok && i < queues->n; i++)
		buf_printf(&text, "%s\n", sorted[i]);
	ok = ok && !text.failed && EVP_Digest(text.len ? text.data : "", text.len, hash, &len,
		EVP_sha256(), NULL) == 1;
	if (ok)
		text_hex(hash, len, hex);
	buf_free(&text);
	free(sorted);
	return ok;
}

enum status run_queues_shard(const struct run *run, struct audit_events_shard *shard,
	struct err *err)
{
	const struct options *set = run->set;
	const bool known = !run->any_queue && (run->started || !set->queue_names.n);

	*shard = (struct audit_events_shard){ .shard = set->shard_text,
		.queues = known ? (int64_t)run->queues.n : -1 };
	return !set->shard_text || !known || digest_queues(&run->queues, shard->digest)
		? ST_OK : err_nomem(err);
}

/* The queues of --queue-name are known later than run.start. */
static enum status report_shard(const struct run *run, struct err *err)
{
	struct audit_events_shard shard;
	enum status st = run_queues_shard(run, &shard, err);

	if (st == ST_OK && shard.shard)
		audit_events_shard(run->events, &shard);
	return st;
}

static enum status refuse_problems(struct run *run, const struct lines *problems, struct err *err)
{
	for (size_t i = 1; i < problems->n; i++)
		lines_add(&run->warnings, "%s", problems->v[i]);
	if (problems->n > 1)
		return err_set(err, ST_USAGE, "%s (and %zu more; see the warnings)",
			problems->v[0], problems->n - 1);
	return problems->n ? err_set(err, ST_USAGE, "%s", problems->v[0]) : ST_OK;
}

static enum status find_of_thresholds(const struct run *run, const struct pipeline *p,
	struct err *err)
{
	struct buf why = { 0 };
	enum status st = ST_OK;

	if (run->set->shard.n)	/* it may be a queue of another shard */
		return ST_OK;
	if (!scopes_find(run->made->scopes, pipeline_queues(p), &why))
		st = why.failed ? err_nomem(err) : err_set(err, ST_USAGE, "%s", why.data);
	buf_free(&why);
	return st;
}

enum status run_queues_find(struct run *run, struct pipeline *p, const struct queue_list *list,
	struct err *err)
{
	struct lines problems = { 0 };
	enum status st = run_queues_match(run, list, &problems, err);

	if (st == ST_OK)
		st = pipeline_set_queues(p, (const char *const *)run->queues.v, run->queues.n,
			err);
	if (st == ST_OK)
		st = run_queues_set_file_names(run, p, err);
	if (st == ST_OK)
		st = run_queues_set_names(run, p, list, err);
	if (st == ST_OK)
		st = refuse_problems(run, &problems, err);
	lines_free(&problems);
	if (st == ST_OK && run->set->queue_names.n)
		st = report_shard(run, err);
	return st == ST_OK ? find_of_thresholds(run, p, err) : st;
}

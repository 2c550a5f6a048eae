#include "run/run_queues.h"

#include <stdlib.h>

#include "source/queue_match.h"
#include "util/buf.h"
#include "util/lines.h"

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
	if (!lines_has(&run->queues, id))
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
	return st == ST_OK ? find_of_thresholds(run, p, err) : st;
}

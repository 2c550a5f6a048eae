#include "run/run_queues.h"

#include <stdlib.h>
#include <string.h>

#include "source/channel.h"
#include "source/queue_match.h"
#include "util/buf.h"
#include "util/lines.h"

/* The size of run->queue_name. A replay can have more queues than are known so far. */
static size_t names_room(const struct run *run)
{
	return run->queues.n + CHANNEL_QUEUES_MAX;
}

enum status run_queues_begin(struct run *run, struct err *err)
{
	const struct lines *named = &run->set->queues;

	for (size_t i = 0; i < named->n; i++)
		lines_add(&run->queues, "%s", named->v[i]);
	run->any_queue = run->set->replay && run->set->queues_recorded && !named->n;
	run->queue_name = calloc(names_room(run), sizeof(*run->queue_name));
	return run->queues.failed || !run->queue_name ? err_nomem(err) : ST_OK;
}

static size_t queue_number(const struct run *run, const char *id)
{
	for (size_t i = 0; i < run->queues.n; i++)
		if (strcmp(run->queues.v[i], id) == 0)
			return i;
	return SIZE_MAX;
}

enum status run_queues_add(struct run *run, const char *id, struct err *err)
{
	if (queue_number(run, id) == SIZE_MAX)
		lines_add(&run->queues, "%s", id);
	return run->queues.failed ? err_nomem(err) : ST_OK;
}

enum status run_queues_set_names(struct run *run, struct pipeline *p,
	const struct queue_list *list, struct err *err)
{
	size_t n = names_room(run);
	const char **name = reallocarray(run->queue_name, n, sizeof(*name));

	if (!name)
		return err_nomem(err);
	run->queue_name = name;
	memset(name, 0, n * sizeof(*name));
	for (size_t i = 0; i < list->n; i++) {
		size_t queue = queue_number(run, list->v[i].id);

		if (queue != SIZE_MAX)
			name[queue] = list->v[i].name;
	}
	pipeline_set_names(p, name);
	return ST_OK;
}

/* Adds the queues that match. problems gets a line for each pattern that matches no queue, or that
 * is ambiguous. */
static enum status add_matches(struct run *run, const struct queue_list *list,
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
	return !problems->n ? ST_OK : err_set(err, ST_USAGE, "%s%s", problems->v[0],
		problems->n > 1 ? " (and other names, see above)" : "");
}

static enum status find_of_thresholds(const struct run *run, struct err *err)
{
	struct buf why = { 0 };
	enum status st = ST_OK;

	if (!scopes_find(run->set->scopes, (const char *const *)run->queues.v,
	    run->queue_name, run->queues.n, &why))
		st = why.failed ? err_nomem(err) : err_set(err, ST_USAGE, "%s", why.data);
	buf_free(&why);
	return st;
}

enum status run_queues_find(struct run *run, struct pipeline *p, const struct queue_list *list,
	struct err *err)
{
	struct lines problems = { 0 };
	enum status st = add_matches(run, list, &problems, err);

	if (st == ST_OK)
		st = run_queues_set_names(run, p, list, err);
	if (st == ST_OK)
		st = pipeline_set_queues(p, (const char *const *)run->queues.v, run->queues.n,
			run->queue_name, err);
	if (st == ST_OK)
		st = refuse_problems(run, &problems, err);
	lines_free(&problems);
	return st == ST_OK ? find_of_thresholds(run, err) : st;
}

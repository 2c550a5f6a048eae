#include "run/run_api.h"

#include "run/setup.h"

enum status run_api_open(struct run_api *api, struct run *run, struct err *err)
{
	const struct options *set = run->set;
	const struct creds *creds = &set->creds;
	const struct token_conf conf = setup_token_conf(set);
	enum status st = setup_net(run, err);

	api->run = run;
	if (st != ST_OK)
		return st;
	if (!setup_secret(run, creds->secret) || !setup_secret(run, creds->access_token))
		return err_nomem(err);
	if (set->cache && creds->client_id && !creds->access_token)
		api->cache = token_cache_open(creds->base_url, creds->client_id, &run->warnings);
	api->token = token_new(&conf, creds, api->cache, run->http);
	return api->token ? ST_OK : err_nomem(err);
}

void run_api_free(struct run_api *api)
{
	queue_lookup_free(api->lookup);
	token_free(api->token);
	token_cache_close(api->cache);
}

enum status run_api_event(struct run_api *api, const struct session_event *event, struct err *err)
{
	if (event->kind == SESSION_TOKEN_ACQUIRED || event->kind == SESSION_TOKEN_CACHED) {
		/* the lookup of queues has reported it already */
		if (event->generation == api->reported_token)
			return ST_OK;
		api->reported_token = event->generation;
		/* before the event, so that no line can show the token */
		if (!setup_secret(api->run, token_value(api->token)))
			return err_nomem(err);
	}
	totals_session(&api->run->totals, event);
	audit_events_stream(api->run->events, event);
	return event->kind == SESSION_OVER
		? err_set(err, event->status, "%.*s", (int)event->len, event->text) : ST_OK;
}

enum status run_api_look_up(struct run_api *api, const struct lines *names, struct err *err)
{
	struct queue_lookup_conf conf = setup_lookup_conf(api->run->set);

	if (names->failed)
		return err_nomem(err);
	conf.pattern = (const char *const *)names->v;
	conf.npattern = names->n;
	api->lookup = queue_lookup_new(&conf, api->run->http, api->token, api->run->now_us);
	return api->lookup ? ST_OK : err_nomem(err);
}

enum status run_api_lookup_turn(struct run_api *api, const struct queue_list **list,
	struct err *err)
{
	struct run *run = api->run;
	struct session_event event;
	enum status st = ST_OK;

	*list = NULL;
	while (st == ST_OK && queue_lookup_next(api->lookup, &event))
		st = run_api_event(api, &event, err);
	if (st != ST_OK)
		return st;
	queue_lookup_step(api->lookup, run->now_us, &run->warnings);
	if (!queue_lookup_is_ready(api->lookup))
		return ST_OK;
	*list = queue_lookup_list(api->lookup);
	if ((*list)->skipped)
		lines_add(&run->warnings, "queues left out of the list, because their ID or name "
			"is missing or malformed: %zu", (*list)->skipped);
	return ST_OK;
}

#include "message/observation_query.h"

#include "message/reader.h"
#include "util/base.h"
#include "util/lines.h"

/* Some other o* metrics are conversation aggregates; the query does not have them. */
const char *const observation_query_metrics[OBSERVATION_QUERY_METRICS] = {
	"oActiveUsers", "oAlerting", "oInteracting", "oLongestInteracting", "oLongestWaiting",
	"oMemberUsers", "oOffQueueUsers", "oOnQueueUsers", "oUserPresences",
	"oUserRoutingStatuses", "oWaiting"
};

uint32_t observation_query_bit(struct slice metric)
{
	for (size_t i = 0; i < OBSERVATION_QUERY_METRICS; i++)
		if (slice_is(metric, observation_query_metrics[i]))
			return UINT32_C(1) << i;
	return 0;
}

/* Moves the cursor to the value of the answer's member with that name. Sets *n to the number of
 * such members. False: there is none, or the answer is not an object. */
static bool find_member(struct json_cursor *c, const char *name, unsigned *n)
{
	struct json_cursor found = { NULL, NULL };
	struct json_text key;

	*n = 0;
	if (json_peek(c) != '{')
		return false;
	json_enter(c);
	while (json_key(c, &key)) {
		if (json_text_is(&key, name) && (*n)++ == 0)
			found = *c;
		json_pass(c);
	}
	if (c->at && *n)
		*c = found;
	return c->at && *n;
}

void observation_query_begin(struct notifications *ns, const char *text, size_t len)
{
	const char *end = text + len, *after = json_skip(text, end);
	unsigned n = 0;

	ns->c = json_start(text, end);
	ns->complete = after && json_peek(&ns->c) == '{';
	/* an answer without the member has no results */
	ns->more = ns->complete && find_member(&ns->c, "results", &n) && json_peek(&ns->c) == '[';
	if (n > 1 || (n && !ns->more && json_peek(&ns->c) != 'n'))
		ns->complete = ns->more = false;
	if (ns->more)
		json_enter(&ns->c);
}

bool observation_query_is_complete(const struct notifications *ns)
{
	return ns->complete;
}

static void take_data(struct notifications *ns, struct notification *n)
{
	(void)n;
	reader_metrics(ns, false);
}

bool observation_query_next(struct notifications *ns, struct notification *n)
{
	if (!ns->more || !json_item(&ns->c)) {
		ns->more = false;
		return false;
	}
	reader_clear(ns, n);
	n->text = ns->c.at;
	n->kind = NOTIFICATION_EVENT;
	if (reader_enter(ns, '{', NULL))
		reader_observations(ns, n, take_data);
	if (!n->queue_id[0])
		reader_invalid(ns, "a result has no queueId");
	reader_finish(ns, n);
	n->text_len = ns->c.at ? (size_t)(ns->c.at - n->text) : 0;
	return true;
}

bool observation_query_presences(struct notifications *ns, const char *text, size_t len,
	observation_query_presence *each, void *arg)
{
	struct json_text key;
	unsigned n;

	lines_free(&ns->plain);
	ns->keys.n = 0;
	ns->why = NULL;
	ns->c = json_start(text, text + len);
	if (!find_member(&ns->c, "systemToOrganizationMappings", &n)
	    || !reader_enter(ns, '{', NULL))
		return true;
	while (n == 1 && json_key(&ns->c, &key)) {
		struct slice name = reader_plain(ns, &key), id;
		const char *why = json_keys_add(&ns->keys, &key);

		ns->failed = ns->failed || why == why_no_memory;
		if (why)
			return false;
		if (!reader_enter(ns, '[', NULL))
			continue;
		while (json_item(&ns->c)) {
			id = reader_string(ns);
			if (id.s && name.s && !each(arg, id, name))
				return false;
		}
	}
	return n == 1 && ns->c.at && !ns->failed && !ns->why;
}

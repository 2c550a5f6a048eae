#include "window/dedup.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"

#define PLACES 32768		/* ten seconds of a thousand topics' most, and room */
#define NEIGHBOURS 4		/* places that one hash may take */
#define NEVER INT64_MIN

struct dedup_place {
	uint64_t hash;
	int64_t at_us;
	uint32_t socket;	/* its number for good, not its place */
	uint32_t unmatched;	/* how many came and took none of the other's away; 0: free */
};

/*
 * With one socket open, as mostly, nothing can come twice: its frames are written down in
 * their order, which asks for no memory that has left the processor's cache. They go to the
 * table once another socket opens; that stays in use until no frame can match any more.
 */
struct dedup {
	uint32_t next;
	uint32_t id[DEDUP_SOCKETS];
	bool open[DEDUP_SOCKETS];
	int64_t table_until_us;	/* INT64_MAX: while both are open; NEVER: not in use */
	size_t ncame;		/* the place of the next, for good */
	struct {
		uint64_t hash;
		int64_t at_us;
	} came[PLACES];		/* the newest that were no duplicates */
	struct dedup_place place[PLACES];
};

struct dedup *dedup_new(void)
{
	struct dedup *e = calloc(1, sizeof(*e));

	if (e)
		e->table_until_us = NEVER;
	return e;
}

void dedup_free(struct dedup *e)
{
	free(e);
}

static bool is_open(const struct dedup *e, uint32_t id)
{
	for (size_t i = 0; i < DEDUP_SOCKETS; i++)
		if (e->open[i] && e->id[i] == id)
			return true;
	return false;
}

/* The place of an equal frame, else the one to be given up: free, or the oldest. */
static struct dedup_place *find(struct dedup *e, uint64_t hash, bool *same)
{
	struct dedup_place *first = &e->place[hash & (PLACES - NEIGHBOURS)], *worst = first;

	*same = false;
	for (struct dedup_place *p = first; p < first + NEIGHBOURS; p++) {
		if (p->unmatched && p->hash == hash) {
			*same = true;
			return p;
		}
		if (worst->unmatched && (!p->unmatched || p->at_us < worst->at_us))
			worst = p;
	}
	return worst;
}

static bool is_in_table(struct dedup *e, uint64_t hash, uint32_t id, int64_t at_us)
{
	bool same;
	struct dedup_place *p = find(e, hash, &same);

	if (same && p->socket != id && p->at_us >= at_us - DEDUP_US) {
		p->unmatched--;
		return true;
	}
	*p = (struct dedup_place){ hash, at_us, id,
		same && p->socket == id ? p->unmatched + 1 : 1 };
	return false;
}

/* What has come lately on the one socket that was open. */
static void fill_table(struct dedup *e, uint32_t id, int64_t at_us)
{
	size_t first = e->ncame > PLACES ? e->ncame - PLACES : 0;

	memset(e->place, 0, sizeof(e->place));
	for (size_t i = first; i < e->ncame; i++)
		if (e->came[i % PLACES].at_us >= at_us - DEDUP_US)
			is_in_table(e, e->came[i % PLACES].hash, id, e->came[i % PLACES].at_us);
}

/* What came on a socket that is closed by now was never open together with the new one. */
static void clear_table(struct dedup *e)
{
	for (size_t i = 0; i < PLACES; i++)
		if (e->place[i].unmatched && !is_open(e, e->place[i].socket))
			e->place[i].unmatched = 0;
}

void dedup_open(struct dedup *e, size_t socket, int64_t at_us)
{
	size_t other = 0;

	while (other < DEDUP_SOCKETS && (other == socket || !e->open[other]))
		other++;
	if (other == DEDUP_SOCKETS) {
		e->table_until_us = NEVER;
		e->ncame = 0;
	} else {
		if (at_us > e->table_until_us)
			fill_table(e, e->id[other], at_us);
		else
			clear_table(e);
		e->table_until_us = INT64_MAX;
	}
	e->id[socket] = ++e->next;
	e->open[socket] = true;
}

void dedup_close(struct dedup *e, size_t socket, int64_t at_us)
{
	e->open[socket] = false;
	if (e->table_until_us == INT64_MAX)
		e->table_until_us = at_us + DEDUP_US;
}

bool dedup_is_duplicate(struct dedup *e, const char *text, size_t len, size_t socket,
	int64_t at_us)
{
	uint64_t hash = text_hash(0, text, len);
	size_t i = e->ncame % PLACES;

	if (at_us <= e->table_until_us && is_in_table(e, hash, e->id[socket], at_us))
		return true;
	e->came[i].hash = hash;
	e->came[i].at_us = at_us;
	e->ncame++;
	return false;
}

#include "window/dedup.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"

#define PLACES 32768		/* more messages than a thousand topics send in ten seconds */
#define NEIGHBOURS 4		/* a hash may be in one of so many places */
#define NEVER INT64_MIN

struct dedup_place {
	uint64_t hash;
	int64_t at_us;
	uint32_t socket;	/* the ID of the socket, not its index */
	uint32_t unmatched;	/* equal messages without a match yet; 0: the place is free */
};

/*
 * Usually one socket is open, and there are no duplicates. Then messages are only noted in a ring
 * buffer, which is cheap because it is written in order (the table is larger than the processor's
 * cache). When another socket opens, the newest ones are copied to the table. The table is used
 * until no message can have a duplicate any more.
 */
struct dedup {
	uint32_t next;		/* the ID of the last socket */
	uint32_t id[DEDUP_SOCKETS];
	bool open[DEDUP_SOCKETS];
	int64_t table_until_us;	/* INT64_MAX: while both are open; NEVER: not in use */
	size_t ncame;		/* how many were noted since the other socket closed */
	struct {
		uint64_t hash;
		int64_t at_us;
	} came[PLACES];		/* the newest messages that were not duplicates */
	struct dedup_place place[PLACES];
};

struct dedup *dedup_new(void)
{
	struct dedup *d = calloc(1, sizeof(*d));

	if (d)
		d->table_until_us = NEVER;
	return d;
}

void dedup_free(struct dedup *d)
{
	free(d);
}

static bool is_open(const struct dedup *d, uint32_t id)
{
	for (size_t i = 0; i < DEDUP_SOCKETS; i++)
		if (d->open[i] && d->id[i] == id)
			return true;
	return false;
}

/* Finds the place of an equal message; if there is none a free place, else the oldest one. */
static struct dedup_place *find(struct dedup *d, uint64_t hash, bool *same)
{
	struct dedup_place *first = &d->place[hash & (PLACES - NEIGHBOURS)], *worst = first;

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

/* Whether the message is a duplicate. Removes the match from the table, or adds the message. */
static bool is_in_table(struct dedup *d, uint64_t hash, uint32_t id, int64_t at_us)
{
	bool same;
	struct dedup_place *p = find(d, hash, &same);

	if (same && p->socket != id && p->at_us >= at_us - DEDUP_US) {
		p->unmatched--;
		return true;
	}
	*p = (struct dedup_place){ hash, at_us, id,
		same && p->socket == id ? p->unmatched + 1 : 1 };
	return false;
}

/* Clears the table and adds the messages of the last ten seconds, which came on that socket. */
static void fill_table(struct dedup *d, uint32_t id, int64_t at_us)
{
	size_t first = d->ncame > PLACES ? d->ncame - PLACES : 0;

	memset(d->place, 0, sizeof(d->place));
	for (size_t i = first; i < d->ncame; i++)
		if (d->came[i % PLACES].at_us >= at_us - DEDUP_US)
			is_in_table(d, d->came[i % PLACES].hash, id, d->came[i % PLACES].at_us);
}

/* Removes messages of closed sockets: they cannot have a duplicate on the socket that now opens. */
static void clear_table(struct dedup *d)
{
	for (size_t i = 0; i < PLACES; i++)
		if (d->place[i].unmatched && !is_open(d, d->place[i].socket))
			d->place[i].unmatched = 0;
}

void dedup_open(struct dedup *d, size_t socket, int64_t at_us)
{
	size_t other = 0;

	while (other < DEDUP_SOCKETS && (other == socket || !d->open[other]))
		other++;
	if (other == DEDUP_SOCKETS) {
		d->table_until_us = NEVER;
		d->ncame = 0;
	} else {
		if (at_us > d->table_until_us)
			fill_table(d, d->id[other], at_us);
		else
			clear_table(d);
		d->table_until_us = INT64_MAX;
	}
	d->id[socket] = ++d->next;
	d->open[socket] = true;
}

void dedup_close(struct dedup *d, size_t socket, int64_t at_us)
{
	d->open[socket] = false;
	if (d->table_until_us == INT64_MAX)
		d->table_until_us = at_us + DEDUP_US;
}

bool dedup_is_duplicate(struct dedup *d, const char *text, size_t len, size_t socket,
	int64_t at_us)
{
	uint64_t hash = text_hash(0, text, len);
	size_t i = d->ncame % PLACES;

	if (at_us <= d->table_until_us && is_in_table(d, hash, d->id[socket], at_us))
		return true;
	d->came[i].hash = hash;
	d->came[i].at_us = at_us;
	d->ncame++;
	return false;
}

#include "echo.h"

#include <stdlib.h>

#include "text.h"

#define PLACES 32768		/* ten seconds of a thousand topics' most, and room */
#define NEIGHBOURS 4		/* places that one hash may take */

struct place {
	uint64_t hash;
	int64_t at_us;
	uint32_t len;
	uint32_t socket;	/* its number for good, not its place */
	uint32_t unmatched;	/* how many came and took none of the other's away; 0: free */
};

struct echo {
	uint32_t next;
	uint32_t id[ECHO_SOCKETS];
	bool open[ECHO_SOCKETS];
	struct place place[PLACES];
};

struct echo *echo_new(void)
{
	return calloc(1, sizeof(struct echo));
}

void echo_free(struct echo *e)
{
	free(e);
}

static bool is_open(const struct echo *e, uint32_t id)
{
	for (size_t i = 0; i < ECHO_SOCKETS; i++)
		if (e->open[i] && e->id[i] == id)
			return true;
	return false;
}

/* What came on a socket that is closed by now was never open together with the new one. */
void echo_open(struct echo *e, size_t socket)
{
	for (size_t i = 0; i < PLACES; i++)
		if (e->place[i].unmatched && !is_open(e, e->place[i].socket))
			e->place[i].unmatched = 0;
	e->id[socket] = ++e->next;
	e->open[socket] = true;
}

void echo_close(struct echo *e, size_t socket)
{
	e->open[socket] = false;
}

/* The place of an equal frame, else the one to be given up: free, or the oldest. */
static struct place *find(struct echo *e, uint64_t hash, size_t len, bool *same)
{
	struct place *first = &e->place[hash & (PLACES - NEIGHBOURS)], *worst = first;

	*same = false;
	for (struct place *p = first; p < first + NEIGHBOURS; p++) {
		if (p->unmatched && p->hash == hash && p->len == (uint32_t)len) {
			*same = true;
			return p;
		}
		if (worst->unmatched && (!p->unmatched || p->at_us < worst->at_us))
			worst = p;
	}
	return worst;
}

uint64_t echo_hash(const struct echo *e, const char *text, size_t len)
{
	uint64_t hash = text_hash(0, text, len);

	__builtin_prefetch(&e->place[hash & (PLACES - NEIGHBOURS)], 1);
	return hash;
}

bool echo_is_duplicate(struct echo *e, uint64_t hash, size_t len, size_t socket, int64_t at_us)
{
	uint32_t id = e->id[socket];
	bool same;
	struct place *p = find(e, hash, len, &same);

	if (same && p->socket != id && p->at_us >= at_us - ECHO_US) {
		p->unmatched--;
		return true;
	}
	*p = (struct place){ hash, at_us, (uint32_t)len, id,
		same && p->socket == id ? p->unmatched + 1 : 1 };
	return false;
}

#include "window/queue_index.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 64

void queue_index_free(struct queue_index *r)
{
	free(r->id);
	free(r->place);
	*r = (struct queue_index){ 0 };
}

/* Where the ID's place is looked for first. */
static size_t home(const struct queue_index *r, const char *id)
{
	uint64_t head, tail;

	memcpy(&head, id, sizeof(head));
	memcpy(&tail, id + UUID_LEN - sizeof(tail), sizeof(tail));
	head ^= tail << 7 | tail >> 57;
	/* also IDs that were counted up differ in the bits that are taken */
	head = (head ^ head >> 32) * 0x9E3779B97F4A7C15u;
	return (size_t)(head >> 32) & (r->nplace - 1);
}

static void put(struct queue_index *r, size_t number)
{
	size_t i = home(r, r->id[number]);

	while (r->place[i])
		i = (i + 1) & (r->nplace - 1);
	r->place[i] = (uint32_t)number + 1;
}

/* Room for one more, at most half of the places taken. */
static bool grow(struct queue_index *r)
{
	size_t cap = r->cap ? 2 * r->cap : FIRST;
	char (*id)[UUID_LEN + 1];
	uint32_t *place;

	if (r->n < r->cap)
		return true;
	id = reallocarray(r->id, cap, sizeof(*id));
	if (!id)
		return false;
	r->id = id;
	place = calloc(2 * cap, sizeof(*place));
	if (!place)
		return false;
	free(r->place);
	r->place = place;
	r->nplace = 2 * cap;
	r->cap = cap;
	for (size_t i = 0; i < r->n; i++)
		put(r, i);
	return true;
}

bool queue_index_add(struct queue_index *r, const char *id)
{
	if (!grow(r))
		return false;
	memcpy(r->id[r->n], id, UUID_LEN);
	r->id[r->n][UUID_LEN] = '\0';
	put(r, r->n++);
	return true;
}

size_t queue_index_find(const struct queue_index *r, const char *id)
{
	if (!r->n)
		return QUEUE_INDEX_NONE;
	for (size_t i = home(r, id); r->place[i]; i = (i + 1) & (r->nplace - 1))
		if (memcmp(r->id[r->place[i] - 1], id, UUID_LEN) == 0)
			return r->place[i] - 1;
	return QUEUE_INDEX_NONE;
}

const char *queue_index_id(const struct queue_index *r, size_t number)
{
	return r->id[number];
}

#include "window/queue_index.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 64

void queue_index_free(struct queue_index *index)
{
	for (size_t i = 0; i < index->n; i++)
		free(index->queue[i].name);
	free(index->queue);
	free(index->place);
	*index = (struct queue_index){ 0 };
}

/* The first place to look for the ID. */
static size_t home(const struct queue_index *index, const char *id)
{
	uint64_t head, tail;

	memcpy(&head, id, sizeof(head));
	memcpy(&tail, id + UUID_LEN - sizeof(tail), sizeof(tail));
	head ^= tail << 7 | tail >> 57;
	/* mix the bits, because IDs may be consecutive numbers */
	head = (head ^ head >> 32) * 0x9E3779B97F4A7C15u;
	return (size_t)(head >> 32) & (index->nplace - 1);
}

static void put(struct queue_index *index, size_t number)
{
	size_t i = home(index, index->queue[number].id);

	while (index->place[i])
		i = (i + 1) & (index->nplace - 1);
	index->place[i] = (uint32_t)number + 1;
}

/* Makes room for one more ID. At most half of the places are in use. */
static bool grow(struct queue_index *index)
{
	size_t cap = index->cap ? 2 * index->cap : FIRST;
	struct queue_index_entry *queue;
	uint32_t *place;

	if (index->n < index->cap)
		return true;
	queue = reallocarray(index->queue, cap, sizeof(*queue));
	if (!queue)
		return false;
	index->queue = queue;
	place = calloc(2 * cap, sizeof(*place));
	if (!place)
		return false;
	free(index->place);
	index->place = place;
	index->nplace = 2 * cap;
	index->cap = cap;
	for (size_t i = 0; i < index->n; i++)
		put(index, i);
	return true;
}

bool queue_index_add(struct queue_index *index, const char *id)
{
	struct queue_index_entry *queue;

	if (!grow(index))
		return false;
	queue = &index->queue[index->n];
	*queue = (struct queue_index_entry){ .name = NULL };
	memcpy(queue->id, id, UUID_LEN);
	put(index, index->n++);
	return true;
}

size_t queue_index_find(const struct queue_index *index, const char *id)
{
	if (!index->n)
		return QUEUE_INDEX_NONE;
	for (size_t i = home(index, id); index->place[i]; i = (i + 1) & (index->nplace - 1))
		if (memcmp(index->queue[index->place[i] - 1].id, id, UUID_LEN) == 0)
			return index->place[i] - 1;
	return QUEUE_INDEX_NONE;
}

size_t queue_index_count(const struct queue_index *index)
{
	return index->n;
}

const char *queue_index_id(const struct queue_index *index, size_t number)
{
	return index->queue[number].id;
}

bool queue_index_set_name(struct queue_index *index, const char *id, const char *name)
{
	size_t number = queue_index_find(index, id);
	char *copy;

	if (number == QUEUE_INDEX_NONE)
		return true;
	copy = strdup(name);
	if (!copy)
		return false;
	free(index->queue[number].name);
	index->queue[number].name = copy;
	return true;
}

const char *queue_index_name(const struct queue_index *index, size_t number)
{
	return index->queue[number].name;
}

bool queue_index_has_names(const struct queue_index *index)
{
	for (size_t i = 0; i < index->n; i++)
		if (index->queue[i].name)
			return true;
	return false;
}

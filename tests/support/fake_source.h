/*
 * The calls of ws.c and auth/token.c that the tests of sources do not look at. Include it in one
 * file of a program, which plays the other calls itself.
 */
#ifndef FAKE_SOURCE_H
#define FAKE_SOURCE_H

#include "auth/token.h"
#include "ws.h"

bool ws_was_cut(const struct ws *ws)
{
	(void)ws;
	return false;
}

void ws_step(struct ws *ws, int64_t now_us)
{
	(void)ws, (void)now_us;
}

const char *ws_waits_for(const struct ws *ws)
{
	(void)ws;
	return NULL;
}

int64_t ws_deadline_us(const struct ws *ws)
{
	(void)ws;
	return INT64_MAX;
}

int64_t token_deadline_us(const struct token *t)
{
	(void)t;
	return INT64_MAX;
}

#endif

#include "run/sinks.h"

#include <stdlib.h>

#include "audit/hash_chain.h"
#include "util/buf.h"
#include "util/time.h"

struct sinks {
	struct sinks_conf conf;
	const struct output *output;
	void *state;			/* of the output */
	struct row_window shown;	/* the window with only the rows that are shown */
	struct buf text;		/* the window as it is printed */
	struct buf json;		/* the same as NDJSON, for on_window */
	struct buf last;		/* with only_last: the last complete window */
	bool has_last;
	struct alarms alarms;		/* of the window, for an output with only_last */
	struct hash_chain_work *work;	/* for the digest of text */
	int64_t windows;
	int64_t end_us;			/* see sinks_end_us */
	bool ends_run;
};

static void on_range(void *arg, const struct nagios_hit *hit)
{
	struct sinks *s = arg;

	alarms_add_range(&s->alarms, hit);
}

struct sinks *sinks_new(const struct sinks_conf *conf)
{
	struct sinks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = *conf;
	s->conf.output.alarms = &s->alarms;
	s->end_us = NO_TIME;
	if (conf->ranges)
		nagios_on_hit(conf->ranges, on_range, s);
	s->output = outputs[conf->format];
	s->work = hash_chain_work_new(NULL, 0);
	if (s->output->new)
		s->state = s->output->new(&s->conf.output);
	if (!s->work || (s->output->new && !s->state)) {
		sinks_free(s);
		return NULL;
	}
	return s;
}

void sinks_free(struct sinks *s)
{
	if (!s)
		return;
	hash_chain_work_free(s->work);
	if (s->output->free)
		s->output->free(s->state);
	row_window_free(&s->shown);
	buf_free(&s->text);
	buf_free(&s->json);
	buf_free(&s->last);
	alarms_free(&s->alarms);
	free(s);
}

static void on_threshold(void *arg, const struct threshold_hit *hit)
{
	struct sinks *s = arg;

	audit_events_threshold(s->conf.events, hit);
	alarms_add_threshold(&s->alarms, hit);
	s->ends_run = s->conf.fail_fast;
}

/* Whether callbacks need NDJSON that is not printed anyway. */
static bool needs_json(const struct sinks *s)
{
	return s->conf.on_window && (s->conf.check || s->output != &output_ndjson);
}

/* Fills text and json as needed. --check prints no rows. */
static bool render(struct sinks *s, const struct row_window *w)
{
	buf_clear(&s->text);
	buf_clear(&s->json);
	if (!s->conf.check && !s->output->only_last && !s->output->put(s->state, w, &s->text))
		return false;
	return !needs_json(s) || output_ndjson.put(NULL, w, &s->json);
}

/* Call before writer_window(), which takes the buffer with the rows. */
static void deliver_window(struct sinks *s, const struct row_window *w)
{
	const struct buf *rows = needs_json(s) ? &s->json : &s->text;
	struct payload_window payload = { .window = w, .rows = rows->data, .rows_len = rows->len };

	if (s->conf.on_window)
		s->conf.on_window(s->conf.arg, &payload);
}

static enum status write_window(struct sinks *s, const struct row_window *w, struct err *err)
{
	char digest[HASH_CHAIN_HEX + 1] = "";
	struct audit_events_row_bytes bytes = { digest, s->text.len };
	enum status st;

	if (audit_events_wants_windows(s->conf.events)
	    && !hash_chain_hash(s->work, s->text.data, s->text.len, digest))
		return err_nomem(err);
	deliver_window(s, w);
	st = writer_window(s->conf.writer, &s->text, err);
	if (st != ST_OK)
		return st;
	s->conf.totals->windows++;
	s->conf.totals->rows += s->conf.check ? 0 : w->nrow;
	audit_events_window(s->conf.events, w, bytes);
	return ST_OK;
}

static enum status replace_window(struct sinks *s, const struct row_window *w, struct err *err)
{
	if (w->partial)
		return ST_OK;
	buf_clear(&s->last);
	if (!s->output->put(s->state, w, &s->last))
		return err_nomem(err);
	s->has_last = true;
	return writer_is_replaceable(s->conf.writer)
		? writer_replace(s->conf.writer, &s->last, err) : ST_OK;
}

/* Compares the window with thresholds and ranges, and gathers its alarms. False: out of memory. */
static bool judge(struct sinks *s, const struct row_window *w)
{
	alarms_clear(&s->alarms);
	return (!s->conf.thresholds || thresholds_judge(s->conf.thresholds, w, on_threshold, s))
		&& (!s->conf.ranges || nagios_take(s->conf.ranges, w))
		&& !alarms_failed(&s->alarms);
}

enum status sinks_window(struct sinks *s, const struct row_window *w, struct err *err)
{
	const bool all = s->conf.media & 1u << MEDIA_ALL;
	const struct row_window *shown = all ? w : &s->shown;
	enum status st;

	s->windows++;
	s->end_us = w->partial ? NO_TIME : w->end_ms * US_PER_MS;
	if ((!all && !row_window_with_media(w, s->conf.media, &s->shown)) || !render(s, shown))
		return err_nomem(err);
	st = write_window(s, shown, err);
	if (st != ST_OK)
		return st;
	if (!judge(s, w))
		return err_nomem(err);
	return s->output->only_last ? replace_window(s, shown, err) : ST_OK;
}

int64_t sinks_windows(const struct sinks *s)
{
	return s->windows;
}

int64_t sinks_end_us(const struct sinks *s)
{
	return s->end_us;
}

bool sinks_wait_for_reader(const struct sinks *s)
{
	return s->conf.ahead && writer_waiting_bytes(s->conf.writer) > s->conf.ahead;
}

enum status sinks_end(struct sinks *s, struct lines *warnings, struct err *err)
{
	if (s->output->only_last && !s->has_last)
		lines_add(warnings, "no window was complete, so nothing was written");
	if (s->output->warn)
		s->output->warn(s->state, warnings);
	return !s->output->only_last || writer_is_replaceable(s->conf.writer) ? ST_OK
		: writer_window(s->conf.writer, &s->last, err);
}

bool sinks_ends_run(const struct sinks *s)
{
	return s->ends_run;
}

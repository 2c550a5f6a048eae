#include "output/alarms.h"

#include <stdlib.h>

#include "util/term_text.h"

void alarms_free(struct alarms *a)
{
	free(a->v);
	buf_free(&a->text);
	*a = (struct alarms){ .n = 0 };
}

void alarms_clear(struct alarms *a)
{
	a->n = 0;
	buf_clear(&a->text);
}

bool alarms_failed(const struct alarms *a)
{
	return a->text.failed;
}

/* Adds an alarm whose text the caller appends, with its NUL. False: out of memory. */
static bool add(struct alarms *a, enum alarm_level level, const struct row *row,
	const struct row_name *name)
{
	if (a->n == a->cap) {
		size_t cap = 2 * a->cap + 16;
		struct alarm *v = reallocarray(a->v, cap, sizeof(*v));

		if (!v) {
			a->text.failed = true;
			return false;
		}
		a->v = v;
		a->cap = cap;
	}
	a->v[a->n++] = (struct alarm){ level, row->queue, name, a->text.len };
	return true;
}

/* The value, after it the caller appends the threshold or range. */
static void put_value(struct buf *out, const struct row *row, const struct row_name *name,
	double value)
{
	char text[TERM_TEXT_NUMBER_MAX];

	buf_str(out, term_text_number(text, row_name_is_ms(row, name) ? NUMBER_MS : NUMBER_VALUE,
		value, 5));
	if (row->media)
		buf_printf(out, " (%s)", row->media);
	buf_str(out, ": ");
}

void alarms_add_threshold(struct alarms *a, const struct threshold_hit *hit)
{
	if (!add(a, ALARM_CRITICAL, hit->row, hit->name))
		return;
	put_value(&a->text, hit->row, hit->name, hit->value);
	buf_str(&a->text, hit->text);
	buf_char(&a->text, '\0');
}

void alarms_add_range(struct alarms *a, const struct nagios_hit *hit)
{
	const bool critical = hit->state == NAGIOS_CRITICAL;

	if (!add(a, critical ? ALARM_CRITICAL : ALARM_WARNING, hit->row, hit->name))
		return;
	put_value(&a->text, hit->row, hit->name, hit->value);
	buf_printf(&a->text, "%s=", hit->path);
	nagios_range_put(&a->text, hit->range);
	buf_char(&a->text, '\0');
}

const char *alarm_text(const struct alarms *a, size_t i)
{
	return a->text.data + a->v[i].text;
}

enum alarm_level alarms_level(const struct alarms *a, size_t queue,
	const struct row_series *series)
{
	enum alarm_level level = ALARM_NONE;

	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].queue == queue && a->v[i].level > level
		    && (!series || row_name_is_of(a->v[i].name, series)))
			level = a->v[i].level;
	return level;
}

#include "stats/sample.h"

#include <stddef.h>

void sample_free(struct sample *s)
{
	exact_sum_free(&s->sum);
	exact_sum_free(&s->squares);
	quantile_free(s->quantile);
	*s = (struct sample){ 0 };
}

typedef bool quantile_adder(struct quantile *q, double x, uint64_t weight);

static bool add(struct sample *s, double x, uint64_t weight, quantile_adder *add_to_quantile)
{
	x += 0.0;	/* turns -0 into 0: else min and max would depend on the order */
	if (!s->quantile && !(s->quantile = quantile_new()))
		return false;
	if (!exact_sum_add_both(&s->sum, &s->squares, x, weight)
	    || !add_to_quantile(s->quantile, x, weight))
		return false;
	if (s->count == 0 || x < s->min)
		s->min = x;
	if (s->count == 0 || x > s->max)
		s->max = x;
	s->last = x;
	s->count += weight;
	return true;
}

bool sample_add(struct sample *s, double x)
{
	return add(s, x, 1, quantile_add);
}

bool sample_add_time(struct sample *s, double x, uint64_t time)
{
	return add(s, x, time, quantile_add_time);
}

bool sample_merge(struct sample *s, const struct sample *from)
{
	if (!from->count)
		return true;
	if (!s->quantile && !(s->quantile = quantile_new()))
		return false;
	if (!exact_sum_merge(&s->sum, &from->sum) || !exact_sum_merge(&s->squares, &from->squares)
	    || !quantile_merge(s->quantile, from->quantile))
		return false;
	if (s->count == 0 || from->min < s->min)
		s->min = from->min;
	if (s->count == 0 || from->max > s->max)
		s->max = from->max;
	s->last = from->last;
	s->count += from->count;
	return true;
}

bool sample_summarise(const struct sample *s, uint64_t scale, struct sample_summary *out)
{
	double unit = (double)scale, p[QUANTILES];

	quantile_at(s->quantile, quantile_percent, QUANTILES, s->min, s->max, p);
	*out = (struct sample_summary){
		.count = s->count,
		.last = s->last / unit,
		.min = s->min / unit,
		.max = s->max / unit,
		.p50 = p[0] / unit,
		.p90 = p[1] / unit,
		.p95 = p[2] / unit,
		.p99 = p[3] / unit
	};
	return exact_sum_moments(&s->sum, &s->squares, s->count, scale, &out->mean, &out->stddev);
}

bool sample_is_exact(const struct sample *s)
{
	return !s->quantile || quantile_is_exact(s->quantile);
}

double sample_accuracy(const struct sample *s)
{
	return s->quantile ? quantile_accuracy(s->quantile) : 0;
}

/*
 * METRIC.FIELD OP NUMBER: one expression, read from text and held against a frame's numbers.
 * An absent field never holds.
 */
#ifndef WINDOW_FILTER_H
#define WINDOW_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum compare { CMP_GT, CMP_GE, CMP_LT, CMP_LE, CMP_EQ, CMP_NE };

/* LEFT OP RIGHT, each without blanks at both ends, cut in place; false: there is no operator. */
bool compare_split(char *text, char **left, enum compare *op, char **right);
bool compare_number(const char *s, double *out);	/* decimal, finite, all of s */
bool compare_holds(enum compare op, double value, double number);

#define FILTERS_MAX 16		/* of a run */

struct filter {
	size_t metric;		/* index into the decoded metrics, set by the caller */
	const char *path;	/* FIELD, dots between nested keys; borrowed */
	enum compare op;
	double number;
};

/* Cuts text (which is changed) at its operator: *metric is METRIC, rule->path points into
 * text. False: it is no such expression. */
bool filter_parse(char *text, const char **metric, struct filter *rule);

/* Whether the rule is about that number; path is path_len bytes without a NUL. */
static inline bool rule_names(const struct filter *rule, size_t metric, const char *path,
	size_t path_len)
{
	return rule->metric == metric && strncmp(rule->path, path, path_len) == 0
		&& rule->path[path_len] == '\0';
}

#endif

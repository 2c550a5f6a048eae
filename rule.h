/*
 * METRIC.FIELD OP NUMBER: one expression, read from text and held against a frame's numbers.
 * An absent field never holds.
 */
#ifndef RULE_H
#define RULE_H

#include <stdbool.h>
#include <stddef.h>

enum compare { CMP_GT, CMP_GE, CMP_LT, CMP_LE, CMP_EQ, CMP_NE };

/* LEFT OP RIGHT, each without blanks at both ends, cut in place; false: there is no operator. */
bool compare_split(char *text, char **left, enum compare *op, char **right);
bool compare_number(const char *s, double *out);	/* decimal, finite, all of s */
bool compare_holds(enum compare op, double value, double number);

struct rule {
	size_t metric;		/* index into the decoded metrics, set by the caller */
	const char *path;	/* FIELD, dots between nested keys; borrowed */
	enum compare op;
	double number;
};

/* Cuts text (which is changed) at its operator: *metric is METRIC, rule->path points into
 * text. False: it is no such expression. */
bool rule_parse(char *text, const char **metric, struct rule *rule);

#endif

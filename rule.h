/*
 * METRIC.FIELD OP NUMBER: one expression, read from text and held against a frame's numbers.
 * An absent field never holds.
 */
#ifndef RULE_H
#define RULE_H

#include <stdbool.h>
#include <stddef.h>

enum compare { CMP_GT, CMP_GE, CMP_LT, CMP_LE, CMP_EQ, CMP_NE };

struct rule {
	size_t metric;		/* index into the decoded metrics, set by the caller */
	const char *path;	/* FIELD, dots between nested keys; borrowed */
	enum compare op;
	double number;
};

/* Cuts text (which is changed) at its operator: *metric is METRIC, rule->path points into
 * text. False: it is no such expression. */
bool rule_parse(char *text, const char **metric, struct rule *rule);
bool rule_holds(const struct rule *rule, double value);

#endif

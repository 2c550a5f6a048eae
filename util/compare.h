/*
 * LEFT OP RIGHT: splits an expression at its operator, reads the number on its right, and compares
 * with it. Filters, thresholds and the ranges of checks use it.
 */
#ifndef UTIL_COMPARE_H
#define UTIL_COMPARE_H

#include <stdbool.h>

enum compare { COMPARE_GT, COMPARE_GE, COMPARE_LT, COMPARE_LE, COMPARE_EQ, COMPARE_NE };

/* Cuts text in place; both sides come without blanks at their ends. False: no operator. */
bool compare_split(char *text, char **left, enum compare *op, char **right);
/* Reads a finite decimal number; false: s is anything else, or has more than that. */
bool compare_number(const char *s, double *out);
bool compare_holds(enum compare op, double value, double number);

#endif

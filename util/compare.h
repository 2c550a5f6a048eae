/*
 * Comparisons `LEFT OP NUMBER`: splits the text at its operator, reads the number, and compares
 * values with it. Filters, thresholds and the ranges of checks use it.
 */
#ifndef UTIL_COMPARE_H
#define UTIL_COMPARE_H

#include <stdbool.h>

enum compare { COMPARE_GT, COMPARE_GE, COMPARE_LT, COMPARE_LE, COMPARE_EQ, COMPARE_NE };

/* Splits text in place, and trims blanks from both sides. False: it has no operator. */
bool compare_split(char *text, char **left, enum compare *op, char **right);
/* Reads a finite decimal number; false: s is not exactly one. */
bool compare_number(const char *s, double *out);
bool compare_holds(enum compare op, double value, double number);

#endif

/*
 * Labels that the user gives rows (--label NAME=VALUE), in the order given: rows print them, and
 * series in Prometheus and InfluxDB have them besides our own. Each row points to its labels, so
 * rows of one window may have different ones.
 */
#ifndef WINDOW_ROW_LABELS_H
#define WINDOW_ROW_LABELS_H

#include <stddef.h>

#define ROW_LABELS_MAX 32
#define ROW_LABEL_NAME_MAX 64	/* bytes */
#define ROW_LABEL_VALUE_MAX 256

struct row_label {
	char *name;
	const char *value;	/* behind the name, in the same memory */
};

struct row_labels {		/* all zero: none */
	struct row_label v[ROW_LABELS_MAX];
	size_t n;
};

/* Adds a label, given as NAME=VALUE. Returns NULL, or what is wrong with the text; why_no_memory:
 * out of memory. Whether an output uses the name itself is not checked. */
const char *row_labels_add(struct row_labels *labels, const char *text);
void row_labels_free(struct row_labels *labels);

#endif

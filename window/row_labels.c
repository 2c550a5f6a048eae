#include "window/row_labels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/utf8.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"

static bool is_name(const char *s, size_t len)
{
	return len > 0 && len <= ROW_LABEL_NAME_MAX && !strchr(DIGITS, s[0])
		&& strspn(s, LETTERS DIGITS) >= len;
}

static bool is_word(const char *word, const char *s, size_t len)
{
	return strlen(word) == len && memcmp(word, s, len) == 0;
}

static bool is_given(const struct row_labels *labels, const char *s, size_t len)
{
	for (size_t i = 0; i < labels->n; i++)
		if (is_word(labels->v[i].name, s, len))
			return true;
	return false;
}

const char *row_labels_add(struct row_labels *labels, const char *text)
{
	const size_t len = strcspn(text, "=");
	const char *value = text + len + 1;
	struct row_label *label = labels->v + labels->n;

	if (!text[len] || !is_name(text, len))
		return "must be NAME=VALUE; NAME is at most 64 ASCII letters, digits and "
			"underscores, and does not begin with a digit";
	if (strncmp(text, "__", 2) == 0)
		return "NAME must not begin with __, which Prometheus reserves";
	if (is_given(labels, text, len))
		return "another label has this name";
	if (!*value)
		return "must have a value; Prometheus and InfluxDB take an empty one for none";
	if (strlen(value) > ROW_LABEL_VALUE_MAX || !utf8_valid(value, strlen(value)))
		return "VALUE must be at most 256 bytes of UTF-8";
	if (labels->n == ROW_LABELS_MAX)
		return "there can be at most 32 labels";
	label->name = strdup(text);
	if (!label->name)
		return why_no_memory;
	label->name[len] = '\0';
	label->value = label->name + len + 1;
	labels->n++;
	return NULL;
}

void row_labels_free(struct row_labels *labels)
{
	for (size_t i = 0; i < labels->n; i++)
		free(labels->v[i].name);
	labels->n = 0;
}

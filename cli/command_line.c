#include "cli/command_line.h"

#include <string.h>

#include "util/text.h"

static size_t place(const char *name)
{
	return (size_t)(option_table_find(name) - option_table);
}

struct option_state *command_line_state(struct command_line *p, const char *name)
{
	return &p->state[place(name)];
}

bool command_line_given(const struct command_line *p, const char *name)
{
	return p->state[place(name)].given;
}

bool command_line_bad(const struct command_line *p, const char *name)
{
	return p->state[place(name)].bad;
}

static void add_problem(struct command_line *p, const char *value, const char *prefix,
	const char *text)
{
	char shown[TEXT_SHOWN_SIZE];

	lines_add(&p->problems, "--%s '%s': %s%s", p->current->name,
		text_shown(shown, value, strlen(value)), prefix, text);
	p->state[p->current - option_table].bad = true;
}

void command_line_problem(struct command_line *p, const char *value, const char *allowed)
{
	add_problem(p, value, "allowed is ", allowed);
}

void command_line_problem_text(struct command_line *p, const char *value, const char *text)
{
	add_problem(p, value, "", text);
}

void command_line_file_problem(struct command_line *p, const char *flag, const char *path,
	const char *why)
{
	char text[TEXT_SHOWN_SIZE];

	if (why)
		lines_add(&p->problems, "%s '%s': cannot be read: %s", flag,
			text_shown(text, path, strlen(path)), why);
}

int command_line_word(struct command_line *p, const char *value, const struct option_words *words)
{
	char hint[256];

	for (size_t i = 0; i < words->n; i++)
		if (strcmp(value, words->v[i]) == 0)
			return (int)i;
	text_words_hint(hint, sizeof(hint), value, words->v, words->n);
	add_problem(p, value, "allowed is one of", hint);
	return -1;
}

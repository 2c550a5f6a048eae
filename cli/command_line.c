#include "cli/command_line.h"

#include <stdio.h>
#include <string.h>

#include "util/text.h"

static size_t place(const char *name)
{
	return (size_t)(option_table_find(name) - option_table);
}

void command_line_apply(struct command_line *p, const struct option_def *d, const char *value,
	const struct config_entry *entry)
{
	struct option_state *state = &p->state[d - option_table];

	p->current = d;
	p->entry = entry;
	if (d->arg && strcmp(d->arg, "FILE") == 0 && value && !*value)
		command_line_problem(p, value, "must be the name of a file");
	else
		option_values_set(p, value);
	p->entry = NULL;
	if (p->defaults)
		return;
	state->given = true;
	state->value = value;
	state->from = entry ? entry->from : "flag";
	state->flag = entry ? entry->flag : NULL;
	state->entry = entry;
	p->modes |= d->enters;
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

const char *command_line_flag(const struct command_line *p, const char *name)
{
	const struct option_state *state = &p->state[place(name)];

	return state->flag ? state->flag : option_table_find(name)->flag;
}

const char *command_line_value_flag(const struct command_line *p, const char *name,
	const char *value)
{
	const struct option_def *d = option_table_find(name);
	const struct config_file *c = p->state[place(name)].entry ? p->set->config_file : NULL;
	const char *part = NULL, *same = NULL;

	if (p->entry && p->entry->option == d)
		return p->entry->flag;
	for (size_t i = 0; c && i < c->n; i++) {
		if (c->v[i].option != d || !c->v[i].value)
			continue;
		part = strstr(c->v[i].value, value) ? c->v[i].flag : part;
		same = strcmp(c->v[i].value, value) == 0 ? c->v[i].flag : same;
	}
	return same ? same : part ? part : command_line_flag(p, name);
}

const char *command_line_place(const struct command_line *p, const char *name)
{
	const struct config_entry *entry = p->state[place(name)].entry;

	return entry ? entry->place : "";
}

void command_line_problem(struct command_line *p, const char *value, const char *text)
{
	char shown[TEXT_SHOWN_SIZE];

	lines_add(&p->problems, "%s '%s': %s", command_line_value_flag(p, p->current->name, value),
		text_shown(shown, value, strlen(value)), text);
	p->state[p->current - option_table].bad = true;
}

void command_line_file_problem(struct command_line *p, const char *flag, const char *path,
	const char *why)
{
	char text[TEXT_SHOWN_SIZE];

	if (why)
		lines_add(&p->problems, "%s '%s': cannot be read: %s", flag,
			text_shown(text, path, strlen(path)), why);
}

int command_line_find_word(const char *value, const struct option_words *words, char *hint,
	size_t size)
{
	const size_t used = (size_t)snprintf(hint, size, "must be ");

	for (size_t i = 0; i < words->n; i++)
		if (strcmp(value, words->v[i]) == 0)
			return (int)i;
	text_words_hint(hint + used, size - used, value, words->v, words->n);
	return -1;
}

int command_line_word(struct command_line *p, const char *value, const struct option_words *words)
{
	char hint[256];
	int i = command_line_find_word(value, words, hint, sizeof(hint));

	if (i < 0)
		command_line_problem(p, value, hint);
	return i;
}

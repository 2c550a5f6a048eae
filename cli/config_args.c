#include "cli/config_args.h"

#include <stdlib.h>
#include <string.h>

#include "cli/source_choice.h"
#include "util/text.h"

/* --- what is used ------------------------------------------------------------------- */

struct choice {
	struct config_file *file;
	const struct config_flags *flags;
	unsigned flag_modes;		/* bits of enum option_mode that flags turn on */
	unsigned modes;			/* the same, and those that the file turns on */
	enum format format;		/* FORMATS: none is given */
};

static size_t place(const struct option_def *d)
{
	return (size_t)(d - option_table);
}

const char *config_args_path(const struct config_flags *flags, const char **flag)
{
	const struct option_def *config = option_table_find("config");
	const bool given = flags->given[place(config)];
	const char *path = given ? flags->value[place(config)] : getenv(CONFIG_VARIABLE);

	*flag = given ? config->flag : CONFIG_VARIABLE;
	return path && *path ? path : NULL;
}

static bool is_flag(const struct choice *choice, const struct option_def *d)
{
	return choice->flags->given[place(d)]
		|| (choice->flags->operand && strcmp(d->name, "queue") == 0);
}

bool config_args_given(const struct config_file *c, const struct config_flags *flags,
	const struct option_def *d, const char **value)
{
	bool given = flags->given[place(d)];

	*value = flags->value[place(d)];
	for (size_t i = c->n; !given && i-- > 0; ) {
		given = c->v[i].option == d && c->v[i].use != CONFIG_IGNORED;
		*value = given ? c->v[i].value : NULL;
	}
	return given;
}

static bool is_in_file(const struct config_file *c, const struct option_def *d)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].option == d)
			return true;
	return false;
}

/* True if an option of the file can be used in the mode of the run. One whose needed option has no
 * place has none itself; if that option is just missing, it has one, and validate() reports it. */
static bool has_place(const struct choice *choice, const struct option_def *d)
{
	const struct option_def *needed = option_table_needed(d, choice->modes, choice->format);
	const struct option_def *rival = d->not_with ? option_table_find(d->not_with) : NULL;

	if ((d->enters ? choice->flag_modes : choice->modes) & ~d->modes)
		return false;
	if (rival && rival->enters & choice->modes)
		return false;
	if (!needed || is_flag(choice, needed))
		return true;
	return is_in_file(choice->file, needed) ? has_place(choice, needed) : !needed->enters;
}

/* The index of the option's value in its words, from the flag or else from the file; words.n: it is
 * not given, or bad. */
static size_t word_of(const struct choice *choice, const char *name)
{
	const struct option_def *d = option_table_find(name);
	const char *value;
	size_t i = 0;

	config_args_given(choice->file, choice->flags, d, &value);
	while (i < d->words->n && (!value || strcmp(value, d->words->v[i]) != 0))
		i++;
	return i;
}

/* Whether the option depends on a source that is not known yet. Without a recording, an option that
 * only notifications have is used at once, because it can decide the source. */
static bool must_wait(const struct choice *choice, const struct option_def *d)
{
	const unsigned sources = MODE_STREAM | MODE_NOTIFICATIONS;

	if (choice->modes & (sources | MODE_NO_RUN) || (d->modes & sources) == sources)
		return false;
	return choice->modes & MODE_REPLAY || !(d->modes & MODE_NOTIFICATIONS);
}

bool config_args_choose(struct config_file *c, const struct config_flags *flags)
{
	struct choice choice = { .file = c, .flags = flags };
	bool check = false;

	FOR_EACH_OPTION(d)
		choice.flag_modes |= flags->given[place(d)] ? d->enters : 0;
	if (!(choice.flag_modes & MODE_NO_RUN))
		choice.flag_modes |= source_choice_mode(
			(enum source_kind)word_of(&choice, "source"));
	choice.format = (enum format)word_of(&choice, "format");
	choice.modes = choice.flag_modes;
	for (size_t i = 0; i < c->n; i++)
		if (!is_flag(&choice, c->v[i].option) && has_place(&choice, c->v[i].option))
			choice.modes |= c->v[i].option->enters;
	for (size_t i = 0; i < c->n; i++) {
		struct config_entry *entry = &c->v[i];

		if (is_flag(&choice, entry->option) || !has_place(&choice, entry->option))
			entry->use = CONFIG_IGNORED;
		else if (entry->option->enters == MODE_CHECK)
			check = true;
		if (entry->use == CONFIG_USED && must_wait(&choice, entry->option))
			entry->use = CONFIG_LATER;
	}
	return check;
}

/* --- setting it --------------------------------------------------------------------- */

void config_args_apply(struct command_line *p)
{
	const struct config_file *c = p->set->config_file;

	for (size_t i = 0; c && i < c->n; i++)
		if (c->v[i].use == CONFIG_USED)
			command_line_apply(p, c->v[i].option, c->v[i].value, &c->v[i]);
}

void config_args_apply_rest(struct command_line *p)
{
	const struct config_file *c = p->set->config_file;
	const unsigned source = source_choice_mode(p->set->source);

	for (size_t i = 0; c && i < c->n; i++)
		if (c->v[i].use == CONFIG_LATER && !(source & ~c->v[i].option->modes))
			command_line_apply(p, c->v[i].option, c->v[i].value, &c->v[i]);
}

void config_args_set(struct command_line *p, const char *value)
{
	if (command_line_given(p, "config"))
		command_line_problem(p, value, "there can be only one configuration file");
	p->set->config = value;
}

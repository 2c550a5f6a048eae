#include "cli/shard_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

#define FROM_0 "shards are numbered from 0, so arrays must start at 0"

/* Sets of a task in an array or a job which number it has. */
static const char *const variables[] = { "JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID" };

/* Completes a shard of which only N is given. False: why says what is wrong. */
static bool take_variable(struct shard *shard, char *why, size_t size)
{
	const char *name = NULL, *value = NULL, *end;
	char shown[TEXT_SHOWN_SIZE];
	uint32_t k;

	for (size_t i = 0; i < ARRAY_LEN(variables) && (!value || !*value); i++) {
		name = variables[i];
		value = getenv(name);
	}
	if (!value || !*value) {
		snprintf(why, size, "needs K: neither %s nor %s is set; give K/N (" FROM_0 ")",
			variables[0], variables[1]);
		return false;
	}
	end = value;
	if (!shard_read_number(&end, &k) || *end || k >= shard->n) {
		snprintf(why, size, "%s is '%s', which must be 0 to %u: " FROM_0, name,
			text_shown(shown, value, strlen(value)), shard->n - 1);
		return false;
	}
	shard->k = k;
	return true;
}

static bool read_shard(const char *value, struct shard *shard, char *why, size_t size)
{
	const char *at = value;
	uint32_t first, second = 0;
	const bool one = shard_read_number(&at, &first) && !*at;
	const bool two = !one && at != value && *at++ == '/' && shard_read_number(&at, &second)
		&& !*at;
	const uint32_t n = one ? first : second;

	if ((!one && !two) || !n || n > SHARDS_MAX) {
		snprintf(why, size, "must be K/N or N, with N from 1 to %d and K from 0 to N-1",
			SHARDS_MAX);
		return false;
	}
	if (two && first >= n) {
		snprintf(why, size, "K must be 0 to %u: " FROM_0, n - 1);
		return false;
	}
	*shard = (struct shard){ first, n };
	return two || take_variable(shard, why, size);
}

void shard_args_find(struct command_line *p, const struct config_flags *flags)
{
	static const struct config_file none = { 0 };
	const struct config_file *c = p->set->config_file ? p->set->config_file : &none;
	struct shard shard;
	const char *value;
	char why[256];

	if (config_args_given(c, flags, option_table_find("shard"), &value) && value
	    && read_shard(value, &shard, why, sizeof(why)))
		p->set->shard = shard;
}

void shard_args_set(struct command_line *p, const char *value)
{
	struct options *set = p->set;
	struct shard shard;
	char why[256];

	if (!read_shard(value, &shard, why, sizeof(why))) {
		command_line_problem(p, value, why);
		return;
	}
	set->shard = shard;
	snprintf(set->shard_memory, sizeof(set->shard_memory), "%u/%u", shard.k, shard.n);
	set->shard_text = set->shard_memory;
}

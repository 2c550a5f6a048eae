/* The floor of a replay: cJSON on an arena parses each line of a file.  parse FILE */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static char arena[1 << 20];
static size_t used;

static void *take(size_t n)
{
	void *at = arena + used;

	used += (n + 15) / 16 * 16;
	return used <= sizeof(arena) ? at : NULL;
}

static void leave(void *p)
{
	(void)p;
}

int main(int argc, char **argv)
{
	cJSON_Hooks hooks = { take, leave };
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	long lines = 0;

	if (!in)
		return 2;
	cJSON_InitHooks(&hooks);
	while ((n = getline(&line, &room, in)) > 0) {
		used = 0;
		lines += cJSON_ParseWithLength(line, (size_t)n) != NULL;
	}
	free(line);
	fclose(in);
	printf("%ld\n", lines);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "worker/arguments.h"

#include "core/error.h"
#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --option never reaches this table, which holds one value of a name: it is taken out before. */
static const struct option_spec specs[] = {
	{"probe", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL, "say whether the platform can run here"},
	{"job", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "DIR", "the job folder: what to train"},
	{"out", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "DIR", "where the weights are written"},
	{"events", NULL, OPTION_INT, 0, 1 << 20, "1", NULL, "FD", "the descriptor for the events"},
	{"min-time", NULL, OPTION_REAL, 0, 86400, "0", NULL, "SECONDS",
     "train further epochs until all took this long"},
	{"profile", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL,
     "last, train an epoch that tells the time of each layer"},
	{"option", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "KEY=VALUE",
     "set an option of the platform; may be repeated"},
	{"help", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL, "show this text"},
	{0},
};

/* Moves the values of --option to `settings` and the rest to `own`; both end with NULL as they were
 * zeroed.  Returns how many the rest are. */
static int split(int argc, char **argv, char **own, char **settings)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--option=", 9) == 0)
			*settings++ = argv[i] + 9;
		else if (strcmp(argv[i], "--option") == 0 && i + 1 < argc)
			*settings++ = argv[++i];
		else
			own[count++] = argv[i];
	}
	return count;
}

int arguments_read(struct arguments *arguments, int argc, char **argv)
{
	char **own = memory_new((size_t)argc + 1, sizeof(*own));

	*arguments = (struct arguments){.options = options_new(specs)};
	arguments->settings = memory_new((size_t)argc + 1, sizeof(*arguments->settings));

	int count = split(argc, argv, own, arguments->settings);
	int failed = options_parse(arguments->options, count, own);
	free(own);
	if (failed)
		return -1;
	arguments->help = options_flag(arguments->options, "help");
	arguments->probe = options_flag(arguments->options, "probe");
	arguments->profile = options_flag(arguments->options, "profile");
	arguments->events = (int)options_int(arguments->options, "events");
	arguments->job = options_text(arguments->options, "job");
	arguments->out = options_text(arguments->options, "out");
	arguments->min_time = options_real(arguments->options, "min-time");
	return 0;
}

static int set_option(struct options *platform, const char *setting)
{
	const char *equals = strchr(setting, '=');

	if (!equals)
		return error("--option %s: write it as KEY=VALUE", setting);

	char *name = memory_text("%.*s", (int)(equals - setting), setting);
	int failed = options_set(platform, name, equals + 1);
	free(name);
	return failed;
}

int arguments_check(const struct arguments *arguments, struct options *platform)
{
	char *const *operands;

	if (options_operands(arguments->options, &operands) > 0)
		return error("%s: a worker takes options only; --help lists them", operands[0]);
	if (arguments->probe == (arguments->job != NULL))
		return error("say either --probe or --job DIR; --help lists all options");
	if (arguments->job && !arguments->out)
		return error("say where the weights go: --out DIR");
	for (char **setting = arguments->settings; *setting; setting++)
		if (set_option(platform, *setting) < 0)
			return -1;
	return 0;
}

void arguments_free(struct arguments *arguments)
{
	options_free(arguments->options);
	free(arguments->settings);
}

void arguments_help(void)
{
	options_help(stdout, specs);
}

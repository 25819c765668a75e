/* SPDX-License-Identifier: MIT */
/*
 * The subcommands.  Each one is a `struct command` in a file of its own name; src/cli/main.c has the
 * list of them, finds the one that is asked for, parses its options, prints its help and calls it.
 *
 * Results go to standard output, all else to standard error.  main() checks at the end that standard
 * output could be written.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "core/error.h"
#include "core/options.h"

struct command {
	const char *name;                  /* "compare" */
	const char *operands;              /* how help calls them: "RUN..."; NULL: it takes none */
	const char *summary;               /* one line */
	const struct option_spec *options; /* without --help, which main() sees to */
	const char *notes;                 /* lines at the end of its help, or NULL */

	/* Returns an exit code.  `words`: the arguments as they were given, NULL-terminated, for the record. */
	int (*run)(const struct options *options, char *const *words);
};

extern const struct command command_list, command_run, command_verify, command_compare,
	command_data;

#endif

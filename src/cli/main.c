/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "runner/process.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {&command_list, &command_run, &command_verify,
                                                 &command_compare, &command_data};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

/* ---- help ---- */

static int print_help(void)
{
	puts(
		"cnnbench trains one small convolutional network with every implementation that this machine can\n"
		"run, on the same data from the same weights, and compares their speed and memory.\n"
		"\n"
		"usage: cnnbench COMMAND [OPTION]...\n");
	for (int i = 0; i < COMMANDS; i++)
		printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
	puts(
		"\n"
		"  cnnbench run              compare all that is ready here\n"
		"  cnnbench verify           hold them against the reference; ./worker-mine: one of your own\n"
		"  cnnbench help COMMAND     what a command does and takes\n"
		"  cnnbench --version\n"
		"\n"
		"Options without a command mean 'run'.\n"
		"\n"
		"Exit codes: 0 fine, 1 internal error, 2 usage or a place that cannot be written, 3 a platform failed\n"
		"or a required one is missing, 4 not verified, 5 data, 6 regression, 7 nothing to run, 128+n ended by\n"
		"signal n.");
	return EXIT_FINE;
}

static int print_command_help(const struct command *command)
{
	const char *operands = command->operands;
	printf("usage: cnnbench %s [OPTION]...%s%s\n\n%s\n\n", command->name, operands ? " " : "",
	       operands ? operands : "", command->summary);
	options_help(stdout, command->options);
	if (command->notes)
		printf("\n%s\n", command->notes);
	return EXIT_FINE;
}

/* ---- finding and calling a command ---- */

static const struct command *command_find(const char *name)
{
	const char *names[COMMANDS + 1] = {"help"};
	for (int i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
		names[i + 1] = commands[i]->name;
	}
	const char *near = options_nearest(name, names, COMMANDS + 1);
	if (near)
		error("there is no command '%s'; did you mean 'cnnbench %s'?", name, near);
	else
		error("there is no command '%s'; 'cnnbench --help' shows those there are", name);
	return NULL;
}

/* Before a "--": one of the two words. */
static int words_have(char *const *words, const char *word, const char *other)
{
	for (; *words && strcmp(*words, "--") != 0; words++)
		if (strcmp(*words, word) == 0 || strcmp(*words, other) == 0)
			return 1;
	return 0;
}

static int check_operands(const struct command *command, const struct options *options)
{
	char *const *operands;
	if (options_operands(options, &operands) == 0 || command->operands)
		return 0;
	return error("%s: unexpected word '%s'; 'cnnbench help %s' shows what it takes", command->name,
	             operands[0], command->name);
}

/* `argc`, `argv`: what stands behind the command's name.  `words`: all of it. */
static int command_call(const struct command *command, int argc, char **argv, char **words)
{
	if (words_have(argv, "--help", "-h"))
		return print_command_help(command);
	struct options *options = options_new(command->options);
	int result = EXIT_USAGE;
	if (options_parse(options, argc, argv) == 0 && check_operands(command, options) == 0)
		result = command->run(options, words);
	options_free(options);
	return result;
}

static int print_version(void)
{
	printf("cnnbench " CNNBENCH_VERSION "%s%s\n", *CNNBENCH_COMMIT ? " " : "", CNNBENCH_COMMIT);
	return EXIT_FINE;
}

static int help_main(const char *name)
{
	if (!name)
		return print_help();
	const struct command *command = command_find(name);
	return command ? print_command_help(command) : EXIT_USAGE;
}

static int call(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "--help";
	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
		return print_help();
	if (strcmp(first, "--version") == 0)
		return print_version();
	if (strcmp(first, "help") == 0)
		return help_main(argc > 2 ? argv[2] : NULL);
	const int named = first[0] != '-';
	const struct command *command = command_find(named ? first : "run");
	return command ? command_call(command, argc - 1 - named, argv + 1 + named, argv) : EXIT_USAGE;
}

/* ---- standard input, output and error ---- */

/* A closed one would be the number of the next file that is opened.  For output a descriptor that
 * cannot be written, so that it is still an error. */
static void hold_standard_descriptors(void)
{
	static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
	for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++)
		if (fcntl(descriptor, F_GETFD) == -1 && open("/dev/null", modes[descriptor]) != descriptor)
			_exit(EXIT_INTERNAL);
}

static int reader_has_gone(void)
{
	struct pollfd output = {.fd = STDOUT_FILENO};
	return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP));
}

/* Results that nobody could read are no results.  The reader of a pipe that is closed (| head) has had
 * enough: the shell's code for that, without a word. */
static int check_output(int code)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (reader_has_gone())
		return code ? code : 128 + SIGPIPE;
	error("standard output could not be written%s%s; what was saved in files is there",
	      errno ? ": " : "", errno ? strerror(errno) : "");
	return exit_worse(code, EXIT_USAGE);
}

int main(int argc, char **argv)
{
	hold_standard_descriptors();
	process_seal_descriptors();
	signal(SIGPIPE, SIG_IGN);
	return check_output(call(argc, argv));
}

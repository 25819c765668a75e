/* SPDX-License-Identifier: MIT */
#include "cli/run_options.h"

#include "core/memory.h"
#include "core/text.h"
#include "runner/machine.h"

#include <stdlib.h>
#include <string.h>

/* Rows of both tables.  Ranges: shapes as docs/METHOD.md has them; batch up to the largest dataset
 * (core/idx.h); whole numbers up to 2^53, which JSON's readers in other languages hold exactly. */
/* clang-format off */
#define PLATFORM_OPTION(fallback) \
	{"platform", NULL, OPTION_TEXT, 0, 0, fallback, NULL, "LIST", \
	 "names with commas; options after a colon: c_cpu:threads=1"}
#define DATASET_OPTION \
	{"dataset", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "NAME", \
	 "mnist, synth, or a folder of four IDX files (default: mnist, else synth)"}
#define WORK_OPTIONS \
	{"batch-size", NULL, OPTION_INT, 1, 1 << 24, "512", NULL, "N", "samples a step"}, \
	{"lr", NULL, OPTION_REAL, 0, 1000, "0.01", NULL, "X", "learning rate"}, \
	{"momentum", NULL, OPTION_REAL, 0, 1, "0.9", NULL, "X", "momentum"}, \
	{"filters1", NULL, OPTION_INT, 1, 64, "8", NULL, "N", "filters of the first convolution"}, \
	{"filters2", NULL, OPTION_INT, 1, 64, "16", NULL, "N", "filters of the second convolution"}, \
	{"hidden", NULL, OPTION_INT, 1, 1024, "128", NULL, "N", "neurons of the hidden layer"}, \
	{"fsize", NULL, OPTION_INT, 1, 7, "3", NULL, "N", "side of a filter, pixels"}, \
	{"seed", NULL, OPTION_INT, 0, 0x1p53, "1", NULL, "N", "seed of weights and order"}
#define PROCESS_OPTIONS \
	{"threads", NULL, OPTION_INT, 1, 1024, NULL, NULL, "N", \
	 "of each CPU platform; by default the usable physical cores"}, \
	{"timeout", NULL, OPTION_REAL, 0, 1e6, "3600", NULL, "SECONDS", \
	 "end a process that takes longer; 0: never"}
#define QUIET_OPTION \
	{"quiet", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL, \
	 "no progress and no notes on standard error"}
/* clang-format on */

const struct option_spec run_options[] = {
	PLATFORM_OPTION("all+best"),
	DATASET_OPTION,
	{"epochs", NULL, OPTION_INT, 1, 10000, "10", NULL, "N", "epochs to train"},
	WORK_OPTIONS,
	/* how it is measured */
	PROCESS_OPTIONS,
	{"runs", NULL, OPTION_INT, 1, 1000, "3", NULL, "N", "rounds of fresh processes"},
	{"min-time", NULL, OPTION_REAL, 0, 3600, "1", NULL, "SECONDS",
     "extra epochs, for time only, until training took this"},
	{"check-epoch", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL,
     "the reference trains epoch 1 too, even where all platforms agree about it"},
	{"profile", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL,
     "one more epoch by layers, never ranked, of platforms that can"},
	/* what comes out */
	{"log-dir", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "DIR",
     "write the results here (default: results/<time>_<dataset>)"},
	{"json", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "FILE",
     "write the comparison as JSON; -: to standard output, alone"},
	{"require", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "LIST",
     "exit with code 3 if one of these platforms is missing or fails"},
	QUIET_OPTION,
	{0},
};

const struct option_spec verify_options[] = {
	PLATFORM_OPTION(NULL),
	DATASET_OPTION,
	WORK_OPTIONS,
	PROCESS_OPTIONS,
	{"log-dir", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "DIR",
     "keep logs, weights and journal here (default: they are removed)"},
	{"json", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "FILE",
     "write the result as JSON; -: to standard output, alone"},
	{"self-test", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL,
     "test the judge: plant known faults, each must be refused"},
	QUIET_OPTION,
	{0},
};

struct work run_options_work(const struct options *options)
{
	return (struct work){
		.shape =
			{
				.filters1 = (int)options_int(options, "filters1"),
				.filters2 = (int)options_int(options, "filters2"),
				.hidden = (int)options_int(options, "hidden"),
				.fsize = (int)options_int(options, "fsize"),
			},
		.epochs = options_has(options, "epochs") ? (int)options_int(options, "epochs") : 0,
		.batch = (size_t)options_int(options, "batch-size"),
		.lr = options_real(options, "lr"),
		.momentum = options_real(options, "momentum"),
		.seed = (uint64_t)options_int(options, "seed"),
	};
}

int run_options_threads(const struct options *options)
{
	return options_given(options, "threads") ? (int)options_int(options, "threads")
	                                         : machine_threads();
}

/* ---- the command that repeats a run ---- */

/* Of no influence on what is measured. */
static bool is_output(const char *name)
{
	static const char *const names[] = {"log-dir", "json", "require", "quiet"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Takes over `text`. */
static char *append(char *text, const char *more)
{
	char *longer = memory_text("%s%s", text, more);
	free(text);
	return longer;
}

static char *append_quoted(char *text, const char *word)
{
	char *quoted = text_shell_word(word);
	text = append(text, quoted);
	free(quoted);
	return text;
}

static char *labels(const struct selection *selection)
{
	char *list = memory_copy("");
	for (size_t i = 0; i < selection->count; i++) {
		if (!selection->items[i].ready)
			continue;
		list = *list ? append(list, ",") : list;
		list = append(list, selection->items[i].label);
	}
	return list;
}

/* The value that is in force, or was chosen for the user, as it would be typed: paths byte for byte. */
static char *chosen_text(const struct options *options, const struct option_spec *spec,
                         const struct selection *selection, const char *dataset)
{
	const bool is_text = spec->type == OPTION_TEXT || spec->type == OPTION_CHOICE;
	const char *text = is_text ? options_text(options, spec->name) : NULL;
	if (strcmp(spec->name, "platform") == 0)
		return labels(selection);
	if (strcmp(spec->name, "dataset") == 0) {
		const bool is_folder = text && strcmp(text, "mnist") != 0 && strcmp(text, "synth") != 0;
		return memory_copy(is_folder ? text : dataset);
	}
	if (strcmp(spec->name, "threads") == 0)
		return memory_text("%d", run_options_threads(options));
	if (is_text)
		return memory_copy(text);
	json_t *values = options_record(options);
	char *written = options_record_text(json_object_get(values, spec->name));
	json_decref(values);
	return written;
}

static bool is_told(const struct options *options, const char *name)
{
	static const char *const always[] = {"platform", "dataset", "threads", "seed"};
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (strcmp(always[i], name) == 0)
			return true;
	return options_given(options, name) && !is_output(name);
}

char *run_options_command(const char *program, const struct options *options,
                          const struct selection *selection, const char *dataset)
{
	char *command = append(append_quoted(memory_copy(""), program), " run");
	for (const struct option_spec *spec = run_options; spec->name; spec++) {
		if (!is_told(options, spec->name))
			continue;
		command = append(command, " --");
		command = append(command, spec->name);
		if (spec->type == OPTION_FLAG)
			continue;
		char *text = chosen_text(options, spec, selection, dataset);
		command = append(command, " ");
		command = append_quoted(command, text);
		free(text);
	}
	return command;
}

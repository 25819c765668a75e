/* SPDX-License-Identifier: MIT */
#include "core/options.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/options_value.h"

#include <stdlib.h>
#include <string.h>

struct options {
	const struct option_spec *specs;
	size_t count;
	char *prefix;
	struct option_value *values; /* in the order of specs */
	bool *given;
	char **operands;
	size_t operand_count;
};

/* ---- The table ---- */

static void set_default(const struct option_spec *spec, struct option_value *value)
{
	char why[OPTION_WHY_SIZE];

	if (spec->fallback && option_value_read(spec, spec->fallback, value, why))
		BUG("option %s has the default %s: %s", spec->name, spec->fallback, why);
	if (spec->type == OPTION_FLAG)
		value->present = true; /* not given is false */
}

struct options *options_new(const struct option_spec *specs)
{
	struct options *options = memory_new(1, sizeof(*options));

	options->specs = specs;
	while (specs[options->count].name)
		options->count++;
	options->prefix = memory_copy("--");
	options->values = memory_new(options->count, sizeof(*options->values));
	options->given = memory_new(options->count, sizeof(*options->given));
	for (size_t i = 0; i < options->count; i++)
		set_default(&specs[i], &options->values[i]);
	return options;
}

void options_free(struct options *options)
{
	if (!options)
		return;
	for (size_t i = 0; i < options->count; i++)
		option_value_clear(&options->values[i]);
	free(options->values);
	free(options->given);
	free(options->operands);
	free(options->prefix);
	free(options);
}

void options_prefix(struct options *options, const char *prefix)
{
	free(options->prefix);
	options->prefix = memory_copy(prefix);
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return *a == *b;
}

/* The index of the option of that name or alias; `count` if there is none. */
static size_t find(const struct options *options, const char *name)
{
	size_t i;

	for (i = 0; i < options->count; i++) {
		const struct option_spec *spec = &options->specs[i];

		if (same_name(name, spec->name) || (spec->alias && same_name(name, spec->alias)))
			break;
	}
	return i;
}

/* ---- Setting ---- */

static bool is_command_line(const struct options *options)
{
	return *options->prefix == '-';
}

/* "isa, threads" */
static char *list_names(const struct options *options)
{
	char *list = memory_copy("");

	for (size_t i = 0; i < options->count; i++) {
		char *longer = memory_text("%s%s%s", list, i ? ", " : "", options->specs[i].name);

		free(list);
		list = longer;
	}
	return list;
}

static int refuse_name(const struct options *options, const char *name)
{
	const char **names = memory_new(options->count, sizeof(*names));
	const char *prefix = options->prefix, *nearest;

	for (size_t i = 0; i < options->count; i++)
		names[i] = options->specs[i].name;
	nearest = options_nearest(name, names, options->count);
	free(names);
	if (nearest)
		return error("%s%s: unknown option; did you mean %s%s?", prefix, name, prefix, nearest);
	if (is_command_line(options))
		return error("%s%s: unknown option; --help shows those there are", prefix, name);
	if (options->count == 0)
		return error("%s%s: unknown option; there are none", prefix, name);
	char *list = list_names(options);
	error("%s%s: unknown option; there are: %s", prefix, name, list);
	free(list);
	return -1;
}

int options_set(struct options *options, const char *name, const char *value)
{
	size_t i = find(options, name);
	char why[OPTION_WHY_SIZE];

	if (i == options->count)
		return refuse_name(options, name);
	name = options->specs[i].name;
	if (!option_value_read(&options->specs[i], value, &options->values[i], why)) {
		options->given[i] = true;
		return 0;
	}
	if (!value)
		return error("%s%s: %s", options->prefix, name, why);
	const char *joint = is_command_line(options) ? " " : "=";
	const char *shown = *value ? value : "''";
	return error("%s%s%s%s: %s", options->prefix, name, joint, shown, why);
}

static bool starts_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

/* Set the option that the words begin with.  The number of words used, or -1. */
static int parse_option(struct options *options, int argc, char *const *argv)
{
	const char *equals = strchr(argv[0], '=');
	char *name = memory_copy(argv[0] + 2);
	const char *value = NULL;
	int used = 1;

	if (equals) {
		name[equals - argv[0] - 2] = '\0';
		value = equals + 1;
	}
	size_t i = find(options, name);
	bool needs_value = i < options->count && options->specs[i].type != OPTION_FLAG;
	if (needs_value && !equals && argc > 1 && strncmp(argv[1], "--", 2)) {
		value = argv[1];
		used = 2;
	}
	int result = options_set(options, name, value);
	free(name);
	return result ? -1 : used;
}

int options_parse(struct options *options, int argc, char *const *argv)
{
	bool ended = false;

	options->operands = memory_grow(options->operands, (size_t)argc, sizeof(*options->operands));
	options->operand_count = 0;
	for (int i = 0, used; i < argc; i += used) {
		used = 1;
		if (!ended && !strcmp(argv[i], "--"))
			ended = true;
		else if (ended || !starts_option(argv[i]))
			options->operands[options->operand_count++] = argv[i];
		else if (argv[i][1] != '-')
			return error("%s: unknown option; options begin with two dashes, --help shows them",
			             argv[i]);
		else if ((used = parse_option(options, argc - i, argv + i)) < 0)
			return -1;
	}
	return 0;
}

size_t options_operands(const struct options *options, char *const **operands)
{
	*operands = options->operands;
	return options->operand_count;
}

/* ---- Reading ---- */

static const struct option_value *value_of(const struct options *options, const char *name,
                                           unsigned types)
{
	size_t i = find(options, name);

	if (i == options->count || !(types & 1u << options->specs[i].type))
		BUG("the table has no option %s of this type", name);
	return &options->values[i];
}

bool options_flag(const struct options *options, const char *name)
{
	return value_of(options, name, 1u << OPTION_FLAG)->flag;
}

int64_t options_int(const struct options *options, const char *name)
{
	return value_of(options, name, 1u << OPTION_INT)->integer;
}

double options_real(const struct options *options, const char *name)
{
	return value_of(options, name, 1u << OPTION_REAL)->real;
}

const char *options_text(const struct options *options, const char *name)
{
	return value_of(options, name, 1u << OPTION_TEXT | 1u << OPTION_CHOICE)->text;
}

bool options_given(const struct options *options, const char *name)
{
	size_t i = find(options, name);

	if (i == options->count)
		BUG("the table has no option %s", name);
	return options->given[i];
}

bool options_has(const struct options *options, const char *name)
{
	return find(options, name) < options->count;
}

/* ---- Recording ---- */

json_t *options_record(const struct options *options)
{
	json_t *record = json_object();

	for (size_t i = 0; i < options->count; i++)
		json_object_set_new(record, options->specs[i].name,
		                    option_value_json(&options->specs[i], &options->values[i]));
	return record;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "isa=avx2", or NULL where the option stands at its default. */
static char *canonical_one(const struct option_spec *spec, const struct option_value *value)
{
	struct option_value standard = {0};
	char *text, *part;

	set_default(spec, &standard);
	bool same = option_value_equal(value, &standard);
	option_value_clear(&standard);
	if (same)
		return NULL;
	if (spec->type == OPTION_FLAG && value->flag)
		return memory_copy(spec->name);
	text = option_value_text(spec, value);
	part = memory_text("%s=%s", spec->name, text);
	free(text);
	return part;
}

char *options_canonical(const struct options *options)
{
	char **parts = memory_new(options->count, sizeof(*parts));
	char *joined = memory_copy("");
	size_t count = 0;

	for (size_t i = 0; i < options->count; i++) {
		char *part = canonical_one(&options->specs[i], &options->values[i]);

		if (part)
			parts[count++] = part;
	}
	qsort(parts, count, sizeof(*parts), compare_texts);
	for (size_t i = 0; i < count; i++) {
		char *longer = memory_text("%s%s%s", joined, i ? "+" : "", parts[i]);

		free(joined);
		free(parts[i]);
		joined = longer;
	}
	free(parts);
	return joined;
}

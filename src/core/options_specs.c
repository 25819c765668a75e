/* SPDX-License-Identifier: MIT */
/* A table of options as JSON.  What is read comes from a worker: it is checked like any foreign input. */
#include "core/error.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/options_value.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SPECS_MAX = 64, NAME_MAX_LENGTH = 48 };

static const char *const type_names[] = {
	[OPTION_FLAG] = "flag", [OPTION_INT] = "int",       [OPTION_REAL] = "real",
	[OPTION_TEXT] = "text", [OPTION_CHOICE] = "choice",
};
enum { TYPE_COUNT = sizeof(type_names) / sizeof(type_names[0]) };

/* The members that are texts, and where they stand in the struct. */
static const struct {
	const char *key;
	size_t offset;
	bool required;
} texts[] = {
	{"name", offsetof(struct option_spec, name), true},
	{"alias", offsetof(struct option_spec, alias), false},
	{"default", offsetof(struct option_spec, fallback), false},
	{"choices", offsetof(struct option_spec, choices), false},
	{"value", offsetof(struct option_spec, value), false},
	{"help", offsetof(struct option_spec, help), true},
};
enum { TEXT_COUNT = sizeof(texts) / sizeof(texts[0]) };

static const char **text_of(struct option_spec *spec, size_t i)
{
	return (const char **)(void *)((char *)spec + texts[i].offset);
}

/* ---- Writing ---- */

static void record_bound(json_t *record, const char *key, double bound)
{
	if (!isfinite(bound))
		return;
	bool whole = floor(bound) == bound && fabs(bound) <= 0x1p53;
	json_object_set_new(record, key, whole ? json_integer((json_int_t)bound) : json_real(bound));
}

static json_t *record_spec(struct option_spec spec)
{
	json_t *record = json_object();

	json_object_set_new(record, "type", json_string(type_names[spec.type]));
	for (size_t i = 0; i < TEXT_COUNT; i++)
		if (*text_of(&spec, i))
			json_object_set_new(record, texts[i].key, json_string(*text_of(&spec, i)));
	if (spec.type == OPTION_INT || spec.type == OPTION_REAL) {
		record_bound(record, "min", spec.min);
		record_bound(record, "max", spec.max);
	}
	return record;
}

json_t *options_specs_record(const struct option_spec *specs)
{
	json_t *records = json_array();

	for (; specs->name; specs++)
		json_array_append_new(records, record_spec(*specs));
	return records;
}

/* ---- Reading ---- */

static bool is_name(const char *text)
{
	size_t length = strlen(text);

	for (const char *at = text; *at; at++)
		if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '-' &&
		    *at != '_')
			return false;
	return length > 0 && length <= NAME_MAX_LENGTH && islower((unsigned char)*text);
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return false;
	return true;
}

static const char *read_type(const json_t *record, struct option_spec *spec)
{
	const char *name = json_string_value(json_object_get(record, "type"));

	for (size_t type = 0; name && type < TYPE_COUNT; type++) {
		if (strcmp(name, type_names[type]))
			continue;
		spec->type = (enum option_type)type;
		return NULL;
	}
	return "its type is unknown";
}

static const char *read_texts(const json_t *record, struct option_spec *spec)
{
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		const json_t *member = json_object_get(record, texts[i].key);

		if (!texts[i].required && (!member || json_is_null(member)))
			continue;
		if (!json_is_string(member) || !is_plain(json_string_value(member)))
			return "a text of it is missing or no plain text";
		*text_of(spec, i) = memory_copy(json_string_value(member));
	}
	if (!is_name(spec->name) || (spec->alias && !is_name(spec->alias)))
		return "its name is not usable";
	return NULL;
}

static const char *read_bound(const json_t *record, const char *key, double missing, double *bound)
{
	const json_t *member = json_object_get(record, key);

	*bound = missing;
	if (!member || json_is_null(member))
		return NULL;
	*bound = json_number_value(member);
	return json_is_number(member) ? NULL : "a bound of it is not a number";
}

static const char *check_choices(const struct option_spec *spec)
{
	const char *at = spec->choices, *choice;

	if (spec->type != OPTION_CHOICE)
		return NULL;
	while (at && option_choice(&at, &choice) > 0)
		if (*at == '\0' && at[-1] != '|')
			return NULL;
	return "its choices are missing, or one is empty";
}

static const char *check_default(const struct option_spec *spec)
{
	struct option_value value = {0};
	char why[OPTION_WHY_SIZE];

	if (!spec->fallback)
		return NULL;
	if (option_value_read(spec, spec->fallback, &value, why))
		return "its default is not legal";
	option_value_clear(&value);
	return NULL;
}

/* What is wrong, or NULL. */
static const char *read_spec(const json_t *record, struct option_spec *spec)
{
	const char *wrong = read_type(record, spec);

	if (!wrong)
		wrong = read_texts(record, spec);
	if (!wrong)
		wrong = read_bound(record, "min", -HUGE_VAL, &spec->min);
	if (!wrong)
		wrong = read_bound(record, "max", HUGE_VAL, &spec->max);
	if (!wrong)
		wrong = check_choices(spec);
	return wrong ? wrong : check_default(spec);
}

/* Is a name of the last entry taken already?  '-' and '_' are the same in names. */
static bool is_taken(const struct option_spec *specs, size_t last)
{
	struct option_spec before[SPECS_MAX + 1] = {{0}};
	struct options *options;

	memcpy(before, specs, last * sizeof(*specs));
	options = options_new(before);
	bool taken = options_has(options, specs[last].name) ||
	             (specs[last].alias && options_has(options, specs[last].alias));
	options_free(options);
	return taken;
}

struct option_spec *options_specs_read(const json_t *records)
{
	size_t count = json_array_size(records);
	struct option_spec *specs;

	if (!json_is_array(records) || count > SPECS_MAX) {
		error("the table of options is no list of at most %d entries", SPECS_MAX);
		return NULL;
	}
	specs = memory_new(count + 1, sizeof(*specs));
	for (size_t i = 0; i < count; i++) {
		const char *wrong = read_spec(json_array_get(records, i), &specs[i]);

		if (!wrong && is_taken(specs, i))
			wrong = "its name is taken";
		if (!wrong)
			continue;
		error("the table of options, entry %zu: %s", i + 1, wrong);
		/* Without a name it would end the table before what it holds is freed. */
		if (!specs[i].name)
			specs[i].name = memory_copy("");
		options_specs_free(specs);
		return NULL;
	}
	return specs;
}

void options_specs_free(struct option_spec *specs)
{
	for (struct option_spec *spec = specs; spec && spec->name; spec++)
		for (size_t i = TEXT_COUNT; i-- > 0;)
			free((void *)(uintptr_t)*text_of(spec, i));
	free(specs);
}

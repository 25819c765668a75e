/* SPDX-License-Identifier: MIT */
#include "results/foreign.h"

#include <math.h>

bool foreign_is_deeper(const json_t *value, int levels)
{
	const char *key;
	json_t *member;
	size_t i;

	if (!json_is_object(value) && !json_is_array(value))
		return false;
	if (levels == 0)
		return true;
	json_object_foreach ((json_t *)value, key, member)
		if (foreign_is_deeper(member, levels - 1))
			return true;
	json_array_foreach (value, i, member)
		if (foreign_is_deeper(member, levels - 1))
			return true;
	return false;
}

/* `part`, within `inner`: the object that has the member; "": the one above. */
static const struct {
	const char *part, *inner, *key;
	double least;
	bool whole;
} members[] = {
	{"work", "", "epochs", 0, true},        {"work", "", "batch", 1, true},
	{"work", "", "lr", 0, false},           {"work", "", "momentum", 0, false},
	{"work", "", "seed", 0, true},          {"work", "dataset", "n_train", 1, true},
	{"work", "dataset", "n_test", 1, true}, {"work", "shape", "filters1", 1, true},
	{"work", "shape", "filters2", 1, true}, {"work", "shape", "hidden", 1, true},
	{"work", "shape", "fsize", 1, true},    {"", "", "runs", 1, true},
	{"", "", "threads", 1, true},
};

static const double most = 1e19; /* seeds have 64 bits */

static const json_t *step_into(const json_t *object, const char *part)
{
	return *part ? json_object_get(object, part) : object;
}

static const char *find_fault(const json_t *value, double least, bool whole)
{
	const double number = json_number_value(value);

	if (!value || json_is_null(value))
		return "is missing";
	if (!json_is_number(value))
		return "is no number";
	if (!(number >= least && number <= most) || (whole && number != floor(number)))
		return "is a number that cannot be";
	return NULL;
}

bool foreign_find_flaw(const json_t *run, struct foreign_flaw *flaw)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *object = step_into(step_into(run, members[i].part), members[i].inner);
		const json_t *value = json_object_get(object, members[i].key);
		*flaw = (struct foreign_flaw){members[i].key,
		                              find_fault(value, members[i].least, members[i].whole)};
		if (flaw->what)
			return true;
	}
	return false;
}

/* SPDX-License-Identifier: MIT */
#include "report/group.h"

#include "core/error.h"
#include "core/memory.h"
#include "results/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What makes work alike.  `part`: the object within "work" that has the member; NULL: "work" itself. */
static const struct {
	const char *part, *key, *words;
} members[] = {
	{"dataset", "digest", NULL}, /* shown by the dataset's name */
	{"dataset", "n_train", "training images"},
	{"dataset", "n_test", "test images"},
	{"shape", "filters1", "filters of the first layer"},
	{"shape", "filters2", "filters of the second layer"},
	{"shape", "hidden", "hidden units"},
	{"shape", "fsize", "width of the filters"},
	{NULL, "batch", "batch"},
	{NULL, "lr", "learning rate"},
	{NULL, "momentum", "momentum"},
	{NULL, "epochs", "epochs"},
	{NULL, "seed", "seed"},
};

enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

static const json_t *member_of(const struct results *results, int member)
{
	const json_t *work = json_object_get(results->run, "work");
	const char *part = members[member].part;

	return json_object_get(part ? json_object_get(work, part) : work, members[member].key);
}

/* 1 and 1.0 are the same number. */
static bool same_value(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return !(json_number_value(a) < json_number_value(b)) &&
		       !(json_number_value(a) > json_number_value(b));
	return a && b && json_equal(a, b);
}

static bool is_alike(const struct results *a, const struct results *b)
{
	if (a->original || b->original)
		return false;
	for (int i = 0; i < MEMBERS; i++)
		if (!same_value(member_of(a, i), member_of(b, i)))
			return false;
	return true;
}

bool group_same_run(const struct results *a, const struct results *b)
{
	static const char *const keys[] = {"started", "ns", "shuffle", "machine"};

	if (a->original || b->original)
		return a->original && b->original && strcmp(a->folder, b->folder) == 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!same_value(json_object_get(a->run, keys[i]), json_object_get(b->run, keys[i])))
			return false;
	return true;
}

/* ---- What differs ---- */

static const char *dataset_name(const struct results *results)
{
	const json_t *work = json_object_get(results->run, "work");
	const char *name = field_text(json_object_get(work, "dataset"), "name");

	return name ? name : "?";
}

static void put_value(FILE *out, const json_t *value)
{
	if (json_is_number(value))
		fprintf(out, "%.10g", json_number_value(value));
	else
		fputc('?', out);
}

static void put_member(FILE *out, int member, const struct results *own,
                       const struct results *first)
{
	if (!members[member].words) {
		const char *name = dataset_name(own), *other = dataset_name(first);
		if (strcmp(name, other) == 0)
			fprintf(out, "the data (%s, with another digest)", name);
		else
			fprintf(out, "the data (%s instead of %s)", name, other);
		return;
	}
	fprintf(out, "%s ", members[member].words);
	put_value(out, member_of(own, member));
	fputs(" instead of ", out);
	put_value(out, member_of(first, member));
}

static char *difference(const struct results *own, const struct results *first)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int n = 0;

	if (!out)
		die("out of memory");
	if (own->original || first->original)
		fputs(own->original && first->original
		          ? "its data, network and machine, which CSV files do not tell"
		      : own->original
		          ? "the status: unverified_csv, and the time of an epoch, which may hold "
		            "its evaluation"
		          : "the status: these results have a judge",
		      out);
	else
		for (int i = 0; i < MEMBERS; i++)
			if (!same_value(member_of(own, i), member_of(first, i))) {
				fputs(n++ ? "; " : "", out);
				put_member(out, i, own, first);
			}
	fclose(out);
	return text;
}

/* ---- The groups ---- */

static struct group *find_group(struct group *groups, size_t count, const struct results *results)
{
	for (size_t i = 0; i < count; i++)
		if (is_alike(groups[i].runs[0], results))
			return &groups[i];
	return NULL;
}

struct group *groups_make(const struct results *const *runs, size_t count, size_t *n_groups)
{
	struct group *groups = memory_new(count, sizeof(*groups));

	*n_groups = 0;
	for (size_t i = 0; i < count; i++) {
		struct group *group = find_group(groups, *n_groups, runs[i]);
		if (!group) {
			group = &groups[(*n_groups)++];
			if (i > 0)
				group->difference = difference(runs[i], runs[0]);
		}
		group->runs = memory_grow(group->runs, group->n_runs + 1, sizeof(*group->runs));
		group->runs[group->n_runs++] = runs[i];
	}
	return groups;
}

void groups_free(struct group *groups, size_t n_groups)
{
	for (size_t i = 0; i < n_groups; i++) {
		free(groups[i].runs);
		free(groups[i].difference);
	}
	free(groups);
}

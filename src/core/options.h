/* SPDX-License-Identifier: MIT */
/*
 * One table of options gives parsing, ranges, defaults, help and the record in the results.
 *
 * The same tables serve the command line (--batch-size 512), what follows a platform's colon
 * (c_cpu:isa=avx2+threads=1) and a worker's arguments (--option isa=avx2).  A table ends with an
 * entry whose name is NULL.  In names '-' and '_' mean the same.
 */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {
	OPTION_FLAG,   /* present or not; a text value of "true"/"false" is understood too */
	OPTION_INT,    /* whole, min..max */
	OPTION_REAL,   /* finite, min..max */
	OPTION_TEXT,   /* any text without control characters, not empty */
	OPTION_CHOICE, /* one of `choices`, separated by '|' */
};

struct option_spec {
	const char *name;  /* "batch-size" */
	const char *alias; /* another spelling, or NULL */
	enum option_type type;
	double min, max; /* of OPTION_INT and OPTION_REAL, inclusive; -HUGE_VAL, HUGE_VAL: no bound */
	const char *fallback; /* the default as text; NULL: none, the option is then "not given" */
	const char *choices;  /* "auto|avx2|generic", or NULL */
	const char *value;    /* how help calls the value: "N", "DIR"; NULL: by its type */
	const char *help;     /* one line */
};

struct options; /* the values of one table */

/* All at their defaults.  The table is borrowed until options_free.  A default that is not legal is a BUG. */
struct options *options_new(const struct option_spec *specs);
void options_free(struct options *options);

/* How messages call an option: "--" gives "--isa x: ...", "c_cpu:" gives "c_cpu:isa=x: ...".  "--" at first. */
void options_prefix(struct options *options, const char *prefix);

/* Set one by name; again: the last counts.  Errors: unknown name (the nearest match is suggested),
 * bad value, out of range.  value NULL: none was given, which is right for a flag alone. */
int options_set(struct options *options, const char *name, const char *value);

/* Parse arguments, argv[0] being the first of them, not the program: "--name value", "--name=value",
 * "--flag"; "--" ends options.  A value that begins with "--" needs the '='.  What is left over is
 * collected in order as operands (options_operands), borrowed from argv.  -1 after error(). */
int options_parse(struct options *options, int argc, char *const *argv);
size_t options_operands(const struct options *options, char *const **operands);

/* Reading a value under a name or of a type that the table does not have is a BUG.  0 for a number
 * that is not given and has no default.  options_text reads OPTION_CHOICE too. */
bool options_flag(const struct options *options, const char *name);
int64_t options_int(const struct options *options, const char *name);
double options_real(const struct options *options, const char *name);
const char *options_text(const struct options *options, const char *name); /* NULL: no value */
bool options_given(const struct options *options, const char *name);       /* set by the user */
bool options_has(const struct options *options, const char *name);         /* the table knows it */

/* {"batch-size": 512, ...}: every option in force, in its type; those without a value are null. */
json_t *options_record(const struct options *options);
char *options_record_text(const json_t *value); /* one of its values, as options_set reads it */

/* "isa=avx2+threads=1": those that differ from the default, sorted by name; "" if none.
 * A flag stands by its name alone.  This is what makes a platform's label canonical. */
char *options_canonical(const struct options *options);

/* One entry a row: "  --batch-size N   samples a step (default 512)". */
void options_help(FILE *out, const struct option_spec *specs);

/* The table as JSON for `hello` and `list --json`, and back.  The result of options_specs_read is
 * freed with options_specs_free; NULL after error() where the JSON is no such table. */
json_t *options_specs_record(const struct option_spec *specs);
struct option_spec *options_specs_read(const json_t *specs);
void options_specs_free(struct option_spec *specs);

/* The nearest of `count` names to a misspelt one, or NULL if none is near. */
const char *options_nearest(const char *word, const char *const *names, size_t count);

#endif

/* SPDX-License-Identifier: MIT */
/* One value of an option: text to value and back, for options*.c alone. */
#ifndef CORE_OPTIONS_VALUE_H
#define CORE_OPTIONS_VALUE_H

#include "core/options.h"

struct option_value {
	bool present; /* false: not given and no default */
	bool flag;
	int64_t integer;
	double real;
	char *text; /* of OPTION_TEXT and OPTION_CHOICE */
};

/* Why a value was refused: "must be 1 or more". */
enum { OPTION_WHY_SIZE = 256 };

/* Read `text` as a value of this option; text NULL: no value stands there.  -1 with the reason in
 * `why`; *value is then as it was. */
int option_value_read(const struct option_spec *spec, const char *text, struct option_value *value,
                      char why[OPTION_WHY_SIZE]);
void option_value_clear(struct option_value *value);

bool option_value_equal(const struct option_value *a, const struct option_value *b);

/* "512"; free() it.  Of a value of options_record: options_record_text in core/options.h. */
char *option_value_text(const struct option_spec *spec, const struct option_value *value);
json_t *option_value_json(const struct option_spec *spec, const struct option_value *value);

/* "1 to 64", "1 or more", "64 or less", or "" where there is no bound. */
void option_range(const struct option_spec *spec, char out[OPTION_WHY_SIZE]);

/* The next of the choices from *at on, which is moved behind it: its length, or 0 at the end. */
size_t option_choice(const char **at, const char **choice);

#endif

/* SPDX-License-Identifier: MIT */
/* Members of a JSON object that may be missing or of another type: nothing that is read is trusted. */
#ifndef RESULTS_FIELD_H
#define RESULTS_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* `object` may be NULL or anything. */
double field_number(const json_t *object, const char *key);    /* NAN: no finite number */
const char *field_text(const json_t *object, const char *key); /* borrowed; NULL: no text */
char *field_text_copy(const json_t *object, const char *key);  /* free() it; NULL: no text */
bool field_integer(const json_t *object, const char *key, int64_t low, int64_t high,
                   int64_t *value);

/* New values to put into an object: null where the number is not finite, the text NULL, the member missing. */
json_t *field_number_new(double value);
json_t *field_integer_new(int64_t value); /* null where it is negative: not known */
json_t *field_text_new(const char *text);
json_t *field_member_new(const json_t *object, const char *key); /* of another object, shared */

#endif

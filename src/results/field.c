/* SPDX-License-Identifier: MIT */
#include "results/field.h"

#include "core/error.h"
#include "core/memory.h"

#include <math.h>

double field_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

const char *field_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

char *field_text_copy(const json_t *object, const char *key)
{
	const char *text = field_text(object, key);

	return text ? memory_copy(text) : NULL;
}

bool field_integer(const json_t *object, const char *key, int64_t low, int64_t high, int64_t *value)
{
	const json_t *member = json_object_get(object, key);
	int64_t number = json_integer_value(member);

	if (!json_is_integer(member) || number < low || number > high)
		return false;
	*value = number;
	return true;
}

json_t *field_number_new(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *field_integer_new(int64_t value)
{
	return value >= 0 ? json_integer(value) : json_null();
}

json_t *field_text_new(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	if (!value)
		BUG("a text of the results is no UTF-8");
	return value;
}

json_t *field_member_new(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value ? json_incref(value) : json_null();
}

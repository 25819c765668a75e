/* SPDX-License-Identifier: MIT */
#include "core/options_value.h"

#include "core/memory.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The shortest text that reads back as the same number.  17 digits always do. */
static void format_real(double real, char out[32])
{
	if (floor(real) == real && fabs(real) <= 0x1p53) {
		snprintf(out, 32, "%.0f", real);
		return;
	}
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(out, 32, "%.*g", digits, real);
		if (strtod(out, NULL) == real)
			return;
	}
}

char *options_record_text(const json_t *value)
{
	char real[32];

	if (json_is_string(value))
		return memory_copy(json_string_value(value));
	if (!json_is_real(value))
		return json_dumps(value, JSON_ENCODE_ANY); /* a number, true, false */
	format_real(json_real_value(value), real);
	return memory_copy(real);
}

void option_range(const struct option_spec *spec, char out[OPTION_WHY_SIZE])
{
	char min[32] = "", max[32] = "";

	if (isfinite(spec->min))
		format_real(spec->min, min);
	if (isfinite(spec->max))
		format_real(spec->max, max);
	if (*min && *max)
		snprintf(out, OPTION_WHY_SIZE, "%s to %s", min, max);
	else if (*min)
		snprintf(out, OPTION_WHY_SIZE, "%s or more", min);
	else
		snprintf(out, OPTION_WHY_SIZE, *max ? "%s or less" : "%s", max);
}

size_t option_choice(const char **at, const char **choice)
{
	*choice = *at;
	*at += strcspn(*at, "|");
	size_t length = (size_t)(*at - *choice);
	*at += **at == '|';
	return length;
}

static int refuse_range(const struct option_spec *spec, char why[OPTION_WHY_SIZE])
{
	char range[OPTION_WHY_SIZE];

	option_range(spec, range);
	snprintf(why, OPTION_WHY_SIZE, "must be %.200s", *range ? range : "a smaller number");
	return -1;
}

static int refuse(char why[OPTION_WHY_SIZE], const char *reason)
{
	snprintf(why, OPTION_WHY_SIZE, "%s", reason);
	return -1;
}

static size_t count_digits(const char **at)
{
	size_t count = 0;

	for (; isdigit((unsigned char)**at); (*at)++)
		count++;
	return count;
}

/* Decimal digits as anyone writes them; strtod() alone takes spaces, hexadecimal, "inf" and "nan" too. */
static bool is_number(const char *text, bool whole)
{
	const char *at = text + (*text == '+' || *text == '-');
	size_t digits = count_digits(&at);

	if (!whole && *at == '.') {
		at++;
		digits += count_digits(&at);
	}
	if (!whole && digits > 0 && (*at == 'e' || *at == 'E')) {
		at++;
		at += *at == '+' || *at == '-';
		if (count_digits(&at) == 0)
			return false;
	}
	return digits > 0 && *at == '\0';
}

static int read_flag(const struct option_spec *spec, const char *text, struct option_value *value,
                     char *why)
{
	(void)spec;
	if (strcmp(text, "true") && strcmp(text, "false"))
		return refuse(why, "must be true or false, or no value at all");
	value->flag = *text == 't';
	return 0;
}

static int read_int(const struct option_spec *spec, const char *text, struct option_value *value,
                    char *why)
{
	if (!is_number(text, true))
		return refuse(why, is_number(text, false) ? "not a whole number" : "not a number");
	errno = 0;
	value->integer = strtoll(text, NULL, 10);
	if (errno || (double)value->integer < spec->min || (double)value->integer > spec->max)
		return refuse_range(spec, why);
	return 0;
}

static int read_real(const struct option_spec *spec, const char *text, struct option_value *value,
                     char *why)
{
	if (!is_number(text, false))
		return refuse(why, "not a number");
	value->real = strtod(text, NULL);
	if (!isfinite(value->real) || value->real < spec->min || value->real > spec->max)
		return refuse_range(spec, why);
	return 0;
}

static int read_text(const struct option_spec *spec, const char *text, struct option_value *value,
                     char *why)
{
	(void)spec;
	for (const char *at = text; *at; at++)
		if (iscntrl((unsigned char)*at))
			return refuse(why, "has a control character in it");
	value->text = memory_copy(text);
	return 0;
}

static int read_choice(const struct option_spec *spec, const char *text, struct option_value *value,
                       char *why)
{
	const char *at = spec->choices, *choice;
	size_t length;

	while ((length = option_choice(&at, &choice)) > 0) {
		if (length != strlen(text) || strncmp(choice, text, length))
			continue;
		value->text = memory_copy(text);
		return 0;
	}
	snprintf(why, OPTION_WHY_SIZE, "must be one of %.200s", spec->choices);
	return -1;
}

int option_value_read(const struct option_spec *spec, const char *text, struct option_value *value,
                      char why[OPTION_WHY_SIZE])
{
	static int (*const readers[])(const struct option_spec *, const char *, struct option_value *,
	                              char *) = {
		[OPTION_FLAG] = read_flag, [OPTION_INT] = read_int,       [OPTION_REAL] = read_real,
		[OPTION_TEXT] = read_text, [OPTION_CHOICE] = read_choice,
	};
	struct option_value fresh = {.present = true, .flag = true};

	if (!text && spec->type != OPTION_FLAG)
		return refuse(why, "needs a value");
	if (text && !*text)
		return refuse(why, "must not be empty");
	if (text && readers[spec->type](spec, text, &fresh, why))
		return -1;
	option_value_clear(value);
	*value = fresh;
	return 0;
}

void option_value_clear(struct option_value *value)
{
	free(value->text);
	*value = (struct option_value){0};
}

/* What a type does not use is zero on both sides; so each member may be compared. */
bool option_value_equal(const struct option_value *a, const struct option_value *b)
{
	if (a->present != b->present || !a->text != !b->text)
		return false;
	return a->flag == b->flag && a->integer == b->integer && a->real == b->real &&
	       (!a->text || !strcmp(a->text, b->text));
}

char *option_value_text(const struct option_spec *spec, const struct option_value *value)
{
	char real[32];

	switch (spec->type) {
	case OPTION_FLAG: return memory_copy(value->flag ? "true" : "false");
	case OPTION_INT: return memory_text("%lld", (long long)value->integer);
	case OPTION_REAL: format_real(value->real, real); return memory_copy(real);
	case OPTION_TEXT:
	case OPTION_CHOICE: break;
	}
	return memory_copy(value->text);
}

json_t *option_value_json(const struct option_spec *spec, const struct option_value *value)
{
	if (!value->present)
		return json_null();
	switch (spec->type) {
	case OPTION_FLAG: return json_boolean(value->flag);
	case OPTION_INT: return json_integer(value->integer);
	case OPTION_REAL: return json_real(value->real);
	case OPTION_TEXT:
	case OPTION_CHOICE: break;
	}
	/* A file's name need not be UTF-8; JSON must be. */
	json_t *text = json_string(value->text);
	if (text)
		return text;
	char *visible = memory_visible(value->text);
	text = json_string(visible);
	free(visible);
	return text;
}

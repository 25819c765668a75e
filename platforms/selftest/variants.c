/* SPDX-License-Identifier: MIT */
#include "deviation.h"
#include "variant_layers.h"
#include "variant_steps.h"
#include "winograd.h"

#include <stddef.h>

const struct deviation variants[] = {
#define VARIANT(word, text, ...) {.name = #word, .summary = text, __VA_ARGS__},
#include "variants.inc"
#undef VARIANT
	{.name = NULL},
};

const char variant_choices[] = "none"
#define VARIANT(word, text, ...) "|" #word
#include "variants.inc"
	;

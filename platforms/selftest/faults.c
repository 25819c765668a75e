/* SPDX-License-Identifier: MIT */
#include "deviation.h"
#include "fault_layers.h"
#include "fault_steps.h"
#include "rounding.h"

#include <stddef.h>

const struct deviation faults[] = {
#define FAULT(word, text, ...) {.name = #word, .summary = text, __VA_ARGS__},
#include "faults.inc"
#undef FAULT
	{.name = NULL},
};

const char fault_choices[] = "none"
#define FAULT(word, text, ...) "|" #word
#include "faults.inc"
	;

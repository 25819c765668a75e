/* SPDX-License-Identifier: MIT */
#include "isa.h"

#include "core/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool always(void)
{
	return true;
}

#ifdef HAVE_X86
static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#define X86(kernels, test) &(kernels), test
#else
#define X86(kernels, test) NULL, NULL
#endif

#ifdef HAVE_NEON
#define NEON(kernels) &(kernels), always
#else
#define NEON(kernels) NULL, NULL
#endif

/* The fastest first.  kernels NULL: not in this build. */
static const struct isa {
	const char *name, *processor; /* processor: the kind that has it */
	const struct kernels *kernels;
	bool (*works)(void);
} isas[] = {
	{"avx512", "x86-64", X86(kernels_avx512, has_avx512)},
	{"avx2", "x86-64", X86(kernels_avx2, has_avx2)},
	{"neon", "arm64", NEON(kernels_neon)},
	{"generic", "any", &kernels_generic, always},
	{"generic16", "any", &kernels_generic16, always},
};

/* Appends those that work here, but for the tests' own. */
static void list_working(char *why, size_t size)
{
	for (size_t i = 0; i < sizeof(isas) / sizeof(*isas); i++) {
		const size_t used = strlen(why);
		if (isas[i].kernels != NULL && isas[i].works() && strcmp(isas[i].name, "generic16") != 0)
			snprintf(why + used, size - used, "%s%s", why[used - 1] == ':' ? " " : ", ",
			         isas[i].name);
	}
}

const struct kernels *isa_choose(const char *choice, char *why, size_t size)
{
	bool any = strcmp(choice, "auto") == 0;

	for (size_t i = 0; i < sizeof(isas) / sizeof(*isas); i++) {
		const struct isa *isa = &isas[i];
		if (!any && strcmp(choice, isa->name) != 0)
			continue;
		if (isa->kernels != NULL && isa->works())
			return isa->kernels;
		if (any)
			continue;
		if (isa->kernels == NULL)
			snprintf(why, size, "isa=%s is for %s and not in this build; here are:", isa->name,
			         isa->processor);
		else
			snprintf(why, size, "this processor has no %s; it has:", isa->name);
		list_working(why, size);
		return NULL;
	}
	BUG("isa %s is not in the table", choice);
}

/* With fewer channels the transform of the pixels costs more than the products that it saves: measured
 * with 1, 2, 3 and 4 on AVX2. */
enum { WINOGRAD_CHANNELS = 4 };

const struct kernels *conv_choose(const struct kernels *kernels, const char *choice,
                                  const struct shape *shape, char *why, size_t size)
{
	const bool any = strcmp(choice, "auto") == 0, possible = shape->fsize == 3;

	if (strcmp(choice, "direct") == 0)
		return kernels;
	if (any)
		return possible && shape->filters1 >= WINOGRAD_CHANNELS ? kernels->winograd : kernels;
	if (possible)
		return kernels->winograd;
	snprintf(why, size, "conv=winograd is for filters of 3x3, these are %dx%d", shape->fsize,
	         shape->fsize);
	return NULL;
}

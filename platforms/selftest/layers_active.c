/* SPDX-License-Identifier: MIT */
#include "layers.h"

#include <stddef.h>

struct layers layers_active;

#if defined(__x86_64__)
static bool fused_ready(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
static bool fused_ready(void) /* what other processors lack, the build's flags do not ask for */
{
	return true;
}
#endif

/* A table of layers as what it is in memory: a row of pointers to functions. */
enum { LAYERS_COUNT = sizeof(struct layers) / sizeof(void (*)(void)) };
union row {
	struct layers layers;
	void (*functions[LAYERS_COUNT])(void);
};

void layers_use(bool fused, const struct layers *changed)
{
	static const struct layers none;
	union row result = {fused && fused_ready() ? layers_fused : layers_plain};
	const union row change = {changed ? *changed : none};

	for (size_t i = 0; i < LAYERS_COUNT; i++)
		if (change.functions[i])
			result.functions[i] = change.functions[i];
	layers_active = result.layers;
}

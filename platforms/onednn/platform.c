/* SPDX-License-Identifier: MIT */
/* onednn_cpu: oneDNN's primitives by its C API, on the processor's cores. */
#include "worker/platform.h"

#include "core/processor.h"
#include "calls.h"
#include "net.h"

#include <stdio.h>

static const struct option_spec options_of_onednn[] = {
	PLATFORM_THREADS,
	{.name = NULL},
};

/* The newest first whose bits the library's answer has all of. */
static const char *isa_name(unsigned isa)
{
	static const struct {
		unsigned bits;
		const char *name;
	} names[] = {
		{0x3e7, "avx512_core_amx"},
		{0xe7, "avx512_core_bf16"},
		{0x67, "avx512_core_vnni"},
		{0x27, "avx512_core"},
		{0x407, "avx2_vnni"},
		{0x7, "avx2"},
		{0x3, "avx"},
		{0x1, "sse41"},
	};
	const size_t count = sizeof(names) / sizeof(*names);

	for (size_t i = 0; i < count && isa != 0; i++)
		if ((isa & names[i].bits) == names[i].bits)
			return names[i].name;
	return "";
}

static int onednn_probe(const struct options *options, struct device_info *out, char *why,
                        size_t size)
{
	const dnnl_version_t *version = dnnl_version();
	const char *isa = isa_name((unsigned)dnnl_get_effective_cpu_isa());

	(void)options, (void)why, (void)size;
	*out = (struct device_info){.kind = "cpu"};
	processor_name(out->device, sizeof(out->device));
	snprintf(out->variant, sizeof(out->variant), "%s", isa);
	snprintf(out->libraries, sizeof(out->libraries), "oneDNN %d.%d.%d%s%s", version->major,
	         version->minor, version->patch, isa[0] != '\0' ? ", " : "", isa);
	return 0;
}

static struct net *onednn_open(const struct job *job, const struct options *options)
{
	return net_open(job, (int)options_int(options, "threads"));
}

const struct platform platform = {
	.name = "onednn_cpu",
	.summary = "oneDNN's primitives by its C API, on the processor's cores",
	.precision = "float32",
	.data = "uint8, resident",
	.compiler = PLATFORM_COMPILER,
	.flags = PLATFORM_FLAGS,
	.options = options_of_onednn,
	.probe = onednn_probe,
	.open = onednn_open,
	.train = net_train,
	.eval = net_eval,
	.read = net_read,
	.reset = net_reset,
	.close = net_close,
};

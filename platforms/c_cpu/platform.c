/* SPDX-License-Identifier: MIT */
/* c_cpu: hand-vectorised C on the processor's cores. */
#include "worker/platform.h"

#include "core/error.h"
#include "core/processor.h"
#include "isa.h"
#include "net.h"
#include "worker/span.h"

#include <stdio.h>
#include <string.h>

static const struct option_spec options_of_c_cpu[] = {
	{.name = "isa",
     .type = OPTION_CHOICE,
     .fallback = "auto",
     .choices = ISA_CHOICES,
     .value = "ISA",
     .help = "instruction set of the kernels (generic16: slow, for tests)"},
	{.name = "conv",
     .type = OPTION_CHOICE,
     .fallback = "auto",
     .choices = CONV_CHOICES,
     .value = "WAY",
     .help = "forward pass of conv2 (winograd: 3x3 filters; auto: from 4 channels on)"},
	PLATFORM_THREADS,
	{.name = NULL},
};

/* The shape is not known yet. */
static void variant_tell(const struct kernels *kernels, const char *conv, struct device_info *out)
{
	snprintf(out->variant, sizeof(out->variant), "%s, %s", kernels->name,
	         strcmp(conv, "auto") == 0 ? "winograd for 3x3" : conv);
}

static int c_cpu_probe(const struct options *options, struct device_info *out, char *why,
                       size_t size)
{
	const struct kernels *kernels = isa_choose(options_text(options, "isa"), why, size);

	*out = (struct device_info){.kind = "cpu"};
	processor_name(out->device, sizeof(out->device));
	if (kernels == NULL) {
		snprintf(out->help, sizeof(out->help), "use isa=auto");
		return -1;
	}
	variant_tell(kernels, options_text(options, "conv"), out);
	return 0;
}

static struct net *c_cpu_open(const struct job *job, const struct options *options)
{
	char why[256];
	const struct kernels *kernels = isa_choose(options_text(options, "isa"), why, sizeof(why));

	if (kernels == NULL)
		die("%s; use isa=auto", why);
	kernels =
		conv_choose(kernels, options_text(options, "conv"), &job->model.shape, why, sizeof(why));
	if (kernels == NULL)
		die("%s; use conv=auto", why);
	span_begin("upload");
	struct net *net = net_open(job, kernels, (int)options_int(options, "threads"));
	span_end("upload");
	return net;
}

const struct platform platform = {
	.name = "c_cpu",
	.summary = "C with vector kernels of our own, on the processor's cores",
	.precision = "float32",
	.data = "uint8, resident",
	.compiler = PLATFORM_COMPILER,
	.flags = PLATFORM_FLAGS,
	.options = options_of_c_cpu,
	.probe = c_cpu_probe,
	.open = c_cpu_open,
	.train = net_train,
	.profile = net_profile,
	.eval = net_eval,
	.read = net_read,
	.reset = net_reset,
	.close = net_close,
};

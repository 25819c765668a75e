/* SPDX-License-Identifier: MIT */
/*
 * What a C platform fills in: one `const struct platform platform`, linked with src/worker, is a worker.
 *
 * All calls block: work that runs elsewhere (threads, a device) is finished when a call returns.
 * Nothing is allocated inside train and eval.  Loss and counts stay on the device and are read once
 * at the end of a call.  What the caller hands over as const is borrowed until close.
 * A call that cannot go on ends the worker with die(): its process is its own.
 */
#ifndef WORKER_PLATFORM_H
#define WORKER_PLATFORM_H

#include "core/job.h"
#include "core/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one call of train or eval. */
struct stats {
	uint64_t samples, steps;
	uint64_t correct; /* by the predictions of the forward pass, before the update */
	double loss;      /* mean over the samples; may be not finite */
};

struct device_info {
	char device[128];    /* "AMD EPYC 7B13" */
	const char *kind;    /* "cpu" or "gpu" */
	bool simulated;      /* a test driver or simulator: never ranked */
	char variant[128];   /* what was chosen: "avx2"; shown by list */
	char libraries[512]; /* "CUDA driver 13.0 /usr/lib/libcuda.so.1"; "" if none */
	char help[256];      /* with a failed probe: what would enable it; or "" */
};

/* The entry of a CPU platform's options by which the runner hands over the number of threads. */
#define PLATFORM_THREADS                                                                           \
	{                                                                                              \
		.name = "threads", .type = OPTION_INT, .min = 1, .max = 1024, .fallback = "1",             \
		.value = "N", .help = "threads that compute"                                               \
	}

struct net; /* the platform's own: weights, momentum, data, scratch */

struct platform {
	const char *name, *summary; /* "c_cpu"; a line for list */
	const char *precision;      /* "float32" */
	const char *data;           /* "uint8, resident": what is resident where it computes */
	/* That built the kernels: PLATFORM_COMPILER and PLATFORM_FLAGS of the build. */
	const char *compiler, *flags;
	/* What may follow the colon.  A CPU platform has "threads". */
	const struct option_spec *options;

	/* Is it usable here with these options?  Fills in *out; -1: no, and `why` says so. */
	int (*probe)(const struct options *options, struct device_info *out, char *why, size_t size);

	/* Allocate, compile, upload, set initial weights and zero momentum; marks spans of its own:
	 * span_begin("compile") ... span_end("compile").  Never NULL. */
	struct net *(*open)(const struct job *job, const struct options *options);

	/* Train n >= 1 samples, order[0..n-1], in steps of the job's batch; the last may be smaller. */
	void (*train)(struct net *net, const uint32_t *order, size_t n, struct stats *stats);
	/* Trains as `train` does, the clock read around its parts, and calls profile_part for each
	 * (worker/profile.h).  NULL: the platform cannot. */
	void (*profile)(struct net *net, const uint32_t *order, size_t n);
	void (*eval)(struct net *net, struct stats *stats); /* the whole test set; weights unchanged */
	void (*read)(struct net *net, float *weights); /* all parameters, in the model table's layout */
	void (*reset)(struct net *net);                /* initial weights, zero momentum */
	void (*close)(struct net *net);
};

extern const struct platform platform;

#endif

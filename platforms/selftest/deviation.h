/* SPDX-License-Identifier: MIT */
/*
 * What a fault, or an honest variant, changes.  Members that are zero change nothing.
 *
 * The tables are faults.inc, which says too what no fault can show, and variants.inc.
 */
#ifndef SELFTEST_DEVIATION_H
#define SELFTEST_DEVIATION_H

#include "net.h"

#include <stdbool.h>

struct deviation {
	const char *name, *summary;
	const char *weak; /* of a fault: why it may stand less than 5 times above the bound; or NULL */

	const struct layers *layers; /* its members that are not NULL replace the plain ones */
	bool fused;                  /* the layers are contracted, where the processor can */
	int bits;                    /* explicit mantissa bits of operands, for reduced precision */
	unsigned frozen;             /* tensors that get no gradient: bits 1u << tensor_id */
	bool warm_up;                /* a step of training before the job begins */

	void (*reset)(struct net *net); /* instead of net_reset's */
	void (*call)(struct net *net, struct call *call);
	void (*step)(struct net *net, struct step *step);         /* before its gradient */
	void (*enter)(const struct net *net, float *weights);     /* as the engine will see them */
	void (*compute)(struct net *net, struct step *step);      /* instead of the plain gradient */
	void (*gradient)(struct net *net, struct step *step);     /* before the update */
	void (*update)(struct net *net, const struct step *step); /* instead of the plain one */
};

/* Both end with an entry whose name is NULL; the choices are their names, "none" the first. */
extern const struct deviation faults[], variants[];
extern const char fault_choices[], variant_choices[];

/* NULL: there is none of that name ("none" is one of these). */
const struct deviation *deviation_find(const struct deviation *table, const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Softmax and cross-entropy of fc2's outputs (fc2 itself is dense.c's).
 *
 *   p[s][k]  = exp(z[s][k] - m) / sum over j of exp(z[s][j] - m),  m = max over j of z[s][j]
 *   loss[s]  = log(sum over j of exp(z[s][j] - m)) + m - z[s][label]
 *   dz[s][k] = (p[s][k] - (k == label)) / batch
 *
 * Lanes are classes; those past the last stand at -infinity (fc2's padded biases) and come out as
 * zeros.  The loss is finished in double.  Where a z is NaN the sum is, hence the loss and all of dz.
 */
#include "kernels.h"
#include "simd.h"
#include "core/model.h"

#include <math.h>

_Static_assert((int)PANEL >= (int)MODEL_CLASSES, "the logits of a sample stand in one panel");

enum { CLASS_VECS = (MODEL_CLASSES + LANES - 1) / LANES };

/*
 * exp(x) for x <= 0, below 2 ulp; 0 below -87, where the result would be subnormal; NaN for NaN.
 * x = n ln 2 + r, |r| <= ln 2 / 2 (Cody and Waite, "Software Manual for the Elementary Functions",
 * 1980: ln 2 in two parts), then Taylor's series of exp(r) to r^7 / 7!: the next term is at most
 * 0.35^8 / 8! = 5.2e-9, a tenth of a rounding.
 */
INLINE vf vf_exp(vf x)
{
	const vf low = vf_set(-87.0F), magic = vf_set(12582912.0F); /* 1.5 * 2^23: to whole numbers */
	vf in = vf_max(low, x);
	vf n = vf_sub(vf_fma(in, vf_set(1.44269504F), magic), magic);
	vf r = vf_fnma(n, vf_set(0.693145751953125F), in);
	r = vf_fnma(n, vf_set(1.42860677e-6F), r);

	vf sum = vf_set(1.0F / 5040.0F);
	sum = vf_fma(sum, r, vf_set(1.0F / 720.0F));
	sum = vf_fma(sum, r, vf_set(1.0F / 120.0F));
	sum = vf_fma(sum, r, vf_set(1.0F / 24.0F));
	sum = vf_fma(sum, r, vf_set(1.0F / 6.0F));
	sum = vf_fma(sum, r, vf_set(0.5F));
	sum = vf_fma(sum, r, vf_set(1.0F));
	sum = vf_fma(sum, r, vf_set(1.0F));
	sum = vf_mul(sum, vf_power(n));
	return vf_sub(sum, vf_keep(vf_greater(low, x), sum));
}

/* One row of logits becomes its delta. */
INLINE void head_row(float *logits, uint8_t label, float scale, double *loss, uint8_t *hit)
{
	vf z[CLASS_VECS], most = vf_load(logits), sum = vf_set(0.0F);
	const double own = (double)logits[label];
	unsigned below = 0;

	for (int v = 0; v < CLASS_VECS; v++) {
		z[v] = vf_load(logits + v * LANES);
		most = vf_max(most, z[v]);
	}
	const float highest = vf_most(most);
	for (int v = 0; v < CLASS_VECS; v++) {
		below |= vm_bits(vf_greater(vf_set(highest), z[v])) << (v * LANES);
		z[v] = vf_exp(vf_sub(z[v], vf_set(highest)));
		sum = vf_add(sum, z[v]);
	}
	const float total = vf_sum(sum);
	for (int v = 0; v < CLASS_VECS; v++)
		vf_store(logits + v * LANES, vf_mul(z[v], vf_set(scale / total)));
	logits[label] -= scale;

	*loss = log((double)total) + ((double)highest - own);
	*hit = !isnan(total) && __builtin_ctz(~below) == label; /* the first of the highest */
}

static void head(float *logits, int rows, const uint8_t *label, float scale, double *loss,
                 uint8_t *hit)
{
	for (int s = 0; s < rows; s++)
		head_row(logits + s * PANEL, label[s], scale, loss + s, hit + s);
}

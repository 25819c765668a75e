/* SPDX-License-Identifier: MIT */
/*
 * The update, PyTorch's form of momentum:
 *
 *   g = sum over t of gradient[t], v = momentum v + g, w = w - rate v
 *
 * Lanes are weights.  A last part that fills no vector goes through small copies, so that padding
 * (zeros, which kernels rely on) is never touched.  8 bytes read and written a weight, 3 operations.
 */
#include "kernels.h"
#include "simd.h"

INLINE void update_vector(float *weight, float *velocity, vf gradient, struct step step)
{
	vf v = vf_fma(vf_set(step.momentum), vf_load(velocity), gradient);
	vf_store(velocity, v);
	vf_store(weight, vf_fnma(vf_set(step.rate), v, vf_load(weight)));
}

INLINE vf gradient_vector(const float *gradient, size_t terms, size_t stride)
{
	vf sum = vf_load(gradient);
	for (size_t t = 1; t < terms; t++)
		sum = vf_add(sum, vf_load(gradient + t * stride));
	return sum;
}

static void update(float *weight, float *velocity, const float *gradient, int count, size_t terms,
                   size_t stride, struct step step)
{
	int i = 0;
	for (; i + LANES <= count; i += LANES)
		update_vector(weight + i, velocity + i, gradient_vector(gradient + i, terms, stride), step);
	if (i == count)
		return;

	float w[LANES] = {0}, v[LANES] = {0};
	const size_t rest = (size_t)(count - i) * sizeof(*w);
	memcpy(w, weight + i, rest);
	memcpy(v, velocity + i, rest);
	update_vector(w, v, gradient_vector(gradient + i, terms, stride), step);
	memcpy(weight + i, w, rest);
	memcpy(velocity + i, v, rest);
}

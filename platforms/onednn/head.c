/* SPDX-License-Identifier: MIT */
/* loss = log(sum over o of exp(z[o] - m)) - (z[label] - m), where m is the largest z. */
#include "head.h"

#include "core/model.h"

#include <math.h>

/* A NaN is never the largest; where z[0] is one, class 0 stays and the loss says it. */
static int largest_of(const float *z)
{
	int best = 0;

	for (int o = 1; o < MODEL_CLASSES; o++)
		if (z[o] > z[best])
			best = o;
	return best;
}

void head_rows(float *logits, const uint8_t *labels, size_t rows, float scale, double *loss,
               uint64_t *correct)
{
	for (size_t row = 0; row < rows; row++) {
		float *z = logits + row * MODEL_CLASSES, power[MODEL_CLASSES], sum = 0.0F;
		const int best = largest_of(z), label = labels[row];
		const float most = z[best], own = z[label] - most;

		for (int o = 0; o < MODEL_CLASSES; o++) {
			power[o] = expf(z[o] - most);
			sum += power[o];
		}
		for (int o = 0; o < MODEL_CLASSES; o++)
			z[o] = scale * (power[o] / sum - (o == label ? 1.0F : 0.0F));
		*loss += (double)(logf(sum) - own);
		*correct += best == label;
	}
}

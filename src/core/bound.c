/* SPDX-License-Identifier: MIT */
#include "core/bound.h"

#include <math.h>

static struct distance measure(const struct tensor *tensor, const float *weights,
                               const double *reference, const float *init)
{
	double difference = 0, change = 0, size = 0;

	for (size_t i = tensor->offset; i < tensor->offset + tensor->size; i++) {
		double off = (double)weights[i] - reference[i], moved = reference[i] - (double)init[i];

		difference += off * off;
		change += moved * moved;
		size += reference[i] * reference[i];
	}
	return (struct distance){sqrt(difference), sqrt(change), sqrt(size)};
}

void bound_measure(const struct model *model, const float *weights, const double *reference,
                   const float *init, struct distance out[TENSOR_COUNT])
{
	for (int id = 0; id < TENSOR_COUNT; id++)
		out[id] = measure(&model->tensors[id], weights, reference, init);
}

double bound_allowed(const struct distance *distance)
{
	return BOUND_CHANGE * distance->change + BOUND_ROUNDING * distance->size;
}

bool bound_holds(const struct distance *distance)
{
	return isfinite(distance->difference) && isfinite(bound_allowed(distance)) &&
	       distance->difference <= bound_allowed(distance);
}

bool bound_is_sharp(const struct distance *distance)
{
	return distance->change > 0 &&
	       BOUND_ROUNDING * distance->size <= BOUND_SHARP * distance->change;
}

double bound_measured(const struct distance *distance)
{
	return distance->change > 0 ? distance->difference / distance->change : (double)NAN;
}

double bound_relative(const struct distance *distance)
{
	return distance->change > 0 ? bound_allowed(distance) / distance->change : (double)NAN;
}

/* SPDX-License-Identifier: MIT */
/*
 * Digits drawn by code, for machines without MNIST: strokes per digit, random affine and elastic
 * distortion, thickness and noise.  The same bytes on every machine and compiler.
 */
#ifndef CORE_SYNTH_H
#define CORE_SYNTH_H

#include <stddef.h>
#include <stdint.h>

enum { SYNTH_TRAIN = 60000, SYNTH_TEST = 10000 };

/* Draw digits first .. first+count-1 of the one endless sequence: images count x 28 x 28, labels count.
 * The training set is 0 .. SYNTH_TRAIN-1, the test set follows it. */
void synth_draw(size_t first, size_t count, uint8_t *images, uint8_t *labels);

#endif

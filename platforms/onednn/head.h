/* SPDX-License-Identifier: MIT */
/* Softmax and cross-entropy of a batch: 10 classes are too few for a primitive's call to pay. */
#ifndef ONEDNN_HEAD_H
#define ONEDNN_HEAD_H

#include <stddef.h>
#include <stdint.h>

/* Adds the rows' losses and hits.  logits[row][10] become scale * (softmax - onehot). */
void head_rows(float *logits, const uint8_t *labels, size_t rows, float scale, double *loss,
               uint64_t *correct);

#endif

/* SPDX-License-Identifier: MIT */
/* What bench_c_cpu trains: images of random ink, one class each, in a job of one shape. */
#ifndef BENCH_C_CPU_WORK_H
#define BENCH_C_CPU_WORK_H

#include "core/job.h"
#include "core/random.h"

#include <stdint.h>

enum { SAMPLES = 12000, BATCH = 512 };

/* A job whose arrays lie in a folder of their own below $TMPDIR; an interruption removes it, too. */
struct job work_new(struct shape shape);
void work_free(struct job *job);

/* Image `label`'s bar of random ink at a place of its own, on an empty ground. */
void image_draw(struct random *random, uint8_t *image, int label);

#endif

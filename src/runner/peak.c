/* SPDX-License-Identifier: MIT */
#include "runner/peak.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/parallel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif
#ifdef __aarch64__
#include <arm_neon.h>
#endif

/* A round is so many steps of all chains: gcc's branch after each would cost 6%. */
enum { TRIES = 3, ROUNDS = 5000, STEPS = 4 };
static const double try_seconds = 0.015;

/*
 * One lane of what all chains come to after so many rounds.  A multiply-add takes 4 or 5 cycles, and two to
 * four begin in each: so many chains that do not wait for one another, as the registers hold.  The
 * numbers stay small: x/2 + 1 goes to 2.
 */
#define FMA_LOOP(name, attribute, vector, chains, set, fma)                                        \
	attribute static float name(long rounds)                                                       \
	{                                                                                              \
		const vector half = set(0.5f), one = set(1);                                               \
		vector x[chains], sum = one;                                                               \
                                                                                                   \
		for (int c = 0; c < (chains); c++)                                                         \
			x[c] = set((float)c);                                                                  \
		for (long round = 0; round < rounds; round++)                                              \
			for (int step = 0; step < STEPS; step++)                                               \
				for (int c = 0; c < (chains); c++)                                                 \
					x[c] = fma(x[c], half, one);                                                   \
		for (int c = 0; c < (chains); c++)                                                         \
			sum = fma(x[c], half, sum);                                                            \
		return sum[0];                                                                             \
	}

/* An instruction set: the operations of a step of all chains, and whether the processor has it. */
struct isa {
	const char *name;
	float (*loop)(long rounds);
	double operations;
	bool (*works)(void);
};

#ifdef __x86_64__
FMA_LOOP(loop_avx512, __attribute__((target("avx512f"))), __m512, 24, _mm512_set1_ps,
         _mm512_fmadd_ps)
FMA_LOOP(loop_avx2, __attribute__((target("avx2,fma"))), __m256, 12, _mm256_set1_ps,
         _mm256_fmadd_ps)

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

#ifdef __aarch64__
/* vfmaq_f32 adds to its first argument. */
#define NEON_FMA(x, y, z) vfmaq_f32(z, x, y)
FMA_LOOP(loop_neon, , float32x4_t, 24, vdupq_n_f32, NEON_FMA)

static bool has_neon(void)
{
	return true;
}
#endif

static const struct isa isas[] = {
#ifdef __x86_64__
	{"avx512", loop_avx512, 2.0 * 16 * 24, has_avx512},
	{"avx2", loop_avx2, 2.0 * 8 * 12, has_avx2},
#endif
#ifdef __aarch64__
	{"neon", loop_neon, 2.0 * 4 * 24, has_neon},
#endif
	{NULL, NULL, 0, NULL},
};

/* What one thread does, and what it reached. */
struct thread {
	const struct isa *isa;
	double flops;
	float rest; /* that nothing may leave the work out */
};

static void run_thread(void *context, size_t i)
{
	struct thread *thread = (struct thread *)context + i;
	const int64_t start = clock_ns();
	double operations = 0;
	int64_t spent;

	do {
		thread->rest += thread->isa->loop(ROUNDS);
		operations += ROUNDS * STEPS * thread->isa->operations;
		spent = clock_ns() - start;
	} while (1e-9 * (double)spent < try_seconds);
	thread->flops = operations / (1e-9 * (double)spent);
}

static double measure_once(const struct isa *isa, int threads)
{
	struct thread *all = memory_new((size_t)threads, sizeof(*all));
	double flops = 0;

	for (int i = 0; i < threads; i++)
		all[i].isa = isa;
	parallel_for(threads, (size_t)threads, run_thread, all);
	for (int i = 0; i < threads; i++)
		flops += all[i].flops;
	free(all);
	return flops;
}

static double measure(const struct isa *isa, int threads)
{
	double best = 0;

	for (int i = 0; i < TRIES; i++)
		best = fmax(best, measure_once(isa, threads));
	return best;
}

json_t *peak_record(int threads)
{
	json_t *found = json_object();
	const char *fastest = NULL;
	double most = 0;

	for (const struct isa *isa = isas; isa->name; isa++) {
		if (!isa->works())
			continue;
		const double flops = measure(isa, threads);
		json_object_set_new(found, isa->name, json_real(flops));
		fastest = flops > most ? isa->name : fastest;
		most = fmax(most, flops);
	}
	if (!fastest) {
		json_decref(found);
		return json_null();
	}
	return json_pack("{si ss sf so}", "threads", threads, "isa", fastest, "flops", most, "isas",
	                 found);
}

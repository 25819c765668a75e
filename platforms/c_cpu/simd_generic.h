/* SPDX-License-Identifier: MIT */
/*
 * simd.h in the vector extensions of GCC and clang, for any processor.  4 lanes are what nearly all
 * of them have; without fused multiply-add a product takes a register of its own.
 */
#ifndef C_CPU_SIMD_GENERIC_H
#define C_CPU_SIMD_GENERIC_H

/* As wide as the compiler's options say that vectors may be. */
#ifndef LANES
#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
#endif

#if LANES == 16 /* as simd_avx512.h */
#define REGISTERS 32
#define ZIP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define TILE_ROWS 12
#define PANEL_VECS 2
#define CONV_VECS 2
#define CONV_PIXELS 12
#define SPARSE_VECS 4
#elif LANES == 8 /* as simd_avx2.h */
#define REGISTERS 16
#define ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#define TILE_ROWS 6
#define PANEL_VECS 2
#define CONV_VECS 2
#define CONV_PIXELS 6
#define SPARSE_VECS 4
#else /* 3 x 4 or 6 x 2 sums, the other registers for weights, a broadcast and products */
#define REGISTERS 16
#define ZIP_LOW 0, 4, 1, 5
#define ZIP_HIGH 2, 6, 3, 7
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#define TILE_ROWS 3
#define PANEL_VECS 4
#define CONV_VECS 2
#define CONV_PIXELS 6
#define SPARSE_VECS 4
#endif

/* SHUFFLE(a, b, i0, i1, ...): lane k is lane ik of a and b one after the other. */
#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif

enum { VECTOR_BYTES = LANES * 4 };

typedef float vf __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t vector_of_pairs __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t vi __attribute__((vector_size(VECTOR_BYTES)));
typedef vi vm;
typedef uint8_t bytes __attribute__((vector_size(LANES)));
typedef uint16_t words __attribute__((vector_size(2 * LANES)));
typedef uint8_t bytes_anywhere __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef float vf_anywhere __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef int32_t vi_anywhere __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

/* clang-format off */
/* Less zero, which changes no x: compilers leave it out, as they cannot "plus zero", which changes -0. */
INLINE vf vf_set(float x) { return x - (vf){0}; }
INLINE vi vi_set(int32_t x) { return x - (vi){0}; }
INLINE vf vf_load(const float *p) { return *(const vf_anywhere *)p; }
INLINE void vf_store(float *p, vf a) { *(vf_anywhere *)p = a; }
INLINE vf vf_add(vf a, vf b) { return a + b; }
INLINE vf vf_sub(vf a, vf b) { return a - b; }
INLINE vf vf_mul(vf a, vf b) { return a * b; }
INLINE vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
INLINE vf vf_fnma(vf a, vf b, vf c) { return c - a * b; }
INLINE vm vf_greater(vf a, vf b) { return (vm)(a > b); }
INLINE vi vi_choose(vm m, vi a, vi b) { return (m & a) | (~m & b); }
INLINE vf vf_max(vf a, vf b) { return (vf)vi_choose(vf_greater(a, b), (vi)a, (vi)b); }
INLINE vf vf_keep(vm m, vf a) { return (vf)(m & (vi)a); }
INLINE vi vi_add(vi a, vi b) { return a + b; }
INLINE void vi_store(int32_t *p, vi a) { *(vi_anywhere *)p = a; }

/* By way of 16 bits: in one go GCC converts lane by lane. */
INLINE bytes narrow(vi a)
{
	return __builtin_convertvector(__builtin_convertvector(a, words), bytes);
}
INLINE vi vi_bytes(const uint8_t *p)
{
	words w = __builtin_convertvector(*(const bytes_anywhere *)p, words);
	return __builtin_convertvector(w, vi);
}
INLINE void vi_store_bytes(uint8_t *p, vi a)
{
	*(bytes_anywhere *)p = narrow(a);
}
INLINE vf vf_bytes(const uint8_t *p) { return __builtin_convertvector(vi_bytes(p), vf); }

/* Lanes as bytes of 0 or 1, 4 or 8 of them as a word: the product moves bit 8 i to the top byte's bit i. */
INLINE unsigned vm_bits(vm m)
{
	bytes ones = narrow(m & 1);
	unsigned bits = 0;
	for (int i = 0; i < LANES; i += 8) {
		uint64_t word = 0;
		memcpy(&word, (const char *)&ones + i, LANES < 8 ? LANES : 8);
		bits |= (unsigned)(word * 0x0102040810204080U >> 56) << i;
	}
	return bits;
}

INLINE vf vf_pick(const float *p, vi i)
{
	vm odd = (i & 1) > 0, upper = i > 1;
	vi low = vi_choose(odd, (vi)vf_set(p[1]), (vi)vf_set(p[0]));
	vi high = vi_choose(odd, (vi)vf_set(p[3]), (vi)vf_set(p[2]));
	return (vf)vi_choose(upper, high, low);
}
INLINE void vf_zip(float *p, vf a, vf b)
{
	vf_store(p, SHUFFLE(a, b, ZIP_LOW));
	vf_store(p + LANES, SHUFFLE(a, b, ZIP_HIGH));
}
INLINE void vf_unzip(float *p, float *q, vf a, vf b)
{
	vf_store(p, SHUFFLE(a, b, EVEN));
	vf_store(q, SHUFFLE(a, b, ODD));
}
INLINE vf vf_pair(const float *p)
{
	int64_t pair;
	memcpy(&pair, p, sizeof(pair));
	return (vf)(pair - (vector_of_pairs){0});
}
INLINE vf vf_pick_twins(const float *p, vi i)
{
	vm second = (vi){EVEN} >= LANES;
	return (vf)vi_choose(second, (vi)vf_pick(p + 4, i), (vi)vf_pick(p, i));
}
/* The second store overwrites the second half of the first: the even lanes once more. */
INLINE void vi_unzip_bytes(uint8_t *p, vi a)
{
	vi_store_bytes(p, SHUFFLE(a, a, EVEN));
	vi_store_bytes(p + LANES / 2, SHUFFLE(a, a, ODD));
}
INLINE vf vf_power(vf n)
{
	/* Adding 1.5 * 2^23 leaves n in the low bits. */
	vi biased = (vi)(n + 12582912.0F) - 0x4B400000 + 127;
	return (vf)(biased << 23);
}
INLINE float vf_sum(vf a)
{
	float sum = 0.0F;
	for (int i = 0; i < LANES; i++)
		sum += a[i];
	return sum;
}
INLINE float vf_most(vf a)
{
	float most = a[0];
	for (int i = 1; i < LANES; i++)
		most = a[i] > most ? a[i] : most;
	return most;
}
/* clang-format on */

#endif

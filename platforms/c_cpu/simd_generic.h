/* SPDX-License-Identifier: MIT */
/*
 * simd.h in the vector extensions of GCC and clang, for any processor.  4 lanes are what nearly all
 * of them have; without fused multiply-add a product takes a register of its own.
 */
#ifndef C_CPU_SIMD_GENERIC_H
#define C_CPU_SIMD_GENERIC_H

#ifndef LANES
#define LANES 4
#endif

/* 16 registers: 3 x 4 or 6 x 2 accumulators, the others for weights, a broadcast and products. */
#ifndef TILE_ROWS
#define TILE_ROWS 3
#define PANEL_VECS 4
#define CONV_VECS 2
#define CONV_PIXELS 6
#define SPARSE_VECS 4
#endif

enum { VECTOR_BYTES = LANES * 4 };

typedef float vf __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t vi __attribute__((vector_size(VECTOR_BYTES)));
typedef vi vm;
typedef float vf_anywhere __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef int32_t vi_anywhere __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

/* clang-format off */
INLINE vf vf_set(float x)
{
	return (vf){0} + x;
}
INLINE vi vi_set(int32_t x)
{
	return (vi){0} + x;
}
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

INLINE vi vi_bytes(const uint8_t *p)
{
	vi a;
	for (int i = 0; i < LANES; i++)
		a[i] = p[i];
	return a;
}
INLINE void vi_store_bytes(uint8_t *p, vi a)
{
	for (int i = 0; i < LANES; i++)
		p[i] = (uint8_t)a[i];
}
INLINE vf vf_bytes(const uint8_t *p)
{
	vf a;
	for (int i = 0; i < LANES; i++)
		a[i] = (float)p[i];
	return a;
}
INLINE unsigned vm_bits(vm m)
{
	unsigned bits = 0;
	for (int i = 0; i < LANES; i++)
		bits |= ((unsigned)m[i] & 1) << i;
	return bits;
}

INLINE vf vf_pick(const float *p, vi i)
{
	vm odd = -(i & 1), upper = -(i >> 1);
	vi low = vi_choose(odd, (vi)vf_set(p[1]), (vi)vf_set(p[0]));
	vi high = vi_choose(odd, (vi)vf_set(p[3]), (vi)vf_set(p[2]));
	return (vf)vi_choose(upper, high, low);
}
INLINE void vf_zip(float *p, vf a, vf b)
{
	for (int i = 0; i < LANES; i++) {
		p[2 * i] = a[i];
		p[2 * i + 1] = b[i];
	}
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

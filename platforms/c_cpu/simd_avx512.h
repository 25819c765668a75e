/* SPDX-License-Identifier: MIT */
/* simd.h for AVX-512 (F, BW, DQ, VL): 16 lanes, 32 registers, masks of their own. */
#ifndef C_CPU_SIMD_AVX512_H
#define C_CPU_SIMD_AVX512_H

#include <immintrin.h>

#define LANES 16
#define REGISTERS 32

/* 32 registers: 12 x 2 accumulators and 2 weights; broadcasts are operands in memory. */
#define TILE_ROWS 12
#define PANEL_VECS 2
#define CONV_VECS 2
#define CONV_PIXELS 12
#define SPARSE_VECS 4

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

/* clang-format off */
INLINE vf vf_set(float x) { return _mm512_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vf_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vf vf_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
INLINE vm vf_greater(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
INLINE vf vf_keep(vm m, vf a) { return _mm512_maskz_mov_ps(m, a); }

INLINE vi vi_set(int32_t x) { return _mm512_set1_epi32(x); }
INLINE vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
INLINE void vi_store(int32_t *p, vi a) { _mm512_storeu_si512(p, a); }
INLINE vi vi_bytes(const uint8_t *p)
{
	return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}
INLINE void vi_store_bytes(uint8_t *p, vi a)
{
	_mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(a));
}
INLINE vi vi_choose(vm m, vi a, vi b) { return _mm512_mask_mov_epi32(b, m, a); }
INLINE unsigned vm_bits(vm m) { return m; }

INLINE vf vf_bytes(const uint8_t *p) { return _mm512_cvtepi32_ps(vi_bytes(p)); }
INLINE vf vf_pick(const float *p, vi i)
{
	return _mm512_permutevar_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(p)), i);
}
INLINE void vf_zip(float *p, vf a, vf b)
{
	vi low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
	vi high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
	vf_store(p, _mm512_permutex2var_ps(a, low, b));
	vf_store(p + LANES, _mm512_permutex2var_ps(a, high, b));
}
INLINE void vf_unzip(float *p, float *q, vf a, vf b)
{
	vi even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
	vi odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
	vf_store(p, _mm512_permutex2var_ps(a, even, b));
	vf_store(q, _mm512_permutex2var_ps(a, odd, b));
}
INLINE vf vf_pair(const float *p)
{
	double pair;
	memcpy(&pair, p, sizeof(pair));
	return _mm512_castpd_ps(_mm512_set1_pd(pair));
}
INLINE vf vf_pick_twins(const float *p, vi i)
{
	vi second = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4);
	vf eight = _mm512_castps256_ps512(_mm256_loadu_ps(p));
	return _mm512_permutexvar_ps(_mm512_add_epi32(i, second), eight);
}
INLINE void vi_unzip_bytes(uint8_t *p, vi a)
{
	const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
	_mm_storeu_si128((__m128i *)p, _mm_shuffle_epi8(_mm512_cvtepi32_epi8(a), order));
}
INLINE vf vf_power(vf n)
{
	vi biased = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
	return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
}
INLINE float vf_sum(vf a) { return _mm512_reduce_add_ps(a); }
INLINE float vf_most(vf a) { return _mm512_reduce_max_ps(a); }
/* clang-format on */

#endif

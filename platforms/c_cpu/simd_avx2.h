/* SPDX-License-Identifier: MIT */
/* simd.h for AVX2 and FMA: 8 lanes, 16 registers. */
#ifndef C_CPU_SIMD_AVX2_H
#define C_CPU_SIMD_AVX2_H

#include <immintrin.h>

#define LANES 8
#define REGISTERS 16

/* 16 registers: 6 x 2 accumulators, 2 weights and 1 broadcast. */
#define TILE_ROWS 6
#define PANEL_VECS 2
#define CONV_VECS 2
#define CONV_PIXELS 6
#define SPARSE_VECS 4

typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm;

/* clang-format off */
INLINE vf vf_set(float x) { return _mm256_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vf_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
INLINE vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
INLINE vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
INLINE vm vf_greater(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
INLINE vf vf_keep(vm m, vf a) { return _mm256_and_ps(m, a); }

INLINE vi vi_set(int32_t x) { return _mm256_set1_epi32(x); }
INLINE vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
INLINE void vi_store(int32_t *p, vi a) { _mm256_storeu_si256((__m256i *)p, a); }
INLINE vi vi_bytes(const uint8_t *p)
{
	return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
}
INLINE void vi_store_bytes(uint8_t *p, vi a)
{
	__m128i words = _mm_packus_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
	_mm_storel_epi64((__m128i *)p, _mm_packus_epi16(words, words));
}
INLINE vi vi_choose(vm m, vi a, vi b)
{
	return _mm256_blendv_epi8(b, a, _mm256_castps_si256(m));
}
INLINE unsigned vm_bits(vm m) { return (unsigned)_mm256_movemask_ps(m); }

INLINE vf vf_bytes(const uint8_t *p) { return _mm256_cvtepi32_ps(vi_bytes(p)); }
INLINE vf vf_pick(const float *p, vi i)
{
	return _mm256_permutevar_ps(_mm256_broadcast_ps((const __m128 *)p), i);
}
INLINE void vf_zip(float *p, vf a, vf b)
{
	vf low = _mm256_unpacklo_ps(a, b), high = _mm256_unpackhi_ps(a, b);
	vf_store(p, _mm256_permute2f128_ps(low, high, 0x20));
	vf_store(p + LANES, _mm256_permute2f128_ps(low, high, 0x31));
}
INLINE void vf_unzip(float *p, float *q, vf a, vf b)
{
	const vi order = _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7);
	vf even = _mm256_shuffle_ps(a, b, 0x88), odd = _mm256_shuffle_ps(a, b, 0xDD);
	vf_store(p, _mm256_permutevar8x32_ps(even, order));
	vf_store(q, _mm256_permutevar8x32_ps(odd, order));
}
INLINE vf vf_pair(const float *p)
{
	double pair;
	memcpy(&pair, p, sizeof(pair));
	return _mm256_castpd_ps(_mm256_set1_pd(pair));
}
INLINE vf vf_pick_twins(const float *p, vi i) { return _mm256_permutevar_ps(vf_load(p), i); }
INLINE void vi_unzip_bytes(uint8_t *p, vi a)
{
	__m128i words = _mm_packus_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
	const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
	_mm_storel_epi64((__m128i *)p, _mm_shuffle_epi8(words, order));
}
INLINE vf vf_power(vf n)
{
	vi biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
	return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}
INLINE float vf_sum(vf a)
{
	__m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
	half = _mm_add_ps(half, _mm_movehl_ps(half, half));
	return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}
INLINE float vf_most(vf a)
{
	__m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
	half = _mm_max_ps(half, _mm_movehl_ps(half, half));
	return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}
/* clang-format on */

#endif

/* SPDX-License-Identifier: MIT */
/* simd.h for arm64's NEON: 4 lanes, 32 registers.  Every arm64 processor has it. */
#ifndef C_CPU_SIMD_NEON_H
#define C_CPU_SIMD_NEON_H

#include <arm_neon.h>

#define LANES 4
#define REGISTERS 32

/* 32 registers: 6 x 4 accumulators, 4 weights and broadcasts. */
#define TILE_ROWS 6
#define PANEL_VECS 4
#define CONV_VECS 4
#define CONV_PIXELS 6
#define SPARSE_VECS 8

typedef float32x4_t vf;
typedef int32x4_t vi;
typedef uint32x4_t vm;

/* clang-format off */
INLINE vf vf_set(float x) { return vdupq_n_f32(x); }
INLINE vf vf_load(const float *p) { return vld1q_f32(p); }
INLINE void vf_store(float *p, vf a) { vst1q_f32(p, a); }
INLINE vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
INLINE vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
INLINE vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
INLINE vf vf_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
INLINE vm vf_greater(vf a, vf b) { return vcgtq_f32(a, b); }
INLINE vf vf_max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
INLINE vf vf_keep(vm m, vf a)
{
	return vreinterpretq_f32_u32(vandq_u32(m, vreinterpretq_u32_f32(a)));
}

INLINE vi vi_set(int32_t x) { return vdupq_n_s32(x); }
INLINE vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
INLINE void vi_store(int32_t *p, vi a) { vst1q_s32(p, a); }
INLINE vi vi_bytes(const uint8_t *p)
{
	uint32_t four;
	memcpy(&four, p, sizeof(four));
	uint16x8_t words = vmovl_u8(vcreate_u8(four));
	return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(words)));
}
INLINE void vi_store_bytes(uint8_t *p, vi a)
{
	uint16x4_t words = vmovn_u32(vreinterpretq_u32_s32(a));
	uint8x8_t bytes = vmovn_u16(vcombine_u16(words, words));
	uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
	memcpy(p, &four, sizeof(four));
}
INLINE vi vi_choose(vm m, vi a, vi b) { return vbslq_s32(m, a, b); }
INLINE unsigned vm_bits(vm m)
{
	const uint32x4_t bits = {1, 2, 4, 8};
	return vaddvq_u32(vandq_u32(m, bits));
}

INLINE vf vf_bytes(const uint8_t *p) { return vcvtq_f32_s32(vi_bytes(p)); }
/* Lane i of a table of floats is its bytes 4 i .. 4 i + 3. */
INLINE uint8x16_t lanes_to_bytes(vi i)
{
	uint32x4_t first = vmulq_n_u32(vreinterpretq_u32_s32(i), 0x04040404);
	return vreinterpretq_u8_u32(vaddq_u32(first, vdupq_n_u32(0x03020100)));
}
INLINE vf vf_pick(const float *p, vi i)
{
	return vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(vf_load(p)), lanes_to_bytes(i)));
}
INLINE vf vf_pick_twins(const float *p, vi i)
{
	const int32x4_t second = {0, 0, 4, 4};
	uint8x16x2_t table = {{vreinterpretq_u8_f32(vf_load(p)), vreinterpretq_u8_f32(vf_load(p + 4))}};
	return vreinterpretq_f32_u8(vqtbl2q_u8(table, lanes_to_bytes(vaddq_s32(i, second))));
}
INLINE vf vf_pair(const float *p)
{
	float32x2_t pair = vld1_f32(p);
	return vcombine_f32(pair, pair);
}
INLINE void vf_zip(float *p, vf a, vf b)
{
	vf_store(p, vzip1q_f32(a, b));
	vf_store(p + LANES, vzip2q_f32(a, b));
}
INLINE void vf_unzip(float *p, float *q, vf a, vf b)
{
	vf_store(p, vuzp1q_f32(a, b));
	vf_store(q, vuzp2q_f32(a, b));
}
INLINE void vi_unzip_bytes(uint8_t *p, vi a)
{
	vi_store_bytes(p, vuzp1q_s32(a, vextq_s32(a, a, 1)));
}
INLINE vf vf_power(vf n)
{
	vi biased = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
	return vreinterpretq_f32_s32(vshlq_n_s32(biased, 23));
}
INLINE float vf_sum(vf a) { return vaddvq_f32(a); }
INLINE float vf_most(vf a) { return vmaxvq_f32(a); }
/* clang-format on */

#endif

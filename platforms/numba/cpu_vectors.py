# SPDX-License-Identifier: MIT
"""Explicit vectors in Numba: a type that is LLVM's <lanes x float>, and operations on it by @intrinsic.

The functions below make operations for a number of lanes and, for a tile, a table of offsets.  A tile
is a tuple of vectors; as its operations are written out member by member, LLVM keeps it in registers.

Arrays are C-contiguous, of any shape; a place counts elements from the first.  Nothing is checked, and
no load or store needs to be aligned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

INT = ir.IntType(32)
ELEMENTS = {"float": ir.FloatType(), "int": INT, "bit": ir.IntType(1)}


class VectorType(types.Type):
    def __init__(self, element: str, lanes: int) -> None:
        self.element, self.lanes = element, lanes
        super().__init__(name=f"Vector({element}, {lanes})")


@register_model(VectorType)
class VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: VectorType) -> None:
        super().__init__(manager, kind, ir.VectorType(ELEMENTS[kind.element], kind.lanes))


def find_lanes() -> int:
    """Floats of this processor's widest vector; 8 also where that is two of 4 (NEON)."""
    return 16 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 8


# ---- What operations are written with ----


class Argument(NamedTuple):
    """An array and a place in it, as an intrinsic gets them."""

    context: Any
    builder: Any
    array_type: Any
    array: Any
    place: Any  # int64

    def element(self, offset: int) -> Any:
        data = self.context.make_array(self.array_type)(self.context, self.builder, self.array).data
        place = self.builder.add(self.place, ir.Constant(ir.IntType(64), offset))
        return self.builder.gep(data, [place])

    def load(self, offset: int, lanes: int) -> Any:
        return self.builder.load(self.vector(offset, ir.VectorType(ELEMENTS["float"], lanes)), align=4)

    def store(self, offset: int, vector: Any) -> None:
        self.builder.store(vector, self.vector(offset, vector.type), align=4)

    def vector(self, offset: int, kind: Any) -> Any:
        return self.builder.bitcast(self.element(offset), kind.as_pointer())


def to_place(context: Any, builder: Any, value: Any, kind: Any) -> Any:
    return context.cast(builder, value, kind, types.int64)


def spread(builder: Any, value: Any, lanes: int) -> Any:
    """The value in every lane."""
    empty = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    zeros = ir.Constant(ir.VectorType(INT, lanes), [0] * lanes)
    return builder.shuffle_vector(builder.insert_element(empty, value, ir.Constant(INT, 0)), empty, zeros)


def fuse(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """a b + c, rounded once."""
    kind = ir.FunctionType(a.type, [a.type] * 3)
    fma = builder.module.declare_intrinsic(f"llvm.fma.v{a.type.count}f32", (), kind)
    return builder.call(fma, (a, b, c))


def unpack(builder: Any, tile: Any) -> list[Any]:
    return [builder.extract_value(tile, i) for i in range(tile.type.count)]


def pack(context: Any, builder: Any, vectors: Sequence[Any], kind: Any) -> Any:
    return context.make_tuple(builder, kind, vectors)


# ---- Single vectors ----


def make_fill(lanes: int) -> Any:
    @intrinsic
    def fill(typing, value):
        """A float32 or an int32 in every lane."""

        def generate(context, builder, signature, arguments):
            return spread(builder, arguments[0], lanes)

        element = "int" if isinstance(value, types.Integer) else "float"
        kind = types.int32 if element == "int" else types.float32
        return VectorType(element, lanes)(kind), generate

    return fill


@intrinsic
def greater(typing, a, b):
    """Lane by lane a > b; false where one is NaN."""

    def generate(context, builder, signature, arguments):
        return builder.fcmp_ordered(">", *arguments)

    return VectorType("bit", a.lanes)(a, b), generate


@intrinsic
def choose(typing, mask, a, b):
    """Lane by lane a where the mask is set, else b."""

    def generate(context, builder, signature, arguments):
        return builder.select(*arguments)

    return a(mask, a, b), generate


@intrinsic
def same(typing, a, b):
    """Lane by lane a = b, of int32."""

    def generate(context, builder, signature, arguments):
        return builder.icmp_signed("==", *arguments)

    return VectorType("bit", a.lanes)(a, b), generate


@intrinsic
def add(typing, a, b):
    """a + b, of floats or of int32."""

    def generate(context, builder, signature, arguments):
        return (builder.add if a.element == "int" else builder.fadd)(*arguments)

    return a(a, b), generate


@intrinsic
def store(typing, array, place, vector):
    def generate(context, builder, signature, arguments):
        values, at, stored = arguments
        at = to_place(context, builder, at, place)
        Argument(context, builder, array, values, at).store(0, stored)
        return context.get_dummy_value()

    return types.void(array, place, vector), generate


def make_load(lanes: int, element: str = "float") -> Any:
    @intrinsic
    def load(typing, array, place):
        kind = ir.VectorType(ELEMENTS[element], lanes)

        def generate(context, builder, signature, arguments):
            at = to_place(context, builder, arguments[1], place)
            pointer = Argument(context, builder, array, arguments[0], at).vector(0, kind)
            return builder.load(pointer, align=4)

        return VectorType(element, lanes)(array, place), generate

    return load


# ---- Tiles ----


def make_load_tile(lanes: int, offsets: Sequence[int]) -> Any:
    """load_tile(array, place): vectors of floats from place + each of the offsets."""
    tile = types.UniTuple(VectorType("float", lanes), len(offsets))

    @intrinsic
    def load_tile(typing, array, place):
        def generate(context, builder, signature, arguments):
            at = to_place(context, builder, arguments[1], place)
            source = Argument(context, builder, array, arguments[0], at)
            return pack(context, builder, [source.load(offset, lanes) for offset in offsets], tile)

        return tile(array, place), generate

    return load_tile


def make_store_tile(offsets: Sequence[int]) -> Any:
    """store_tile(array, place, tile): as load_tile."""

    @intrinsic
    def store_tile(typing, array, place, tile):
        def generate(context, builder, signature, arguments):
            at = to_place(context, builder, arguments[1], place)
            target = Argument(context, builder, array, arguments[0], at)
            for offset, vector in zip(offsets, unpack(builder, arguments[2])):
                target.store(offset, vector)
            return context.get_dummy_value()

        return types.void(array, place, tile), generate

    return store_tile


@intrinsic
def add_scaled(typing, sums, factor, vectors):
    """sums[i] + factor vectors[i], for a float factor."""

    def generate(context, builder, signature, arguments):
        scale = spread(builder, arguments[1], sums.dtype.lanes)
        pairs = zip(unpack(builder, arguments[0]), unpack(builder, arguments[2]))
        return pack(context, builder, [fuse(builder, scale, v, s) for s, v in pairs], sums)

    return sums(sums, types.float32, vectors), generate


def make_add_products(terms: Sequence[tuple[int, int, int]]) -> Any:
    """add_products(sums, array, place, factors): for each (offset, i, k) of `terms`
    sums[i] += array[place + offset] factors[k]; each element is loaded once, in order of the terms."""

    @intrinsic
    def add_products(typing, sums, array, place, factors):
        lanes = sums.dtype.lanes

        def generate(context, builder, signature, arguments):
            at = to_place(context, builder, arguments[2], place)
            source = Argument(context, builder, array, arguments[1], at)
            totals, scales = unpack(builder, arguments[0]), unpack(builder, arguments[3])
            elements = {}
            for offset, i, k in terms:
                if offset not in elements:
                    elements[offset] = spread(builder, builder.load(source.element(offset)), lanes)
                totals[i] = fuse(builder, elements[offset], scales[k], totals[i])
            return pack(context, builder, totals, sums)

        return sums(sums, array, place, factors), generate

    return add_products

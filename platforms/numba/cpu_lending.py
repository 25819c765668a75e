# SPDX-License-Identifier: MIT
"""Arrays without an owner.  Numba counts the references to an array's memory: each view that a worker
takes of a row adds 1 and subtracts it again, in one word that all workers share.  Not to count makes the
training some 7% faster on two threads."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def disown(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.BaseTuple):
        for i, member in enumerate(kind.types):
            part = disown(context, builder, member, builder.extract_value(value, i))
            value = builder.insert_value(value, part, i)
        return value
    array = context.make_array(kind)(context, builder, value)
    array.meminfo = ir.Constant(array.meminfo.type, None)
    array.parent = ir.Constant(array.parent.type, None)
    return array._getvalue()


@intrinsic
def lend(typing, arrays):
    """The same array, or the same tuple of them, not counted.  Who has the original keeps it alive."""

    def generate(context, builder, signature, arguments):
        return disown(context, builder, arrays, arguments[0])

    return arrays(arrays), generate

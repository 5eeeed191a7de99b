"""Products of tensors over named or numbered dimensions: ``einsum``, ``tensordot``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..autograd.out import into
from .arguments import one_dim, take_tensors
from .arithmetic import mul
from .diagonals import diagonal
from .matmul import matmul
from .reduction import sum_p
from .shape import permute_p, view_p

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["einsum", "tensordot"]


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The sum of products over pairs of dimensions.

    ``dims`` is how many of the last dimensions of ``a`` meet the first ones of ``b``, or two lists;
    ``out`` a tensor that the result is written to.
    """
    if out is not None:
        into(out, tensordot, a, b, dims)
        return out
    dims = dims.tolist() if hasattr(dims, "tolist") else dims
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = range(-dims, 0), range(dims)
    left, right = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(left) != len(right):
        raise RuntimeError(f"both dimension lists should have same length, got {left} and {right}")
    if a.dtype != b.dtype:
        raise RuntimeError(f"both inputs should have same dtype, got {a.dtype} and {b.dtype}")
    names = "".join(map(chr, range(192, 192 + a.ndim + b.ndim)))  # any letters will do
    of_a, of_b = list(names[: a.ndim]), list(names[a.ndim :])
    for i, j in zip(left, right, strict=True):
        m, n = a.shape[one_dim(i, a.ndim)], b.shape[one_dim(j, b.ndim)]
        if m != n and 1 not in (m, n):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {m} in dim {i} and "
                f"second has size {n} in dim {j}"
            )
        of_b[one_dim(j, b.ndim)] = of_a[one_dim(i, a.ndim)]
    kept = [k for k in of_a if k not in of_b] + [k for k in of_b if k not in of_a]
    made, order = contract(a, "".join(of_a), b, "".join(of_b), "".join(kept))
    return arranged(made, order, "".join(kept))


def arranged(x: Tensor, names: str, wanted: str) -> Tensor:
    """The dimensions, called ``names``, in the order ``wanted``."""
    if names == wanted:
        return x
    return permute_p(x, tuple(names.index(name) for name in wanted))


def summed(x: Any, names: str, keep: Any) -> tuple[Any, str]:
    """The sum over the dimensions whose names are not in ``keep``."""
    over = tuple(k for k, name in enumerate(names) if name not in keep)
    if not over:
        return x, names
    return sum_p(x, over, False), "".join(name for name in names if name in keep)


def contract(a: Any, of_a: str, b: Any, of_b: str, keep: str) -> tuple[Any, str]:
    """The product of ``a`` and ``b``, summed over the names not in ``keep``, and its names.

    It is one batched product of matrices ``(shared, left, inner) @ (shared, inner, right)``, each
    group in the order of ``keep``; where all of ``right`` come first there, b is the left one.
    """
    # a dimension of size 1 broadcasts: without it the name belongs to the other operand alone
    sizes_a, sizes_b = dict(zip(of_a, a.shape, strict=True)), dict(zip(of_b, b.shape, strict=True))
    stretched = {n for n in of_a if n in sizes_b and sizes_a[n] != sizes_b[n]}
    a, of_a = dropped(a, of_a, {n for n in stretched if sizes_a[n] == 1})
    b, of_b = dropped(b, of_b, {n for n in stretched if sizes_b[n] == 1})
    a, of_a = summed(a, of_a, keep + of_b)
    b, of_b = summed(b, of_b, keep + of_a)
    sizes = dict(zip(of_a + of_b, (*a.shape, *b.shape), strict=True))
    inner = "".join(n for n in of_a if n in of_b and n not in keep)
    names = [n for n in keep if n in sizes]

    def shape(names: str) -> tuple[int, ...]:
        return tuple(sizes[n] for n in names)

    if not inner:
        a, b = (
            view_p(
                arranged(x, of_x, "".join(n for n in names if n in of_x)),
                tuple(sizes[n] if n in of_x else 1 for n in names),
            )
            for x, of_x in ((a, of_a), (b, of_b))
        )
        return mul(a, b), "".join(names)
    shared = "".join(n for n in names if n in of_a and n in of_b)
    left = "".join(n for n in names if n not in of_b)
    right = "".join(n for n in names if n not in of_a)
    if left and right and names.index(right[-1]) < names.index(left[0]):
        a, of_a, left, b, of_b, right = b, of_b, right, a, of_a, left
    a = arranged(a, of_a, shared + left + inner)
    b = arranged(b, of_b, shared + inner + right)
    batch = (math.prod(shape(shared)),) if shared else ()
    m, k, n = (math.prod(shape(names)) for names in (left, inner, right))
    product = matmul(view_p(a, (*batch, m, k)), view_p(b, (*batch, k, n)))
    result = shared + left + right
    return view_p(product, shape(result)), result


def dropped(x: Any, names: str, which: set[str]) -> tuple[Any, str]:
    """Without the dimensions ``which``, all of size 1."""
    if not which:
        return x, names
    shape = tuple(size for n, size in zip(names, x.shape, strict=True) if n not in which)
    return view_p(x, shape), "".join(n for n in names if n not in which)


def without_repeats(x: Any, names: str) -> tuple[Any, str]:
    """The diagonal over every name that stands more than once."""
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            i = names.index(name)
            j = names.index(name, i + 1)
            if x.shape[i] != x.shape[j]:
                raise RuntimeError(
                    f"einsum(): subscript {name} is repeated for operand but the sizes don't "
                    f"match, {x.shape[j]} != {x.shape[i]}"
                )
            x = diagonal(x, 0, i, j)
            names = names[:i] + names[i + 1 : j] + names[j + 1 :] + name
    return x, names


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Sums of products, with a letter per dimension: letters absent from the output are summed.

    The equation is such as ``"bij,bjk->bik"``; ``...`` stands for any further dimensions, which
    broadcast. Without ``->`` the output has the letters that stand once, sorted. Numbers do for
    letters too: ``einsum(x, [0, 1], y, [1, 2], [0, 2])``.

    Raises:
        RuntimeError: the letters do not fit the operands' dimensions, or sizes disagree.

    Example:
        >>> import minitorch
        >>> minitorch.einsum("ij,ij->i", minitorch.ones(2, 3), minitorch.ones(2, 3))
        tensor([3., 3.])
    """
    if not isinstance(equation, str):
        equation, operands = from_lists((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if not operands:
        raise RuntimeError("einsum(): must provide at least one operand")
    terms, output, rest = parsed(equation, operands)
    for k, (x, names) in enumerate(zip(operands, terms, strict=True)):
        written = names.replace("...", "")
        extra = x.ndim - len(written)
        if extra < 0 or (extra and "..." not in names):
            hint = "" if "..." in names else " and no ellipsis was given"
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(written)}) does not "
                f"match the number of dimensions ({x.ndim}) for operand {k}{hint}"
            )
        terms[k] = names.replace("...", rest[len(rest) - extra :])
    pairs = [without_repeats(x, names) for x, names in zip(operands, terms, strict=True)]
    check_sizes(pairs)
    x, names = pairs[0]
    for k, (y, of_y) in enumerate(pairs[1:], 2):
        later = "".join(n for _, n in pairs[k:])
        x, names = contract(x, names, y, of_y, "".join(dict.fromkeys(output + later)))
    x, names = summed(x, names, output)
    return arranged(x, names, output)


def parsed(equation: str, operands: Any) -> tuple[list[str], str, str]:
    """The letters of the operands, those of the output, and those that ``...`` stands for."""
    left, arrow, output = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        word = "fewer" if len(operands) < len(terms) else "more"
        raise RuntimeError(
            f"einsum(): {word} operands were provided than specified in the equation"
        )
    for k, names in enumerate([*terms, output]):
        place = "the output" if k == len(terms) else f"operand {k}"
        written = names.replace("...", "", 1)
        if "." in written:
            raise RuntimeError(f"einsum(): found '.' for {place} that is not part of any ellipsis")
        for letter in written:
            if not (letter.isascii() and letter.isalpha()):
                raise RuntimeError(
                    f"einsum(): invalid subscript given at index {equation.index(letter)} in the "
                    "equation string, subscripts must be in [a-zA-Z]"
                )
    count = max(
        (x.ndim - len(n) + 3 for x, n in zip(operands, terms, strict=True) if "..." in n), default=0
    )
    rest = "".join(map(chr, range(192, 192 + count)))
    letters = left.replace(".", "").replace(",", "")
    if not arrow:
        return terms, rest + "".join(n for n in sorted(set(letters)) if letters.count(n) == 1), rest
    for n in output.replace(".", ""):
        if output.count(n) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {n} appears more than once in the output"
            )
        if n not in letters:
            raise RuntimeError(
                f"einsum(): output subscript {n} does not appear in the equation for any input "
                "operand"
            )
    return terms, output.replace("...", rest), rest


def check_sizes(pairs: Any) -> None:
    sizes: dict[str, int] = {}
    for k, (x, names) in enumerate(pairs):
        for name, n in zip(names, x.shape, strict=True):
            seen = sizes.get(name, 1)
            if n != seen and 1 not in (n, seen):
                raise RuntimeError(
                    f"einsum(): subscript {name} has size {n} for operand {k} which does not "
                    f"broadcast with previously seen size {seen}"
                )
            sizes[name] = n if seen == 1 else seen


def from_lists(arguments: Any) -> tuple[str, tuple[Any, ...]]:
    """``x, [0, 1], y, [1, ...], [0]`` as an equation and its operands."""

    def letters(numbers: Any) -> str:
        return "".join(
            "..." if n is Ellipsis else chr(ord("A") + n if n < 26 else ord("a") + n - 26)
            for n in numbers
        )

    for k, numbers in enumerate(arguments[1::2]):
        for n in numbers:
            if n is not Ellipsis and not 0 <= n < 52:
                raise RuntimeError(
                    f"einsum(): operand {k} has subscript {n}; subscripts must be in [0, 52)"
                )
    count = len(arguments) // 2
    equation = ",".join(map(letters, arguments[1 : 2 * count : 2]))
    if len(arguments) % 2:
        equation += "->" + letters(arguments[-1])
    return equation, tuple(arguments[: 2 * count : 2])


take_tensors(globals())

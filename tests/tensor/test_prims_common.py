"""``torch._prims_common``: shapes, strides and dtypes."""

import itertools

import minitorch as torch
import pytest
from minitorch import _prims_common as prims

DTYPES = (
    torch.bool, torch.uint8, torch.int64, torch.float16, torch.float32, torch.float64,
    torch.complex64,
)  # fmt: skip
SHAPES = [(), (1,), (3,), (0,), (2, 3), (2, 1), (2, 0, 4), (5, 1, 2, 3)]


def test_each_dtype_is_of_one_kind():
    kinds = (
        prims.is_boolean_dtype, prims.is_integer_dtype, prims.is_float_dtype,
        prims.is_complex_dtype,
    )  # fmt: skip
    types = (bool, int, float, complex)
    for dtype in DTYPES:
        answers = [kind(dtype) for kind in kinds]
        assert sum(answers) == 1
        assert prims.dtype_to_type(dtype) is types[answers.index(True)]
        assert prims.is_grad_dtype(dtype) is (answers[2] or answers[3])
    for kind in types:
        assert prims.type_to_dtype(kind) == torch.tensor(kind(1)).dtype
    with pytest.raises(ValueError, match="Invalid type"):
        prims.type_to_dtype(str)
    with pytest.raises(AssertionError, match=r"torch\.dtype"):
        prims.is_integer_dtype(3)
    assert prims.corresponding_real_dtype(torch.complex64) == torch.float32
    assert prims.corresponding_complex_dtype(torch.float64) == torch.complex128
    assert prims.dtype_or_default(None) == torch.get_default_dtype()


@pytest.mark.parametrize("shape", SHAPES)
def test_contiguous_strides_are_those_of_tensors(shape):
    assert prims.make_contiguous_strides_for(shape) == torch.zeros(shape).stride()
    by_columns = prims.make_contiguous_strides_for(shape, row_major=False)
    if len(shape) > 1 and 0 not in shape:
        turned = (*shape[:-2], shape[-1], shape[-2])
        assert by_columns == torch.zeros(turned).transpose(-1, -2).stride()
    x = torch.zeros(shape)
    assert prims.is_contiguous(x)
    assert prims.is_contiguous_for_memory_format(x, memory_format=torch.contiguous_format)
    assert prims.is_contiguous_or_false(x.mT if x.ndim > 1 else x) is (
        x.numel() < 2 or x.ndim < 2 or 1 in shape[-2:]
    )


def test_shapes_expand_as_tensors_do():
    for a, b in itertools.product(SHAPES, repeat=2):
        try:
            torch.zeros(a).expand(b)
            expands = True
        except RuntimeError:
            expands = False
        assert prims.is_expandable_to(a, b) is expands, (a, b)
        assert prims.is_same_shape(a, list(b)) is (a == b)


def test_dimensions_count_from_the_first():
    assert prims.canonicalize_dims(3, (0, -1, 2)) == (0, 2, 2)
    assert prims.canonicalize_dims(3, -3) == prims.canonicalize_dim(0, -1) == 0
    for rank, dim in [(3, 3), (3, -4), (0, 1)]:
        with pytest.raises(IndexError, match="Dimension out of range"):
            prims.canonicalize_dim(rank, dim)
    with pytest.raises(IndexError, match="no dimensions"):
        prims.canonicalize_dim(0, 0, wrap_scalar=False)
    assert prims.is_valid_permutation(3, (2, 0, 1))
    assert not prims.is_valid_permutation(3, (2, 0, 0))
    assert prims.canonicalize_device("meta") == torch.device("meta")


def test_what_is_not_here_says_so():
    with pytest.raises(RuntimeError, match=r"torch\._prims_common\.infer_size"):
        prims.infer_size((2,), 2)

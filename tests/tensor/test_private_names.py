"""``torch._check`` and the other private functions that libraries call."""

import minitorch
import pytest

FALSE = minitorch.tensor([True, False])


@pytest.mark.parametrize(
    ("name", "args", "error"),
    [
        ("_check", (False,), RuntimeError),
        ("_check", (False, "no function"), TypeError),
        ("_check", (1,), TypeError),
        ("_check", (minitorch.tensor(True),), TypeError),
        ("_check_index", (False,), IndexError),
        ("_check_value", (False,), ValueError),
        ("_check_type", (False,), TypeError),
        ("_check_not_implemented", (False,), NotImplementedError),
        ("_check_is_size", (-1,), RuntimeError),
        ("_check_with", (KeyError, False, lambda: "k"), KeyError),
        ("_check_tensor_all", (FALSE,), RuntimeError),
        ("_check_tensor_all", (True,), TypeError),
        ("_check_tensor_all", (minitorch.tensor([1]),), TypeError),
        ("_check_tensor_all_with", (ValueError, FALSE), ValueError),
        ("_assert", (False, "m"), AssertionError),
        ("_assert_async", (minitorch.tensor(0), "m"), RuntimeError),
        ("_assert_scalar", (0, "m"), RuntimeError),
        ("_assert_tensor_metadata", (FALSE, [3]), RuntimeError),
        ("_assert_tensor_metadata", (FALSE, [2], [2]), RuntimeError),
        ("_assert_tensor_metadata", (FALSE, None, None, minitorch.int64), RuntimeError),
    ],
)
def test_a_false_condition_raises(name, args, error):
    with pytest.raises(error):
        getattr(minitorch, name)(*args)


def test_a_true_condition_does_not():
    minitorch._check(True)
    minitorch._check_is_size(3, max=3)
    minitorch._check_tensor_all(FALSE[:1])
    minitorch._assert_async(FALSE[0])
    minitorch._assert_tensor_metadata(FALSE, [2], [1], minitorch.bool)
    with pytest.raises(RuntimeError, match="hm"):
        minitorch._check(False, lambda: "hm")


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("Byte", minitorch.uint8),
        ("Char", minitorch.int8),
        ("Short", minitorch.int16),
        ("Int", minitorch.int32),
        ("Long", minitorch.int64),
        ("Half", minitorch.float16),
        ("Float", minitorch.float32),
        ("Double", minitorch.float64),
    ],
)
def test_casts(name, dtype):
    x = minitorch.tensor([1.75])
    made = getattr(minitorch, f"_cast_{name}")(x)
    assert made.dtype is dtype
    assert made.item() == (1.75 if dtype.is_floating_point else 1)


def test_the_shape_as_a_tensor():
    assert minitorch._shape_as_tensor(minitorch.ones(2, 3)).tolist() == [2, 3]


def test_rows_of_sparse_matrices():
    rows, columns = minitorch.tensor([0, 0, 2, 3]), minitorch.tensor([1, 2, 0, 0])
    starts = minitorch._convert_indices_from_coo_to_csr(rows, 5)
    assert starts.tolist() == [0, 2, 2, 3, 4, 4]
    back = minitorch._convert_indices_from_csr_to_coo(starts, columns)
    assert back.tolist() == [rows.tolist(), columns.tolist()]
    back = minitorch._convert_indices_from_csr_to_coo(
        starts, columns, out_int32=True, transpose=True
    )
    assert back.tolist() == [columns.tolist(), rows.tolist()]
    assert back.dtype is minitorch.int32


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_gradients_of_softmax(name):
    x = minitorch.linspace(-1, 2, 6).reshape(2, 3).requires_grad_()
    out = getattr(x, name)(-1)
    g = minitorch.arange(6.0).reshape(2, 3)
    out.backward(g)
    made = getattr(minitorch, f"_{name}_backward_data")(g, out.detach(), -1, minitorch.float32)
    minitorch.testing.assert_close(made, x.grad)


@pytest.mark.parametrize("name", ["uint1", "uint7", "int4"])
def test_dtypes_that_are_names_alone(name):
    dtype = getattr(minitorch, name)
    assert repr(dtype) == f"torch.{name}"
    assert dtype.is_signed is (name[0] != "u")
    with pytest.raises(TypeError, match=name):
        minitorch.zeros(2, dtype=dtype)


def test_print_options_for_a_while():
    from minitorch import _tensor_str

    x = minitorch.tensor([1 / 3])
    with _tensor_str.printoptions(precision=2):
        assert repr(x) == "tensor([0.33])"
    assert repr(x) == "tensor([0.3333])"


def test_enumerations_have_members():
    from minitorch import distributed, onnx

    assert distributed.ReduceOp.SUM.name == "SUM"
    assert distributed.fsdp.ShardingStrategy is distributed.fsdp.api.ShardingStrategy
    assert onnx.TrainingMode["EVAL"].value == 0


def test_there_is_no_group_of_processes():
    from minitorch import distributed

    assert distributed.group.WORLD is None
    assert distributed.GroupMember.WORLD is distributed.distributed_c10d.group.WORLD
    assert distributed.GroupMember.NON_GROUP_MEMBER == -100


def test_softmax_of_what_is_not_masked():
    x = minitorch.arange(24.0).reshape(1, 2, 3, 4)[..., :3].requires_grad_()
    mask = minitorch.tensor([[[True, False, False]]])
    made = minitorch._masked_softmax(x, mask[0], 3, 1)
    expected = x.masked_fill(mask, -minitorch.inf).softmax(3)
    assert minitorch.equal(made, expected)
    assert minitorch.equal(minitorch._masked_softmax(x, mask[0].expand(3, 3), 3, 0), expected)
    assert minitorch._masked_softmax(x, minitorch.ones_like(x).bool()).isnan().all()
    (g,) = minitorch.autograd.grad(made[..., 1].sum(), x)
    assert (g[..., 0] == 0).all()
    for wrong in (mask.float(), mask):
        with pytest.raises(RuntimeError, match="Mask"):
            minitorch._masked_softmax(x, wrong)
    assert minitorch._VF._add_relu(FALSE.float() - 3, 2.5).tolist() == [0.5, 0]

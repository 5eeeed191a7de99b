"""Devices by name, and tensors on "meta": a shape, a dtype and strides without values."""

import copy
import pickle
import threading

import minitorch as mt
import pytest
from minitorch import device


@pytest.mark.parametrize("name", ["cpu", "cuda", "meta", "mps", "xpu", "xla", "hpu", "mtia", "hip"])
def test_names(name):
    plain, second = device(name), device(name, 1)
    assert (plain.type, plain.index) == (name, None)
    assert second == device(f"{name}:1") == device(second) != plain
    assert hash(second) == hash(device(f"{name}:1"))
    assert (str(plain), str(second)) == (name, f"{name}:1")
    assert repr(second) == f"device(type='{name}', index=1)"
    assert pickle.loads(pickle.dumps(second)) == second != name


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: device("gpu"), RuntimeError, "Expected one of cpu, cuda"),
        (lambda: device(""), RuntimeError, "must not be empty"),
        (lambda: device("cuda:"), RuntimeError, "Invalid device string"),
        (lambda: device("cuda:01"), RuntimeError, "Invalid device string"),
        (lambda: device("cuda:-1"), RuntimeError, "Invalid device string"),
        (lambda: device("cuda", -1), RuntimeError, "must not be negative"),
        (lambda: device("cuda:1", 1), RuntimeError, "must not include an index"),
        (lambda: device(0), RuntimeError, "Cannot access accelerator"),
        (lambda: device(None), TypeError, "takes the name"),
        (lambda: device(1.5), TypeError, "takes the name"),
        (lambda: mt.ones(2).to("cuda"), AssertionError, "MiniTorch has no CUDA"),
        (lambda: mt.ones(2).to(device("cuda:1")), AssertionError, "MiniTorch has no CUDA"),
        (lambda: mt.ones(2).cuda(), AssertionError, "MiniTorch has no CUDA"),
        (lambda: mt.ones(2).xpu(), AssertionError, "MiniTorch has no XPU"),
        (lambda: mt.ones(2, device="mps"), NotImplementedError, "MiniTorch has no MPS"),
        (lambda: mt.tensor([1], device="cuda:0"), AssertionError, "MiniTorch has no CUDA"),
        (lambda: mt.rand(2, device=0), RuntimeError, "Cannot access accelerator"),
        (lambda: mt.Generator("cuda"), RuntimeError, "CUDA generator"),
    ],
)
def test_what_is_not_there(make, error, message):
    with pytest.raises(error, match=message):
        make()


MAKERS = {
    "empty": lambda **o: mt.empty(3, 2, **o),
    "zeros": lambda **o: mt.zeros(3, 2, **o),
    "ones": lambda **o: mt.ones(3, 2, **o),
    "full": lambda **o: mt.full((3, 2), 7, **o),
    "eye": lambda **o: mt.eye(3, 2, **o),
    "arange": lambda **o: mt.arange(5, **o),
    "linspace": lambda **o: mt.linspace(0, 1, 5, **o),
    "logspace": lambda **o: mt.logspace(0, 1, 5, **o),
    "rand": lambda **o: mt.rand(3, 2, **o),
    "randn": lambda **o: mt.randn(3, 2, **o),
    "randint": lambda **o: mt.randint(9, (3, 2), **o),
    "randperm": lambda **o: mt.randperm(5, **o),
    "tensor": lambda **o: mt.tensor([[1, 2]], **o),
    "as_tensor": lambda **o: mt.as_tensor([[1.0, 2.0]], **o),
    "asarray": lambda **o: mt.asarray([1.0], **o),
    "scalar_tensor": lambda **o: mt.scalar_tensor(3, **o),
    "empty_strided": lambda **o: mt.empty_strided((2, 3), (1, 4), **o),
    "channels_last": lambda **o: mt.empty(2, 3, 4, 5, memory_format=mt.channels_last, **o),
    "hann_window": lambda **o: mt.hann_window(6, **o),
    "fftfreq": lambda **o: mt.fft.fftfreq(6, **o),
    "tril_indices": lambda **o: mt.tril_indices(3, 3, **o),
}


@pytest.mark.parametrize("name", MAKERS)
def test_makers(name):
    make = MAKERS[name]
    with device("meta"):
        usual = make(device="cpu")
        before = mt.get_rng_state()
        inside = make()
    assert usual.device == device("cpu")
    for x in (make(device="meta"), make(device=device("meta", 0)), inside):
        assert x.device == device("meta")
        assert x.is_meta
        assert not x.is_cpu
        assert (x.shape, x.dtype, x.stride()) == (usual.shape, usual.dtype, usual.stride())
        assert (x.numel(), x.nbytes, x.data_ptr()) == (usual.numel(), usual.nbytes, 0)
    assert mt.equal(mt.get_rng_state(), before)
    with device("cuda"), pytest.raises(AssertionError, match="MiniTorch has no CUDA"):
        make()


def test_likes_follow_their_tensor():
    on_meta = mt.empty(2, 3, device="meta", dtype=mt.float64)
    for like in (mt.empty_like, mt.zeros_like, mt.ones_like, mt.rand_like, mt.randn_like):
        assert like(on_meta).is_meta
        assert like(on_meta).dtype == mt.float64
        assert like(on_meta, device="cpu").shape == (2, 3)
        assert like(mt.ones(2), device="meta").is_meta
        with device("meta"):
            assert like(mt.ones(1, device="cpu")).is_cpu
    assert on_meta.new_zeros(3).is_meta
    assert on_meta.new_tensor([1]).is_meta
    assert mt.ones(1).new_ones(3, device="meta").is_meta


def test_default_device_of_a_thread():
    seen = []
    with device("meta"):
        thread = threading.Thread(target=lambda: seen.append(mt.ones(1).device))
        thread.start()
        thread.join()
        assert mt.get_default_device() == device("meta")
        with device("cpu"):
            assert mt.ones(1).is_cpu
        assert mt.ones(1).is_meta
        assert mt.Tensor(2).is_cpu
    assert seen == [device("cpu")] == [mt.get_default_device()]
    mt.set_default_device("meta")
    try:
        assert mt.ones(1).is_meta
        assert mt.get_default_device() == device("meta")
    finally:
        mt.set_default_device(None)
    assert not callable(device("meta"))  # libraries ask a map_location so
    assert mt.ones(1).is_cpu


def test_moves():
    x = mt.ones(2, 3, requires_grad=True)
    assert x.to("meta").grad_fn.name() == "ToCopyBackward0"
    assert x.detach().to("meta", mt.float64).dtype == mt.float64
    on_meta = mt.ones(2, 3, device="meta")
    assert on_meta.to("meta") is on_meta
    assert x.to(on_meta).is_meta
    assert x.type_as(on_meta).is_meta
    assert on_meta.copy_(mt.ones(3)) is on_meta
    assert on_meta.fill_(3) is on_meta
    assert on_meta.type() == "torch.meta.FloatTensor"
    for back in (on_meta.cpu, lambda: on_meta.to("cpu"), lambda: mt.ones(2, 3).copy_(on_meta)):
        with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor; no data!"):
            back()
    copied = copy.deepcopy(on_meta.t())
    assert copied.is_meta
    assert copied.stride() == (1, 3)
    assert pickle.loads(pickle.dumps(on_meta)).shape == (2, 3)


@pytest.mark.parametrize(
    ("read", "error", "message"),
    [
        (lambda x: x[0, 0].item(), RuntimeError, "item"),
        (lambda x: bool(x[0, 0]), RuntimeError, "item"),
        (lambda x: float(x[0, 0]), RuntimeError, "item"),
        (lambda x: x.tolist(), NotImplementedError, "no data"),
        (lambda x: x.numpy(), TypeError, "can't convert meta"),
        (lambda x: mt.equal(x, x), RuntimeError, "item"),
        (lambda x: mt.allclose(x, x), RuntimeError, "item"),
        (lambda x: x.nonzero(), NotImplementedError, "depends on values"),
        (lambda x: x[x > 0], NotImplementedError, "depends on values"),
        (lambda x: x.unique(), NotImplementedError, "depends on values"),
        (lambda x: x + mt.ones(3, 2), RuntimeError, "expected device meta"),
        (lambda x: mt.ones(3, 2) * x, RuntimeError, "expected device meta"),
        (lambda x: x @ mt.ones(2, 2), RuntimeError, "expected device meta"),
        (lambda x: mt.cat([x, mt.ones(3, 2)]), RuntimeError, "expected device meta"),
        (lambda x: mt.where(x > 0, x, mt.ones(3, 2)), RuntimeError, "expected device meta"),
        (lambda x: mt.ones(5)[x.long()], RuntimeError, "expected device meta"),
        (lambda x: setattr(mt.ones(3, 2), "data", x), RuntimeError, "incompatible tensor type"),
        (lambda x: x + mt.ones(4, device="meta"), RuntimeError, "must match the size"),
        (lambda x: x @ x, RuntimeError, "mat1 and mat2 shapes"),
    ],
)
def test_values_are_not_to_be_read(read, error, message):
    with pytest.raises(error, match=message):
        read(mt.empty(3, 2, device="meta"))


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (lambda: mt.empty(3, device="meta"), "tensor(..., device='meta', size=(3,))"),
        (lambda: mt.empty((), device="meta"), "tensor(..., device='meta', size=())"),
        (
            lambda: mt.empty(2, 0, device="meta", dtype=mt.int64),
            "tensor(..., device='meta', size=(2, 0), dtype=torch.int64)",
        ),
        (
            lambda: mt.empty(2, requires_grad=True, device="meta") * 2,
            "tensor(..., device='meta', size=(2,), grad_fn=<MulBackward0>)",
        ),
    ],
)
def test_printing(x, text):
    assert repr(x()) == str(x()) == text


def test_views_and_writes():
    x = mt.empty(3, 4, device="meta")
    row, turned = x[1], x.t()
    assert (row.storage_offset(), row.stride()) == (4, (1,))
    assert (turned.stride(), turned.is_contiguous()) == ((1, 4), False)
    assert row._base is x
    assert x.view(2, 6)._base is x
    assert turned.reshape(12)._base is None
    row.mul_(2)
    assert x._version == 1
    x[:, 0] = 3.0
    x[mt.tensor([0, 1])] = 1.0
    assert x[mt.tensor([0, 2])].shape == (2, 4)
    assert x[..., None, 1].shape == (3, 1)
    with pytest.raises(RuntimeError, match=r"\.reshape"):
        turned.view(12)


def test_gradients():
    x = mt.empty(3, 4, device="meta", requires_grad=True)
    w = mt.empty(4, 2, device="meta", requires_grad=True)
    ((x @ w).tanh().softmax(-1) * 2).sum().backward()
    assert x.grad.is_meta
    assert (x.grad.shape, w.grad.shape) == ((3, 4), (4, 2))
    (g,) = mt.autograd.grad(x.exp().sum(), x)
    assert g.shape == (3, 4)


def test_no_memory():
    # 4 TB each, if they had memory
    x = mt.empty(10**6, 10**6, device="meta")
    y = (x + 1).relu().t().matmul(x).softmax(-1).sum(0, keepdim=True)
    z = mt.cat([x, x])[:, :5].reshape(-1).normal_()
    assert (y.shape, z.shape) == ((1, 10**6), (10**7,))
    mt.ones(10**13, device="meta"), mt.rand(10**13, device="meta"), mt.eye(10**7, device="meta")


def test_modules_of_devices():
    assert mt.get_device_module() is mt.cpu
    assert not mt.get_device_module("cuda:1").is_available()
    with pytest.raises(RuntimeError, match="does not have a corresponding module"):
        mt.get_device_module("vulkan")

"""``python -m minitorch script.py`` and ``as_torch``: PyTorch's scripts, unchanged."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from textwrap import dedent

import minitorch
import numpy as np
import pytest


def installed(package):
    try:
        return bool(distribution(package))
    except PackageNotFoundError:
        return False


needs_all = pytest.mark.skipif(
    not (installed("minitorch-nn") and installed("minitorch-optim")), reason="the core alone"
)


@pytest.fixture
def run(tmp_path):
    """Writes a script and runs it in its folder: (exit code, output, errors)."""

    def run(source, *arguments, before=("-m", "minitorch"), name="script.py"):
        (tmp_path / name).write_text(dedent(source))
        done = subprocess.run(
            [sys.executable, "-W", "error", *before, name, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        return done.returncode, done.stdout, done.stderr

    return run


# --- the runner ----------------------------------------------------------------------------------


def test_everything_else_is_as_python_does_it(run):
    source = """
        import os, sys
        import neighbour
        main = sys.modules["__main__"].__dict__ is globals()
        print(__name__, __file__, sys.argv, sys.path[0], main, __spec__, __builtins__, __package__)
        print(sorted(globals()))
        def f(x: int): ...
        print(f.__annotations__)  # no __future__ but the script's own
    """
    run("", name="neighbour.py")
    found, expected = run(source, "--lr", "1"), run(source, "--lr", "1", before=())
    assert found == expected
    assert found[0] == 0


def test_torch_is_minitorch(run):
    code, output, errors = run(
        """
        import torch
        import torch.fft, torch.linalg as LA
        from torch.autograd import Variable
        import torch.autograd.functional, torch.func, torch.utils.checkpoint
        import minitorch
        print(torch is minitorch, LA is minitorch.linalg is torch.linalg)
        print(torch.__spec__.name, torch.fft.__spec__.name, torch.__version__)
        x = Variable(torch.ones(2), requires_grad=True)
        (x * x).sum().backward()
        print(x.grad, isinstance(x, Variable))
        """
    )
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        "True True",
        f"minitorch minitorch.fft 2.13.0+minitorch{minitorch.__version__}",
        "tensor([2., 2.]) True",
    ]


def test_a_failing_script_shows_its_own_traceback(run):
    source = """
        def f():
            raise ValueError("outer") from KeyError("cause")

        try:
            {}["inner"]
        except KeyError:
            f()
    """
    assert run(source) == run(source, before=())


@pytest.mark.parametrize(
    "source",
    ["x = = 1", "import missing_module", "import sys; sys.exit(3)", "import sys; sys.exit('why')"],
)
def test_other_ends(run, source):
    assert run(source) == run(source, before=())


def test_names_that_do_not_exist(run):
    code, _, errors = run("import torch\ntorch.zeross(3)")
    assert code == 1
    assert errors.splitlines()[-1] == (
        "AttributeError: MiniTorch has no torch.zeross; did you mean 'zeros'?"
    )
    code, _, errors = run("import torch.nowhere")
    assert code == 1
    assert errors.splitlines()[1:] == [
        errors.splitlines()[1],
        "    import torch.nowhere",
        "ModuleNotFoundError: No module named 'torch.nowhere': it means minitorch.nowhere here, "
        "and MiniTorch has none",
    ]


def test_usage(run, tmp_path):
    code, output, errors = run("", "-h", before=("-m", "minitorch", "-h"))
    assert (code, errors) == (0, "")
    assert output.startswith("usage: python -m minitorch")
    done = subprocess.run(
        [sys.executable, "-m", "minitorch", "absent.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "can't open file 'absent.py': [Errno 2]" in done.stderr


def test_modules_run_too(run):
    source = "import sys, torch\nprint(torch.__name__, __name__, sys.argv[1:])"
    run(source, name="program.py")
    code, output, errors = run(source, "a", before=("-m", "minitorch", "-m"), name="program")
    assert (code, output, errors) == (0, "torch __main__ ['a']\n", "")


MAIN = """
import sys
sys.modules.get("minitorch") and __import__("torch").ones(1)
print(sys.argv, __name__, sys.path[0], globals().get("__file__"), __package__, __spec__ is None)
"""


@pytest.mark.parametrize("kind", ["directory", "zip", "-", "empty"])
def test_what_python_runs_besides_files(tmp_path, kind):
    """The same lines come out as without MiniTorch, and torch is there."""
    files = {} if kind == "empty" else {"__main__.py": MAIN}
    path = {"zip": "program.zip", "-": "-"}.get(kind, "program")
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
    else:
        folder = tmp_path if kind == "-" else tmp_path / path
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
    results = []
    for before in ([], ["-m", "minitorch"]):
        done = subprocess.run(
            [sys.executable, *before, path, "a", "b"],
            input=MAIN, capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        results.append((done.returncode, done.stdout, done.stderr))
    assert results[0] == results[1]
    assert results[0][0] == (kind == "empty")


@needs_all
def test_what_scripts_touch_on_the_way(run):
    code, output, errors = run(
        """
        import torch, torch.nn as nn, torch.nn.functional as F, torch.optim as optim
        import torch.backends.cudnn as cudnn
        import torch.distributed as dist
        import torch.multiprocessing as mp
        from torch.cuda.amp import GradScaler, autocast
        from torch.optim.lr_scheduler import CosineAnnealingLR
        from torch.utils.data import DataLoader, TensorDataset
        from torch.utils.data.dataloader import default_collate
        from torch.utils.data.sampler import SubsetRandomSampler

        cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = True
        torch.set_float32_matmul_precision("high")
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(1)
        torch.manual_seed(0)
        torch.cuda.manual_seed_all(0)
        assert not (torch.cuda.is_available() or torch.cuda.device_count() or dist.is_available())
        assert torch.version.cuda is None and not torch.backends.mps.is_available()
        assert int(torch.__version__.split(".")[0]) == 2 and not torch.jit.is_scripting()
        device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")

        @torch.jit.script
        def double(x):
            return 2 * x

        @torch.compile(mode="reduce-overhead")
        def triple(x):
            return 3 * x

        model = torch.compile(nn.Linear(2, 1).to(device))
        scaler = torch.amp.GradScaler("cuda", enabled=False)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        dataset = TensorDataset(torch.ones(4, 2), torch.ones(4, 1))
        for x, y in DataLoader(dataset, batch_size=2, pin_memory=True):
            x, y = x.to(device, non_blocking=True), y.cpu()
            with torch.autocast(device_type=device.type, dtype=torch.bfloat16, enabled=False):
                with autocast():
                    loss = F.mse_loss(triple(double(model(x))), y)
            optimizer.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
        torch.cuda.synchronize() if torch.cuda.is_available() else None
        torch.save({"model": model.state_dict(), "scaler": scaler.state_dict()}, "file.pt")
        state = torch.load("file.pt", map_location=device, weights_only=True)
        print(model.load_state_dict(state["model"]), isinstance(model, nn.Module))
        """
    )
    assert (code, errors) == (0, "")
    assert output == "<All keys matched successfully> True\n"


@needs_all
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_of_a_script_know_torch(run, method):
    code, output, errors = run(
        f"""
        import torch
        from torch.utils.data import DataLoader, Dataset

        class Numbers(Dataset):
            def __len__(self):
                return 3
            def __getitem__(self, i):
                return torch.Tensor([i])

        if __name__ == "__main__":
            loader = DataLoader(Numbers(), num_workers=1, multiprocessing_context="{method}")
            print([x.item() for x in loader])
        """
    )
    assert (code, output, errors) == (0, "[0.0, 1.0, 2.0]\n", "")


@needs_all
def test_other_places_of_the_same_thing(run):
    code, output, errors = run(
        """
        import torch, torch.nn.functional as F
        from torch.autograd.profiler import record_function
        from torch.nn.modules.activation import MultiheadAttention
        from torch.nn.modules.batchnorm import _BatchNorm
        from torch.nn.modules.channelshuffle import ChannelShuffle
        from torch.nn.modules.conv import Conv2d
        from torch.nn.modules.module import Module
        from torch.nn.modules.pixelshuffle import PixelShuffle, PixelUnshuffle
        from torch.optim.adamw import AdamW
        from torch.utils.data._utils.collate import default_collate

        assert torch.conv2d is F.conv2d and torch.cosine_similarity is F.cosine_similarity
        assert Conv2d is torch.nn.Conv2d and Module is torch.nn.Module
        assert MultiheadAttention is torch.nn.MultiheadAttention
        assert ChannelShuffle is torch.nn.ChannelShuffle
        assert PixelShuffle is torch.nn.PixelShuffle
        assert PixelUnshuffle is torch.nn.PixelUnshuffle
        assert AdamW is torch.optim.AdamW and issubclass(torch.nn.BatchNorm2d, _BatchNorm)
        """
    )
    assert (code, output, errors) == (0, "", "")


@needs_all
def test_tensorboard_says_what_to_install(run):
    code, _, errors = run(
        """
        import sys
        sys.modules["tensorboardX"] = None  # cannot be imported
        from torch.utils.tensorboard import SummaryWriter
        """
    )
    assert code == 1
    assert "pip install tensorboardX" in errors


def test_a_missing_sibling_is_named(run):
    for name in ("torch.nn", "torch.utils.data"):
        code, _, errors = run(
            f"""
            import sys
            from minitorch.compat.siblings import MissingSibling
            sys.meta_path.insert(0, MissingSibling)  # else asked last
            import {name}
            """
        )
        assert code == 1
        assert "the package minitorch-nn is not installed" in errors.splitlines()[-1]


# --- from code -----------------------------------------------------------------------------------


def test_as_torch_ends_with_its_block():
    before = sys.modules.get("torch"), list(sys.meta_path), minitorch.__version__
    with minitorch.as_torch():
        import torch
        import torch.fft as fft

        assert torch is minitorch
        assert fft is minitorch.fft
        with minitorch.as_torch():
            pass
        assert sys.modules["torch"] is minitorch
        assert torch.__version__.startswith("2.")
    assert (sys.modules.get("torch"), list(sys.meta_path), minitorch.__version__) == before
    assert "torch.fft" not in sys.modules or sys.modules["torch.fft"] is not minitorch.fft


def test_the_constructor_is_the_one_difference():
    assert minitorch.Tensor([1, 2]).requires_grad
    with minitorch.as_torch():
        made = minitorch.Tensor([1, 2])
        assert not made.requires_grad
        assert made.dtype == minitorch.float32
        assert minitorch.Tensor(2, 3).shape == (2, 3)
        assert minitorch.Tensor().shape == (0,)
        assert minitorch.Tensor(made.shape).shape == (2,)
        assert minitorch.Tensor(np.arange(2)).tolist() == [0.0, 1.0]
        assert minitorch.Tensor(data=[1.0]).tolist() == [1.0]
        shared = minitorch.Tensor(made)
        shared[0] = 5
        assert made.tolist() == [5, 2]
        for arguments in ((2.0,), (2.0, 3), ("a",)):
            with pytest.raises(TypeError, match=r"new\(\)"):
                minitorch.Tensor(*arguments)
        with pytest.raises(TypeError, match="requires_grad"):
            minitorch.Tensor([1.0], requires_grad=True)
    assert minitorch.Tensor([1, 2]).requires_grad


def test_mixed_precision_on_a_gpu_is_off():
    assert not minitorch.amp.GradScaler("cuda").is_enabled()
    with minitorch.autocast("cuda", dtype=minitorch.float16):  # off, where there is no GPU
        assert (minitorch.ones(1) @ minitorch.ones(1)).dtype == minitorch.float32


NAMES = """
import importlib, importlib.util, pkgutil, random, sys, warnings
from operator import is_
import minitorch

warnings.simplefilter("ignore")  # of deprecated modules
ours = [module.name for module in pkgutil.walk_packages(minitorch.__path__, "minitorch.")]
ours = [name for name in ours if not name.endswith(("__main__", "tensorboard"))]
if not importlib.util.find_spec("numba"):
    ours = [name for name in ours if ".kernels.numba" not in name]
minitorch.as_torch()
from minitorch.compat.alias import ELSEWHERE, counterpart

wanted = ours + ["torch" + name.removeprefix("minitorch") for name in ours]
wanted += ["torch." + name for name in ELSEWHERE]
random.Random(int(sys.argv[1])).shuffle(wanted)


loaded = {}  # the names and values of each module of ours when it was first seen


def changed(name):
    for module in [key for key in list(sys.modules) if key.startswith("minitorch")]:
        found = vars(sys.modules[module])
        if module in loaded:
            keys, values, _ = loaded[module]
            if not all(map(is_, values, map(found.get, keys))):
                for key, value in zip(keys, values):
                    if found.get(key) is not value:
                        print(name, "changed", module, key, type(value).__name__)
        if module not in loaded or len(found) != loaded[module][2]:
            public = {k: v for k, v in list(found.items()) if k[:2] != "__"}
            loaded[module] = list(public), list(public.values()), len(found)


for name in wanted:
    module = importlib.import_module(name)
    changed(name)
    if module is not importlib.import_module(counterpart(name) if name[0] == "t" else name):
        print(name, "is another module")
for name in ours:
    if sys.modules[name] is not sys.modules["torch" + name.removeprefix("minitorch")]:
        print(name, "is two modules")
print(len(wanted))
"""


@needs_all
@pytest.mark.parametrize("order", range(2))
def test_imports_in_any_order_change_no_name(order):
    done = subprocess.run(
        [sys.executable, "-c", NAMES, str(order)], capture_output=True, text=True, check=False
    )
    assert not done.stderr
    assert done.stdout.strip().isdecimal(), done.stdout
    assert int(done.stdout) > 300

"""Three packages, one library: versions, contents, and how each is found or missed."""

import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import minitorch
import pytest
from minitorch.compat.siblings import LATER, MissingSibling

ROOT = Path(__file__).parents[2]
PORTIONS = {  # of minitorch/, beside which everything else is the core's
    "minitorch-tensor": ("",),
    "minitorch-nn": ("distributed/", "distributions/", "nn/", "utils/data/"),
    "minitorch-optim": ("optim/",),
}
SIBLINGS = {"minitorch-nn": "nn", "minitorch-optim": "optim"}


def project(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]


def installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def run(program: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_one_version():
    version = project(ROOT)["version"]  # the only place that says it
    for package in filter(installed, PORTIONS):
        assert distribution(package).version == version
    for package in PORTIONS:
        assert "version" in project(ROOT / "packages" / package)["dynamic"]
    assert minitorch.__version__ == version


def test_siblings_need_this_very_core_and_the_umbrella_all():
    for package in filter(installed, SIBLINGS):
        needed = [each for each in distribution(package).requires or () if "extra ==" not in each]
        assert needed == [f"minitorch-tensor=={project(ROOT)['version']}"]
    assert project(ROOT)["dependencies"] == [
        f"{package} @ {{root:uri}}/packages/{package}" for package in PORTIONS
    ]


def test_one_license():
    text = (ROOT / "LICENSE").read_text()
    for package in PORTIONS:
        assert (ROOT / "packages" / package / "LICENSE").read_text() == text
        assert project(ROOT / "packages" / package)["license-files"] == ["LICENSE"]


def test_the_core_needs_numpy_alone():
    assert project(ROOT / "packages" / "minitorch-tensor")["dependencies"] == ["numpy>=2.0"]
    run(
        "import sys, numpy; import minitorch; minitorch.ones(2).sum()\n"
        "for name in ('torch', 'scipy', 'minitorch.nn', 'minitorch.optim'):\n"
        "    assert name not in sys.modules, name"
    )


# What `import minitorch` brings, by rooms, and what nn and optim do beyond that. Whoever adds a
# module here makes every program start later: import it where it is used, see LATER.
AT_ONCE = {
    "": "_tensor _types autograd compat kernels ops overrides return_types",
    "_tensor": "later settings tensor",
    "_types": "device dtype layout size",
    "autograd": "deprecated dispatch engine frames grad grad_mode gradcheck gradients "
    "history inplace node opmath out primitive primitive_node variable",
    "compat": "elsewhere siblings",
    "kernels": "affinity along blas choice elementwise half indexing memory meta "
    "multiply_add openblas parallel select softmax sparse storage sums",
    "ops": "arguments arithmetic broadcasting choice comparison complex_parts "
    "conversion creation exponential extrema from_data gathering indexing inspection "
    "joining matmul powers ranges reduction regions rounding shape softmax "
    "storage unary",
}
WITH_NN_AND_OPTIM = {
    "": "extend nn optim random",
    "random": "functions generator streams",
    "autograd": "function fused",
    "kernels": "approximation box_muller error_function permutation",
    "nn": "containers conversion functional hooks init kernels module modules packed "
    "parameter state",
    "nn.containers": "modules parameters",
    "nn.functional": "activation arguments attention batching channels classification convolution "
    "distance dropout embedding exponential fold gelu linear linear_cross_entropy "
    "max_pooling normalization padding piecewise_linear pooling probabilities "
    "recurrent reduction regression resampling softmax",
    "nn.kernels": "attention convolution cross_entropy dtypes embedding gelu linear normalization "
    "pooling recurrent resampling",
    "nn.modules": "activation adaptive attention batchnorm cells channelshuffle convolution "
    "distance dropout embedding factory flatten fold instancenorm lazy linear loss "
    "normalization padding pixelshuffle pooling recurrent resampling softmax "
    "transformer",
    "nn.modules.loss": "base classification everyday margin regression",
    "ops": "trigonometric",
    "optim": "adadelta adafactor adagrad adam adamax arguments asgd elementwise kernels layout "
    "lbfgs line_search muon nadam optimizer radam rmsprop rprop sgd sparse_adam tensors",
}
FROM_PYTHON = {"__future__", "_heapq", "copy", "heapq", "importlib", "pkgutil", "threading"}
USES = {"import minitorch": AT_ONCE, "minitorch.nn, minitorch.optim": WITH_NN_AND_OPTIM}


def named(rooms):
    return {
        ".".join(filter(None, ["minitorch", room, name]))
        for room in rooms
        for name in rooms[room].split()
    }


@pytest.mark.skipif(not all(map(installed, PORTIONS)), reason="needs all packages")
def test_an_import_brings_what_it_must_and_no_more():
    # inspect: NumPy 2.0 does not bring it, later ones do
    before, known = "import sys, inspect, numpy; old = {*sys.modules}", {"minitorch"}
    for program, rooms in USES.items():
        before += f"\n{program}"
        told = f"{before}\nprint(*{{*sys.modules}} - old)"
        done = subprocess.run([sys.executable, "-c", told], capture_output=True, check=True)
        found = {*done.stdout.decode().split()}
        known |= named(rooms)
        assert {name for name in found if name.startswith("minitorch")} == known
        others = {name.partition(".")[0] for name in found} - {"minitorch"}
        assert others <= FROM_PYTHON


MODULES = sorted({m for m in LATER.values() if m.startswith("ops.") or m == "_tensor.in_place"})


def test_what_comes_in_on_first_use_does_not_come_before():
    names = [f"minitorch.{m}" for m in MODULES]
    names += ["importlib.abc", "tempfile"]  # what takes a third of our own time
    run(
        "import sys, minitorch\nminitorch.ones(2, 2).sum().item()\n"
        f"assert not {{*{names}}} & {{*sys.modules}}"
    )


@pytest.mark.parametrize("module", MODULES)
def test_what_comes_in_on_first_use_is_all_that_its_module_has(module):
    names = {name for name in LATER if LATER[name] == module}
    assert names == {*import_module(f"minitorch.{module}").__all__}


def test_methods_that_come_in_on_first_use():
    run(
        "import minitorch as torch, numpy as np\n"
        "x = torch.tensor([[2.0, 1.0], [1.0, 3.0]])\n"
        "assert abs(x.det().item() - 5) < 1e-6 and torch.Tensor.det is not torch.det\n"
        "assert torch.Tensor.cumsum_.__qualname__ == 'Tensor.cumsum_'\n"
        "assert x.cumsum_(0) is x and np.sum(x).item() == 10\n"
        "class Sub(torch.Tensor): pass\n"
        "assert type(x.as_subclass(Sub).inverse()) is type(torch.median(x.as_subclass(Sub))) is Sub"
    )


@pytest.mark.parametrize("package", [*filter(installed, PORTIONS)])
def test_each_portion_is_typed_and_stays_in_its_place(package):
    shipped = {
        str(path.relative_to("minitorch"))
        for path in distribution(package).files or ()
        if path.parts[0] == "minitorch"  # none in an editable install
    }
    others = tuple(part for p in SIBLINGS if p != package for part in PORTIONS[p])
    for portion in PORTIONS[package]:
        module = f"minitorch/{portion}".rstrip("/").replace("/", ".")
        assert (files(module) / "py.typed").is_file()
    for path in shipped:
        assert path.startswith(PORTIONS[package])
        assert not path.startswith(others)


def test_siblings_come_without_an_import():
    present = [name for package, name in SIBLINGS.items() if installed(package)]
    uses = {"nn": "torch.nn.Linear(2, 3)", "optim": "torch.optim.SGD"}
    for name in present:
        run(f"import minitorch as torch; {uses[name]}")
        run(f"from minitorch import {name}")


@pytest.mark.parametrize("package", SIBLINGS)
def test_a_missing_sibling_is_named(package, monkeypatch):
    name = SIBLINGS[package]
    # the finder that is asked last comes first, as if there was no other that knows the sibling
    monkeypatch.setattr(sys, "meta_path", [MissingSibling, *sys.meta_path])
    monkeypatch.delitem(sys.modules, f"minitorch.{name}", raising=False)
    monkeypatch.delattr(minitorch, name, raising=False)
    message = f"{package} is not installed.*pip install ./packages/{package}"
    assert not hasattr(minitorch, name)
    with pytest.raises(AttributeError, match=message):
        getattr(minitorch, name)
    with pytest.raises(ModuleNotFoundError, match=message):
        import_module(f"minitorch.{name}")
    with pytest.raises(ModuleNotFoundError, match=message):
        exec(f"from minitorch import {name}")


def test_a_method_of_a_missing_sibling_names_it_too():
    run(
        "import sys, minitorch as torch; from minitorch.compat.siblings import MissingSibling; "
        "sys.meta_path.insert(0, MissingSibling); assert not hasattr(torch.Tensor, 'prelu'); "
        "assert not hasattr(torch.ones(2), 'hardshrink')"
    )


def test_the_first_name_of_optim():
    pytest.importorskip("minitorch.nn", reason="the core alone")
    if installed("minitorch-optim"):
        from minitorch.nn.optim import SGD

        assert SGD is minitorch.optim.SGD
    else:
        with pytest.raises(ImportError, match=r"pip install \./packages/minitorch-optim"):
            import_module("minitorch.nn.optim")


def test_what_comes_in_on_first_use_is_listed():
    assert {"add", "conv2d", "fft", "linalg", "nn", "optim", "vmap"} <= set(dir(minitorch))


def test_a_star_brings_functions_and_no_modules():
    here = {}
    exec("from minitorch import *", here)
    assert {"FloatTensor", "add", "einsum", "load", "vmap"} <= here.keys()
    assert ("conv2d" in here) == installed("minitorch-nn")
    assert not any(isinstance(value, ModuleType) for value in here.values())


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(AttributeError, match=r"has no torch.tensr; did you mean 'tensor'\?"):
        _ = minitorch.tensr
    assert not hasattr(minitorch, "__wrapped__")

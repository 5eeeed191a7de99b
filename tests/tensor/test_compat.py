"""What MiniTorch lacks: look-ups succeed and tell the truth, and what would compute raises."""

import contextlib
import importlib.metadata
import importlib.util
from importlib import import_module

import minitorch
import pytest
from minitorch.compat.modules import KINDS, AbsentModule, kinds_of
from minitorch.compat.siblings import SIBLINGS
from minitorch.compat.table import TABLE
from minitorch.compat.top import TOP
from minitorch.compat.torch_version import TorchVersion

ANSWERS = {"false": False, "true": True, "zero": 0, "nothing": None, "empty": []}


def look_up(module: str, name: str):
    return getattr(import_module(f"minitorch.{module}"), name)


OURS = sorted(m for m in TABLE if not m.startswith("_ops"))  # but for lists of operators


def room_of(module: str) -> str:
    """The sibling that it comes with, else the first part of its name."""
    return next((s for s in SIBLINGS if f"{module}.".startswith(f"{s}.")), module.partition(".")[0])


ROOMS = sorted({*map(room_of, OURS)})


def names(module: str) -> list[tuple[str, str]]:
    """(kind, name) of all that the row of a module names."""
    row = TABLE[module]
    real = {*row.links, *row.values}
    return [(kind, name) for name, kind in kinds_of(row).items() if name not in real]


def of_room(room: str):
    """The modules of a room that are the table's, all of which import."""
    if room in SIBLINGS:
        pytest.importorskip(f"minitorch.{room}", reason="not installed")
    for module in OURS:
        if room_of(module) == room:
            found = import_module(f"minitorch.{module}")
            if isinstance(found, AbsentModule):  # some are real by now
                yield module, found


@pytest.mark.parametrize("room", ROOMS)
def test_each_name_is_what_the_table_says(room: str):
    for module, _ in of_room(room):
        for kind, name in names(module):
            check(module, kind, name)


def check(module: str, kind: str, name: str):
    made = look_up(module, name)
    assert made is look_up(module, name)
    assert made.__name__ == name
    assert made.__doc__
    if kind in ANSWERS:
        assert made("anything", of=1) == ANSWERS[kind]
    elif kind == "raises":
        with pytest.raises(RuntimeError, match=f"torch.{module}.{name}: "):
            made()
    elif kind == "classes":
        assert not isinstance(3, made | None)
        with pytest.raises(RuntimeError, match=f"torch.{module}.{name}: "):
            type("Own", (made,), {})()
    elif kind == "exceptions":
        with contextlib.suppress(made):
            raise made
    elif kind == "contexts":
        with made(0):
            assert made(0)(len) is len
    else:
        assert made(len) is made()(len) is len


@pytest.mark.parametrize("room", ROOMS)
def test_modules(room: str):
    for module, found in of_room(room):
        check_module(module, found)


def check_module(module: str, found):
    row = TABLE[module]
    parent, _, name = module.rpartition(".")
    owner = import_module(f"minitorch.{parent}") if parent else minitorch
    if parent not in TABLE or name not in {each for _, each in names(parent)}:
        assert getattr(owner, name) is found
    assert {*row.values, *row.real} <= set(dir(found))
    for name in (*row.values, *row.real):
        with contextlib.suppress(ModuleNotFoundError):  # of a package that is not installed
            getattr(found, name)
    with pytest.raises(AttributeError, match=row.why.split(":")[0]):
        look_up(module, "nothing_of_this_name")


def test_answers_are_nobody_elses():
    minitorch.cuda.get_arch_list().append(1)
    assert minitorch.cuda.get_arch_list() == []


@pytest.mark.parametrize(
    ("kind", "name"), [(k, n) for row in TOP for k in KINDS for n in getattr(row, k).split()]
)
def test_names_of_torch_itself(kind: str, name: str):
    assert getattr(minitorch, name) is getattr(minitorch, name)
    assert getattr(minitorch, name).__name__ == name
    if kind == "raises":
        with pytest.raises(RuntimeError, match=f"torch.{name}: "):
            getattr(minitorch, name)()


def test_the_alias_is_listed_as_pytorch():
    with minitorch.as_torch():
        assert importlib.metadata.version("torch") == minitorch.__version__
        assert importlib.metadata.metadata("torch")["Name"] == "torch"
        assert importlib.util.find_spec("torch") is not None
        assert "torch" in {
            each.name for each in importlib.metadata.Distribution.discover(name="torch")
        }


def test_hub_loads_a_folder(tmp_path):
    (tmp_path / "hubconf.py").write_text('def two(x):\n    "Doubles."\n    return 2 * x\n')
    assert minitorch.hub.list(tmp_path, source="local") == ["two"]
    assert minitorch.hub.help(tmp_path, "two", source="local") == "Doubles."
    assert minitorch.hub.load(tmp_path, "two", 3, source="local") == 6
    with pytest.raises(RuntimeError, match="three"):
        minitorch.hub.load(tmp_path, "three", source="local")
    with pytest.raises(RuntimeError, match="source='local'"):
        minitorch.hub.load("owner/repo", "two")


def test_hub_downloads_and_compares_the_hash(tmp_path):
    source = tmp_path / "weights.pt"
    minitorch.save({"w": minitorch.ones(2)}, source)
    wrong = tmp_path / "x-0123456789.pth"
    with pytest.raises(RuntimeError, match="invalid hash"):
        minitorch.hub.download_url_to_file(source.as_uri(), wrong, "0123456789", progress=False)
    assert not wrong.exists()
    loaded = minitorch.hub.load_state_dict_from_url(
        source.as_uri(), tmp_path / "cache", progress=False
    )
    assert loaded["w"].tolist() == [1, 1]
    assert (tmp_path / "cache" / "weights.pt").exists()


def test_the_build():
    assert "USE_CUDA=0" in minitorch.__config__.show()
    assert "get_num_threads" in minitorch.__config__.parallel_info()


def test_the_message_says_what_is_not_there():
    for name, near in (("sofmax", "softmax"), ("hubb", "hub"), ("tensr", "tensor")):
        with pytest.raises(AttributeError, match=rf"no torch\.{name}; did you mean '{near}'\?$"):
            getattr(minitorch, name)
    with pytest.raises(AttributeError, match=r"^MiniTorch has no torch\.nothing_like_it$"):
        minitorch.nothing_like_it  # noqa: B018
    with minitorch.as_torch():
        import torch.autograd.graph

        with pytest.raises(AttributeError, match=r"MiniTorch has no torch\.autograd\.graph\.Nod"):
            torch.autograd.graph.Nod  # noqa: B018


@pytest.mark.parametrize("newer", ["2.14", (2, 14), "3", "2.13.1"])
def test_versions_compare(newer):
    version = TorchVersion("2.13.0+minitorch0.1.0")
    assert version < newer
    assert version <= newer
    assert version != newer
    assert not version > newer
    assert version > "2.13.0a0"
    assert version >= (2, 13)
    assert TorchVersion("2.0") == "2.0.0"
    assert version.split("+")[0] == "2.13.0"

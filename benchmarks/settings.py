"""What the libraries are measured in besides their defaults: compiled kernels, a processor's past.

A name such as ``"minitorch numba avx2"`` is a library and its settings. Of steps that are compiled
as a whole (``"minitorch compiled:numba"``) the worker takes care.
"""

from __future__ import annotations

from importlib.util import find_spec
from tempfile import gettempdir

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

# NumPy's names of what came after AVX2, of those that it chooses between at run time
AFTER_AVX2 = [name for name in __cpu_dispatch__ if name.startswith(("AVX512", "X86_V4"))]
BEFORE = "sse sse2 sse3 ssse3 sse4.1 sse4.2 popcnt avx avx2 fma bmi bmi2 lzcnt f16c"
SETTINGS = {
    "numba": {"MINITORCH_KERNELS": "numba"},
    "avx2": {  # NumPy, OpenBLAS, Numba; PyTorch, MKL, oneDNN, Inductor; JAX
        "NPY_DISABLE_CPU_FEATURES": " ".join(AFTER_AVX2),
        "OPENBLAS_CORETYPE": "Haswell",
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": ",".join(f"+{name}" for name in BEFORE.split()),
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "TORCHINDUCTOR_CACHE_DIR": f"{gettempdir()}/torchinductor_avx2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    },
}
COLUMNS = {  # heading of a ratio -> what is divided by what
    "numba": ("minitorch numba", "torch"),
    "AVX2": ("minitorch avx2", "torch avx2"),
    "numba, AVX2": ("minitorch numba avx2", "torch avx2"),
}


def available() -> list[str]:
    """The settings that make a difference on this machine."""
    newer = any(__cpu_features__.get(name) for name in AFTER_AVX2)
    return [*["numba"] * bool(find_spec("numba")), *["avx2"] * newer]


def variants(libraries: list[str]) -> list[str]:
    """The libraries in these settings."""
    there = set(available())
    names = dict.fromkeys(name for pair in COLUMNS.values() for name in pair)
    split = {name: name.split() for name in names}
    return [
        name
        for name, (library, *settings) in split.items()
        if settings and library in libraries and there.issuperset(settings)
    ]


def environment(settings: list[str]) -> dict[str, str]:
    found = (SETTINGS.get(setting, {}) for setting in settings)
    return {key: value for variables in found for key, value in variables.items()}

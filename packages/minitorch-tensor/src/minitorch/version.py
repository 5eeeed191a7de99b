"""What this build has: no CUDA, nothing of others."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("minitorch-tensor")
debug = False
cuda = hip = xpu = git_version = None

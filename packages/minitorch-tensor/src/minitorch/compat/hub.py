"""``hub``: models and checkpoints from elsewhere.

Follows https://docs.pytorch.org/docs/stable/hub.html
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import ModuleType
from typing import Any
from urllib.parse import urlparse as urlparse
from urllib.request import Request, urlopen

__all__ = [
    "download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url",
    "set_dir",
]  # fmt: skip

try:
    from tqdm import tqdm as tqdm  # type: ignore[import-untyped]  # tqdm has no types
except ImportError:  # an extra: without it a number

    class tqdm:  # type: ignore[no-redef]  # noqa: N801  (its name)
        """How far it is, on the standard error."""

        def __init__(self, total: Any = None, disable: bool = False, **_: Any) -> None:
            self.total, self.disable, self.n = total, disable, 0

        def update(self, n: int) -> None:
            self.n += n
            if not self.disable:
                sys.stderr.write(f"\r{self.n} of {self.total or '?'}")

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *exception: object) -> None:
            if not self.disable:
                sys.stderr.write("\n")


HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")  # in the name of a file: resnet18-f37072fd.pth
CHUNK = 128 * 1024
_dir: str | None = None


def _get_torch_home() -> str:
    cache = os.getenv("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.getenv("TORCH_HOME", os.path.join(cache, "torch")))


def get_dir() -> str:
    """Where downloads lie: as ``set_dir`` said, or in ``$TORCH_HOME/hub``."""
    return _dir if _dir is not None else os.path.join(_get_torch_home(), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Sets the folder of what is downloaded."""
    global _dir
    _dir = os.path.expanduser(d)


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Downloads ``url`` into the file ``dst``, which appears when all is there.

    Args:
        hash_prefix: how the SHA-256 of the contents begins.
        progress: whether to say on the standard error how far it is.

    Raises:
        RuntimeError: the contents have another hash.
    """
    dst = os.path.expanduser(dst)
    digest = hashlib.sha256()
    with (
        urlopen(Request(url, headers={"User-Agent": "torch.hub"})) as source,
        NamedTemporaryFile(dir=os.path.dirname(dst) or ".", delete=False) as file,
    ):
        try:
            total = int(source.headers.get("Content-Length") or 0) or None
            with tqdm(total=total, disable=not progress, unit="B", unit_scale=True) as bar:
                while chunk := source.read(CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
                    bar.update(len(chunk))
            if hash_prefix is not None and not digest.hexdigest().startswith(hash_prefix):
                raise RuntimeError(
                    f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()}")'
                )
            file.close()
            os.replace(file.name, dst)
        finally:
            Path(file.name).unlink(missing_ok=True)


def load_state_dict_from_url(
    url: str, model_dir: str | None = None, map_location: Any = None, progress: bool = True,
    check_hash: bool = False, file_name: str | None = None, weights_only: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """``load`` of the file at ``url``, which is downloaded once, into ``get_dir()/checkpoints``.

    Args:
        check_hash: whether the SHA-256 begins as the name says: ``name-<hash>.pth``.

    Raises:
        RuntimeError: the contents have another hash.
    """
    from ..serialization import load

    folder = model_dir or os.path.join(get_dir(), "checkpoints")
    os.makedirs(folder, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        sys.stderr.write(f'Downloading: "{url}" to {path}\n')
        found = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, path, found and found.group(1), progress)
    loaded: dict[str, Any] = load(path, map_location=map_location, weights_only=weights_only)
    return loaded


@contextmanager
def _hubconf(repo: str | os.PathLike[str], source: str) -> Any:
    """The module ``hubconf.py`` of a folder, which may import its neighbours meanwhile."""
    if source == "github":
        raise RuntimeError(
            f"MiniTorch does not run code from the network: clone {repo} and give its folder with "
            "source='local'"
        )
    if source != "local":
        raise ValueError(f'Unknown source: "{source}". Allowed values: "github" | "local".')
    folder = os.path.expanduser(repo)
    sys.path.insert(0, folder)
    try:
        spec: Any = spec_from_file_location("hubconf", os.path.join(folder, "hubconf.py"))
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(folder)


def _entry(hubconf: ModuleType, name: Any) -> Any:
    if not isinstance(name, str):
        raise ValueError("Invalid input: model should be a string of function name")
    absent = [each for each in getattr(hubconf, "dependencies", ()) if not find_spec(each)]
    if absent:
        raise RuntimeError(f"Missing dependencies: {', '.join(absent)}")
    entry = getattr(hubconf, name, None)
    if not callable(entry):
        raise RuntimeError(f"Cannot find callable {name} in hubconf")
    return entry


def list(
    github: str, force_reload: bool = False, skip_validation: bool = False, trust_repo: Any = None,
    verbose: bool = True, *, source: str = "github",
) -> Any:  # fmt: skip
    """The names of the public functions of a folder's ``hubconf.py`` (``source="local"``)."""
    with _hubconf(github, source) as hubconf:
        return [name for name, v in vars(hubconf).items() if callable(v) and name[0] != "_"]


def help(
    github: str, model: str, force_reload: bool = False, skip_validation: bool = False,
    trust_repo: Any = None, *, source: str = "github",
) -> str | None:  # fmt: skip
    """The docstring of the function ``model`` of a folder's ``hubconf.py`` (``source="local"``)."""
    with _hubconf(github, source) as hubconf:
        doc: str | None = _entry(hubconf, model).__doc__
        return doc


def load(
    repo_or_dir: str | os.PathLike[str], model: str, *args: Any, source: str = "github",
    trust_repo: Any = None, force_reload: bool = False, verbose: bool = True,
    skip_validation: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """What the function ``model`` of a folder's ``hubconf.py`` gives (``source="local"``).

    Raises:
        RuntimeError: ``source="github"`` (nothing is run from the network), a missing dependency,
            or no such function.
    """
    with _hubconf(repo_or_dir, source) as hubconf:
        return _entry(hubconf, model)(*args, **kwargs)

"""``save`` and ``load``: PyTorch's files, read and written without PyTorch.

A file is a zip archive whose members are not compressed: ``data.pkl``, the objects as a pickle, and
``data/0``, ``data/1``, ..., the memory of the tensors. PyTorch reads what ``save`` writes, and the
other way round. Files from before PyTorch 1.6 are read too.

Reading a file runs no code that the reader did not name: ``load`` makes tensors, NumPy arrays,
numbers, strings and Python's containers; classes beyond these only after ``add_safe_globals``.

Follows https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from .loading import get_unsafe_globals_in_checkpoint, load
from .names import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from .options import *
from .options import MAP_LOCATION as MAP_LOCATION
from .options import __all__ as _options
from .options import _package_registry as _package_registry
from .rebuilding import layout_of as _get_layout
from .records import PyTorchFileReader, PyTorchFileWriter
from .records import _is_zipfile as _is_zipfile
from .records import _open_file_like as _open_file_like
from .records import _open_zipfile_reader as _open_zipfile_reader
from .records import _open_zipfile_writer as _open_zipfile_writer
from .saving import normalize_storage_type, save

__all__ = [
    "PyTorchFileReader", "PyTorchFileWriter", "_get_layout", "add_safe_globals",
    "clear_safe_globals", "get_safe_globals", "get_unsafe_globals_in_checkpoint", "load",
    "normalize_storage_type", "safe_globals", "save",
]  # fmt: skip
__all__ += _options

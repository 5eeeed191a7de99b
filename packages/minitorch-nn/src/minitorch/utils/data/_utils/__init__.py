"""PyTorch's place for the modules under ``DataLoader``."""

from importlib import import_module

collate, fetch, worker = (
    import_module(f"minitorch.utils.data.{name}") for name in ("collate", "fetch", "worker")
)
HAS_NUMPY = True
MP_STATUS_CHECK_INTERVAL = 5.0  # seconds
python_exit_status = False  # whether Python is about to end

"""What goes wrong with a checkpoint."""

from __future__ import annotations

__all__ = ["CheckpointException"]


class CheckpointException(BaseException):
    """Some ranks could not save or load.

    Attributes:
        failures: rank -> its error.
    """

    def __init__(self, msg: str, failures: dict[int, BaseException]) -> None:
        super().__init__(msg, failures)
        self.failures = failures

    def __str__(self) -> str:
        told = "".join(
            f"\nrank {rank}: {type(error).__name__}: {error}"
            for rank, error in self.failures.items()
        )
        return f"CheckpointException ranks:{set(self.failures)}{told}"

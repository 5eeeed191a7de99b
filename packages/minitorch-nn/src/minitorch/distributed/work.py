"""``Work``: a collective that goes on, and how it is waited for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minitorch import Future

if TYPE_CHECKING:
    from minitorch import Tensor

    from .process_group import ProcessGroup

__all__ = ["Work", "progress"]

SPIN = 0.02  # seconds in which a waiting rank only gives its core to whoever wants it
NAP = 1e-4  # seconds between two looks after that
LOOK = 0.5  # seconds between two looks for ranks that are gone
GRACE = 3.0  # seconds in which what a rank sent before it left may still arrive

give_way: Callable[[], Any] = getattr(os, "sched_yield", lambda: time.sleep(0))

under_way: dict[Work, None] = {}  # in the order in which they were started


def progress() -> None:
    """Lets MPI go on with what is under way, and finishes what is complete."""
    for work in list(under_way):
        work.is_completed()


class WorkFuture(Future[Any]):
    """The future of a ``Work``, which waiting for it drives."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def done(self) -> bool:
        """Whether the result, or an exception, is there."""
        self._work.is_completed()
        return bool(super().done())

    def wait(self) -> Any:
        """The result, once it is there."""
        if not super().done():
            self._work.wait()
        return super().wait()

    def _another(self) -> WorkFuture:
        return WorkFuture(self._work)


class Work:
    """A collective under way; ``async_op=True`` gives one.

    Tensors that it sends must not be written to, and those that it receives not be read, before
    ``wait`` has returned.

    Args:
        group: whose members take part.
        what: what goes on, for messages.
        request: MPI's.
        held: the memory that it uses.
        finish: what is left to do once it is complete.
        result: the tensors that it gives.

    Follows https://docs.pytorch.org/docs/stable/distributed.html#torch.distributed.Work
    """

    def __init__(
        self, group: ProcessGroup, what: str, request: Any, held: Any = None,
        finish: Callable[[], None] | None = None, result: list[Tensor] | None = None,
    ) -> None:  # fmt: skip
        self._group, self._what, self._request = group, what, request
        self._held, self._finish, self._result = held, finish, result or []
        self._status: Any = None
        self._error: BaseException | None = None
        self._future: WorkFuture | None = None
        self._complete = False
        under_way[self] = None

    def is_completed(self) -> bool:
        """Whether it is complete; looking lets it go on."""
        if not self._complete and self._test():
            self._end()
        return self._complete

    def _test(self) -> bool:
        try:
            return bool(self._request.Test(self._status))
        except RuntimeError as error:  # MPI's, or of ranks that do not agree
            rank = self._group.global_rank
            self._error = RuntimeError(f"[Rank {rank}] {self._what}: {error}")
            return True

    def wait(self, timeout: timedelta | None = None) -> bool:
        """Returns True once it is complete.

        Raises:
            RuntimeError: it is not after ``timeout`` (None: the group's), or a rank that belongs to
                it has died or left.
        """
        if not self._complete and not self._test():
            self._await(timeout)
        if not self._complete:
            self._end()
        if self._error is not None:
            raise self._error
        return True

    def _await(self, timeout: timedelta | None) -> None:
        test, now = self._test, time.monotonic
        begun = now()
        while now() - begun < SPIN:
            if test():
                return
            give_way()
        limit = (self._group.timeout if timeout is None else timeout).total_seconds()
        looked, missed = begun, None
        while not test():
            time.sleep(NAP)
            here = now()
            if here - looked < LOOK:
                continue
            looked = here
            gone = self._group.gone()
            if gone and missed is None:
                missed = here
            if missed is not None and here - missed > GRACE:
                self._fail(
                    "; ".join(f"rank {rank} {what}" for rank, what in gone.items())
                    + f": {self._what} of ranks {self._group.ranks} cannot end"
                )
            if here - begun > limit:
                self._fail(
                    f"{self._what} timed out after {limit:g} s: not all of ranks "
                    f"{self._group.ranks} have called it, or one of them hangs"
                )

    def _fail(self, why: str) -> None:
        self._error = RuntimeError(f"[Rank {self._group.global_rank}] {why}")
        self._end()
        raise self._error

    def _end(self) -> None:
        self._complete = True
        under_way.pop(self, None)
        if self._finish is not None and self._error is None:
            self._finish()
        if self._error is None:  # else MPI may have the memory still
            self._held = self._finish = None
        if self._future is not None and self._error is not None:
            self._future.set_exception(self._error)
        elif self._future is not None:
            self._future.set_result(self._result)

    def is_success(self) -> bool:
        """Whether it is complete, and without an error."""
        return self._complete and self._error is None

    def exception(self) -> BaseException | None:
        """The error that ended it, if one did."""
        return self._error

    def synchronize(self) -> None:
        """Waits: there are no streams here."""
        self.wait()

    def result(self) -> list[Tensor]:
        """The tensors that it gives, once it is complete."""
        return self._result

    def source_rank(self) -> int:
        """The rank in the group from which ``irecv`` received.

        Raises:
            RuntimeError: it receives nothing.
        """
        if self._status is None:
            raise RuntimeError("sourceRank() may only be called on work objects for recv or recv")
        return int(self._status.Get_source())

    _source_rank = source_rank

    def get_future(self) -> Future[list[Tensor]]:
        """The future of ``result()``; waiting for it, or for what ``then`` gives, drives this."""
        if self._future is None:
            self._future = WorkFuture(self)
            if self._error is not None:
                self._future.set_exception(self._error)
            elif self._complete:
                self._future.set_result(self._result)
        return self._future

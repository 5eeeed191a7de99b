"""``Future``: a result that comes later, from another thread or a callback.

Follows https://docs.pytorch.org/docs/stable/futures.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent import futures
from typing import Any, Generic, TypeVar

__all__ = ["Future", "collect_all", "wait_all"]

T = TypeVar("T")
S = TypeVar("S")


class Future(Generic[T]):
    """A result that ``set_result`` or ``set_exception`` brings, once.

    Args:
        devices: none but the CPU.

    Example:
        >>> import minitorch
        >>> future = minitorch.futures.Future()
        >>> doubled = future.then(lambda f: 2 * f.value())
        >>> future.set_result(3)
        >>> doubled.wait()
        6

    Follows https://docs.pytorch.org/docs/stable/futures.html#torch.futures.Future
    """

    def __init__(self, *, devices: list[Any] | None = None) -> None:
        if devices:
            raise ValueError(f"the results of futures are on the CPU, not on {devices}")
        self._future: futures.Future[T] = futures.Future()

    def done(self) -> bool:
        """Whether the result, or an exception, is there."""
        return self._future.done()

    def wait(self) -> T:
        """The result, once it is there.

        Raises:
            Exception: the one that was set in its place.
        """
        return self._future.result()

    def value(self) -> T:
        """The result, which is there.

        Raises:
            RuntimeError: it is not there yet.
            Exception: the one that was set in its place.
        """
        if not self.done():
            raise RuntimeError("Future: value() of a future that has none yet; wait() for it")
        return self._future.result()

    def then(self, callback: Callable[[Future[T]], S]) -> Future[S]:
        """The future of ``callback(self)``, which runs once this one is done.

        What the callback raises comes as a RuntimeError that names it, as in PyTorch.
        """
        made: Future[S] = self._another()

        def run(future: Future[T]) -> None:
            try:
                result = callback(future)
            except Exception as error:  # for whoever waits
                told = RuntimeError(
                    "Got the following error when running the callback: "
                    f"{type(error).__name__}: {error}"
                )
                told.__cause__ = error
                made.set_exception(told)
            else:
                made.set_result(result)

        self.add_done_callback(run)
        return made

    def add_done_callback(self, callback: Callable[[Future[T]], None]) -> None:
        """Runs ``callback(self)`` once this one is done: at once where it is."""
        self._future.add_done_callback(lambda _: callback(self))

    def set_result(self, result: T) -> None:
        """Brings the result.

        Raises:
            RuntimeError: there is one already.
        """
        self._once(lambda: self._future.set_result(result))

    def set_exception(self, result: BaseException) -> None:
        """Brings an exception in place of a result.

        Raises:
            RuntimeError: there is a result already.
            TypeError: ``result`` is no exception.
        """
        if not isinstance(result, BaseException):
            raise TypeError(f"{result} is of type {type(result)}, not an Exception.")
        self._once(lambda: self._future.set_exception(result))

    def _another(self) -> Future[Any]:
        """What ``then`` gives."""
        return Future()

    def _once(self, bring: Callable[[], None]) -> None:
        try:
            bring()
        except futures.InvalidStateError:
            raise RuntimeError("Future can only be marked completed once") from None

    def __getstate__(self) -> Any:
        raise RuntimeError("Can not pickle torch.futures.Future")


def collect_all(futures: Iterable[Future[Any]]) -> Future[list[Future[Any]]]:
    """The future of all ``futures``, once the last of them is done."""
    all_ = list(futures)
    made: Future[list[Future[Any]]] = Future()
    missing = len(all_)

    def count(_: Future[Any]) -> None:
        nonlocal missing
        missing -= 1
        if not missing:
            made.set_result(all_)

    for future in all_:
        future.add_done_callback(count)
    if not all_:
        made.set_result(all_)
    return made


def wait_all(futures: Iterable[Future[T]]) -> list[T]:
    """The results of all ``futures``.

    Raises:
        Exception: the first that was set in place of a result.
    """
    return [future.wait() for future in futures]

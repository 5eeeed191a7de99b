"""Who is still there: a process beside the ranks of a machine that notices when one of them ends.

MPI's launchers end the other processes when one dies, and say which process it was, not which
rank; and of a rank that leaves while others wait for it they say nothing. So the first rank on each
machine starts this file as a program. The ranks connect to it and say goodbye when they leave; the
system closes the connection of one that dies. The program says so on the standard error, and to
those who remain, who look when they have waited for a while.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import sys
from typing import Any

__all__ = ["Watch"]


class Watch:
    """A rank's connection to the program.

    Attributes:
        gone: what is known of the ranks that are not there any more.
    """

    def __init__(self, rank: int, path: str) -> None:
        self.gone: dict[int, str] = {}
        self._text = ""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._socket.sendall(f"{rank} {os.getpid()}\n".encode())
        self._socket.setblocking(False)

    def look(self) -> dict[int, str]:
        """``gone``, brought up to date."""
        with contextlib.suppress(OSError):  # nothing new
            while told := self._socket.recv(4096):
                self._text += told.decode()
        *lines, self._text = self._text.split("\n")
        for line in lines:
            rank, _, what = line.partition(" ")
            self.gone[int(rank)] = what
        return self.gone

    def leave(self) -> None:
        """Says goodbye."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b"leaving\n")
        self._socket.close()


def start(directory: str) -> str:
    """Starts the program; returns where ranks find it."""
    import subprocess

    path = os.path.join(directory, "watch")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(1024)
    started = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(listening.fileno()), directory],
        pass_fds=[listening.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    started.returncode = 0  # nobody waits for it
    listening.close()
    return path


def main(descriptor: int, directory: str) -> None:
    """The program: ends when all that came have left."""
    listening = socket.socket(fileno=descriptor)
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ, None)
    present: dict[Any, str] = {}  # connection -> what it said
    while True:
        for key, _ in selector.select():
            connection: Any = key.fileobj
            if connection is listening:
                connection, _address = listening.accept()
                selector.register(connection, selectors.EVENT_READ)
                present[connection] = ""
                continue
            told = b""
            with contextlib.suppress(OSError):  # reset by one that died
                told = connection.recv(4096)
            left = "leaving" in present[connection]
            present[connection] += told.decode()
            rank, process = present[connection].split()[:2]
            others = [each for each in present if each is not connection]
            if told:
                if not left and "leaving" in present[connection]:
                    tell(others, f"{rank} has left the job\n")
                continue
            selector.unregister(connection)
            del present[connection]
            if not left:
                died = f"{rank} (process {process}) has died\n"
                print(f"minitorch.distributed: rank {died}", end="", file=sys.stderr, flush=True)
                tell(others, died)
            if not present:
                os.unlink(os.path.join(directory, "watch"))
                os.rmdir(directory)
                return


def tell(connections: list[Any], what: str) -> None:
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.sendall(what.encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

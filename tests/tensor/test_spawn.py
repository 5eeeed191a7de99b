"""``torch.multiprocessing.spawn`` and ``start_processes``."""

import os
import signal
from pathlib import Path

import pytest
from minitorch import multiprocessing as mp

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def write(i, folder):
    (folder / str(i)).write_text(str(i))


def fail(i, how):
    if i == 1:
        how()


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def refuse():
    raise KeyError("a key")


def test_the_function_runs_once_in_each_process(tmp_path):
    assert mp.start_processes(write, (tmp_path,), nprocs=3, start_method="fork") is None
    assert sorted(each.name for each in tmp_path.iterdir()) == ["0", "1", "2"]


def test_processes_that_nobody_waits_for_can_be_joined(tmp_path):
    context = mp.start_processes(write, (tmp_path,), 2, join=False, start_method="fork")
    assert isinstance(context, mp.ProcessContext)
    assert len(set(context.pids())) == 2
    while not context.join():
        pass
    assert context.join()
    assert len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        (refuse, mp.ProcessRaisedException, "KeyError: 'a key'"),
        (lambda: os._exit(3), mp.ProcessExitedException, "process 1 terminated with exit code 3"),
        (killed, mp.ProcessExitedException, "process 1 terminated with signal SIGKILL"),
    ],
    ids=["raises", "exits", "signal"],
)
def test_the_first_that_fails_is_named(how, error, message):
    with pytest.raises(error, match=message) as caught:
        mp.start_processes(fail, (how,), nprocs=2, start_method="fork")
    assert caught.value.error_index == 1


def test_spawn_starts_interpreters(tmp_path, monkeypatch):
    from minitorch.multiprocessing.spawn import spawn

    assert mp.spawn is spawn  # a function, whatever was imported
    monkeypatch.syspath_prepend(Path(__file__).parents[2])  # where the process finds `write`
    mp.spawn(write, (tmp_path,))
    assert [each.name for each in tmp_path.iterdir()] == ["0"]
    with pytest.warns(FutureWarning, match="start_processes"):
        mp.spawn(write, (tmp_path,), nprocs=0, start_method="fork")

"""The benchmarks' arithmetic, and that MiniTorch runs each of their workloads."""

import sys
from importlib import import_module
from pathlib import Path

import minitorch
import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
compiled, harness, report, settings = map(
    import_module, ("compiled", "harness", "report", "settings")
)
WORKLOADS = import_module("workloads").WORKLOADS
NEEDS = {"optimizers": ("optim",), "networks": ("nn", "optim"), "layers": ("nn",), "data": ("nn",)}


def test_ratios_are_taken_turn_by_turn():
    spread = harness.ratio([1.0, 20.0, 3.0, 4.0, 5.0], [2.0, 10.0, 6.0, 8.0, 5.0])
    assert (spread.low, spread.middle, spread.high) == (0.5, 0.5, 1.0)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5, 2.0])
def test_growth_is_the_exponent(power):
    sizes = [1, 10, 100, 1000]
    assert harness.growth(sizes, [3 * n**power for n in sizes]) == pytest.approx(power)


def test_a_childs_environment_keeps_compiled_modules(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    variables = harness.environment(tmp_path)
    assert "PYTHONDONTWRITEBYTECODE" not in variables
    assert variables["PYTHONPATH"] == str(tmp_path)


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.0, "2 s"), (0.0123, "12.3 ms"), (4.5e-6, "4.5 µs"), (1e-7, "100 ns")]
)
def test_times_in_words(seconds, text):
    assert report.time([seconds]) == text


def test_a_row_of_the_table():
    row = report.Row("gpt", "networks", "GPT", 1, {"minitorch": [1, 1, 1], "torch": [2, 2, 2]})
    table = report.times([row], ["torch"])
    assert table.splitlines()[-1] == "| GPT | 1 s | 2 s | **0.50** | 0.50 to 0.50 |"


def test_a_row_in_other_settings():
    names = ("minitorch", "torch", "minitorch avx2", "torch avx2")
    seconds = {name: [k + 1.0] * 3 for k, name in enumerate(names)}
    table = report.times([report.Row("gpt", "networks", "GPT", 1, seconds)], ["torch"])
    assert table.splitlines()[0].endswith("| middle half | AVX2 |")
    assert table.splitlines()[-1].endswith("| 0.50 to 0.50 | **0.75** |")


def test_a_worker_without_avx512(monkeypatch):
    monkeypatch.setattr(settings, "available", lambda: ["avx2"])
    assert settings.variants(["minitorch"]) == ["minitorch avx2"]
    assert settings.variants(["minitorch", "torch"]) == ["minitorch avx2", "torch avx2"]
    with harness.Worker("minitorch avx2") as worker:
        assert worker.ask("has", "tracked_add")
        worker.ask("prepare", "sigmoid", 1000)
        assert worker.ask("seconds", 1) > 0


def test_workers_measure_in_turns_and_report_failures():
    with harness.Worker("minitorch") as one, harness.Worker("minitorch") as other:
        effort = harness.Effort(turns=4, seconds=0.001)
        times = harness.in_turns({"a": one, "b": other}, "tracked_add", 8, effort)
        assert {name: len(seconds) for name, seconds in times.items()} == {"a": 4, "b": 4}
        assert all(second > 0 for seconds in times.values() for second in seconds)
        with pytest.raises(harness.WorkloadError, match="KeyError"):
            one.ask("prepare", "nonsense", 1)
        assert one.ask("has", "tracked_add")


def test_a_worker_runs_compiled_steps():
    with harness.Worker("minitorch compiled") as worker:
        worker.ask("prepare", "chained_scalars", 10)
        assert worker.ask("seconds", 1) > 0
        eager, calls = worker.ask("first_calls", "chained_scalars", 10)
        assert min(eager, *calls) > 0


def test_memory_is_that_of_arrays():
    """A result, its gradient and the gradient's: what is there before the step does not count."""
    with harness.Worker("minitorch") as worker:
        found = worker.ask("memory", "square_backward", 1_000_000)
    assert 8e6 <= found < 21e6


def test_who_fails_at_a_step_is_left_out(monkeypatch, capsys):
    def fail():
        raise harness.WorkloadError("minitorch avx2: no")

    effort = harness.Effort(turns=3, seconds=0.001)
    with harness.Worker("minitorch") as one, harness.Worker("minitorch avx2") as other:
        monkeypatch.setattr(other, "ask", lambda *_: True)
        monkeypatch.setattr(other, "send", lambda *_: None)
        monkeypatch.setattr(other, "answer", fail)
        workers = {worker.name: worker for worker in (one, other)}
        seconds = compiled.times(workers, WORKLOADS["tracked_add"], 8, effort)
    assert list(seconds) == ["minitorch"]
    assert "minitorch avx2: no" in capsys.readouterr().err


def test_the_table_of_compiled_steps():
    seconds = {"torch": [2.0] * 3, "minitorch": [1.0] * 3, "minitorch compiled": [0.5] * 3}
    row = {"times": seconds, "first": {"minitorch compiled": (1.0, [3.0, 2.0])},
           "memory": {"minitorch": 2e6, "minitorch compiled": 1e6}}  # fmt: skip
    data = {"small_mlp_sgd 64": row}
    title = WORKLOADS["small_mlp_sgd"].titled(64)
    lines = [table(data).splitlines()[-1] for table in
             (compiled.first_table, compiled.memory_table)]  # fmt: skip
    assert compiled.ratio_table(data, "").splitlines()[-1] == (
        f"| {title} | 2 s | 0.50 | **0.25** |  |  |  |"
    )
    assert lines == [
        f"| {title} | 1 s | 3 s | **3.00** | 5 s |  |  |",
        f"| {title} | 2 MB | 0.50 |  |",
    ]


def test_measurements_are_a_line_each():
    text = compiled.a_line_each({"a": {"times": {"torch": [0.123456, 2.0]}}, "b": "words"})
    assert text.splitlines() == [
        "{",
        '"a": {"times": {"torch": [0.1235, 2.0]}},',
        '"b": "words"',
        "}",
    ]


def test_text_between_markers(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x -->\nold\n<!-- end of x -->\nb\n")
    report.put_between(page, "x", "new")
    assert page.read_text() == "a\n<!-- x -->\nnew\n<!-- end of x -->\nb\n"
    with pytest.raises(SystemExit, match="markers of y"):
        report.put_between(page, "y", "new")


ALIASED = [name for name in WORKLOADS if WORKLOADS[name].group == "pretrained"]


@pytest.mark.parametrize("name", ALIASED)
def test_minitorch_runs_as_torch(name):
    with harness.Worker("minitorch") as worker:
        worker.ask("prepare", name, 1)
        assert worker.ask("seconds", 1) > 0


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name not in ALIASED])
def test_minitorch_runs(name):
    workload = WORKLOADS[name]
    for package in NEEDS.get(workload.group, ()):
        pytest.importorskip(f"minitorch.{package}", reason="not installed")
    size = min((*workload.sizes, *workload.growth))
    assert "{" not in workload.titled(size)
    workload.build(minitorch, size)()

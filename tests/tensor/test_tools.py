"""Anomaly detection, hooks on saved values, graph nodes, checkpoints, the profiler."""

import json
import warnings

import minitorch
import numpy as np
import pytest
from minitorch import autograd
from minitorch.autograd import graph
from minitorch.profiler import profile, schedule, tensorboard_trace_handler
from minitorch.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def leaf(*values):
    return minitorch.tensor(values, dtype=minitorch.float64, requires_grad=True)


class TestAnomaly:
    def test_names_the_forward_line(self):
        x = leaf(0.0)
        with autograd.set_detect_anomaly(True):
            root = x.sqrt()  # the line in question
            loss = (root * 0).sum()
            with pytest.raises(RuntimeError, match=r"(?s)SqrtBackward0.*0th.*the line in question"):
                loss.backward()

    def test_warns_once_on(self):
        with pytest.warns(UserWarning, match="Anomaly"), autograd.detect_anomaly():
            assert autograd.is_anomaly_enabled()
        assert not autograd.is_anomaly_enabled()

    def test_off_is_silent(self):
        x = leaf(0.0)
        (x.sqrt() * 0).sum().backward()
        assert np.isnan(x.grad.numpy()).all()


class TestSavedTensorsHooks:
    def test_pack_and_unpack(self):
        x = leaf(1.0, 2.0)
        packed = []
        with graph.saved_tensors_hooks(lambda t: packed.append(t) or t, lambda t: t):
            y = (x * x).exp().sum()
        y.backward()
        assert len(packed) == 3
        np.testing.assert_allclose(x.grad.numpy(), [2 * np.exp(1.0), 4 * np.exp(4.0)])

    def test_unpack_changes_what_is_used(self):
        x = leaf(3.0)
        with graph.saved_tensors_hooks(lambda t: t, lambda t: t * 10):
            y = (x * x).sum()
        y.backward()
        assert x.grad.tolist() == [60.0]

    def test_save_on_cpu(self):
        x = leaf(3.0)
        with graph.save_on_cpu():
            y = (x * x).sum()
        y.backward()
        assert x.grad.tolist() == [6.0]

    def test_unpack_of_the_wrong_type(self):
        x = leaf(3.0)
        with graph.saved_tensors_hooks(lambda t: t, lambda t: 1.0):
            y = (x * x).sum()
        with pytest.raises(TypeError, match="unpack_hook"):
            y.backward()


class TestGraph:
    def test_nodes(self):
        x, y = leaf(1.0), leaf(2.0)
        z = (x * y).exp()
        assert z.grad_fn.name() == "ExpBackward0"
        ((product, number),) = z.grad_fn.next_functions
        assert (product.name(), number) == ("MulBackward0", 0)
        assert [n.name() for n, _ in product.next_functions] == [
            "torch::autograd::AccumulateGrad"
        ] * 2
        assert product.next_functions[0][0].variable is x
        z.grad_fn.metadata["note"] = 1
        assert z.grad_fn.metadata == {"note": 1}

    def test_node_hooks(self):
        x = leaf(2.0)
        y = x * 3
        seen = []
        y.grad_fn.register_prehook(lambda gs: seen.append("before") or (gs[0] * 10,))
        handle = y.grad_fn.register_hook(lambda inputs, outputs: seen.append(inputs[0].item()))
        y.sum().backward(retain_graph=True)
        assert seen == ["before", 30.0]
        handle.remove()
        y.sum().backward()
        assert seen == ["before", 30.0, "before"]

    def test_multi_grad_hook(self):
        x, y, z = leaf(1.0), leaf(2.0), leaf(3.0)
        seen = []
        with graph.register_multi_grad_hook([x, y], lambda gs: seen.append([g.item() for g in gs])):
            (x * y * z).sum().backward()
        assert seen == [[6.0, 3.0]]
        with graph.register_multi_grad_hook([x, y], lambda g: seen.append(1), mode="any"):
            (x * y).sum().backward()
        assert seen[1:] == [1]

    def test_multi_grad_hook_of_what_is_not_reached(self):
        x, y = leaf(1.0), leaf(2.0)
        seen = []
        with graph.register_multi_grad_hook([x, y], seen.append):
            x.sum().backward()
        assert [g if g is None else g.item() for g in seen[0]] == [1.0, None]

    def test_hooks_of_steps_with_several_outputs(self):
        x, seen = leaf(1.0, 2.0), []
        a, b = x.unbind(0)
        assert a.grad_fn is b.grad_fn
        a.grad_fn.register_hook(lambda inputs, outputs: seen.append(outputs))
        (a * 3).backward()
        assert [g if g is None else g.item() for g in seen[0]] == [3.0, None]

    @pytest.mark.parametrize(
        ("made", "kind", "message"),
        [
            (1.0, TypeError, "hook returned 'float'"),
            (minitorch.ones(3, dtype=minitorch.float64), RuntimeError, "size of value"),
            (minitorch.ones(1), RuntimeError, "type of value"),
        ],
    )
    def test_what_hooks_may_not_return(self, made, kind, message):
        y = leaf(1.0) * 2
        y.register_hook(lambda g: made)
        with pytest.raises(kind, match=message):
            y.sum().backward()

    def test_innermost_saved_tensors_hooks_win(self):
        seen = []

        def hooks(name):
            return graph.saved_tensors_hooks(lambda t: seen.append(name) or t, lambda t: t)

        x = leaf(1.0)
        with hooks("outer"), hooks("inner"):
            x.exp()
        assert seen == ["inner"]
        with (
            graph.disable_saved_tensors_hooks("not here"),
            pytest.raises(RuntimeError, match="not here"),
            hooks("any"),
        ):
            pass

    def test_gradients_at_edges(self):
        x = leaf(2.0)
        y = x * 3
        edge = graph.get_gradient_edge(y)
        assert autograd.grad((y * y).sum(), edge)[0].tolist() == [12.0]
        assert autograd.grad(edge, x, minitorch.ones_like(y))[0].tolist() == [3.0]

    def test_edges(self):
        x = leaf(1.0)
        assert graph.get_gradient_edge(x * 2).node.name() == "MulBackward0"
        with pytest.raises(RuntimeError, match="does not require"):
            graph.get_gradient_edge(minitorch.ones(1))


class TestCheckpoint:
    def test_same_gradients_and_fewer_runs_saved(self):
        x, w = leaf(0.5, 1.5), leaf(2.0, 3.0)
        runs = []

        def piece(x):
            runs.append(1)
            return (x * w).exp().tanh()

        piece(x).sum().backward()
        expected = x.grad.tolist(), w.grad.tolist()
        x.grad = w.grad = None
        checkpoint(piece, x, use_reentrant=False).sum().backward()
        assert (x.grad.tolist(), w.grad.tolist()) == expected
        assert len(runs) == 3

    def test_random_numbers_are_the_same(self):
        x = minitorch.ones(100, requires_grad=True)
        y = checkpoint(lambda x: x * minitorch.rand(100), x, use_reentrant=False)
        y.sum().backward()
        assert x.grad.tolist() == y.tolist()

    def test_something_else_the_second_time(self):
        x = leaf(1.0)
        calls = []

        def piece(x):
            calls.append(1)
            return (x * x).exp() if len(calls) == 1 else x * x

        with pytest.raises(CheckpointError, match="A different number of tensors was saved"):
            checkpoint(piece, x, use_reentrant=False).sum().backward()

    def test_sequential(self):
        x = leaf(0.3)
        steps = [lambda t: t * 2, lambda t: t.exp(), lambda t: t * t]
        checkpoint_sequential(steps, 2, x, use_reentrant=False).sum().backward()
        assert x.grad.item() == pytest.approx(4 * np.exp(4 * 0.3))


class TestProfiler:
    def test_table_and_trace(self, tmp_path):
        x = minitorch.ones(4, requires_grad=True)
        with minitorch.profiler.profile() as prof:
            for _ in range(3):
                (x * 2).sum().backward()
        totals = {t.key: t for t in prof.key_averages()}
        assert totals["mul"].count == totals["MulBackward0"].count == 3
        assert totals["mul"].bytes == 3 * 16
        assert "mul" in prof.key_averages().table(sort_by="cpu_time_total", row_limit=10)
        path = tmp_path / "trace.json"
        prof.export_chrome_trace(str(path))
        events = json.loads(path.read_text())["traceEvents"]
        assert {"name", "ph", "ts", "dur"} <= set(events[0])

    def test_nothing_outside(self):
        with minitorch.profiler.profile() as prof:
            pass
        minitorch.ones(2) * 2
        assert prof.events() == []


class TestInferenceMode:
    def test_records_nothing(self):
        x = leaf(1.0)
        with minitorch.inference_mode():
            assert minitorch.is_inference_mode_enabled()
            assert not (x * 2).requires_grad
        assert not minitorch.is_inference_mode_enabled()

    def test_decorator(self):
        x = leaf(1.0)

        @minitorch.inference_mode()
        def predict():
            return (x * 2).requires_grad

        assert not predict()


def test_no_warning_leaks():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with autograd.set_detect_anomaly(False):
            leaf(1.0).log().sum().backward()


def test_a_schedule_records_some_steps(tmp_path):
    rounds = []
    rule = schedule(wait=1, warmup=1, active=2, repeat=1)
    with profile(
        schedule=rule, on_trace_ready=lambda p: rounds.append([e.name for e in p.events()])
    ) as prof:
        for _ in range(6):
            minitorch.ones(2).exp()
            prof.step()
    assert rounds == [["exp", "exp"]]
    assert [rule(k).value for k in range(6)] == [0, 1, 2, 3, 0, 0]
    with profile(on_trace_ready=tensorboard_trace_handler(str(tmp_path), "me")):
        minitorch.ones(2).exp()
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("me.")
    assert "exp" in file.read_text()

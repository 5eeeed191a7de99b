"""``minitorch.explain``: what it records, names, says and puts on the page."""

import base64
import html
import json
import re

import minitorch as torch
import numpy as np
import pytest
from minitorch.insight.values import Value, number_text, sample


def data_of(page):
    """What the page's program is given."""
    found = re.search(r'id="data">(.*?)</script>', page.html(), re.S)
    return json.loads(found[1])


def array_of(value):
    kinds = {"f": "<f4", "d": "<f8", "i": "<i4", "b": "u1"}
    flat = np.frombuffer(base64.b64decode(value["data"]), kinds[value["as"]])
    return flat.reshape(value["shape"] if "rows" not in value else (len(value["rows"]), -1))


def kinds(page):
    return [step.kind for step in page.steps]


def step_of(page, kind, name=None):
    (found,) = [s for s in page.steps if s.kind == kind and name in (None, s.name)]
    return found


def leaf(*numbers):
    return torch.tensor(list(numbers), requires_grad=True)


def chain(x):
    h = x * 2
    return h.tanh().sum()


def test_a_function_and_its_backward_pass():
    x = leaf(0.5, -1.0)
    page = torch.explain(chain)(x)
    assert kinds(page) == [
        *["given", "operation", "operation", "operation", "backward"],
        *["gradient", "gradient", "gradient", "accumulate"],
    ]
    assert [s.name for s in page.steps[1:4]] == ["mul", "tanh", "sum"]
    assert [s.of.name for s in page.steps[5:8]] == ["sum", "tanh", "mul"]
    assert page.result.item() == np.tanh(np.float32([1, -2])).sum()
    assert x.grad.tolist() == page.steps[-1].outputs[0].array.tolist()


def test_a_function_that_runs_its_own_backward_pass_is_left_alone():
    x = leaf(1.0)

    def step():
        (x * x).backward()
        return (x * 3).sum()

    page = torch.explain(step)()
    assert x.grad.tolist() == [2.0]
    assert kinds(page).count("backward") == 1


@pytest.mark.parametrize("make", [lambda x: x * 2, lambda x: None, lambda x: x.detach().sum()])
def test_without_a_number_that_requires_grad_there_is_no_pass(make):
    x = leaf(1.0, 2.0)
    page = torch.explain(make)(x)
    assert "backward" not in kinds(page)
    assert x.grad is None


def test_names_are_the_users():
    weight = leaf(1.0, 2.0)
    with torch.explain() as page:
        hidden = weight.exp().sin()
        total = hidden.sum()
        total.backward()
    names = [[v.name for v in s.outputs] for s in page.steps if s.kind == "operation"]
    assert names == [["exp_1"], ["hidden"], ["total"]]
    assert page.steps[0].outputs[0].name == "weight"
    gradients = [p.reduced.name for s in page.steps for p in s.passed if s.kind == "gradient"]
    assert gradients == ["∂hidden", "∂exp_1", "∂weight"]
    assert page.steps[-1].outputs[0].name == "weight.grad"


def test_each_pass_of_a_loop_has_its_name():
    with torch.explain() as page:
        h = leaf(1.0)
        for _ in range(3):
            h = h.sin()
    assert [s.outputs[0].name for s in page.steps if s.kind == "operation"] == ["h_2", "h_3", "h_4"]


def test_places_are_lines_of_the_program():
    with torch.explain() as page:
        y = leaf(1.0) * 2
        y.sum()
    mul, total = (s.place for s in page.steps if s.kind == "operation")
    assert mul.text == "y = leaf(1.0) * 2"
    assert total.text == "y.sum()"
    assert mul.filename == __file__
    assert total.number == mul.number + 1


def test_values_are_those_of_the_time():
    x = torch.ones(3)
    with torch.explain() as page:
        y = x + 1
        x.add_(5)
        z = x + 1
    first, _, second = (s for s in page.steps if s.kind == "operation")
    assert first.inputs[0].array.tolist() == [1, 1, 1]
    assert second.inputs[0].array.tolist() == [6, 6, 6]
    assert step_of(page, "write").outputs[0].array.tolist() == [6, 6, 6]
    assert second.inputs[0].source is step_of(page, "write")
    assert y.tolist() == [2, 2, 2]
    assert z.tolist() == [7, 7, 7]


def test_a_write_through_a_view_is_seen_by_the_base():
    w = leaf(1.0, 2.0, 3.0)
    with torch.explain() as page:
        y = w * 2
        y[0] = 7.0
        y.sum().backward()
    total = next(s for s in page.steps if s.name == "sum")
    assert total.inputs[0].array.tolist() == [7, 4, 6]
    assert total.inputs[0].source.kind == "write"
    undone = [s.of.kind for s in page.steps if s.kind == "gradient"]
    assert "write" in undone
    assert w.grad.tolist() == [0, 2, 2]


def test_views_and_random_draws_are_steps():
    torch.manual_seed(0)
    with torch.explain() as page:
        noise = torch.randn(2, 3)
        noise.view(3, 2) * 1
    assert kinds(page) == ["draw", "view", "operation"]
    assert page.steps[0].outputs[0].array.tolist() == noise.tolist()
    assert page.steps[0].outputs[0].name == "noise"
    assert page.steps[1].inputs[0] is page.steps[0].outputs[0]


def test_broadcasting_is_shown_as_it_is_undone():
    a, b = torch.ones(4, 3, requires_grad=True), torch.ones(3, requires_grad=True)
    page = torch.explain(lambda: (a * b).sum())()
    passed = step_of(page, "gradient", "MulBackward0").passed
    assert [(p.value.shape, p.reduced.shape) for p in passed] == [
        ((4, 3), (4, 3)),
        ((4, 3), (3,)),
    ]
    shown = [s for s in data_of(page)["steps"] if s["kind"] == "gradient"][1]["grads"]
    assert [d["axes"] for d in shown] == [[], [0]]


def test_gradients_that_meet_are_added():
    w = leaf(2.0)
    page = torch.explain(lambda: (w * w + w).sum())()
    sums = [s for s in page.steps if s.kind == "sum"]
    assert [s.of.name for s in sums] == ["w", "w"]
    assert sums[-1].outputs[0].array.tolist() == [5.0]
    assert w.grad.tolist() == [5.0]


def test_grad_is_added_to_from_pass_to_pass():
    w = leaf(2.0)
    w.grad = torch.tensor([10.0])
    with torch.explain() as page:
        (w * 3).sum().backward()
        (w * 4).sum().backward()
    first, second = (s for s in page.steps if s.kind == "accumulate")
    assert (first.inputs[-1].array.item(), first.outputs[0].array.item()) == (10.0, 13.0)
    assert (second.inputs[-1].array.item(), second.outputs[0].array.item()) == (13.0, 17.0)
    assert [s.backward for s in page.steps if s.kind == "gradient"] == [1, 1, 2, 2]


def test_higher_orders_are_shown_one_after_the_other():
    x = torch.tensor(2.0, requires_grad=True)
    with torch.explain() as page:
        y = x**3
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        g.backward()
    inner = [s for s in page.steps if s.kind == "operation" and s.inside is not None]
    assert inner
    assert {s.inside.backward for s in inner} == {1}
    undone = {s.of for s in page.steps if s.kind == "gradient" and s.backward == 2}
    assert undone & set(inner)
    assert step_of(page, "captured").inputs[0].array.item() == 12.0
    assert x.grad.item() == 12.0


def test_passes_through_the_same_operations_stand_side_by_side():
    x = torch.tensor(2.0, requires_grad=True)
    with torch.explain() as page:
        (g,) = torch.autograd.grad(x.exp() ** 2, x, create_graph=True)
        g.backward()
    assert data_of(page)["columns"] == 2


def test_passes_apart_share_a_column():
    w = leaf(2.0)
    with torch.explain() as page:
        for _ in range(3):
            (w * 3).sum().backward()
    assert data_of(page)["columns"] == 1
    w2 = leaf(1.0)
    with torch.explain() as page:
        (leaf(2.0) * 3).sum().backward()
        (w2 * 3).sum().backward()
    assert data_of(page)["columns"] == 1


def test_a_graph_from_before_the_block():
    w = leaf(1.0, 2.0)
    loss = (w * 2).exp().sum()
    with torch.explain() as page:
        loss.backward()
    undone = [s.of for s in page.steps if s.kind == "gradient"]
    assert [s.name for s in undone] == ["sum", "exp", "mul"]
    assert all(s.message for s in undone)
    rows = [r["label"] for r in data_of(page)["rows"]]
    assert rows.index("mul") < rows.index("exp") < rows.index("sum")
    assert "w.grad" in page.text()


def test_several_outputs():
    x = leaf(3.0, 1.0, 2.0)
    with torch.explain() as page:
        values, _ = x.sort()
        a, b = values.split([1, 2])
        (a.sum() * 2 + b.sum()).backward()
    assert x.grad.tolist() == [1, 2, 1]
    assert page.text()
    assert data_of(page)["steps"]


def test_a_function_of_the_users_own():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0, 2.0)
    page = torch.explain(lambda: Double.apply(x).sum())()
    step = step_of(page, "operation", "Double")
    assert step.outputs[0].array.tolist() == [2, 4]
    inner, backward = (s for s in page.steps if s.kind == "operation" and s.name == "mul")
    assert inner.call.name == "Double"
    assert backward.inside is step_of(page, "gradient", "DoubleBackward")
    data = data_of(page)
    shown = next(s for s in data["steps"] if s["label"].startswith("gradient of Double"))
    assert "return g * 2" in data["sources"][shown["grads"][0]["rule"]]["text"]
    assert x.grad.tolist() == [2, 2]


def test_hooks_change_what_is_shown():
    x = leaf(1.0)
    with torch.explain() as page:
        y = x * 2
        y.register_hook(lambda g: g * 10)
        y.sum().backward()
    gradient = step_of(page, "gradient", "MulBackward0")
    assert gradient.inputs[0].array.tolist() == [10.0]
    assert x.grad.tolist() == [20.0]


def test_no_grad_detach_and_meta():
    x = leaf(1.0)
    with torch.explain() as page:
        with torch.no_grad():
            y = x * 2
        y.detach() + 1
        torch.ones(2, device="meta") * 2
        with torch.inference_mode():
            torch.ones(2) * 2
    assert "without values" in page.text()
    assert page.html()


# --- errors --------------------------------------------------------------------------------------


def failing(a, b):
    c = a + 1
    return c @ b


ERRORS = {
    "matmul": lambda a, b: (a + 1) @ b,
    "add": lambda a, b: (a + 1) + b[:1, :1].expand(3, 3),
    "cat": lambda a, b: torch.cat([a + 1, torch.ones(2, 9, 9)]),
    "reshape": lambda a, b: (a + 1).view(7),
}


@pytest.mark.parametrize("name", ERRORS)
def test_the_page_ends_with_the_step_that_failed(name):
    a, b = torch.ones(2, 3), torch.ones(2, 3)
    with pytest.raises(RuntimeError) as caught:
        torch.explain(ERRORS[name])(a, b)
    page = caught.value.page
    last = page.steps[-1]
    assert last.kind == "error"
    assert last.message == str(caught.value)
    assert (2, 3) in [x.shape for x in last.inputs if isinstance(x, Value)]
    assert last.place.filename == __file__
    assert "[2, 3]" in page.text()
    assert data_of(page)["error"] == f"RuntimeError: {caught.value}"


def test_an_error_in_a_block_leaves_the_page():
    with pytest.raises(RuntimeError, match="shapes"), torch.explain() as page:
        failing(torch.ones(2, 3), torch.ones(2, 3))
    assert [s.kind for s in page.steps] == ["given", "operation", "given", "error"]
    assert page.html()


def test_an_error_that_was_caught_is_none():
    with torch.explain() as page:
        with pytest.raises(RuntimeError):
            failing(torch.ones(2, 3), torch.ones(2, 3))
        torch.ones(2) + 1
    assert "error" not in kinds(page)


def test_errors_of_the_program_itself():
    def broken(x):
        y = x + 1
        return y.nothing_of_this_name

    with pytest.raises(AttributeError) as caught:
        torch.explain(broken)(leaf(1.0))
    assert kinds(caught.value.page)[-1] == "error"


def test_an_error_in_the_backward_pass():
    def written_over(x):
        y = x.exp()
        y.add_(1)
        y.sum().backward()

    with pytest.raises(RuntimeError) as caught:
        torch.explain(written_over)(leaf(1.0))
    page = caught.value.page
    assert page.steps[-1].kind == "error"
    assert "modified by an inplace operation" in page.text()
    assert page.html()


def test_misuse():
    with pytest.raises(TypeError, match="takes a function"):
        torch.explain(3)
    with pytest.raises(TypeError, match="as page"):
        torch.explain()(3)
    with pytest.raises(RuntimeError, match="no run to show"):
        torch.explain().text()
    with torch.explain() as page:
        pass
    assert page.text()
    with pytest.raises(RuntimeError, match="another"), page:
        pass


def test_nothing_stays_behind():
    x = leaf(1.0)
    with torch.explain():
        x * 2
    assert torch.autograd.grad_mode.current.state.interpreters == ()
    y = x * 2
    with pytest.raises(ZeroDivisionError), torch.explain():
        y * (1 // 0)
    assert torch.autograd.grad_mode.current.state.interpreters == ()


# --- the page ------------------------------------------------------------------------------------


def test_values_on_the_page_are_those_of_the_run_to_the_bit():
    torch.manual_seed(0)
    x = torch.randn(7, 5, requires_grad=True)
    page = torch.explain(lambda: (x.tanh() * 3).sum())()
    data = data_of(page)
    by_name = {v["name"]: v for v in data["values"]}
    np.testing.assert_array_equal(array_of(by_name["x"]), x.detach().numpy())
    np.testing.assert_array_equal(array_of(by_name["tanh_1"]), x.detach().tanh().numpy())
    np.testing.assert_array_equal(array_of(by_name["x.grad"]), x.grad.numpy())


@pytest.mark.parametrize(
    "dtype", ["float64", "float16", "int64", "int32", "uint8", "bool", "complex64", "int8"]
)
def test_dtypes(dtype):
    x = torch.ones(3, 2).to(getattr(torch, dtype))
    with torch.explain() as page:
        x.clone()
    (value, *_) = data_of(page)["values"]
    assert value["dtype"] == dtype
    if dtype != "complex64":
        assert array_of(value).tolist() == x.tolist()


def test_large_integers_keep_their_digits():
    with torch.explain() as page:
        torch.tensor([2**62 + 1, -3]).clone()
    assert data_of(page)["values"][0]["data"] == [str(2**62 + 1), "-3"]


def test_large_tensors_are_sampled_and_their_figures_are_exact():
    torch.manual_seed(0)
    x = torch.randn(500, 400)
    with torch.explain() as page:
        x * 2
    value = next(v for v in data_of(page)["values"] if v["name"] == "x")
    array = x.numpy()
    assert len(value["rows"]) * len(value["columns"]) <= 4096
    np.testing.assert_array_equal(array_of(value), array[np.ix_(value["rows"], value["columns"])])
    low, high, norm, mean = value["figures"]
    assert (low, high) == (array.min(), array.max())
    np.testing.assert_allclose(norm, np.linalg.norm(array), rtol=1e-5)
    np.testing.assert_allclose(mean, array.mean(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", [(20000,), (3, 5000), (2, 3, 40, 50), (9000, 1), (1, 9000)])
def test_samples_are_elements_of_the_array(shape):
    array = np.arange(np.prod(shape)).reshape(shape)[..., ::-1]
    taken, rows, columns = sample(array, 512)
    assert taken.size <= 512
    matrix = array.reshape(-1, shape[-1])
    np.testing.assert_array_equal(taken, matrix[np.ix_(rows, columns)])


@pytest.mark.parametrize(
    "number", [0.1, 1.0, -2.5, 1e-7, 3e20, 123456.79, 1e-4, 0.0, float("inf"), float("nan")]
)
def test_numbers_read_back_as_themselves(number):
    for kind in (np.float32, np.float64):
        x = kind(number)
        assert kind(number_text(x)) == x or np.isnan(x)


def test_rules_as_they_stand_in_the_source():
    x = leaf(1.0)
    page = torch.explain(lambda: x.tanh().sum())()
    data = data_of(page)
    step = next(s for s in data["steps"] if s["label"].startswith("gradient of tanh"))
    assert data["sources"][step["grads"][0]["rule"]]["text"] == (
        "lambda g, out: g * (1 - out * out)"
    )
    declared = data["sources"][data["operations"][step["op"]]["declared"]]
    words = " ".join(declared["text"].split())
    assert re.match(r'@operation\( ?np.tanh, "x", lambda g, out: g \* \(1 - out \* out\),', words)
    assert declared["file"] == "minitorch/ops/trigonometric.py"
    words = "".join(t if isinstance(t, str) else "_" for t in step["grads"][0]["template"]["t"])
    assert words == "_ * (1 - _ * _)"
    taken = [t["v"] for t in step["grads"][0]["template"]["t"] if not isinstance(t, str)]
    names = [data["values"][k]["name"] for k in taken]
    assert names == ["∂tanh_1", "tanh_1", "tanh_1"]


def test_the_page_is_one_document_without_a_network():
    with torch.explain() as page:
        "</script><b>" and torch.ones(2) * 2
    text = page.html()
    assert text.count("</script>") == 2
    assert """content="default-src 'unsafe-inline' 'unsafe-eval' data:\"""" in text  # no address
    assert not re.search(r"(src|href)=[\"']?https?:", text)
    frame = page._repr_html_()
    assert frame.startswith("<iframe")
    assert html.unescape(re.search(r'srcdoc="(.*?)" sandbox', frame, re.S)[1]) == text


def test_save(tmp_path):
    page = torch.explain(chain)(leaf(1.0))
    path = page.save(tmp_path / "backprop.html")
    assert path.read_text(encoding="utf-8") == page.html()
    assert page.save(str(path)) == path


def test_many_steps_stay_small():
    x = leaf(1.0, 2.0)

    def long():
        y = x
        for _ in range(1000):
            y = y.sin()
        return y.sum()

    page = torch.explain(long)()
    assert len(page.steps) > 2000
    assert len(page.html()) < 3_000_000


def test_text_and_program():
    x = leaf(0.5)
    page = torch.explain(chain)(x)
    text = page.text()
    assert "h = mul(x, 2): [1] [1]" in text
    assert re.search(r"backward 1\n.*\n  ∂sum_1: \[\] 1\n", text)
    assert f"x.grad = ∂x: [1] [{number_text(x.grad.numpy()[0])}]" in text
    lines = [line.partition("#")[0].rstrip() for line in page.program.splitlines()]
    assert "h = mul(x, 2)" in lines
    assert "d_h = d_tanh_1 * (1 - tanh_1 * tanh_1)" in lines
    assert "d_x = d_h * 2" in lines
    assert repr(page).startswith("<minitorch.explain: 3 operations, 1 backward pass")


def test_lines_that_call_explain_give_their_name_to_the_page_alone():
    x = leaf(1.0)
    page = torch.explain(torch.exp)(x)
    assert [s.outputs[0].name for s in page.steps if s.kind == "operation"] == ["exp_1"]


def test_the_function_that_refused_its_tensors_is_named():
    a, short = torch.ones(2, 3), torch.ones(3)
    with pytest.raises(RuntimeError) as caught:
        torch.explain(lambda: torch.stack([a, short]))()
    last = caught.value.page.steps[-1]
    assert last.name == "stack"
    assert [(x.name, x.shape) for x in last.inputs] == [("a", (2, 3)), ("short", (3,))]


def test_what_is_made_in_a_backward_pass_stands_in_it():
    x = torch.tensor(2.0, requires_grad=True)
    page = torch.explain(torch.func.grad(lambda x: (x * x).sin()))(x)
    begin = next(k for k, s in enumerate(page.steps) if s.kind == "backward")
    later = [s for s in page.steps[begin + 1 :] if s.kind in ("operation", "given", "view")]
    assert later
    assert all(s.inside is not None for s in later)


def test_a_compiled_function_is_shown_operation_by_operation():
    compiled = torch.compile(lambda x: (x * 2).tanh().sum())
    x = leaf(1.0)
    compiled(x)
    page = torch.explain(compiled)(x)
    assert [s.name for s in page.steps if s.kind == "operation"] == ["mul", "tanh", "sum"]


def test_what_is_detached_is_a_view_of_its_own():
    w = leaf(2.0)
    with torch.explain() as page:
        h = w * 3
        cut = h.detach()
        (cut * h).sum().backward()
    step = step_of(page, "view", "detach")
    assert step.inputs[0].name == "h"
    assert step.outputs[0].name == "cut"
    product = [s for s in page.steps if s.name == "mul"][1]
    assert [x.name for x in product.inputs] == ["cut", "h"]
    table = torch.explain.gradients((h.detach() * 2).sum(), {"w": w})
    assert not table["w"].arrives

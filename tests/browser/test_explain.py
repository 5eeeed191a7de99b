"""The page of ``minitorch.explain`` in a real browser: from disk, without a network."""

import re

import minitorch as torch
import numpy as np
import pytest
from minitorch.insight.values import number_text


@pytest.fixture
def mlp(tmp_path):
    """The page of a training step, and the model's tensors."""
    nn = pytest.importorskip("minitorch.nn")
    torch.manual_seed(0)
    x, y = torch.randn(16, 4), torch.randint(0, 3, (16,))
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = [p.detach().clone() for p in model.parameters()]
    hidden = model[:2](x).detach()
    with torch.explain() as page:
        logits = model(x)
        loss = nn.functional.cross_entropy(logits, y)
        loss.backward()
        optimizer.step()
    path = page.save(tmp_path / "backprop.html")
    return path, model, before, hidden, loss


def step_where(seen, condition):
    """Goes to the first step for which the JavaScript ``condition`` of ``s`` holds."""
    number = seen.page.evaluate(f"minitorchExplain.data.steps.findIndex((s) => {condition})")
    assert number >= 0
    seen.page.evaluate(f"minitorchExplain.go({number})")
    return number


@pytest.mark.parametrize("look", ["light", "dark", "narrow"])
def test_it_opens_from_disk(visit, mlp, look):
    seen = visit(mlp[0], look=look, offline=True)
    assert seen.page.title().startswith("minitorch.explain")
    assert "1 backward pass" in seen.page.inner_text("#summary")
    step_where(seen, "s.label.startsWith('gradient of tanh')")
    seen.screenshot(f"explain-{look}", full=look == "narrow")
    assert seen.errors == []
    assert seen.requests == []


def test_the_slider_walks_through_all_steps(visit, mlp):
    seen = visit(mlp[0])
    steps = seen.page.evaluate("minitorchExplain.data.steps.length")
    slider = seen.page.locator("#slider")
    slider.focus()
    said = set()
    for number in range(steps):
        assert seen.page.inner_text("#position") == f"{number + 1} of {steps}"
        said.add(seen.page.inner_text("#detail h2") + seen.page.inner_text("#told"))
        seen.page.keyboard.press("ArrowRight")
    assert len(said) == steps
    assert seen.page.inner_text("#position") == f"{steps} of {steps}"
    assert seen.errors == []


def test_values_appear_as_they_are_computed(visit, mlp):
    seen = visit(mlp[0])
    page = seen.page
    page.evaluate("minitorchExplain.go(0)")
    drawn = "document.querySelectorAll('#drawing .future').length"
    page.wait_for_function(f"{drawn} > 0")
    at_first = page.evaluate(drawn)
    page.keyboard.press("End")
    page.wait_for_function(f"{drawn} === 0")
    assert at_first > 10


def test_keys(visit, mlp):
    seen = visit(mlp[0])
    page, last = seen.page, seen.page.evaluate("minitorchExplain.data.steps.length")

    def now():
        return page.evaluate("minitorchExplain.state.now")

    page.keyboard.press("End")
    assert now() == last - 1
    page.keyboard.press("Home")
    assert now() == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert now() == 1
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.wait_for_function("minitorchExplain.state.now > 1")
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.focus("#scroller")
    at = now()
    page.keyboard.press("ArrowDown")
    assert now() > at
    chosen = page.get_attribute("#scroller", "aria-activedescendant")
    assert page.get_attribute(f"#{chosen}", "aria-selected") == "true"


def test_a_click_shows_the_rule_and_the_numbers_of_the_library(visit, mlp):
    path, model, _, hidden, _ = mlp
    seen = visit(path)
    page = seen.page
    number = page.evaluate(
        "minitorchExplain.data.steps.findIndex((s) => s.label.startsWith('gradient of tanh'))"
    )
    page.locator(f"#drawing rect[data-step='{number}']").click()
    assert page.inner_text("#detail h2") == "gradient of tanh_1 = tanh"
    assert "lambda g, out: g * (1 - out * out)" in page.inner_text("#detail")
    # g and the result are those of the library: computed again here from its gradients
    data = page.evaluate("minitorchExplain.state.picked.get(minitorchExplain.state.result)")
    row, column = data
    taken = page.locator("#plugged .number").all_inner_texts()
    out = hidden.numpy()[row, column]
    assert taken[1].strip("()") == taken[2].strip("()") == number_text(out)
    g, result = (np.float32(taken[k].strip("()")) for k in (0, -1))
    assert result == g * (np.float32(1) - out * out)
    bias = model[0].bias.grad.numpy()
    shown = page.evaluate(
        """minitorchExplain.data.values.findIndex((v) => v.name === "0.bias.grad")"""
    )
    assert shown >= 0
    step_where(seen, "s.kind === 'accumulate' && s.label.startsWith('0.bias.grad')")
    cells = page.locator(f"[data-value='{shown}'] .numbers td").all_inner_texts()
    assert set(cells) <= {number_text(x) for x in bias}
    assert len(cells) == 5


def test_another_element_is_chosen_in_the_heat_map(visit, mlp):
    path, model, _, _, _ = mlp
    seen = visit(path)
    page = seen.page
    step_where(seen, "s.label.startsWith('gradient of logits')")
    page.click("[data-tab='1']")  # of the weight
    weight = model[2].weight.grad.numpy()
    canvas = page.locator("#detail canvas").first
    box = canvas.bounding_box()
    for row, column in ((0, 0), (2, 5), (1, 3)):
        at = {"x": (column + 0.5) * box["width"] / 6, "y": (row + 0.5) * box["height"] / 3}
        canvas.click(position=at)
        said = page.inner_text("#plugged")
        assert f"[{row}, {column}]" in said
        assert said.split("=")[-1].strip() == number_text(weight[row, column])
    canvas.focus()
    page.keyboard.press("ArrowUp")
    assert "[0, 3]" in page.inner_text("#plugged")
    assert seen.errors == []


def test_a_sum_of_products_has_the_numbers_of_the_run(visit, mlp):
    path, _, before, hidden, _ = mlp
    seen = visit(path)
    step_where(seen, "s.label.startsWith('logits = linear')")
    row, column = seen.page.evaluate(
        "minitorchExplain.state.picked.get(minitorchExplain.state.result)"
    )
    texts = seen.page.locator("#plugged .number").all_inner_texts()
    numbers = [np.float32(each.strip("()")) for each in texts]
    weight, bias = before[2].numpy(), before[3].numpy()
    assert numbers[0:12:2] == hidden.numpy()[row].tolist()
    assert numbers[1:12:2] == weight[column].tolist()
    assert numbers[12] == bias[column]
    np.testing.assert_allclose(
        numbers[-1], hidden.numpy()[row] @ weight[column] + bias[column], rtol=1e-5
    )


def test_modules_fold_and_steps_stay_reachable(visit, mlp):
    seen = visit(mlp[0])
    page = seen.page
    boxes = "document.querySelectorAll('#drawing [data-step]').length"
    page.wait_for_function(f"{boxes} > 0")
    before = page.evaluate(boxes)
    page.click("#fold")
    page.wait_for_function(f"{boxes} < {before}")
    page.click("#fold")
    page.wait_for_function(f"{boxes} === {before}")
    page.locator("#drawing rect[data-call]").first.click()
    page.wait_for_function(f"{boxes} < {before}")
    assert seen.errors == []


@pytest.mark.parametrize("colour", ["norm", "range", "seconds", "bytes"])
def test_colours(visit, mlp, colour):
    seen = visit(mlp[0])
    seen.page.select_option("#colour", colour)
    seen.page.keyboard.press("End")
    seen.page.wait_for_function(
        "new Set([...document.querySelectorAll('#drawing rect')].map("
        "(r) => r.getAttribute('fill')).filter((f) => f.startsWith('rgb'))).size > 2"
    )
    assert seen.page.locator("#legend span").count() == 5
    assert seen.errors == []


def test_table_and_theme(visit, mlp):
    seen = visit(mlp[0])
    page = seen.page
    page.click("#table-switch")
    steps = page.evaluate("minitorchExplain.data.steps.length")
    assert page.locator("#table tbody tr").count() == steps
    page.click("[data-go='3']")
    assert page.evaluate("minitorchExplain.state.now") == 3
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    seen.screenshot("explain-table-dark")
    assert seen.errors == []


def test_everything_that_is_used_has_a_name(visit, mlp):
    page = visit(mlp[0]).page
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, select, input, canvas, [role]")].filter((e) =>
        !(e.getAttribute("aria-label") || e.textContent.trim() || e.closest("label") || e.title
        || e.getAttribute("role") === "status")).length"""
    )
    assert nameless == 0
    tree = page.locator("main").aria_snapshot()
    assert "listbox" in tree
    assert "option" in tree


def test_it_prints(visit, mlp, tmp_path):
    seen = visit(mlp[0])
    seen.page.keyboard.press("End")
    seen.page.pdf(path=tmp_path / "backprop.pdf")
    assert (tmp_path / "backprop.pdf").stat().st_size > 20_000
    assert seen.errors == []


def test_an_error_ends_the_page(visit, tmp_path):
    with pytest.raises(RuntimeError) as caught:
        torch.explain(lambda a, b: (a + 1) @ b)(torch.ones(2, 3), torch.ones(2, 3))
    seen = visit(caught.value.page.save(tmp_path / "error.html"))
    shown = seen.page.inner_text("#detail")
    assert str(caught.value) in shown
    assert shown.count("[2, 3]") >= 2
    seen.screenshot("explain-error")
    assert seen.errors == []


def test_two_thousand_steps(visit, tmp_path):
    w = torch.randn(8, 8, requires_grad=True)

    def long():
        y = torch.ones(8, 8)
        for _ in range(500):
            y = (y @ w).tanh()
        return y.sum()

    page = torch.explain(long)()
    assert len(page.steps) > 2000
    seen = visit(page.save(tmp_path / "long.html"))
    seen.page.wait_for_function("performance.getEntriesByType('paint').length === 2")
    paints = seen.page.evaluate(
        "performance.getEntriesByType('paint').map((e) => [e.name, e.startTime])"
    )
    assert dict(paints)["first-contentful-paint"] < 2000
    assert seen.page.locator("#drawing rect").count() < 300  # those in sight
    seen.page.keyboard.press("End")
    seen.page.wait_for_function("document.getElementById('drawing').querySelector('.now') !== null")
    assert seen.page.locator("#drawing rect").count() < 300
    assert seen.errors == []


def test_all_kinds_of_steps(visit, tmp_path):
    torch.manual_seed(0)
    w = torch.tensor([1.0, 2.0], requires_grad=True)

    def run(x):
        h = x * w + w
        h[0] = 3.0
        z = h.view(2, 1).tanh() * torch.randn(3)
        top = z.max(dim=1).values.softmax(0)
        return (top * torch.arange(2)).mean() + z.exp().log_softmax(1).sum()

    seen = visit(torch.explain(run)(torch.ones(2)).save(tmp_path / "all.html"))
    for number in range(seen.page.evaluate("minitorchExplain.data.steps.length")):
        seen.page.evaluate(f"minitorchExplain.go({number})")
        plugged = seen.page.locator("#plugged")
        if plugged.count():
            assert "undefined" not in plugged.inner_text()
            assert "NaN" not in plugged.inner_text()
            assert "?" not in plugged.inner_text()
    assert seen.errors == []


OPERATIONS = {
    "x + b": lambda x, y, b, w: x + b,
    "x - b": lambda x, y, b, w: x - b,
    "x * b": lambda x, y, b, w: x * b,
    "x / y": lambda x, y, b, w: x / y,
    "2 / x": lambda x, y, b, w: 2 / x,
    "3 - x": lambda x, y, b, w: 3 - x,
    "-x": lambda x, y, b, w: -x,
    "x ** 2": lambda x, y, b, w: x**2,
    "y ** x": lambda x, y, b, w: y**x,
    "square": lambda x, y, b, w: x.square(),
    "exp": lambda x, y, b, w: x.exp(),
    "log": lambda x, y, b, w: y.log(),
    "sqrt": lambda x, y, b, w: y.sqrt(),
    "rsqrt": lambda x, y, b, w: y.rsqrt(),
    "tanh": lambda x, y, b, w: x.tanh(),
    "sigmoid": lambda x, y, b, w: x.sigmoid(),
    "relu": lambda x, y, b, w: x.relu(),
    "abs": lambda x, y, b, w: x.abs(),
    "sin": lambda x, y, b, w: x.sin(),
    "cos": lambda x, y, b, w: x.cos(),
    "reciprocal": lambda x, y, b, w: y.reciprocal(),
    "maximum": lambda x, y, b, w: torch.maximum(x, y),
    "where": lambda x, y, b, w: torch.where(x > 0, x, b),
    "masked_fill": lambda x, y, b, w: x.masked_fill(x > 0, 3.0),
    "clamp": lambda x, y, b, w: x.clamp(-0.5, 0.5),
    "matmul": lambda x, y, b, w: x @ w,
    "batched matmul": lambda x, y, b, w: torch.stack([x, y]) @ w,
    "batches of matrices": lambda x, y, b, w: torch.stack([x, y]) @ torch.stack([w, w]),
    "sum": lambda x, y, b, w: x.sum(),
    "sum of rows": lambda x, y, b, w: x.sum(1) * 2,
    "sum, kept": lambda x, y, b, w: x.sum(0, keepdim=True) * x,
    "mean": lambda x, y, b, w: x.mean(),
    "mean of columns": lambda x, y, b, w: x.mean(0) * b,
    "softmax": lambda x, y, b, w: x.softmax(1) * y,
    "softmax of columns": lambda x, y, b, w: x.softmax(0) * y,
    "log_softmax": lambda x, y, b, w: x.log_softmax(1) * y,
    "view": lambda x, y, b, w: x.view(3, 2) * 2,
    "transpose": lambda x, y, b, w: x.T * 3,
    "slice": lambda x, y, b, w: x[:, 1:] * 2,
    "select": lambda x, y, b, w: x[1] * b,
    "expand": lambda x, y, b, w: b.expand(2, 3) * x,
    "three dimensions": lambda x, y, b, w: x.view(1, 2, 3) * y.view(2, 1, 3) + b,
    "double": lambda x, y, b, w: x.double() * 0.1,
    "a vector": lambda x, y, b, w: x[0] * b,
    "gathered rows": lambda x, y, b, w: x[torch.tensor([0, 1, 0])],
    "the greatest": lambda x, y, b, w: x.max(1).values,
    "cat": lambda x, y, b, w: torch.cat([x, b[None]]),
    "pieces": lambda x, y, b, w: x.split([1, 2], 1)[1] * x.split([1, 2], 1)[0],
    "cumsum": lambda x, y, b, w: x.cumsum(1),
    "prod": lambda x, y, b, w: x.prod(1),
    "logsumexp": lambda x, y, b, w: x.logsumexp(1),
    "norm": lambda x, y, b, w: x.norm(),
    "matrix times vector": lambda x, y, b, w: x @ b,
    "convolution": lambda x, y, b, w: torch.nn.functional.conv1d(
        x.view(1, 2, 3), y.view(1, 2, 3), b[:1], padding=1
    ),
}
WORDS = {  # the page's signs, as Python's
    "·": "*", "²": "**2", " ^ ": "**", " = ": "==", "≠": "!=", "≤": "<=", "≥": ">=",
}  # fmt: skip
KNOWN = {
    name: getattr(np, name)
    for name in ("exp", "log", "tanh", "sin", "cos", "sqrt", "sign", "where", "maximum")
} | {
    "sgn": np.sign, "True": True, "False": False, "inf": np.inf, "nan": np.nan,
    "clamp": lambda x, low, high: np.clip(x, low, high),
    "rsqrt": lambda x: 1 / np.sqrt(x), "kept": lambda x, mask: x if mask else 0,
    "max": max, "min": min,
}  # fmt: skip


def value_of(text):
    """What a formula with the numbers in it comes to."""
    text = re.sub(r"\[(.*?)\]", r"(\1)", " ".join(text.split()))  # 1 where it holds, else 0
    if text.startswith("|"):
        return abs(eval(text.strip("|")))
    for sign, word in WORDS.items():
        text = text.replace(sign, word)
    return eval(text, {"__builtins__": {}}, KNOWN)


@pytest.mark.parametrize("name", OPERATIONS)
def test_formulas_hold_for_the_numbers_in_them(visit, tmp_path, name):
    torch.manual_seed(0)
    x, y = torch.randn(2, 3, requires_grad=True), (torch.rand(2, 3) + 0.5).requires_grad_()
    b, w = torch.randn(3, requires_grad=True), torch.randn(3, 2, requires_grad=True)
    weights = torch.randn(12)

    def run():
        out = OPERATIONS[name](x, y, b, w)
        return (out * weights[: out.numel()].view(out.shape)).sum()

    seen = visit(torch.explain(run)().save(tmp_path / "page.html"))
    held = 0
    for number in range(seen.page.evaluate("minitorchExplain.data.steps.length")):
        seen.page.evaluate(f"minitorchExplain.go({number})")
        for tab in range(max(1, seen.page.locator("[data-tab]").count())):
            if seen.page.locator("[data-tab]").count():
                seen.page.click(f"[data-tab='{tab}']")
            plugged = seen.page.locator("#plugged")
            if not plugged.count():
                continue
            text = plugged.locator(".mono").inner_text()
            if "more" in text:  # not all terms are shown
                continue
            result = value_of(plugged.locator(".result").inner_text())
            np.testing.assert_allclose(value_of(text), result, rtol=1e-4, atol=1e-6, err_msg=text)
            held += 1
    assert held >= 3
    assert seen.errors == []

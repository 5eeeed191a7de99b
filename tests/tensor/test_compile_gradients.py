"""Where a gradient of a compiled function could be wrong in silence: each row is run as it is and
compiled, three calls each, and gives the same numbers or the same refusal."""

import threading
import warnings

import minitorch as torch
import pytest

ROWS = {}


def row(function):
    ROWS[function.__name__] = function
    return function


def ones(*shape):
    return torch.ones(*shape, requires_grad=True)


def refusal(call):
    try:
        return str(call() is None)
    except RuntimeError as error:
        return str(error)


@row
def gradients_come_from_two_calls_and_from_elsewhere(compiled):
    f = compiled(lambda x, w: (x * w).tanh() + w.exp() * x.sin() - w)

    def call():
        torch.manual_seed(3)
        w = torch.randn(50, requires_grad=True)
        x = w * 3
        made = (f(x, w) * f(x + 1, w)).exp() + x.cos() - w / 3
        made.sum().backward()
        return w.grad.tolist()

    return call


@row
def one_result_is_returned_twice(compiled):
    def f(x, w):
        y = x * 2
        return y, y, y.sin() * w

    f = compiled(f)

    def call():
        x, w = ones(3), ones(3)
        f(x, w)[2].sum().backward()
        first = x.grad.tolist(), w.grad.tolist()
        a, b, c = f(x, w)
        (a * b + c).sum().backward()
        return first, x.grad.tolist(), w.grad.tolist(), a is b

    return call


@row
def results_have_graphs_of_their_own(compiled):
    f = compiled(lambda x, w: ((x * w).sum(), w.exp(), w + 1))

    def call():
        w = ones(3)
        a, b, c = f(torch.ones(3), w)
        for result in (a, b, c, c):
            result.sum().backward()
        return w.grad.tolist(), *(refusal(each.sum().backward) for each in (a, b, c))

    return call


@row
def what_one_result_saved_is_written_to(compiled):
    f = compiled(lambda x, y, w: ((x * w).sum(), (y * w).sum()))

    def call():
        x, y, w = torch.ones(3), torch.ones(3), ones(3)
        a, b = f(x, y, w)
        x.add_(1)
        b.backward(retain_graph=True)
        return w.grad.tolist(), refusal((a + b).backward)[:40], refusal(a.backward)[:40]

    return call


@row
def results_are_computed_from_each_other(compiled):
    def f(x, w):
        h = torch.tanh(x @ w)
        logits = h @ w * 3
        return h, logits, (logits * logits).mean()

    f = compiled(f)

    def call():
        torch.manual_seed(2)
        w, x, seen = torch.randn(3, 3, requires_grad=True), torch.randn(2, 3), []
        h, logits, loss = f(x, w)
        by = torch.autograd.grad(loss, [h, logits], retain_graph=True)
        h.retain_grad()
        logits.register_hook(lambda g: seen.append(g.tolist()) or g * 2)
        (loss + h.sum()).backward(retain_graph=True)
        loss.backward()
        return [g.tolist() for g in by], h.grad.tolist(), seen, w.grad.tolist()

    return call


@row
def results_are_made_one_after_the_other(compiled):
    f = compiled(lambda x: (x.sin(), x, x.exp(), x.sum(), x.cos()))

    def call():
        torch.manual_seed(2)
        x = torch.randn(60, requires_grad=True)
        a, b, c, d, e = f(x)
        (e + d + c + b * 0.3 + a).sum().backward()
        return x.grad.tolist()

    return call


@row
def results_are_made_by_turns(compiled):
    def f(x, w):
        a, b = x * w, x.exp() * w
        a, b = a.sin(), b.cos()
        return a * w, b / w

    f = compiled(f)

    def call():
        torch.manual_seed(2)
        w, x = torch.randn(40, requires_grad=True), torch.randn(40)
        a, b = f(x, w)
        (a * b).sum().backward()
        return w.grad.tolist()

    return call


@row
def nothing_is_saved_but_numbers(compiled):
    f = compiled(lambda x: x * 2)
    g = compiled(lambda x: x + 2)

    def call():
        x = ones(3)
        made = []
        for each in (f(x), g(x)):
            each.sum().backward()
            made.append(refusal(each.sum().backward))
        return x.grad.tolist(), made

    return call


@row
def a_view_of_several_is_written_to(compiled):
    f = compiled(lambda x: (x * 2).split(2)[0])

    def call():
        x = ones(4)
        y = f(x)
        return refusal(lambda: y.add_(1)), y.tolist()

    return call


@row
def a_hook_runs_in_real_passes_alone(compiled):
    seen = []

    def f(x):
        y = x * 2
        y.register_hook(lambda g: seen.append(g.tolist()))
        return y * y

    f = compiled(f)

    def call():
        x = ones(3)
        f(x).sum().backward()
        return x.grad.tolist(), list(seen)

    return call


@row
def a_result_is_saved_and_written_to(compiled):
    f = compiled(lambda x: x.exp())

    def call():
        x = ones(3)
        y = f(x)
        y.add_(1)
        y.sum().backward()
        return x.grad.tolist()

    return call


@row
def a_view_of_what_is_saved_is_written_to(compiled):
    f = compiled(lambda x: x.exp().reshape(3, 1))

    def call():
        x = ones(3)
        y = f(x)
        y.add_(1)
        y.sum().backward()
        return x.grad.tolist()

    return call


@row
def an_argument_is_written_to_whose_view_is_saved(compiled):
    f = compiled(lambda x, w: (x.T * w).sum())

    def call():
        x, w = torch.ones(3, 2), ones(2, 3)
        y = f(x, w)
        x.add_(1)
        y.backward()
        return w.grad.tolist()

    return call


@row
def an_argument_is_written_to_whose_copy_is_saved(compiled):
    f = compiled(lambda x, w: (x.T.contiguous() @ w).sum())

    def call():
        x, w = torch.ones(3, 2), ones(3, 2)
        y = f(x, w)
        x.add_(1)
        y.backward()
        return w.grad.tolist()

    return call


@row
def a_leaf_lies_beyond_a_captured_tensor(compiled):
    w = ones(3)
    h = w + 0

    def step(x):
        (h * x).sum().backward()

    f = compiled(step)

    def call():
        f(torch.ones(3))
        return w.grad.tolist()

    return call


@row
def a_backward_pass_uses_up_the_graph_of_an_argument(compiled):
    w = ones(3)

    def step(h):
        (h * w).sum().backward()

    f = compiled(step)

    def call():
        h = (torch.ones(3).requires_grad_() * 2)[1:]  # whose leaf nobody has
        f(h.expand(3))
        return w.grad.tolist(), refusal(lambda: h.sum().backward())[:20]

    return call


@row
def an_argument_with_a_history_is_written_to(compiled):
    def doubled(h):
        h.mul_(2)
        return h.sum()

    f = compiled(doubled)

    def call():
        w = ones(3)
        f(w * 1).backward()
        return w.grad.tolist()

    return call


@row
def an_argument_that_is_a_view_is_written_to_under_no_grad(compiled):
    def scaled(h, w):
        made = h + w
        with torch.no_grad():
            h.mul_(2)
        return made

    f = compiled(scaled)

    def call():
        base, w = ones(3), ones(2)
        f((base * 3)[1:], w).sum().backward()
        return base.grad.tolist(), w.grad.tolist()

    return call


@row
def an_argument_gets_a_history(compiled):
    def scaled(h, w):
        h.mul_(w)

    f = compiled(scaled)

    def call():
        w, h = ones(3), torch.full((3,), 2.0)
        f(h, w)
        h.sum().backward()
        return w.grad.tolist(), h.requires_grad

    return call


@row
def one_of_two_results_gets_no_gradient(compiled):
    f = compiled(lambda a: (a / 0 * 0, a * 2))

    def call():
        a = ones(3)
        _, v = f(a)
        v.sum().backward()
        return a.grad.tolist()

    return call


@row
def each_result_by_itself_and_all_together(compiled):
    f = compiled(lambda a: (a.exp(), a * a, a.sum()))

    def call():
        found = []
        for mask in range(1, 8):
            a = torch.tensor([1.0, 2.0], requires_grad=True)
            made = f(a)
            sum(made[k].sum() for k in range(3) if mask >> k & 1).backward()
            found.append(a.grad.tolist())
        return found

    return call


@row
def a_second_backward_pass(compiled):
    f = compiled(lambda a: (a.exp() * 2).exp())

    def call():
        y = f(ones(3)).sum()
        y.backward()
        y.backward()

    return call


@row
def the_gradient_is_written_to_between_passes(compiled):
    f = compiled(lambda a: a.exp())

    def call():
        a = ones(3)
        y = f(a).sum()
        (g,) = torch.autograd.grad(y, a, retain_graph=True)
        g.zero_()
        y.backward()
        return a.grad.tolist()

    return call


@row
def dtypes_meet_and_shapes_broadcast(compiled):
    f = compiled(lambda a, b: (a * b).sum((0, 2)) / (a.sum() + 1))

    def call():
        a, b = ones(2, 1, 3), torch.full((1, 4, 1), 2.0, dtype=torch.float64, requires_grad=True)
        f(a, b).sum().backward()
        return a.grad.tolist(), b.grad.tolist(), a.grad.dtype, b.grad.dtype

    return call


@row
def nothing_and_a_number(compiled):
    f = compiled(lambda a: (a * a).sum() + (a + 1).prod())

    def call():
        found = []
        for a in (ones(0, 3), torch.tensor(3.0, requires_grad=True)):
            f(a).backward()
            found.append((tuple(a.grad.shape), a.grad.tolist()))
        return found

    return call


@row
def ties(compiled):
    f = compiled(lambda x: x.max(0).values + x.amin() + x.sort(0).values[0] + x.median())

    def call():
        x = torch.tensor([2.0, 2.0, 1.0, 1.0], requires_grad=True)
        f(x).backward()
        return x.grad.tolist()

    return call


@row
def an_argument_that_is_not_contiguous(compiled):
    f = compiled(lambda a: (a.t() * 1).sum() + (a.T @ a).sum())

    def call():
        a = torch.arange(6.0).reshape(2, 3).T.requires_grad_()
        f(a).backward()
        return a.grad.tolist(), a.grad.stride()

    return call


@row
def arguments_share_memory(compiled):
    def added(x, y):
        x.add_(1)
        return y * 2

    f = compiled(added)

    def call():
        x = torch.zeros(4)
        return f(x, x[1:3]).tolist()

    return call


@row
def a_hook_of_a_leaf(compiled):
    f = compiled(lambda a: a * 3)

    def call():
        a, seen = ones(3), []
        a.register_hook(lambda g: seen.append(g.tolist()) or g * 2)
        f(a).sum().backward()
        return a.grad.tolist(), seen

    return call


def outcomes(make, compiled):
    call, found = make(compiled), []
    for _ in range(3):
        try:
            found.append(call())
        except RuntimeError as error:
            found.append(str(error).partition(":")[0])
    return found


@pytest.mark.parametrize("name", ROWS)
def test_gradients_are_the_same(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some make no program
        assert outcomes(ROWS[name], torch.compile) == outcomes(ROWS[name], lambda f: f)


def test_backward_passes_of_one_function_in_several_threads():
    compiled = torch.compile(lambda x: (x.exp() * x.sin()).tanh().sum(), fullgraph=True)
    inputs = [torch.full((200, 200), 0.1 * k, requires_grad=True) for k in range(8)]
    compiled(inputs[0])
    results = [compiled(x) for x in inputs]

    threads = [threading.Thread(target=y.backward) for y in results]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for x in inputs:
        again = x.detach().clone().requires_grad_()
        (again.exp() * again.sin()).tanh().sum().backward()
        assert torch.equal(x.grad, again.grad)


def test_many_results_with_a_graph_in_common_make_no_program():
    def parts(x):
        y = x.exp()
        return [y * k for k in range(4)]

    with pytest.warns(UserWarning, match="more than 3 results have a graph in common"):
        torch.compile(parts)(ones(2))


def test_a_result_that_another_is_computed_from_in_two_ways_makes_no_program():
    def states(x):
        h = x.tanh()
        after = h.tanh()
        return torch.stack([h, after]), after

    with pytest.warns(UserWarning, match="a result is computed from another in more than one way"):
        torch.compile(states)(ones(2))


def test_results_apart_or_one_after_the_other_are_a_program():
    def layers(x, *ws):
        hidden = [x]
        for w in ws:
            hidden.append(torch.tanh(hidden[-1] @ w))
        return hidden[1:]

    compiled = torch.compile(layers, fullgraph=True)
    ws = [torch.randn(3, 3, requires_grad=True) for _ in range(6)]
    for f in (compiled, layers, compiled, layers):
        *_, before, last = f(torch.ones(2, 3), *ws)
        (before * last).sum().backward()
    grads = [w.grad for w in ws]
    assert len(compiled(torch.ones(2, 3), *ws)) == 6
    assert all(g is not None for g in grads)


def test_a_gradient_that_is_only_set_is_not_asked_for():
    x = ones(3)

    @torch.compile(fullgraph=True)
    def step(scale):
        x.grad = None
        (x * x).sum().mul(scale).backward()

    for scale in (1.0, 2.0, 3.0):
        step(torch.tensor(scale))
        assert x.grad.tolist() == [2 * scale] * 3
    assert step._recordings == 1

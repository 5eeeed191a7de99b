"""Plots of training, a line each. Needs matplotlib.

    from plots import curves, weights

    curves(loss=losses, accuracy={"training": train, "test": test}).savefig("curves.png")
    weights(model).savefig("weights.png")

Both draw into the figure that they are given, otherwise into one of their own, and return it.
Numbers may be Python's, arrays or tensors, PyTorch's too.
"""

import math

import matplotlib.pyplot as plt


def curves(figure=None, x=None, xlabel="step", **series):
    """A plot for each series, one below the other; of a dict all its series in one plot.

    Args:
        figure: a figure or subfigure of matplotlib.
        x: where the numbers belong; 1, 2, ... by default. Series of another length have their own.
        xlabel: what ``x`` counts.
        series: numbers by name. What falls to a tenth of its start is drawn to logarithms.
    """
    figure = figure or plt.figure(figsize=(6, 2.5 * len(series)), layout="constrained")
    axes = figure.subplots(len(series), 1, squeeze=False)[:, 0]
    for axis, (name, lines) in zip(axes, series.items(), strict=True):
        lines = lines if isinstance(lines, dict) else {"": lines}
        for label, values in lines.items():
            values = [float(value) for value in values]
            fits = x is not None and len(x) == len(values)
            axis.plot(x if fits else range(1, len(values) + 1), values, label=label, linewidth=1)
            if min(values) > 0 and values[-1] < values[0] / 10:
                axis.set_yscale("log")
        axis.set_ylabel(name)
        if len(lines) > 1:
            axis.legend()
    axes[-1].set_xlabel(xlabel)
    return figure


def weights(model, figure=None, count=12):
    """A picture of each of the first ``count`` weights: blue above 0, red below.

    A matrix is a picture as it is, its rows the outputs; of a convolution the kernels are laid out
    in a grid, by outputs and inputs.
    """
    named = [(name, p.detach()) for name, p in model.named_parameters() if p.ndim > 1][:count]
    columns = min(len(named), 4)
    rows = math.ceil(len(named) / columns)
    figure = figure or plt.figure(figsize=(3 * columns, 2.6 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    for axis, (name, weight) in zip(axes, named, strict=False):
        picture = grid(weight)
        limit = abs(picture).max() or 1
        axis.imshow(
            picture,
            cmap="RdBu",
            vmin=-limit,
            vmax=limit,
            aspect="equal" if weight.ndim > 2 else "auto",
        )
        axis.set_title(f"{name} {list(weight.shape)}", fontsize=8)
    return figure


def grid(weight):
    """The weight as one matrix: a kernel of two dimensions beside the other, a column apart."""
    if weight.ndim == 2:
        return weight.numpy()
    weight = weight.reshape(*weight.shape[:2], -1, weight.shape[-1])
    if weight.shape[1] == 1:
        weight = weight.transpose(0, 1)  # the kernels beside each other
    outputs, inputs, height, width = weight.shape
    made = weight.new_zeros(outputs, inputs, height + 1, width + 1)
    made[:, :, :height, :width] = weight
    made = made.permute(0, 2, 1, 3).reshape(outputs * (height + 1), inputs * (width + 1))
    return made[:-1, :-1].numpy()

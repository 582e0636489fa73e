"""The figures of the course: functions that draw on an `Axes`, and `show`, which puts a figure into a notebook.

Functions that draw take an `Axes` and return it (`images` returns a figure of its own); they show nothing. Colors are
from Okabe and Ito, "Color Universal Design" (2008): people with color blindness can tell them apart, too.
"""

from __future__ import annotations

import base64
import html
import io
import shutil
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import pydot
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"


def images(
    images: np.ndarray, titles: Sequence[str], n_columns: int, image_size: float = 0.9, colors: Sequence[str] = ()
) -> Figure:
    """A grid of gray images (n, height, width), each under its title; ink is dark, as on the lecture's slides.

    Args:
        images: any numeric dtype; the gray scale of each image goes from its smallest to its largest value.
        titles: one for each image.
        n_columns: images in a row.
        image_size: width of an image in inches.
        colors: of the titles; black if none are given.

    Raises ValueError if there is not one title for each image.
    """
    if len(images) != len(titles):
        raise ValueError(f"There are {len(images)} images and {len(titles)} titles; give one title per image.")
    n_rows = -(-len(images) // n_columns)
    title_lines = 1 + max(title.count("\n") for title in titles)
    size = (n_columns * image_size * 1.1, n_rows * (image_size + 0.19 * title_lines))
    figure, axes = plt.subplots(n_rows, n_columns, figsize=size, squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, title, color in zip(axes.flat, images, titles, colors or ["black"] * len(images), strict=False):
        ax.imshow(image, interpolation="nearest")
        ax.set_title(title, fontsize=9, fontweight="normal", loc="center", pad=3, color=color)
    return figure


def learning_curves(history: dict[str, Sequence[float]], metric: str, ax: Axes) -> Axes:
    """Draw a metric on the training data, and on the validation data if there are any, after each epoch.

    Args:
        history: one number per epoch for each metric, as `history.history` of Keras has them.
        metric: e.g. "loss" or "accuracy"; KeyError if the history has no such metric.
    """
    if metric not in history:
        raise KeyError(f"The history holds no {metric!r}; it holds {', '.join(map(repr, history))}.")
    epochs = np.arange(1, len(history[metric]) + 1)
    markers = {"markersize": 5, "markevery": 1 + len(epochs) // 15}
    ax.plot(epochs, history[metric], marker="o", label="training", **markers)
    if f"val_{metric}" in history:
        ax.plot(epochs, history[f"val_{metric}"], marker="s", label="validation", **markers)
    ax.set(xlabel="epoch", ylabel=metric)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def confusion_matrix(counts: np.ndarray, names: Sequence[str], ax: Axes) -> Axes:
    """Draw a confusion matrix (n_classes, n_classes): true classes in rows, predicted ones in columns.

    Each field shows its count; the larger its share of the row, the darker it is.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        color = "white" if shares[row, column] > 0.7 else "black"
        ax.text(column, row, counts[row, column] or "", ha="center", va="center", fontsize=8, color=color)
    ticks = np.arange(len(names))
    ax.set_xticks(ticks, names, rotation=45, ha="right", rotation_mode="anchor", fontsize=9)
    ax.set_yticks(ticks, names, fontsize=9)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.grid(False)
    return ax


def timeline(events: Sequence[tuple[int, str]], periods: Sequence[tuple[int, int, str]], ax: Axes) -> Axes:
    """Draw events (year, text) along a line of years, above and below it in turn; shade periods (from, to, name)."""
    years = [year for year, _ in events]
    ax.axhline(0, color="black", linewidth=1.5, linestyle="-", zorder=1)
    ax.scatter(years, np.zeros(len(years)), s=60, color=BLUE, zorder=2)
    for number, (year, text) in enumerate(events):
        side = 1 if number % 2 == 0 else -1
        ax.plot([year, year], [0, 0.45 * side], color=BLUE, linewidth=1, linestyle="-", zorder=1)
        va = "bottom" if side > 0 else "top"
        ax.text(year, 0.5 * side, f"{year}\n{text}", ha="center", va=va, fontsize=9.5)
    for begin, end, name in periods:
        ax.axvspan(begin, end, color=SKY, alpha=0.25, linewidth=0, zorder=0)
        ax.text((begin + end) / 2, -2.1, name, ha="center", va="bottom", fontsize=9.5, style="italic")
    ax.set(ylim=(-2.2, 1.7), xlabel="year")
    ax.yaxis.set_visible(False)
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    return ax


def step_function(step: Callable[[np.ndarray], np.ndarray], ax: Axes) -> Axes:
    """Draw a function of z that jumps at 0: a filled dot at its value there, open circles where it only gets close.

    `step` takes and returns an array (n,).
    """
    at_zero = float(step(np.zeros(1))[0])
    for z in (np.array([-3.0, -1e-9]), np.array([1e-9, 3.0])):
        value = step(z)
        ax.plot(z, value, color=BLUE, linestyle="-", linewidth=2.5)
        end = float(value[1] if z[0] < -1 else value[0])
        if end != at_zero:
            ax.plot(0, end, "o", color=BLUE, markerfacecolor="white", markersize=8)
    ax.plot(0, at_zero, "o", color=BLUE, markersize=8)
    ax.set(xlabel="weighted sum z", ylabel="output", xlim=(-3, 3))
    ax.set_yticks(sorted({float(value) for value in step(np.array([-1.0, 0.0, 1.0]))}))
    return ax


def network(
    layers: Sequence[Sequence[str]],
    ax: Axes,
    weights: Sequence[Sequence[Sequence[str]]] = (),
    fontsize: float = 12,
) -> Axes:
    """Draw a fully connected network: a column of circles per layer, a bias neuron "1" under all but the last.

    Args:
        layers: the labels of each layer's neurons, inputs first.
        weights: labels of the connections: `weights[l][i][k]` is for the one from neuron i of layer l (the last is the
            bias neuron) to neuron k of the next layer. If it is empty, none are drawn.
        fontsize: of the neurons' labels, in points.
    """
    columns = [[*labels, "1"] for labels in layers[:-1]] + [list(layers[-1])]
    places = [[(2.2 * x, (len(column) - 1) / 2 - i) for i in range(len(column))] for x, column in enumerate(columns)]
    for x, below in enumerate(places[:-1]):
        for i, start in enumerate(below):
            for k in range(len(layers[x + 1])):
                end = places[x + 1][k]
                is_bias = i == len(below) - 1
                style = {"arrowstyle": "->", "color": ORANGE if is_bias else "dimgray"}
                style |= {"shrinkA": 23 if is_bias else 17, "shrinkB": 17}  # a square reaches further than a circle
                ax.annotate("", end, start, arrowprops=style)
                if weights:
                    at = 0.42 * np.subtract(end, start) + start
                    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
                    ax.text(*at, weights[x][i][k], ha="center", va="center", fontsize=11, bbox=box)
    for x, column in enumerate(columns):
        for i, label in enumerate(column):
            is_bias = x < len(layers) - 1 and i == len(column) - 1
            edge = ORANGE if is_bias else BLUE if x == 0 else GREEN
            style = "--" if is_bias else "-"
            marker = {"markersize": 34, "markerfacecolor": "white", "markeredgewidth": 2, "markeredgecolor": edge}
            ax.plot(*places[x][i], "s" if is_bias else "o", linestyle=style, **marker)
            ax.text(*places[x][i], label, ha="center", va="center", fontsize=fontsize)
    height = max(map(len, columns))
    ax.set(xlim=(-0.6, 2.2 * (len(columns) - 1) + 0.6), ylim=(-height / 2 - 0.1, height / 2 + 0.1))
    ax.axis("off")
    return ax


def chain(names: Sequence[str], values: Sequence[float], slopes: Sequence[float], ax: Axes) -> Axes:
    """Draw a chain of quantities, each computed from the one before it, and the chain rule from its end to its start.

    Args:
        names: of the n quantities; the last one is the loss.
        values: the n numbers of the forward pass.
        slopes: n - 1 derivatives, of each quantity with respect to the one before it. The derivative of the last
            quantity with respect to any other is the product of the slopes between them.
    """
    to_loss = [1.0]
    for slope in reversed(slopes):
        to_loss.insert(0, slope * to_loss[0])
    for x, (name, value, product) in enumerate(zip(names, values, to_loss, strict=True)):
        ax.plot(x, 0, "o", markersize=36, markerfacecolor="white", markeredgewidth=2, markeredgecolor=BLUE)
        ax.text(x, 0, name, ha="center", va="center", fontsize=12)
        ax.text(x, 0.55, f"{value:.3f}", ha="center", va="center", color=BLUE)
        ax.text(x, -1.35, f"{product:.3f}", ha="center", va="center", color=VERMILION, fontweight="bold")
    for x, slope in enumerate(slopes):
        ax.annotate("", (x + 0.73, 0), (x + 0.27, 0), arrowprops={"arrowstyle": "->", "color": BLUE})
        ax.annotate("", (x + 0.25, -1.35), (x + 0.75, -1.35), arrowprops={"arrowstyle": "->", "color": VERMILION})
        ax.text(x + 0.5, -1.0, f"$\\cdot$ {slope:.3f}", ha="center", va="center", color=VERMILION)
    ax.text(-0.45, 0.55, "value", ha="right", va="center", color=BLUE)
    ax.text(-0.45, -1.35, f"d{names[-1]} / d...".replace("$", ""), ha="right", va="center", color=VERMILION)
    ax.set(xlim=(-1.5, len(names) - 0.6), ylim=(-1.7, 0.9))
    ax.axis("off")
    return ax


def decision(
    predict: Callable[[np.ndarray], np.ndarray], X: np.ndarray, y: np.ndarray, ax: Axes, size: float = 60
) -> Axes:
    """Draw points X (n, 2) of the classes y (n,), 0 or 1, and shade where `predict` says 1.

    `predict` takes points (k, 2) and returns k numbers, 0 or 1. Class 0 is drawn as circles, class 1 as squares, with
    an area of `size` points^2; a point that `predict` gets wrong has a red ring.
    """
    margin = 0.15 * np.ptp(X, axis=0)
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    grid = np.stack(np.meshgrid(*[np.linspace(a, b, 300) for a, b in zip(low, high, strict=True)]), axis=-1)
    ones = np.asarray(predict(grid.reshape(-1, 2))).reshape(300, 300)
    ax.contourf(grid[..., 0], grid[..., 1], ones, levels=[0.5, 1.5], colors=[SKY], alpha=0.35)
    for value, marker, face, share in ((1, "s", BLUE, 1), (0, "o", "white", 0.47)):  # a circle on a square shows both
        ax.scatter(*X[y == value].T, s=share * size, marker=marker, facecolor=face, edgecolor="black", zorder=3)
    wrong = np.asarray(predict(X)).ravel() != y
    ax.scatter(*X[wrong].T, s=2.8 * size, facecolor="none", edgecolor=VERMILION, linewidth=(size / 15) ** 0.5, zorder=3)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    ax.grid(False)
    return ax


def line(w: np.ndarray, b: float, ax: Axes, **style: Any) -> Axes:
    """Draw the line on which w[0] x + w[1] y + b = 0, without changing the limits of the axes.

    w is (2,), not zero; `style` is for Matplotlib's `plot`.
    """
    norm = np.linalg.norm(w)
    foot, along = -b * np.asarray(w) / norm**2, np.array([-w[1], w[0]]) / norm
    reach = 2 * np.abs([*ax.get_xlim(), *ax.get_ylim()]).max() + np.linalg.norm(foot)
    limits = ax.get_xlim(), ax.get_ylim()
    ax.plot(*np.transpose([foot - reach * along, foot + reach * along]), **style)
    ax.set(xlim=limits[0], ylim=limits[1])
    return ax


# How a picture gets into a notebook: as HTML, since JupyterLab shows no alt text for a plain picture.

PIXEL_RATIO = 2  # pixels of a picture for one pixel of the page, so that it is sharp on a projector and a fine screen


def show(figure: Figure | Axes, alt: str) -> None:
    """Show a figure in the notebook, with a text for readers who cannot see it, and close it.

    Args:
        figure: a Matplotlib figure, or an `Axes` on it.
        alt: what the picture shows, in a sentence or two: the finding, with its numbers.

    Raises ValueError if `alt` is not a sentence.
    """
    png = _png(figure.figure, PIXEL_RATIO)
    _display(html_image(small_png(png), alt), alt)


def show_animation(figures: Iterable[Figure], alt: str, seconds: float = 0.5) -> None:
    """Show figures of one size one after the other, over and over, once the reader unfolds them; close them.

    Until then nothing moves, and folding stops it. Show a still figure that says the same before it.

    Args:
        figures: the frames; may be a generator, which draws each when it is needed.
        alt: what moves and how it ends, in a sentence or two.
        seconds: how long each frame is shown; the last one is shown four times as long.

    Raises ValueError if `alt` is not a sentence, or if there are fewer than two figures.
    """
    _check_alt(alt)
    frames = [_with_palette(_png(figure, pixel_ratio=1), n_colors=32) for figure in figures]
    if len(frames) < 2:
        raise ValueError(f"There are {len(frames)} figures; an animation needs two or more.")
    milliseconds = [round(1000 * seconds)] * (len(frames) - 1) + [round(4000 * seconds)]
    gif = io.BytesIO()
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0)
    summary = "<summary>See it move (unfold to start, fold to stop)</summary>"
    _display(f"<details>{summary}{html_image(gif.getvalue(), alt, pixel_ratio=1)}</details>", alt)


def show_graph(graph: pydot.Dot, alt: str) -> None:
    """Show a diagram that `keras.utils.model_to_dot` made; Graphviz need not be installed on the machine.

    It is drawn by the program `graphviz-pure` from requirements.txt, or by Graphviz' `dot` if that is missing.
    Raises FileNotFoundError if there is neither, ValueError if `alt` is not a sentence.
    """
    graph.set("dpi", str(PIXEL_RATIO * 72))
    png = graph.create(prog=graph_program(), format="png")
    _display(html_image(small_png(png), alt), alt)


def graph_program() -> str:
    """The path of the program that draws graphs; FileNotFoundError, with what to do, if there is none."""
    scripts = sysconfig.get_path("scripts")
    program = shutil.which("graphviz-pure", path=scripts) or shutil.which("graphviz-pure") or shutil.which("dot")
    if program is None:
        raise FileNotFoundError(
            f"Neither the program graphviz-pure (looked for in {scripts} and on the PATH) nor dot was found; one of "
            "them draws the diagram. Install the first with:  python -m pip install graphviz-pure"
        )
    return program


def html_image(picture: bytes, alt: str, pixel_ratio: int = PIXEL_RATIO) -> str:
    """The HTML of a PNG or GIF that was drawn with `pixel_ratio`, with its alt text."""
    _check_alt(alt)
    with Image.open(io.BytesIO(picture)) as image:
        width, height = (round(pixels / pixel_ratio) for pixels in image.size)
        kind = image.format.lower()
    source = base64.b64encode(picture).decode("ascii")
    return f'<img alt="{html.escape(alt)}" width="{width}" height="{height}" src="data:image/{kind};base64,{source}">'


def small_png(png: bytes) -> bytes:
    """The PNG with a palette of 64 colors: a figure looks the same and takes a third of the space."""
    buffer = io.BytesIO()
    _with_palette(png, n_colors=64).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _with_palette(png: bytes, n_colors: int) -> Image.Image:
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB").quantize(n_colors, dither=Image.Dither.NONE)


def _png(figure: Figure, pixel_ratio: int) -> bytes:
    """Draw the figure and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=pixel_ratio * figure.dpi)
    plt.close(figure)
    return buffer.getvalue()


def _check_alt(alt: str) -> None:
    if not isinstance(alt, str) or len(alt.split()) < 4:
        raise ValueError(f"alt is {alt!r}; it must say in a sentence what the picture shows.")


def _display(markup: str, alt: str) -> None:
    from IPython.display import display

    display({"text/html": markup, "text/plain": alt}, raw=True)

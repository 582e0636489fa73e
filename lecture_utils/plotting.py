"""The figures of the course: one function a figure, and `show`, which puts a figure into a notebook with its alt text.

Functions that draw take an `Axes` and return it; they neither print nor show anything.
"""

from __future__ import annotations

import base64
import html
import io
import shutil
import struct
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

if TYPE_CHECKING:
    import pydot
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)

#: Pixels of a picture for one pixel of the page, so that it is sharp on a projector and a fine screen.
PIXEL_RATIO = 2


def show(figure: Figure | Axes, alt: str) -> None:
    """Show a figure in the notebook, with a text for readers who cannot see it, and close it.

    Args:
        figure: a Matplotlib figure, or an `Axes` on it.
        alt: what the picture shows, in a sentence or two: the finding, with its numbers.
    """
    figure = figure.figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PIXEL_RATIO * figure.dpi)
    plt.close(figure)
    _show_png(buffer.getvalue(), alt)


def show_graph(graph: pydot.Dot, alt: str) -> None:
    """Show a diagram that `keras.utils.model_to_dot` made; no Graphviz need be installed on the machine.

    It is drawn by the program `graphviz-pure` from requirements.txt, or by Graphviz' own `dot` if that is missing.
    Raises FileNotFoundError if there is neither.
    """
    graph.set("dpi", str(PIXEL_RATIO * 72))
    _show_png(graph.create(prog=graph_program(), format="png"), alt)


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


def _check_alt(alt: str) -> None:
    if not isinstance(alt, str) or len(alt.split()) < 4:
        raise ValueError(f"alt is {alt!r}; it must say in a sentence what the picture shows.")


def _show_png(png: bytes, alt: str) -> None:
    """Display a PNG as an HTML image: JupyterLab shows no alt text on a plain PNG output."""
    from IPython.display import display

    display({"text/html": img(small(png), alt), "text/plain": alt}, raw=True)


def small(png: bytes) -> bytes:
    """The PNG with a palette of 64 colors: a figure looks the same and takes a third of the space."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def img(png: bytes, alt: str) -> str:
    """The HTML of a picture that was drawn with `PIXEL_RATIO`, with its alt text."""
    _check_alt(alt)
    width, height = (round(pixels / PIXEL_RATIO) for pixels in struct.unpack(">II", png[16:24]))
    source = base64.b64encode(png).decode("ascii")
    return f'<img alt="{html.escape(alt)}" width="{width}" height="{height}" src="data:image/png;base64,{source}">'


def show_animation(figures: Iterable[Figure], alt: str, seconds: float = 0.5) -> None:
    """Show figures of one size one after the other, over and over, once the reader unfolds them; close them.

    Nothing moves by itself, and folding stops it. Show a still that says the same before it.

    Args:
        figures: the frames; may be a generator, which draws each when it is needed.
        alt: what moves and how it ends, in a sentence or two.
        seconds: how long each frame stands; the last one stands four times as long.
    """
    from IPython.display import display
    from PIL import Image

    _check_alt(alt)
    frames = []
    for figure in figures:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=figure.dpi)
        plt.close(figure)
        with Image.open(buffer) as image:
            frames.append(image.convert("RGB").quantize(32, dither=Image.Dither.NONE))
    if len(frames) < 2:
        raise ValueError(f"There are {len(frames)} figures; an animation needs two or more.")
    gif = io.BytesIO()
    milliseconds = [round(1000 * seconds)] * (len(frames) - 1) + [round(4000 * seconds)]
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0)
    source = base64.b64encode(gif.getvalue()).decode("ascii")
    width, height = frames[0].size
    img = f'<img alt="{html.escape(alt)}" width="{width}" height="{height}" src="data:image/gif;base64,{source}">'
    summary = "<summary>See it move (unfold to start, fold to stop)</summary>"
    display({"text/html": f"<details>{summary}{img}</details>", "text/plain": alt}, raw=True)


def images(
    images: np.ndarray, titles: Sequence[str], n_columns: int, image_size: float = 0.9, colors: Sequence[str] = ()
) -> Figure:
    """A grid of gray images (n, height, width), each under its title; ink is dark, as on the lecture's slides.

    Args:
        images: any numeric dtype; each image is drawn from its own darkest to lightest value.
        titles: one per image.
        n_columns: images in a row.
        image_size: width of an image in inches.
        colors: the titles' colors; black where none are given.
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
    """Draw a metric on the training and the validation data after each epoch, from `history.history` of Keras.

    Raises KeyError if the history holds no such metric.
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

    A field is the darker, the larger its share of its row; it shows the count.
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
    """Draw (year, text) events along a line of years, above and below it in turn; shade (from, to, name) periods."""
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
    """Draw a function that jumps at 0: a filled dot where the value at 0 is, an open circle where it is not."""
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
        weights: labels for the connections: `weights[l][i][k]` stands on the one from neuron i of layer l (the bias
            neuron is the last) to neuron k of the next layer. None are drawn if it is empty.
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
        slopes: the n - 1 derivatives of each quantity by the one before it. The derivative of the last by each
            quantity is the product of the slopes that follow.
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
    """Draw points X (n, 2) of the classes y (0 or 1), and shade where `predict` says 1.

    Class 0 are circles, class 1 are squares, `size` points^2 large; a point that `predict` gets wrong has a red ring.
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


def line(w: np.ndarray, b: float, ax: Axes, **style) -> Axes:
    """Draw the line on which w[0] x + w[1] y + b = 0, across the axes as they are."""
    norm = np.linalg.norm(w)
    foot, along = -b * np.asarray(w) / norm**2, np.array([-w[1], w[0]]) / norm
    reach = 2 * np.abs([*ax.get_xlim(), *ax.get_ylim()]).max() + np.linalg.norm(foot)
    limits = ax.get_xlim(), ax.get_ylim()
    ax.plot(*np.transpose([foot - reach * along, foot + reach * along]), **style)
    ax.set(xlim=limits[0], ylim=limits[1])
    return ax

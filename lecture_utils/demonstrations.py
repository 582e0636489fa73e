"""Demonstrations: a picture with sliders, one function each. Move a slider, and the picture is drawn again.

    demonstrations.threshold_logic_unit()

as the last line of a cell shows it. Each slider has a number field. In JupyterLab, Tab goes from field to field, and
the up and down arrow keys change its number, slider and picture; below the picture stands in words what it shows now.
Where no kernel runs (a stored notebook, a page, slides), the same output is a still figure with an alt text.

The notation is that of notebook 00. What is drawn is computed by `from_scratch` where it is there.
"""

from __future__ import annotations

import html
import io
import math
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from PIL import Image

from lecture_utils import from_scratch, plotting
from lecture_utils.plotting import BLUE, GREEN, SKY, VERMILION

CASES = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])  # all cases of two inputs that are 0 or 1
LEGEND_ABOVE: dict[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (-0.03, 0.98),
    "ncols": 2,
    "fontsize": 9.5,
}  # of a legend
FIELD_WIDTH = 66  # width of a number field, in pixels
CAPTION_STYLE = "margin: 0 12px; max-width: 740px; line-height: 1.5"  # style of the text under the picture
# A screen reader finds no name for a slider of ipywidgets, but it does for a number field. So the slider is only for
# the mouse: its handle, where Tab would stop, is hidden, and the area in it that the mouse drags is drawn instead.
FOR_THE_MOUSE = """<style>
.for-the-mouse .noUi-handle { visibility: hidden; }
.for-the-mouse .noUi-touch-area { visibility: visible; box-sizing: border-box; border-radius: 50%;
  background: var(--jp-widgets-slider-handle-background-color); border: 1px solid var(--jp-ui-font-color2); }
</style>"""
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Demonstration:
    """A figure that is a function of some controls, and is drawn again whenever one of them changes.

    Args:
        figure: has all its artists already. Those that move are `animated`, as Matplotlib calls it; the rest (axes,
            ticks, labels) is drawn once and kept.
        draw: takes the value of each control by its name and moves the artists. Returns the title, which says what
            there is to see, and a text with the numbers. Together they are the alt text.
        controls: ipywidgets with a `value`, by name.

    Attributes: figure, controls, fields (what Tab goes to: number fields, and controls that aren't sliders), alt (the
    alt text of the picture as it is now) and png (its bytes).
    """

    def __init__(self, figure: Figure, draw: Callable[..., tuple[str, str]], **controls: widgets.ValueWidget):
        self.figure, self.controls, self._draw = figure, controls, draw
        self._title = figure.suptitle("", x=0.015, ha="left", fontsize=12, fontweight="bold", animated=True)
        self._canvas = FigureCanvasAgg(figure)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)
        self._moving = sorted(figure.findobj(lambda artist: artist.get_animated()), key=lambda artist: artist.zorder)
        self._picture, self._words = widgets.HTML(), widgets.HTML()
        for control in controls.values():
            control.observe(self._redraw, "value")
        self._redraw()
        self.fields, pairs = [], []
        for control in controls.values():
            field = _field(control) if hasattr(control, "readout") else control
            self.fields.append(field)
            pairs.append(control if field is control else widgets.HBox([field, control]))
        row = widgets.Box(pairs, layout=widgets.Layout(flex_flow="row wrap", width="760px"))
        style = widgets.HTML(FOR_THE_MOUSE, layout=widgets.Layout(display="none"))
        self._view = widgets.VBox([style, row, self._picture, self._words])

    def _redraw(self, change: Any = None) -> None:
        if change and isinstance(change.new, float) and math.isclose(change.new, change.old, abs_tol=1e-12):
            return  # the browser's slider answers 3.9 with 3.9000000000000004
        title, numbers = self._draw(**{name: control.value for name, control in self.controls.items()})
        self._title.set_text(title)
        self.alt = f"{title}. {numbers}"
        self._canvas.restore_region(self._background)
        for artist in self._moving:
            self.figure.draw_artist(artist)
        buffer = io.BytesIO()
        picture = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        picture.save(buffer, "PNG", compress_level=1)  # quick, not small
        self.png = buffer.getvalue()
        image = plotting.html_image(self.png, self.alt)
        self._picture.value = image.replace("<img", '<img decoding="sync"')  # no flicker
        self._words.value = f'<p role="status" aria-live="polite" style="{CAPTION_STYLE}">{html.escape(self.alt)}</p>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The widget, and the still figure for wherever there is none."""
        still = plotting.html_image(plotting.small_png(self.png), self.alt)
        return {WIDGET_VIEW: self._view.get_view_spec(), "text/html": still, "text/plain": self.alt}


def _slider(
    name: str, value: float, low: float, high: float, step: float = 0.1, width: int = 370
) -> widgets.ValueWidget:
    """A slider for whole numbers if all four are, else for decimals with as many places as `step` has."""
    kind, places = widgets.FloatSlider, len(f"{step:g}".partition(".")[2])
    options: dict[str, Any] = {"readout_format": f".{places}f"}
    if all(isinstance(number, int) for number in (value, low, high, step)):
        kind, options = widgets.IntSlider, {}
    label = 105 if width > 300 else 78
    style, layout = {"description_width": f"{label}px"}, widgets.Layout(width=f"{width - label - FIELD_WIDTH - 8}px")
    return kind(value, min=low, max=high, step=step, description=name, style=style, layout=layout, **options)


def _field(slider: widgets.ValueWidget) -> widgets.ValueWidget:
    """A number field that goes with the slider, and takes over its name."""
    whole = isinstance(slider.value, int)

    def rounded() -> float:
        return slider.value if whole else float(format(slider.value, slider.readout_format))

    kind = widgets.BoundedIntText if whole else widgets.BoundedFloatText
    label = slider.style.description_width
    field = kind(
        rounded(),
        min=slider.min,
        max=slider.max,
        step=slider.step,
        description=slider.description,
        style={"description_width": label},
        layout=widgets.Layout(width=f"calc({label} + {FIELD_WIDTH}px)"),
    )
    slider.description, slider.readout = "", False
    slider.add_class("for-the-mouse")

    def to_slider(_: Any) -> None:
        if field.value != rounded():
            slider.value = field.value

    field.observe(to_slider, "value")
    slider.observe(lambda _: setattr(field, "value", rounded()), "value")
    return field


def _figure(*places: tuple[float, float, float, float], height: float = 3.6) -> tuple[Figure, list[Axes]]:
    """A figure with axes at fixed places (left, bottom, width, height): computing the layout each time is slow."""
    figure = Figure(figsize=(7.6, height))
    figure.set_layout_engine("none")
    figure.set_dpi(plotting.PIXEL_RATIO * figure.dpi)
    return figure, [figure.add_axes(place) for place in places]


def half_plane(w: np.ndarray, b: float) -> np.ndarray:
    """Corners (4, 2) of a large rectangle where x w + b >= 0; on its first side x w + b = 0.

    If w is 0 there is no such line: the rectangle covers everything (b >= 0), or nothing.
    """
    w, norm, reach = np.asarray(w), np.linalg.norm(w), 200
    if norm == 0:
        return reach * (b >= 0) * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    ahead = w / norm
    aside = reach * np.array([-ahead[1], ahead[0]])
    foot = -b / norm * ahead
    return np.array([foot - aside, foot + aside, foot + aside + reach * ahead, foot - aside + reach * ahead])


class _Decision:
    """The plane of two inputs, with the line of a neuron and the side where it says 1."""

    def __init__(self, ax: Axes, names: tuple[str, str], low: float = -0.8, high: float = 1.8):
        self.side = ax.add_patch(Polygon(half_plane([1, 1], 0), facecolor=SKY, alpha=0.35, zorder=0, animated=True))
        (self.line,) = ax.plot([], [], color="black", linestyle="-", linewidth=1.5, animated=True)
        ax.set(xlim=(low, high), ylim=(low, high), xlabel=names[0], ylabel=names[1], xticks=(0, 1), yticks=(0, 1))
        ax.grid(False)

    def move(self, w: np.ndarray, b: float) -> None:
        corners = half_plane(w, b)
        self.side.set_xy(corners)
        self.line.set_data(*(corners[:2].T if np.any(w) else ([], [])))


def _cases(ax: Axes) -> tuple[Line2D, Line2D, Line2D]:
    """Points of class 0 (white circles), of class 1 (blue squares), and red rings around what is wrong."""
    look = {"linestyle": "", "markeredgecolor": "black", "zorder": 3, "animated": True}
    (ones,) = ax.plot([], [], "s", color=BLUE, markersize=13, **look)
    (zeros,) = ax.plot([], [], "o", color="white", markersize=9, **look)
    look |= {"markeredgecolor": VERMILION, "markeredgewidth": 2}
    (rings,) = ax.plot([], [], "o", color="none", markersize=21, **look)
    return zeros, ones, rings


def _sum(w1: float, w2: float, b: float) -> str:
    """The weighted sum as text: 1.0 x₁ + 1.0 x₂ - 1.5."""
    return f"{w1:.1f} x₁ {w2:+.1f} x₂ {b:+.1f}".replace(" +", " + ").replace(" -", " - ")


def _says_one(X: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The outputs (n, m) of threshold logic units; a sum of decimals that should be 0 is 0."""
    return from_scratch.heaviside((X @ W + b).round(9))


FUNCTIONS = {
    (0, 0, 0, 0): "0 in every case",
    (0, 0, 0, 1): "AND",
    (0, 0, 1, 0): "x₁ AND NOT x₂",
    (0, 0, 1, 1): "x₁",
    (0, 1, 0, 0): "x₂ AND NOT x₁",
    (0, 1, 0, 1): "x₂",
    (0, 1, 1, 1): "OR",
    (1, 0, 0, 0): "NOT (x₁ OR x₂)",
    (1, 0, 1, 0): "NOT x₂",
    (1, 0, 1, 1): "x₁ OR NOT x₂",
    (1, 1, 0, 0): "NOT x₁",
    (1, 1, 0, 1): "x₂ OR NOT x₁",
    (1, 1, 1, 0): "NOT (x₁ AND x₂)",
    (1, 1, 1, 1): "1 in every case",
}  # of the 16 functions of two inputs, what one neuron can compute: all but XOR and its opposite


def threshold_logic_unit() -> Demonstration:
    """Weights and bias of a threshold logic unit move the line at which it changes its mind (notebook 01)."""
    figure, (ax,) = _figure((0.09, 0.14, 0.35, 0.74))
    plane = _Decision(ax, ("x₁", "x₂"))
    zeros, ones, _ = _cases(ax)
    arrow = ax.quiver(0, 0, 1, 1, angles="xy", scale_units="xy", scale=1, width=0.012, color=VERMILION, zorder=2)
    arrow.set_animated(True)
    table = figure.text(0.55, 0.5, "", va="center", linespacing=1.6, fontfamily="monospace", animated=True)
    figure.text(0.55, 0.16, "arrow: the weights (w₁, w₂)\nblue area: where the neuron says 1", fontsize=10)

    def draw(w1: float, w2: float, b: float) -> tuple[str, str]:
        w = np.array([w1, w2])
        z, y = CASES @ w + b, _says_one(CASES, w, b)
        plane.move(w, b)
        zeros.set_data(*CASES[y == 0].T)
        ones.set_data(*CASES[y == 1].T)
        arrow.set_UVC(w1, w2)
        rows = [f" {x1}   {x2}  {total:5.1f}   {says}" for (x1, x2), total, says in zip(CASES, z + 0.0, y, strict=True)]
        table.set_text("\n".join(["x₁  x₂      z  output", *rows]))
        where = f"the line {_sum(w1, w2, b)} = 0" if w.any() else "no line, for both weights are 0"
        numbers = f"Weights {w1:.1f} and {w2:.1f}, bias {b:.1f}: {where}; the outputs for (0, 0), (0, 1), (1, 0) and "
        return f"The neuron computes {FUNCTIONS[tuple(y)]}", numbers + f"(1, 1) are {', '.join(map(str, y))}."

    return Demonstration(
        figure,
        draw,
        w1=_slider("weight w₁", 1.0, -2.0, 2.0),
        w2=_slider("weight w₂", 1.0, -2.0, 2.0),
        b=_slider("bias b", -1.5, -3.0, 3.0),
    )


def xor_network() -> Demonstration:
    """Two hidden neurons and an output neuron, all threshold logic units: what each of them does (notebook 02)."""
    figure, (ax_in, ax_hidden) = _figure((0.09, 0.14, 0.32, 0.64), (0.57, 0.14, 0.32, 0.64), height=3.8)
    ends = np.linspace(-0.8, 1.8, 131)
    grid = np.stack(np.meshgrid(ends, ends), axis=-1).reshape(-1, 2)
    planes = [_Decision(ax_in, ("x₁", "x₂")) for _ in range(2)]
    for plane, color, style in zip(planes, (GREEN, VERMILION), ("-", "--"), strict=True):
        plane.side.remove()
        plane.line.set(color=color, linestyle=style, linewidth=2)
    ax_in.legend([plane.line for plane in planes], ["line of h₁", "line of h₂"], **LEGEND_ABOVE)
    extent = (-0.8, 1.8, -0.8, 1.8)
    area = ax_in.imshow(np.zeros((131, 131, 4)), extent=extent, origin="lower", interpolation="nearest", zorder=0)
    area.set_animated(True)
    output = _Decision(ax_hidden, ("hidden neuron h₁", "hidden neuron h₂"))
    ax_in.set_aspect("auto")
    ax_hidden.set_title("what the hidden neurons make of it", fontsize=10, fontweight="normal")
    y = np.array([0, 1, 1, 0])
    cases = [_cases(ax) for ax in (ax_in, ax_hidden)]
    shade = np.array([[0, 0, 0, 0], [0x56 / 255, 0xB4 / 255, 0xE9 / 255, 0.35]])  # nothing, SKY

    def draw(w11, w21, b1, w12, w22, b2, v1, v2, c) -> tuple[str, str]:
        W, b, v = np.array([[w11, w12], [w21, w22]]), np.array([b1, b2]), np.array([v1, v2])
        hidden = _says_one(CASES, W, b)
        y_pred = _says_one(hidden, v, c)
        area.set_data(shade[_says_one(_says_one(grid, W, b), v, c)].reshape(131, 131, 4))
        for plane, w, bias in zip([*planes, output], [*W.T, v], [b1, b2, c], strict=True):
            plane.move(w, bias)
        for points, (zeros, ones, rings) in zip((CASES, hidden), cases, strict=True):
            zeros.set_data(*points[y == 0].T)
            ones.set_data(*points[y == 1].T)
            rings.set_data(*points[y_pred != y].T)
        n_right = (y_pred == y).sum()
        places = ", ".join(f"({x1}, {x2}) to ({h1}, {h2})" for (x1, x2), (h1, h2) in zip(CASES, hidden, strict=True))
        numbers = f"The hidden neurons take {places}; the outputs are {', '.join(map(str, y_pred))}, XOR is 0, 1, 1, 0."
        return f"{n_right} of 4 cases are right" + (": this is XOR" if n_right == 4 else ""), numbers

    values = {"w11": ("h₁ from x₁", 1.0), "w21": ("h₁ from x₂", 1.0), "b1": ("h₁ bias", -1.5)}
    values |= {"w12": ("h₂ from x₁", 1.0), "w22": ("h₂ from x₂", 1.0), "b2": ("h₂ bias", -0.5)}
    values |= {"v1": ("out from h₁", -1.0), "v2": ("out from h₂", 1.0), "c": ("out bias", -0.5)}
    sliders = {key: _slider(name, value, -2.0, 2.0, width=245) for key, (name, value) in values.items()}
    return Demonstration(figure, draw, **sliders)


def both_passes(
    x: float, y: float, w1: float, b1: float, w2: float, b2: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Forward and backward pass through x -> z₁ -> a₁ -> z₂ -> a₂ -> C, logistic, C = (a₂ - y)² (notebook 04).

    Returns the values by name, and the derivatives of C with respect to each of them and to the parameters.
    """
    z1 = x * w1 + b1
    a1 = float(from_scratch.logistic(z1))
    z2 = a1 * w2 + b2
    a2 = float(from_scratch.logistic(z2))
    C = (a2 - y) ** 2

    da2 = 2 * (a2 - y)
    dz2 = da2 * a2 * (1 - a2)
    da1 = dz2 * w2
    dz1 = da1 * a1 * (1 - a1)
    values = {"z₁": z1, "a₁": a1, "z₂": z2, "a₂": a2, "C": C}
    slopes = {"z₁": dz1, "a₁": da1, "z₂": dz2, "a₂": da2, "C": 1.0}
    return values, slopes | {"w₁": dz1 * x, "b₁": dz1, "w₂": dz2 * a1, "b₂": dz2}


def backpropagation_step() -> Demonstration:
    """One step of gradient descent, value by value: forward to the loss, back to each parameter (notebook 04)."""
    figure, (ax,) = _figure((0.01, 0.02, 0.98, 0.84), height=3.4)
    names = ("z₁", "a₁", "z₂", "a₂", "C")
    steps = ("x w₁ + b₁", "σ(z₁)", "a₁ w₂ + b₂", "σ(z₂)", "(a₂ − y)²")
    back = ("∂C/∂a₁ · σ′(z₁)", "∂C/∂z₂ · w₂", "∂C/∂a₂ · σ′(z₂)", "2 (a₂ − y)")
    middle = {"ha": "center", "va": "center"}
    ax.plot(range(5), [0] * 5, "o", markersize=34, color="white", markeredgecolor=BLUE, markeredgewidth=2, zorder=2)
    ax.plot([0, 4], [0, 0], color=BLUE, linestyle="-", linewidth=1.5, zorder=1)
    (here,) = ax.plot(
        [], [], "o", markersize=34, color="none", markeredgecolor="black", markeredgewidth=4, zorder=3, animated=True
    )
    for x, name in enumerate(names):
        ax.text(x, 0, name, fontsize=13, zorder=4, **middle)
        ax.text(x, 1.2, f"{name} = {steps[x]}", fontsize=9.5, color=BLUE, **middle)
        ax.text(x, -1.35, back[x] if x < 4 else "begins with 1", fontsize=9.5, color=VERMILION, **middle)
    moving = middle | {"fontweight": "bold", "animated": True}
    forward = [ax.text(x, 0.75, "", color=BLUE, **moving) for x in range(5)]
    backward = [ax.text(x, -0.85, "", color=VERMILION, **moving) for x in range(5)]
    updates = [ax.text(x, -2.1, "", fontsize=9, animated=True, **middle) for x in (-0.1, 1.27, 2.63, 3.95)]
    ax.text(-0.45, 0.75, "value", color=BLUE, ha="right", va="center")
    ax.text(-0.45, -0.85, "∂C/∂...", color=VERMILION, ha="right", va="center")
    ax.set(xlim=(-1.0, 4.6), ylim=(-2.45, 1.5))
    ax.axis("off")

    def draw(stage: int, rate: float, x: float, y: float, w1: float, b1: float, w2: float, b2: float):
        given = {"w₁": w1, "b₁": b1, "w₂": w2, "b₂": b2}
        values, slopes = both_passes(x, y, *given.values())
        moved = {name: value - rate * slopes[name] for name, value in given.items()}
        new_C = both_passes(x, y, *moved.values())[0]["C"]
        known, known_back = names[: min(stage, 5)], names[max(0, 10 - stage) :] if stage > 5 else ()
        for name, text, derivative in zip(names, forward, backward, strict=True):
            text.set_text(f"{values[name]:.3f}" if name in known else "")
            derivative.set_text(f"{slopes[name]:.3f}" if name in known_back else "")
        for name, text in zip(given, updates, strict=True):
            change = f"{name}: {given[name]:.2f} − {rate:.1f} · ({slopes[name]:.3f})\n= {moved[name]:.3f}"
            text.set_text(change if stage == 11 else "")
        at = min(stage - 1, 10 - stage if stage > 5 else 4)
        here.set_data(*(([], []) if stage == 11 else ([at], [0])))
        numbers = "Forward: " + ", ".join(f"{name} = {values[name]:.3f}" for name in known) + "."
        if known_back:
            numbers += " Back: " + ", ".join(f"∂C/∂{name} = {slopes[name]:.3f}" for name in known_back[::-1]) + "."
        if stage <= 5:
            return f"Forward, {stage} of 5: {names[at]} = {steps[at]} = {values[names[at]]:.3f}", numbers
        if stage <= 10:
            formula = f"{back[at]} = " if at < 4 else ""
            return f"Back, {stage - 5} of 5: ∂C/∂{names[at]} = {formula}{slopes[names[at]]:.3f}", numbers
        numbers += " Update: " + ", ".join(f"{name} {given[name]:.2f} to {moved[name]:.3f}" for name in given) + "."
        way = "falls" if new_C < values["C"] else "does not fall: it goes"
        return f"Against the slope: the loss {way} from {values['C']:.4f} to {new_C:.4f}", numbers

    return Demonstration(
        figure,
        draw,
        stage=_slider("stage", 11, 1, 11, 1),
        rate=_slider("learning rate η", 1.0, 0.0, 20.0, 0.5),
        x=_slider("input x", 1.5, -3.0, 3.0),
        y=_slider("target y", 1.0, 0.0, 1.0),
        w1=_slider("weight w₁", 0.8, -3.0, 3.0),
        b1=_slider("bias b₁", -0.2, -3.0, 3.0),
        w2=_slider("weight w₂", -1.5, -3.0, 3.0),
        b2=_slider("bias b₂", 0.1, -3.0, 3.0),
    )


DESCENT_START = np.array([-4.0, 1.5])


def descent(learning_rate: float, curvature: float, n_steps: int) -> np.ndarray:
    """The points (n_steps + 1, 2) of gradient descent on C = (w₁² + curvature w₂²) / 2, from `DESCENT_START`."""
    w, path = DESCENT_START, [DESCENT_START]
    for _ in range(n_steps):
        w = w - learning_rate * np.array([w[0], curvature * w[1]])
        path.append(w)
    return np.array(path)


def learning_rate() -> Demonstration:
    """Gradient descent in a valley: too small a learning rate creeps, too large a one leaves it (notebook 04)."""
    figure, (ax, ax_loss) = _figure((0.08, 0.15, 0.48, 0.66), (0.68, 0.15, 0.29, 0.66))
    angle = np.linspace(0, 2 * np.pi, 100)
    levels = [0.1, 0.5, 1.5, 4, 8, 14, 22, 32, 45]  # of the loss
    rings = [ax.plot([], [], color="gray", linestyle="-", linewidth=0.8, animated=True)[0] for _ in levels]
    (way,) = ax.plot([], [], "o-", color=VERMILION, markersize=4, linewidth=1.3, animated=True)
    ax.plot(*DESCENT_START, "s", color="black", markersize=7)
    ax.plot(0, 0, "*", color=GREEN, markersize=12)
    ax.set(xlim=(-5.2, 5.2), ylim=(-3, 3), xlabel="weight w₁", ylabel="weight w₂")
    ax.set_title("square: start; star: lowest loss", fontsize=10, fontweight="normal")
    ax.grid(False)
    (losses,) = ax_loss.plot([], [], "o-", color=BLUE, markersize=3, linewidth=1.3, animated=True)
    ax_loss.set(xlim=(0, 50), yscale="log", ylim=(1e-6, 1e6), xlabel="step", ylabel="loss C")

    def draw(rate: float, n_steps: int, curvature: float) -> tuple[str, str]:
        path = descent(rate, curvature, n_steps)
        C = (path[:, 0] ** 2 + curvature * path[:, 1] ** 2) / 2
        for level, ring in zip(levels, rings, strict=True):
            ring.set_data((2 * level) ** 0.5 * np.cos(angle), (2 * level / curvature) ** 0.5 * np.sin(angle))
        way.set_data(*path.clip(-1e3, 1e3).T)  # what is far outside need not be drawn
        losses.set_data(np.arange(n_steps + 1), C.clip(1e-9, 1e9))
        each_step = 1 - rate * curvature  # what a step multiplies w₂ by
        if np.isclose(abs(each_step), 1):
            how = "it swings from side to side forever"
        elif abs(each_step) > 1:
            how = "each step overshoots by more, and it leaves the valley"
        elif each_step < -0.05:
            how = "it swings, and comes down"
        else:
            how = "it comes down without swinging" if C[-1] < C[0] / 20 else "it creeps"
        numbers = (
            f"After {n_steps} steps the loss is {C[-1]:.3g}, at the start it was {C[0]:.3g}. Across the valley the "
        )
        numbers += f"curvature is {curvature:.0f}, and a learning rate comes down if it is below {2 / curvature:.3g}."
        return f"Learning rate {rate:.2f}: {how}", numbers

    return Demonstration(
        figure,
        draw,
        rate=_slider("learning rate η", 0.18, 0.01, 0.3, 0.01),
        n_steps=_slider("steps", 20, 1, 50, 1),
        curvature=_slider("curvature", 10.0, 1.0, 20.0, 1.0),
    )


def saturation() -> Demonstration:
    """Far from 0 an activation is flat, and what comes back through several such layers vanishes (notebook 05)."""
    figure, (ax, ax_layers) = _figure((0.1, 0.15, 0.4, 0.64), (0.63, 0.15, 0.34, 0.64))
    z_all = np.linspace(-8, 8, 401)
    (curve,) = ax.plot([], [], color=BLUE, linestyle="-", label="a = φ(z)", animated=True)
    (slope_curve,) = ax.plot([], [], color=VERMILION, linestyle="--", label="slope φ′(z)", animated=True)
    (dot,) = ax.plot([], [], "o", color=BLUE, markersize=9, animated=True)
    (slope_dot,) = ax.plot([], [], "s", color=VERMILION, markersize=8, animated=True)
    here = ax.axvline(0, color="gray", linewidth=1, linestyle=":", animated=True)
    ax.set(xlim=(-8, 8), ylim=(-1.1, 2.1), xlabel="weighted sum z", ylabel="a, and its slope")
    ax.legend(**LEGEND_ABOVE)
    (products,) = ax_layers.plot([], [], "s-", color=VERMILION, markersize=4, linewidth=1, animated=True)
    ax_layers.set(xlim=(0, 21), yscale="log", ylim=(1e-24, 1e2), xlabel="layers", ylabel="product of the slopes")

    def draw(activation: str, z: float, n_layers: int) -> tuple[str, str]:
        phi, backward = from_scratch.ACTIVATIONS[activation], from_scratch.BACKWARD[activation]
        a_all, a = phi(z_all), float(phi(np.float64(z)))
        slope = float(backward(1.0, np.float64(a)))
        curve.set_data(z_all, a_all)
        slope_curve.set_data(z_all, backward(np.ones_like(z_all), a_all))
        dot.set_data([z], [a])
        slope_dot.set_data([z], [slope])
        here.set_xdata([z, z])
        layers = np.arange(1, n_layers + 1)
        products.set_data(layers, slope**layers if slope else np.full(n_layers, np.nan))
        numbers = (
            f"There a is {a:.4f}. With this slope in each of {n_layers} layers, {slope**n_layers:.2g} of the error "
        )
        return f"At z = {z:.1f} the slope of {activation} is {slope:.2g}", numbers + "signal comes back to the first."

    names = [(name, name) for name in ("logistic", "tanh", "relu")]
    style, layout = {"description_width": "105px"}, widgets.Layout(width="370px")
    return Demonstration(
        figure,
        draw,
        activation=widgets.Dropdown(options=names, description="activation φ", style=style, layout=layout),
        z=_slider("weighted sum z", 4.0, -8.0, 8.0),
        n_layers=_slider("layers", 10, 1, 20, 1),
    )


def classifier_threshold(y_true: np.ndarray, score: np.ndarray) -> Demonstration:
    """From what score on should a classifier say yes? What each threshold gains and costs (notebook 07).

    Precision is the share of its yeses that are right, recall the share of the true ones that it finds.

    Args:
        y_true: what is true, (n,), 0 or 1; both must occur.
        score: what the classifier says, (n,): probabilities or any other numbers, larger where it is surer of 1.

    Raises ValueError for anything else.
    """
    y_true, score = _answers(y_true, score)
    low, high = (0.0, 1.0) if score.min() >= 0 and score.max() <= 1 else (float(score.min()), float(score.max()))
    step = (high - low) / 100
    thresholds = low + step * np.arange(101)
    curves = np.array([_rates(y_true, score, threshold)[1] for threshold in thresholds])

    figure, (ax, ax_rates) = _figure((0.09, 0.15, 0.38, 0.66), (0.59, 0.15, 0.38, 0.66))
    bins = np.linspace(low, high, 41)
    ax.hist(score[y_true == 0], bins, color="lightgray", edgecolor="gray", label="truly 0")
    ax.hist(score[y_true == 1], bins, histtype="step", color=BLUE, linewidth=2, label="truly 1")
    ax.set(xlabel="score", ylabel="how many (log scale)", xlim=(low, high), yscale="log", ylim=(0.7, None))
    ax.legend(**LEGEND_ABOVE)
    ax_rates.plot(thresholds, curves[:, 0], color=VERMILION, linestyle="--", label="precision")
    ax_rates.plot(thresholds, curves[:, 1], color=GREEN, linestyle="-", label="recall")
    ax_rates.set(xlabel="threshold", ylabel="share", xlim=(low, high), ylim=(0, 1.03))
    ax_rates.legend(**LEGEND_ABOVE)
    lines = [axes.axvline(low, color="black", linewidth=1.5, animated=True) for axes in (ax, ax_rates)]
    (precision_dot,) = ax_rates.plot([], [], "s", color=VERMILION, markersize=8, animated=True)
    (recall_dot,) = ax_rates.plot([], [], "o", color=GREEN, markersize=8, animated=True)

    def draw(threshold: float) -> tuple[str, str]:
        (tn, fp, fn, tp), (precision, recall) = _rates(y_true, score, threshold)
        for line in lines:
            line.set_xdata([threshold, threshold])
        precision_dot.set_data([threshold], [precision])
        recall_dot.set_data([threshold], [recall])
        precise = f"precision {precision:.2f}" if tp + fp else "no precision, for nothing is called 1"
        numbers = f"Called 1: {tp} rightly, {fp} wrongly. Called 0: {tn} rightly, {fn} wrongly."
        return f"Threshold {threshold:.3g}: {precise}, recall {recall:.2f}", numbers

    slider = widgets.FloatSlider(
        (low + high) / 2,
        min=low,
        max=high,
        step=step,
        description="threshold",
        readout_format=f".{max(0, 1 - math.floor(math.log10(step)))}f",
        style={"description_width": "105px"},
        layout=widgets.Layout(width="560px"),
    )
    return Demonstration(figure, draw, threshold=slider)


def _rates(y_true: np.ndarray, score: np.ndarray, threshold: float) -> tuple[tuple[int, ...], tuple[float, float]]:
    """The four counts of a confusion matrix (row by row), and precision and recall; precision is NaN without a yes."""
    yes = score >= threshold
    tn, fp, fn, tp = (int(np.sum((y_true == y) & (yes == said))) for y in (0, 1) for said in (False, True))
    return (tn, fp, fn, tp), (tp / (tp + fp) if tp + fp else np.nan, tp / (tp + fn))


def _answers(y_true: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays (n,), checked."""
    y_true, score = np.asarray(y_true), np.asarray(score)
    if y_true.ndim != 1 or y_true.shape != score.shape:
        raise ValueError(f"y_true has the shape {y_true.shape}, score {score.shape}; both must be (n,).")
    if y_true.dtype.kind not in "biuf" or score.dtype.kind not in "iuf":
        raise ValueError(f"y_true holds {y_true.dtype} and score {score.dtype}; both must hold numbers.")
    if set(np.unique(y_true).tolist()) != {0, 1}:
        raise ValueError(
            f"y_true holds the values {np.unique(y_true)[:5].tolist()}; it must hold 0 and 1, both of them. "
            "For one class of several: y_true == that_class."
        )
    if not np.isfinite(score).all() or score.min() == score.max():
        raise ValueError("score must be finite, and not the same for all: no threshold would separate them.")
    return y_true.astype(int), score.astype(float)

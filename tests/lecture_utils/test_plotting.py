"""Figures: an alt text always, the right axes, and clear errors."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from lecture_utils import plotting


@pytest.fixture(autouse=True)
def no_window(monkeypatch):
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture
def shown(monkeypatch):
    """What `display` was given."""
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: outputs.append(data))
    return outputs


def test_show_puts_the_alt_text_beside_the_picture_and_closes_the_figure(shown):
    fig, ax = plt.subplots(figsize=(3, 2), dpi=100)
    plotting.show(ax, alt='a line & "two" <dots> on it')
    assert not plt.fignum_exists(fig.number)
    html = shown[0]["text/html"]
    assert 'alt="a line &amp; &quot;two&quot; &lt;dots&gt; on it"' in html
    assert 'width="300" height="200"' in html
    assert shown[0]["text/plain"] == 'a line & "two" <dots> on it'
    png = base64.b64decode(re.search('base64,([^"]+)', html)[1])
    assert Image.open(io.BytesIO(png)).size == (600, 400)


@pytest.mark.parametrize("alt", ["", "plot", "a plot", None])
def test_show_wants_a_sentence(shown, alt):
    fig, _ = plt.subplots()
    with pytest.raises(ValueError, match="must say in a sentence"):
        plotting.show(fig, alt=alt)
    assert shown == []


def test_show_graph_draws_without_graphviz(shown, monkeypatch):
    import pydot

    monkeypatch.setenv("PATH", "")  # no program of the machine is found
    graph = pydot.Dot("g")
    graph.add_edge(pydot.Edge("a", "b"))
    plotting.show_graph(graph, alt="an arrow from a to b")
    assert "data:image/png" in shown[0]["text/html"]


def test_missing_graph_program(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda *args, **kwargs: None)
    with pytest.raises(FileNotFoundError, match=r"graphviz-pure.*pip install graphviz-pure"):
        plotting.graph_program()


def test_dot_serves_where_graphviz_pure_is_missing(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name, path=None: "/bin/dot" if name == "dot" else None)
    assert plotting.graph_program() == "/bin/dot"


def test_images_lays_out_a_grid():
    figure = plotting.images(np.zeros((5, 4, 4)), list("abcde"), n_columns=3)
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c", "d", "e", ""]


def test_images_wants_a_title_each():
    with pytest.raises(ValueError, match="5 images and 2 titles"):
        plotting.images(np.zeros((5, 4, 4)), ["a", "b"], n_columns=3)


def test_learning_curves_draws_both_curves_from_epoch_one():
    _, ax = plt.subplots()
    history = {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5]}
    assert plotting.learning_curves(history, "loss", ax) is ax
    training, validation = ax.lines
    assert list(training.get_xdata()) == [1, 2] and list(training.get_ydata()) == [3, 2]
    assert list(validation.get_ydata()) == [3.5, 2.5]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


def test_learning_curves_without_validation():
    _, ax = plt.subplots()
    assert len(plotting.learning_curves({"loss": [3.0, 2.0]}, "loss", ax).lines) == 1


def test_learning_curves_of_a_metric_that_was_not_measured():
    _, ax = plt.subplots()
    with pytest.raises(KeyError, match=r"no 'accuracy'; it holds 'loss'"):
        plotting.learning_curves({"loss": [1.0]}, "accuracy", ax)


def test_confusion_matrix_has_true_classes_in_rows():
    _, ax = plt.subplots()
    plotting.confusion_matrix(np.array([[5, 2], [0, 7]]), ["cat", "dog"], ax)
    assert {(text.get_position(), text.get_text()) for text in ax.texts} == {
        ((0, 0), "5"), ((1, 0), "2"), ((0, 1), ""), ((1, 1), "7")
    }  # fmt: skip
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_lines_differ_in_color_and_in_dash():
    style = Path(plotting.__file__).with_name("course.mplstyle")
    with plt.style.context(str(style)):
        cycle = plt.rcParams["axes.prop_cycle"].by_key()
    assert len({mpl.colors.to_hex(color) for color in cycle["color"]}) == len(set(cycle["linestyle"])) == 6
    constants = [plotting.BLUE, plotting.VERMILION, plotting.GREEN, plotting.PURPLE, plotting.ORANGE, plotting.SKY]
    assert [mpl.colors.to_hex(color) for color in cycle["color"]] == [constant.lower() for constant in constants]


def test_step_function_marks_the_value_at_zero():
    _, ax = plt.subplots()
    plotting.step_function(lambda z: np.where(z >= 0, 1, 0), ax)
    points = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])): line
        for line in ax.lines
        if len(line.get_xdata()) == 1
    }
    assert set(points) == {(0, 0), (0, 1)}
    assert points[0, 0].get_markerfacecolor() == "white" and points[0, 1].get_markerfacecolor() != "white"


def test_network_draws_every_neuron_and_connection():
    _, ax = plt.subplots()
    plotting.network([["a", "b"], ["c", "d", "e"], ["f"]], ax)
    labels = [text.get_text() for text in ax.texts if text.get_text()]
    assert sorted(labels) == ["1", "1", "a", "b", "c", "d", "e", "f"]
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    assert len(arrows) == (2 + 1) * 3 + (3 + 1) * 1


def test_decision_marks_what_is_wrong():
    _, ax = plt.subplots()
    X, y = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]]), np.array([0, 1, 1])
    plotting.decision(lambda points: (points.sum(axis=1) > 1.5).astype(int), X, y, ax)
    rings = ax.collections[-1].get_offsets()
    assert np.array_equal(rings, [[1, 0]])


def test_line_is_where_the_weighted_sum_is_zero():
    _, ax = plt.subplots()
    w, b = np.array([2.0, -1.0]), 0.5
    plotting.line(w, b, ax)
    points = np.column_stack(ax.lines[0].get_data())
    np.testing.assert_allclose(points @ w + b, 0, atol=1e-9)
    assert ax.get_xlim() == (0, 1)


def test_animation_shows_every_frame_and_is_folded_at_first(shown):
    def frames():
        for height in range(3):
            fig, ax = plt.subplots(figsize=(3, 2), dpi=100)
            ax.bar([0], [height])
            yield fig

    plotting.show_animation(frames(), alt="a bar that grows", seconds=0.1)
    html = shown[0]["text/html"]
    assert html.startswith("<details><summary>") and 'alt="a bar that grows"' in html
    gif = Image.open(io.BytesIO(base64.b64decode(re.search('gif;base64,([^"]+)', html)[1])))
    assert (gif.n_frames, gif.size, gif.info["duration"], gif.info["loop"]) == (3, (300, 200), 100, 0)
    assert plt.get_fignums() == []


def test_animation_needs_frames_and_a_sentence(shown):
    with pytest.raises(ValueError, match="needs two or more"):
        plotting.show_animation([plt.figure()], alt="a figure that stands alone")
    with pytest.raises(ValueError, match="must say in a sentence"):
        plotting.show_animation([], alt="bar")
    assert shown == []

"""The demonstrations draw what the mathematics says, at every place of every slider, and move in a real browser."""

from __future__ import annotations

import json
import os
import re

import nbformat
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from lecture_utils import demonstrations, from_scratch, reproducible
from tests.conftest import ROOT, fenced
from tests.notebooks import rules
from tools import notebooks
from tools.publish import browser

rng = np.random.default_rng(0)
labels = (rng.random(500) < 0.3).astype(int)
scores = from_scratch.logistic(rng.normal(size=500) + 3 * labels - 2)
NEW = {
    "threshold_logic_unit": demonstrations.threshold_logic_unit,
    "xor_network": demonstrations.xor_network,
    "backpropagation_step": demonstrations.backpropagation_step,
    "learning_rate": demonstrations.learning_rate,
    "saturation": demonstrations.saturation,
    "classifier_threshold": lambda: demonstrations.classifier_threshold(labels, scores),
}


@pytest.fixture(autouse=True, scope="module")
def style():
    reproducible.start(seed=42)


def move(demonstration: demonstrations.Demonstration, **values: float) -> str:
    """Move the controls; returns the alt text."""
    for name, value in values.items():
        demonstration.controls[name].value = value
    return demonstration.alt


def data(demonstration: demonstrations.Demonstration, ax: int, **look: str) -> np.ndarray:
    """The points (n, 2) of the one line with this color and this marker or linestyle in an axes."""
    (line,) = [
        line
        for line in demonstration.figure.axes[ax].lines
        if all(getattr(line, f"get_{name}")() == value for name, value in look.items())
    ]
    return np.column_stack(line.get_data())


@pytest.mark.parametrize("name", NEW)
def test_every_control_at_its_ends(name):
    demonstration = NEW[name]()
    alts, pictures = [demonstration.alt], [demonstration.png]
    for control in demonstration.controls.values():
        before = control.value
        ends = [control.min, control.max] if hasattr(control, "min") else [value for _, value in control.options]
        for value in ends:
            if value != control.value:
                control.value = value
                assert (demonstration.alt, demonstration.png) != (alts[-1], pictures[-1])
                alts.append(demonstration.alt)
                pictures.append(demonstration.png)
        control.value = before
    assert (demonstration.alt, demonstration.png) == (alts[0], pictures[0])  # the way back leads to the same picture
    assert len(set(alts)) > 0.6 * len(alts) and all("nan" not in alt and "inf" not in alt for alt in alts)
    for value in ("min", "max"):
        for control in demonstration.controls.values():
            control.value = getattr(control, value, control.value)


@pytest.mark.parametrize("name", NEW)
def test_shows_a_widget_and_a_still_figure(name):
    demonstration = NEW[name]()
    bundle = demonstration._repr_mimebundle_()
    assert bundle["text/plain"] == demonstration.alt
    assert len(bundle["text/html"]) < 80_000 and "<script" not in bundle["text/html"]
    output = nbformat.v4.new_output("execute_result", data=bundle, execution_count=1)
    cell = nbformat.v4.new_code_cell("demonstration", id="cell", outputs=[output], execution_count=1)
    stored = notebooks.normalized(nbformat.v4.new_notebook(cells=[cell]))
    assert set(stored.cells[0].outputs[0].data) == {"text/html", "text/plain"}
    assert set(bundle) == {"text/html", "text/plain", notebooks.WIDGET_VIEW}
    assert [problem for rule in rules.RULES for problem in rule(stored)] == []
    again = NEW[name]()._repr_mimebundle_()
    assert (again["text/html"], again["text/plain"]) == (bundle["text/html"], bundle["text/plain"])
    for field in demonstration.fields:
        assert field.description and field.tabbable is not False
    for ax in demonstration.figure.axes:
        assert not ax.axison or (ax.get_xlabel() and ax.get_ylabel())


def test_a_moved_slider_changes_picture_and_words():
    demonstration = demonstrations.threshold_logic_unit()
    move(demonstration, b=-0.5)
    assert "The neuron computes OR" in demonstration._picture.value
    assert re.search('aria-live="polite"[^>]*>The neuron computes OR', demonstration._words.value)
    assert "The neuron computes OR" in demonstration._repr_mimebundle_()["text/html"]


def test_a_slider_and_its_number_field_go_together():
    demonstration = demonstrations.threshold_logic_unit()
    slider, field = demonstration.controls["b"], demonstration.fields[2]
    slider.value = -0.5
    drawn = demonstration.png
    slider.value = -0.49999999999999994  # as the browser's slider answers; nothing is drawn again for that
    assert field.value == -0.5 and slider.value == -0.49999999999999994 and demonstration.png is drawn
    field.value = 3
    assert slider.value == 3 and "bias 3.0" in demonstration.alt
    (_, steps, _) = demonstrations.learning_rate().fields
    assert isinstance(steps.value, int) and (steps.min, steps.max, steps.step) == (1, 50, 1)


@pytest.mark.parametrize(("w1", "w2", "b"), [(1, 1, -1.5), (-0.7, 2, 3), (0.1, 0, -3), (0, -2, 0.4)])
def test_the_line_of_a_neuron(w1, w2, b):
    demonstration = demonstrations.threshold_logic_unit()
    move(demonstration, w1=w1, w2=w2, b=b)
    w = np.array([w1, w2])
    ends = data(demonstration, 0, linestyle="-")
    np.testing.assert_allclose(ends @ w + b, 0, atol=1e-9)
    assert np.linalg.norm(ends[1] - ends[0]) > 100
    corners = demonstrations.half_plane(w, b)
    assert (corners @ w + b >= -1e-9).all() and (corners @ w + b > 1).any()


def test_without_weights_there_is_no_line():
    demonstration = demonstrations.threshold_logic_unit()
    assert "no line" in move(demonstration, w1=0, w2=0, b=0.5) and "1 in every case" in demonstration.alt
    assert data(demonstration, 0, linestyle="-").size == 0
    assert "0 in every case" in move(demonstration, b=-0.5)


def test_the_names_of_the_functions_of_two_inputs():
    W = np.array([[w1, w2, b] for w1 in (-2, -1, 0, 1, 2) for w2 in (-2, -1, 0, 1, 2) for b in np.arange(-2.5, 3)])
    found = {tuple(from_scratch.heaviside(demonstrations.CASES @ w[:2] + w[2]).tolist()) for w in W}
    assert found == set(demonstrations.FUNCTIONS)
    for outputs, name in demonstrations.FUNCTIONS.items():
        rule = {"AND": "x₁ AND x₂", "OR": "x₁ OR x₂"}.get(name, name).removesuffix(" in every case")
        rule = rule.replace("x₁", "a").replace("x₂", "b").lower()
        assert tuple(int(eval(rule, {"a": a, "b": b})) for a, b in demonstrations.CASES.tolist()) == outputs


def test_a_sum_of_decimals_that_should_be_zero_is():
    demonstration = demonstrations.threshold_logic_unit()
    assert 0.7 + 0.1 - 0.8 < 0
    assert "computes AND" in move(demonstration, w1=0.7, w2=0.1, b=-0.8)


def test_xor_network_as_in_notebook_02():
    demonstration = demonstrations.xor_network()
    assert "the outputs are 0, 1, 1, 0" in demonstration.alt and "4 of 4" in demonstration.alt
    hidden = np.array([[0, 0], [0, 1], [0, 1], [1, 1]])
    assert data(demonstration, 1, marker="s").tolist() == hidden[1:3].tolist()
    assert data(demonstration, 1, marker="o", color="white").tolist() == hidden[[0, 3]].tolist()
    for color, bias in ((demonstrations.GREEN, -1.5), (demonstrations.VERMILION, -0.5)):
        (line,) = [line for line in demonstration.figure.axes[0].lines if line.get_color() == color]
        np.testing.assert_allclose(np.column_stack(line.get_data()).sum(axis=1) + bias, 0, atol=1e-9)
    assert "3 of 4" in move(demonstration, v1=0)  # without h₁ it is OR
    assert data(demonstration, 0, color="none").tolist() == [[1, 1]]


def test_the_area_of_the_xor_network_is_its_output():
    demonstration = demonstrations.xor_network()
    (image,) = demonstration.figure.axes[0].images
    place = np.linspace(-0.8, 1.8, 131)
    inside = (place + place[:, np.newaxis] >= 0.5 - 1e-9) & (place + place[:, np.newaxis] < 1.5 - 1e-9)
    assert np.array_equal(np.asarray(image.get_array())[..., 3] > 0, inside)


def test_backpropagation_against_finite_differences():
    given = {"x": 1.5, "y": 1.0, "w₁": 0.8, "b₁": -0.2, "w₂": -1.5, "b₂": 0.1}
    values, slopes = demonstrations.both_passes(*given.values())
    for name in ("w₁", "b₁", "w₂", "b₂"):
        above, below = (demonstrations.both_passes(*(given | {name: given[name] + h}).values()) for h in (1e-5, -1e-5))
        np.testing.assert_allclose(slopes[name], (above[0]["C"] - below[0]["C"]) / 2e-5, rtol=1e-6)
    network = from_scratch.MLP([1, 1, 1], hidden="logistic", output="logistic", loss="mse")
    network.weights = [([[0.8]], [-0.2]), ([[-1.5]], [0.1])]
    gradients = np.concatenate([array.ravel() for pair in network.gradients([[1.5]], [1.0]) for array in pair])
    np.testing.assert_allclose([slopes[name] for name in ("w₁", "b₁", "w₂", "b₂")], gradients)
    np.testing.assert_allclose(values["C"], network.loss([[1.5]], [1.0]))


def test_backpropagation_value_by_value():
    demonstration = demonstrations.backpropagation_step()
    values, slopes = demonstrations.both_passes(1.5, 1.0, 0.8, -0.2, -1.5, 0.1)
    assert f"z₂ = a₁ w₂ + b₂ = {values['z₂']:.3f}." in move(demonstration, stage=3)
    assert "a₂ =" not in demonstration.alt and "Back" not in demonstration.alt
    assert f"∂C/∂a₁ = ∂C/∂z₂ · w₂ = {slopes['a₁']:.3f}." in move(demonstration, stage=9)
    assert "∂C/∂z₁" not in demonstration.alt
    moved = [value - 2 * slopes[name] for name, value in {"w₁": 0.8, "b₁": -0.2, "w₂": -1.5, "b₂": 0.1}.items()]
    after = demonstrations.both_passes(1.5, 1.0, *moved)[0]["C"]
    assert f"falls from {values['C']:.4f} to {after:.4f}" in move(demonstration, stage=11, rate=2.0)
    assert "does not fall" in move(demonstration, rate=0.0)
    shown = " ".join(text.get_text() for text in demonstration.figure.axes[0].texts)
    assert all(f"{value:.3f}" in shown for value in [*values.values(), *slopes.values()])


@pytest.mark.parametrize(
    ("rate", "curvature", "how"),
    [
        (0.18, 10, "it swings, and comes down"),
        (0.2, 10, "it swings from side to side forever"),
        (0.21, 10, "it leaves the valley"),
        (0.01, 10, "it creeps"),
        (0.1, 10, "it comes down without swinging"),
    ],
)
def test_the_path_is_that_of_gradient_descent(rate, curvature, how):
    demonstration = demonstrations.learning_rate()
    assert how in move(demonstration, rate=rate, curvature=curvature, n_steps=30).split(".", 2)[1]
    w = demonstrations.DESCENT_START.copy()
    for point, loss in zip(data(demonstration, 0, linestyle="-", marker="o"), data(demonstration, 1), strict=True):
        np.testing.assert_allclose(point, w, atol=1e-12)
        np.testing.assert_allclose(loss[1], (w[0] ** 2 + curvature * w[1] ** 2) / 2)
        w -= rate * w * [1, curvature]
    (ring,) = {
        tuple(np.round((x**2 + curvature * y**2) / 2, 9)) for x, y in [demonstration.figure.axes[0].lines[3].get_data()]
    }
    assert set(ring) == {4.0}  # a line of equal loss


@pytest.mark.parametrize("z", [-8.0, -1.0, 0.5, 8.0])
@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu"])
def test_the_slopes_of_activations(activation, z):
    demonstration = demonstrations.saturation()
    move(demonstration, activation=activation, z=z, n_layers=7)
    phi = from_scratch.ACTIVATIONS[activation]
    slope = (phi(z + 1e-6) - phi(z - 1e-6)) / 2e-6
    np.testing.assert_allclose(data(demonstration, 0, marker="o"), [[z, phi(z)]])
    np.testing.assert_allclose(data(demonstration, 0, marker="s"), [[z, slope]], atol=1e-9)
    products = data(demonstration, 1)
    assert products[:, 0].tolist() == list(range(1, 8))
    if slope == 0:
        assert np.isnan(products[:, 1]).all() and ", 0 of the error" in demonstration.alt
    else:
        np.testing.assert_allclose(products[:, 1], np.cumprod([slope] * 7), rtol=1e-4)


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.5, 0.9])
def test_precision_and_recall_are_those_of_scikit_learn(threshold):
    demonstration = demonstrations.classifier_threshold(labels, scores)
    alt = move(demonstration, threshold=threshold)
    y_pred = scores >= threshold
    precision, recall = precision_score(labels, y_pred), recall_score(labels, y_pred)
    np.testing.assert_allclose(data(demonstration, 1, marker="s"), [[threshold, precision]])
    np.testing.assert_allclose(data(demonstration, 1, marker="o"), [[threshold, recall]])
    assert f"precision {precision:.2f}, recall {recall:.2f}" in alt
    tn, fp, fn, tp = confusion_matrix(labels, y_pred).ravel()
    assert f"Called 1: {tp} rightly, {fp} wrongly. Called 0: {tn} rightly, {fn} wrongly." in alt


def test_scores_may_be_any_numbers_and_nothing_may_be_called_one():
    logits = LogisticRegression().fit(scores[:, np.newaxis], labels).decision_function(scores[:, np.newaxis])
    slider = demonstrations.classifier_threshold(labels == 1, logits).controls["threshold"]
    assert (slider.min, slider.max) == (logits.min(), logits.max())
    for scale in (1e-9, 1, 1e3):  # whatever they are, the number field tells neighboring thresholds apart
        demonstration = demonstrations.classifier_threshold(labels, 5 * scale + scale * logits / 10)
        slider, alt = demonstration.controls["threshold"], demonstration.alt
        slider.value = threshold = slider.value - 20 * slider.step
        assert slider.value == threshold and abs(demonstration.fields[0].value - threshold) < slider.step / 2
        assert demonstration.alt != alt
    demonstration = demonstrations.classifier_threshold(labels, 0.9 * scores)
    assert "no precision, for nothing is called 1, recall 0.00" in move(demonstration, threshold=1.0)


@pytest.mark.parametrize(
    ("y_true", "score", "said"),
    [
        ([0, 1, 1], [0.1, 0.2], r"shape \(3,\), score \(2,\); both must be \(n,\)"),
        ([[0, 1]], [[0.1, 0.2]], r"both must be \(n,\)"),
        ([0, 1, 2], [0.1, 0.2, 0.3], r"values \[0, 1, 2\]; it must hold 0 and 1.*y_true == that_class"),
        ([1, 1], [0.1, 0.2], "both of them"),
        (["a", "b"], [0.1, 0.2], "both must hold numbers"),
        ([0, 1], [0.1, np.nan], "finite"),
        ([0, 1], [0.5, 0.5], "no threshold would separate them"),
        ([], [], "it must hold 0 and 1"),
    ],
)
def test_bad_answers_get_one_clear_error(y_true, score, said):
    with pytest.raises(ValueError, match=said):
        demonstrations.classifier_threshold(np.array(y_true), np.array(score))


CELLS = {
    "setup-start": """import sys

sys.path.insert(0, "..")  # the folder with lecture_utils
from lecture_utils import demonstrations, reproducible

reproducible.start(seed=42)""",
    "demo": "demonstrations.threshold_logic_unit()",
}


def notebook() -> nbformat.NotebookNode:
    """A small notebook with a demonstration, as `make execute` writes it."""
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    return notebooks.normalized(nbformat.v4.new_notebook(cells=cells))


def test_two_runs_store_the_same_still_figure(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "lecture_utils").symlink_to(ROOT / "lecture_utils")
    runs = [notebooks.normalized(notebooks.execute(notebook(), tmp_path / "notebooks")) for _ in range(2)]
    assert notebooks.to_text(runs[0]) == notebooks.to_text(runs[1])
    assert [problem for rule in rules.RULES for problem in rule(runs[0])] == []
    assert "widget" not in json.dumps(runs[0])


@pytest.fixture(scope="module")
def lab(chromium, project_copy, tmp_path_factory):
    """The address of a JupyterLab as `make lab` starts it, in a copy of the project with the small notebook."""
    path = project_copy / "notebooks" / "demo.ipynb"
    path.write_text(notebooks.to_text(notebook()))
    config = project_copy / "tools" / "jupyter_config.py"
    with browser.jupyterlab(config, tmp_path_factory.mktemp("home")) as address:
        yield address.replace("00_start_here.ipynb?", "demo.ipynb?reset&")
    path.unlink()


@pytest.mark.browser
def test_arrow_keys_and_the_mouse_move_the_picture(lab, chromium, project_copy):
    page = fenced(chromium.new_page(viewport={"width": 1280, "height": 1000}), r"(http|ws)s?://127\.0\.0\.1[:/]", False)
    page.goto(lab, wait_until="domcontentloaded")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    picture = page.locator(".jp-OutputArea img[alt^='The neuron computes AND']")
    picture.wait_for(timeout=60_000)
    assert picture.count() == 1  # the widget's, not the still one too
    first = picture.get_attribute("src")
    bias = page.get_by_role("spinbutton", name="bias b")
    page.get_by_role("spinbutton", name="weight w₂").focus()
    page.keyboard.press("Tab")
    assert bias.evaluate("field => field === document.activeElement")  # no stop between: the slider is for the mouse
    page.keyboard.press("ArrowUp")  # -1.4
    page.locator(".jp-OutputArea img[alt*='bias -1.4']").wait_for(timeout=30_000)
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    moved = page.locator(".jp-OutputArea img[alt^='The neuron computes OR'][alt*='bias -0.5']")
    moved.wait_for(timeout=30_000)
    assert moved.get_attribute("src") != first
    status = page.get_by_role("status").filter(has_text="The neuron computes OR")
    status.wait_for(state="attached", timeout=30_000)  # it changes just after the picture
    assert page.get_by_role("spinbutton").count() == 3 and page.get_by_role("slider").count() == 0
    handle = page.locator(".jp-OutputArea .noUi-touch-area").first
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 500, box["y"], steps=5)
    page.mouse.up()
    page.locator(".jp-OutputArea img[alt*='Weights -2.0 and']").wait_for(timeout=30_000)
    weight = page.get_by_role("spinbutton", name="weight w₁")
    page.wait_for_function("field => field.value === '-2'", arg=weight.element_handle())
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/demonstration.png")

    with page.expect_response(lambda answer: answer.request.method == "PUT" and "demo.ipynb" in answer.url):
        page.keyboard.press("Control+s")  # the file gets the still figure, and no widget that is dead when it is opened
    cells = notebooks.read(project_copy / "notebooks" / "demo.ipynb").cells
    assert [set(cell.outputs[0].data) for cell in cells if cell.outputs] == [{"text/html", "text/plain"}]
    page.reload(wait_until="domcontentloaded")
    picture.wait_for(timeout=60_000)
    assert page.get_by_role("spinbutton").count() == 0 and page.get_by_text("Error displaying widget").count() == 0
    assert page.errors == [] and page.outside == []
    page.close()

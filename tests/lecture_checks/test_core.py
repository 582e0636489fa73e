"""The framework of the exercises: verdicts, the student's functions, reading answers, and the progress file."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import threading
import time
from contextlib import nullcontext
from fractions import Fraction
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from lecture_checks import core, expect, solved, store
from lecture_checks.core import Form, Hint, NotTried, Wrong, call, exercise
from tests.lecture_checks import endless


def an_exercise(judge):
    return exercise(2, "A test", promise=1, kind="design")(judge)


# Verdicts.


@an_exercise
def forty_two(x):
    """Is x 42?"""
    if x == 41:
        raise Hint("almost", "One more than `41`.")
    if x == 40:
        raise Form("`x` is forty; it must be <b> & more.")
    if x == 0:
        return 1 / x
    if x != 42:
        raise Wrong("Not this.")
    return "Yes, it is."


@pytest.mark.parametrize(
    ("answer", "status", "hint", "text"),
    [
        (..., "not tried", None, "Exercise 2: not tried yet. Put your answer in place of each `...`"),
        (40, "form", None, "Exercise 2: not in the right form yet. `x` is forty"),
        (41, "hint", "almost", "Exercise 2: not right yet. One more than `41`."),
        (7, "wrong", None, "Exercise 2: not right yet. Not this."),
        (42, "right", None, "Exercise 2: right. Yes, it is."),
        (
            0,
            "form",
            "unexpected",
            "Exercise 2: not in the right form yet. This answer could not be checked (ZeroDivision",
        ),
    ],
)
def test_verdict(answer, status, hint, text):
    verdict = forty_two(answer)
    assert (verdict.status, verdict.hint) == (status, hint)
    assert repr(verdict).startswith(text)


def test_verdict_as_html_says_the_status_in_words_and_escapes():
    page = forty_two(40)._repr_html_()
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Reader().feed(page)
    assert found[0] == ("div", {"role": "status", "style": found[0][1]["style"]})
    assert "color:" not in found[0][1]["style"].replace("border-left", ""), "text keeps the color of the theme"
    assert {tag for tag, _ in found} == {"div", "span", "strong", "code"}
    assert "<strong>Exercise 2: not in the right form yet.</strong> <code>x</code> is forty" in page
    assert "&lt;b&gt; &amp; more" in page


def test_wrong_number_of_answers_says_how_the_check_is_called():
    assert "`check.forty_two(x)`" in forty_two().message and "`check.forty_two(x)`" in forty_two(1, 2).message


@pytest.mark.parametrize(
    "answer", [..., [1, ...], (1, [2, ...]), {"a": ...}, np.array([1, ...]), [np.array([[..., 1]])]]
)
def test_dots_anywhere_are_not_tried(answer):
    assert forty_two(answer).status == "not tried"


def test_dots_in_a_list_that_holds_itself():
    itself = [1]
    itself.append(itself)
    assert an_exercise(lambda x: "Fine.")(itself).status == "right"


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="must be one of 'predict', 'by hand'"):
        exercise(1, "A test", promise=1, kind="essay")(print)


def test_prints_and_warnings_are_limited(capfd):
    @an_exercise
    def loud(x):
        np.log(np.array([-1.0, 0.0]))
        for _ in range(10_000):
            print("0123456789")
        return "Done."

    assert loud(1).status == "right"
    out, err = capfd.readouterr()
    assert 2000 <= len(out) <= 2100 and out.endswith("(What is printed from here on is left out.)\n") and err == ""


# The student's functions.


def message_of(function, *arguments, seconds=0.2) -> tuple[str, str]:
    with pytest.raises(core.Answer) as caught:
        call(function, *arguments, seconds=seconds)
    return getattr(caught.value, "id", caught.value.status), str(caught.value)


def empty(x): ...


def only_pass(x):
    """With a docstring."""
    pass


def half(x):
    y = ...
    return x + y


def dots_in_a_loop(x):
    while ...:
        pass


def dots_come_back(x):
    return [x, eval("...")]


def left_to_do(x):
    raise NotImplementedError


@pytest.mark.parametrize("function", [empty, only_pass, half, dots_in_a_loop, dots_come_back, left_to_do])
def test_stub_is_not_tried(function):
    with pytest.raises(NotTried):
        call(function, 1)


def test_dots_in_an_index_are_no_stub():
    def first(x) -> tuple[int, ...]:
        return x[..., 0] + x[...][..., 0]

    assert call(first, np.array([[1, 2]])).tolist() == [2]


def divides(x):
    y = 0
    return x / y


def deep(x):
    return deep(x)


def leaves(x):
    sys.exit(3)


class Odd(Exception):
    def __str__(self):
        raise ValueError


def odd(x):
    raise Odd


def ends_in_a_period(x):
    raise ValueError("Too large.")


def runs_out(x):
    return next(iter([]))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (
            divides,
            "`divides` stopped with ZeroDivisionError: division by zero. It happened in the line `return x / y`.",
        ),
        (deep, "`deep` stopped with RecursionError: maximum recursion depth exceeded"),
        (leaves, "`leaves` stopped with SystemExit: 3. It happened in the line `sys.exit(3)`."),
        (odd, "`odd` stopped with Odd. It happened in the line `raise Odd`."),
        (ends_in_a_period, "`ends_in_a_period` stopped with ValueError: Too large. It happened in"),
        (runs_out, "`runs_out` stopped with StopIteration. It happened in the line `return next(iter([]))`."),
        (lambda: 1, "`<lambda>` stopped with TypeError: "),
        (int, "`int` stopped with ValueError: "),
    ],
)
def test_exception_is_explained(function, says):
    hint, message = message_of(function, "1 x") if function is int else message_of(function, 1)
    assert hint == "exception" and message.startswith(says)


def test_no_function_and_no_result():
    assert message_of([1]) == ("form", "Hand over a function, by its name and without calling it; this is a list.")
    assert "returns None" in message_of(lambda: None)[1] and "returns None" in message_of(print)[1]


def test_stopping_the_cell_stops_the_check():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(interrupted)


def test_function_gets_copies():
    data, names = np.zeros(3), [["a"]]

    def changes(x, y):
        x += 1
        y[0].append("b")
        return x

    assert call(changes, data, names).tolist() == [1, 1, 1]
    assert data.tolist() == [0, 0, 0] and names == [["a"]]


@pytest.mark.parametrize("function", [*endless.LOOPS, endless.sleeps])
def test_endless_loop_is_stopped(function):
    handler, random_state = signal.getsignal(signal.SIGALRM), random.getstate()
    for _ in range(5):  # the alarm, which comes at chance times, must not hit the limit itself or what comes after
        hint, message = message_of(function, seconds=0.05)
        assert hint == "endless" and f"`{function.__name__}` was stopped" in message
        assert signal.getsignal(signal.SIGALRM) == handler and signal.getitimer(signal.ITIMER_REAL) == (0, 0)
        assert sys.exc_info() == (None, None, None), "else every later error seems to come from the loop"
    assert random.getstate() == random_state


@pytest.mark.parametrize("function", endless.STOPPED_IN_ANY_THREAD)
def test_endless_loop_is_stopped_in_another_thread(function):
    """As on Windows, and in kernels that run cells in a thread of their own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(message_of(function)), daemon=True)
    thread.start()
    thread.join(60)
    assert [hint for hint, _ in found] == ["endless"]


def test_time_limit_leaves_quick_functions_alone():
    for _ in range(300):
        assert call(lambda: 1, seconds=0.05) == 1
    time.sleep(0.1)


# What a program that grades uses.


def test_answer_later(monkeypatch):
    monkeypatch.setattr(core, "_answers_later", False)
    core.answer_later()
    assert (forty_two(42).status, forty_two(42).message) == ("not tried", "")
    assert forty_two.judge_answer((42,), {}).status == forty_two.judge_answer((), {"x": 42}).status == "right"


def test_limit_time_by(monkeypatch):
    monkeypatch.setattr(core, "_time_limit", core.Limit)
    limit = SimpleNamespace(tries=0)
    core.limit_time_by(lambda seconds: nullcontext(limit))
    assert call(lambda: 3) == 3
    limit.tries = 1
    assert message_of(lambda: 3)[0] == "endless" and message_of(divides, 1)[0] == "endless"


# Reading answers.


@pytest.mark.parametrize(
    "value",
    [[1, 2], (1, 2), np.array([1, 2]), [1.0, np.float32(2)], [True, 2], [Fraction(1), 2], np.array([1, 2], "u1")],
)
def test_array_takes_what_holds_numbers(value):
    found = expect.array("x", value, shape=(2,))
    assert found.dtype == np.float64 and found.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "`x` is None; it must be an array of numbers of shape (2,)."),
        ("12", "`x` is text in quotes; it must"),
        (["1", "2"], "`x` holds text; it must be an array of numbers of shape (2,). Write the numbers without"),
        ([1, 2, 3], "`x` has shape (3,); it must"),
        ([[1, 2]], "`x` has shape (1, 2); it must"),
        (5, "`x` is a single number; it must"),
        ([[1], [2, 3]], "`x` is a list whose rows have different lengths; it must"),
        ([[1], print], "`x` is a list that does not hold only numbers; it must"),
        ([1, None], "`x` holds a value that is NaN or infinite; it must"),
        ([1, np.nan], "`x` holds a value that is NaN or infinite; it must"),
        ([1, 2j], "`x` is a list; it must"),
        (print, "`x` is a builtin_function_or_method; it must"),
    ],
)
def test_array_says_what_it_needs(value, says):
    with pytest.raises(Form) as caught:
        expect.array("x", value, shape=(2,))
    assert str(caught.value).startswith(says)


def test_array_of_any_length():
    assert expect.array("x", np.ones((5, 2)), shape=(None, 2)).shape == (5, 2)
    with pytest.raises(Form, match=r"shape \(any, 2\)"):
        expect.array("x", np.ones((5, 3)), shape=(None, 2))


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.array(3), [3], np.array([[3]]), Fraction(3)])
def test_number_takes_numbers(value):
    assert expect.number("x", value) == expect.whole("x", value) == 3


@pytest.mark.parametrize("value", [None, "3", [], [1, 2], True, np.nan, np.inf, 1j, {}, [[1], [2, 3]], ["3"], print])
def test_number_refuses(value):
    with pytest.raises(Form, match=r"`x` is .*; it must be a .*number"):
        expect.number("x", value)


def test_number_names_a_decimal_comma_and_what_is_too_large():
    with pytest.raises(Form, match="A decimal number has a point, not a comma"):
        expect.number("x", (1, 5))
    with pytest.raises(Form, match="larger than any number"):
        expect.number("x", 10**400)


def test_whole_number_refuses_fractions():
    with pytest.raises(Form, match=r"`x` is 2.5; it must be a whole number."):
        expect.whole("x", 2.5)


def test_choice():
    assert expect.choice("x", " B ", "a", "b") == "b"
    for value in ("c", 1, None, ["a"]):
        with pytest.raises(Form, match="it must be one of 'a', 'b', with the quotes"):
            expect.choice("x", value, "a", "b")


def test_items_and_instance():
    assert expect.items("x", [1, 2], 2, "w and b") == expect.items("x", np.array([1, 2]), 2, "w and b") == (1, 2)
    for value in ([1], 1, None, np.array(1), "ab", {1: 2, 3: 4}):
        with pytest.raises(Form, match="it must hold 2 things, w and b"):
            expect.items("x", value, 2, "w and b")
    assert expect.instance("x", 3, int, "an int") == 3
    with pytest.raises(Form, match="`x` is text in quotes; it must be an int"):
        expect.instance("x", "3", int, "an int")


# The progress.


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A progress file for this test; it does not exist yet."""
    path = tmp_path / "my_progress.json"
    monkeypatch.setenv("LECTURE_PROGRESS", str(path))
    return path


def test_tests_do_not_touch_a_students_progress(tmp_path, monkeypatch):
    assert os.environ["LECTURE_PROGRESS"] == "off"
    monkeypatch.setattr(store, "ROOT", tmp_path)
    assert store.record("01", 1, "right") == "" and list(tmp_path.iterdir()) == []


def test_progress_lies_in_the_folder_of_the_course(tmp_path, monkeypatch):
    monkeypatch.delenv("LECTURE_PROGRESS")
    monkeypatch.setattr(store, "ROOT", tmp_path)
    store.record("01", 1, "right")
    assert [path.name for path in tmp_path.iterdir()] == ["my_progress.json"]


def test_checks_record_progress(file):
    from lecture_checks import notebook_01 as check

    assert check.line([...], ...).status == "not tried" and not file.exists()
    assert check.line([1, 2], -2).status == "hint"
    assert json.loads(file.read_text()) == {"01": {"4": "tried"}}
    assert "4. A neuron for a line  design        △ tried" in repr(solved.show(1))
    check.line([-1, -2], 2)
    check.line([1, 2], -2)
    assert json.loads(file.read_text()) == {"01": {"4": "solved"}}, "what is solved stays solved"
    assert repr(solved.show(1)).startswith("Notebook 01: 1 of 5 exercises solved\n")
    assert re.search("01 threshold logic unit +1 of 5", repr(solved.show()))
    assert [path.name for path in file.parent.iterdir()] == ["my_progress.json"]


def test_pause(file, monkeypatch):
    monkeypatch.setattr(store, "_paused", False)
    store.record("01", 1, "right")
    store.pause()
    store.record("01", 2, "right")
    assert json.loads(file.read_text()) == {"01": {"1": "solved"}}
    assert "0 of 5" in repr(solved.show(1))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"01": 3}', '{"01": {"1": []}}', b"\xff\xfe", "[" * 100_000])
def test_damaged_file_is_set_aside(file, content):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = file.read_bytes()
    table = solved.show(1)
    assert "my_progress.json was damaged. It is now called my_progress_damaged.json" in repr(table)
    assert "my_progress.json was damaged" in table._repr_html_()
    assert file.with_name("my_progress_damaged.json").read_bytes() == before and not file.exists()
    file.write_text("again")
    assert "my_progress_damaged_2.json" in store.record("01", 1, "right")
    assert json.loads(file.read_text()) == {"01": {"1": "solved"}}


def test_unknown_entries_are_kept(file):
    file.write_text('{"01": {"1": "solved", "99": "solved"}, "77": {"1": "tried"}}')
    store.record("02", 3, "wrong")
    assert json.loads(file.read_text()) == {
        "01": {"1": "solved", "99": "solved"}, "02": {"3": "tried"}, "77": {"1": "tried"}
    }  # fmt: skip
    assert "1 of 5" in repr(solved.show(1))


def test_failing_write_leaves_the_old_file_and_is_told(file, monkeypatch):
    store.record("01", 1, "right")
    before = file.read_bytes()

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "replace", fails)
    assert "could not be saved: No space left on device" in store.record("01", 2, "right")
    assert file.read_bytes() == before and [path.name for path in file.parent.iterdir()] == ["my_progress.json"]


def test_unreadable_file_is_told(file):
    file.mkdir()
    assert "could not be read: Is a directory" in repr(solved.show(1))
    assert "could not be" in store.record("01", 1, "right")


def test_check_answers_even_if_progress_cannot_be_saved(file):
    from lecture_checks import notebook_00 as check

    file.mkdir()
    verdict = check.weighted_sum(1.5)
    assert verdict.status == "right" and "could not be" in verdict.message


def test_table_as_html():
    page = solved.show(1)._repr_html_()
    assert page.count("<tr>") == 6 and page.count('scope="row"') == 5 and page.count('scope="col"') == 3
    assert "<caption" in page and "<script" not in page

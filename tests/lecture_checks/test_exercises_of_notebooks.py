"""The exercises of every notebook that has some: their cells, their solutions, and what their checks answer.

A notebook has exercises when there is a module `lecture_checks/notebook_NN.py`. The known mistakes are rows in its
checks; each is given here, with what is right otherwise. `answers_NN.py` has what the rows cannot say: other right
answers, the first of which is the one that rows are put into (without one, that is the answer in the solutions), and
other wrong ones, each after the id of its hint, or None. The self-test is tested in the same way, as `self_test`.
"""

from __future__ import annotations

import ast
import copy
import gc
import inspect
import linecache
import re
import signal
from importlib import import_module
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest

from lecture_checks import mistakes, registry, store
from lecture_checks.core import Exercise, Question
from lecture_utils import reproducible
from tools import notebooks

SELF_TEST = registry.SELF_TEST
NUMBERS = [*registry.notebook_numbers(), SELF_TEST]
ALL = [(number, exercise) for number in NUMBERS for exercise in registry.exercises(number)]
EACH_NOTEBOOK = pytest.mark.parametrize("number", NUMBERS)
EACH_EXERCISE = pytest.mark.parametrize(
    ("number", "exercise"), ALL, ids=[f"{number}-{exercise.__name__}" for number, exercise in ALL]
)


def module(number: str):
    return import_module(f"lecture_checks.{name_of_module(number)}")


def name_of_module(number: str) -> str:
    return number if number == SELF_TEST else f"notebook_{number}"


def other_answers(number: str, exercise: Exercise) -> tuple[list[tuple], list[tuple]]:
    """Right and wrong answers to an exercise beside those in its rows and its solution."""
    try:
        table = import_module(f"tests.lecture_checks.answers_{number}")
    except ModuleNotFoundError:
        return [], []
    return table.RIGHT.get(exercise.__name__, []), table.WRONG.get(exercise.__name__, [])


def right_answer(number: str, exercise: Exercise) -> tuple:
    """The first of the other right answers, or the one in the solutions."""
    if others := other_answers(number, exercise)[0]:
        return tuple(others[0])
    solved, namespace = cells(number, solution=True), {}
    with mock.patch.object(store, "pause"):  # which would hold for all tests to come
        run(solved["exercises-start"].source, namespace, f"<{number} start>")
    namespace["check"] = SimpleNamespace(**{exercise.__name__: inspect.signature(exercise.judge).bind})
    return run(solved[f"exercise-{exercise.number}"].source, namespace, f"<{number} {exercise}>").args


def known_mistakes(number: str, exercise: Exercise) -> list[tuple[str, tuple]]:
    """The rows of a check: the id of the hint, and the wrong answer put into the right one."""
    right = inspect.signature(exercise.judge).bind(*right_answer(number, exercise))
    with mistakes.recorded() as rows:
        exercise.judge_answer(right.args, {})
    found = []
    for names, id, wrong in rows:
        given = copy.copy(right.arguments)
        given.update(zip(names.split(), wrong if " " in names else [wrong], strict=True))
        found.append((id, tuple(given.values())))
    return found


def all_answers(number: str) -> dict[str, list[tuple]]:
    """Every right and wrong answer to each exercise of a notebook, by the name of its check."""
    found = {}
    for exercise in registry.exercises(number):
        right, wrong = other_answers(number, exercise)
        found[exercise.__name__] = [
            right_answer(number, exercise),
            *map(tuple, right[1:]),
            *(answer for _, answer in known_mistakes(number, exercise)),
            *(tuple(answer) for _, *answer in wrong),
        ]
    return found


def cells(number: str, solution: bool = False) -> dict:
    """The cells of the notebook with exercises, or of its solutions, by id."""
    folder = notebooks.NOTEBOOKS / "solutions" if solution else notebooks.NOTEBOOKS
    (path,) = folder.glob(f"{number}*.ipynb")
    return {cell.id: cell for cell in notebooks.read(path).cells}


@pytest.fixture(scope="module")
def tensorflow_started():
    """TensorFlow has been started once. What is in memory by then is not looked through at each further start."""
    reproducible.start(seed=42, tensorflow=True)
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def started(number, request):
    """What the first cell of the solutions starts: TensorFlow, if these exercises need it."""
    if "tensorflow=True" in cells(number, solution=True)["exercises-start"].source:
        request.getfixturevalue("tensorflow_started")
        reproducible.start(seed=42, tensorflow=True)


def run(source: str, namespace: dict, name: str):
    """Run a cell as a notebook does: the value of its last line comes back, and its source can be looked up."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    *lines, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        lines, last = [*lines, last], None
    exec(compile(ast.Module(lines, []), name, "exec"), namespace)
    return eval(compile(ast.Expression(last.value), name, "eval"), namespace) if last else None


@EACH_NOTEBOOK
def test_untouched_stubs_are_not_tried_yet(number, started):
    """Also when nothing but the start cell of the exercises was run before."""
    of_notebook, namespace = cells(number), {}
    run(of_notebook["exercises-start"].source, namespace, f"<{number} start>")
    for exercise in registry.of_module(module(number)):
        verdict = run(of_notebook[f"exercise-{exercise.number}"].source, namespace, f"<{number} {exercise}>")
        assert verdict.status == "not tried", verdict


@EACH_NOTEBOOK
def test_exercises_and_solutions_belong_together(number):
    stubs, solved = cells(number), cells(number, solution=True)
    names = [f"exercise-{exercise.number}" for exercise in registry.of_module(module(number))]
    for of_one in (stubs, solved):
        assert [name for name in of_one if re.fullmatch(r"exercise-\d+", name)] == names
    for name in names:
        lines = stubs[name].source.splitlines()
        assert solved[name].source.splitlines()[-1] == lines[-1] and "..." in stubs[name].source
        assert "..." not in solved[name].source
    start, start_of_solutions = (of_one["exercises-start"].source for of_one in (stubs, solved))
    assert "store.pause()" in start_of_solutions
    for line in set(start_of_solutions.splitlines()) - {*start.splitlines()}:  # so a solution needs no more than a stub
        frame = r"import sys|sys\.path\..*|from lecture_utils import (?:(\w+), )?reproducible|reproducible\.start\(.*|"
        assert (found := re.fullmatch(frame + r"from lecture_checks import store|store\.pause\(\)|", line)), line
        assert not found[1] or f"import {found[1]}\n" in f"{start}\n"
    assert f"](../{notebooks.find_notebooks([number])[0].name})" in solved["title"].source


def test_every_notebook_of_solutions_has_exercises():
    names = [path.stem if path.stem == SELF_TEST else path.name[:2] for path in notebooks.solutions()]
    assert names == NUMBERS


@EACH_NOTEBOOK
def test_number_of_exercises(number):
    found = registry.of_module(module(number))
    assert [exercise.number for exercise in found] == list(range(1, len(found) + 1))
    assert len(found) >= (1 if number == "00" else 3)


@EACH_NOTEBOOK
def test_end_of_the_notebook(number):
    """Exercises, then the progress, then what comes next; only 00, which begins with an exercise, is different."""
    of_notebook = cells(number)
    assert f"solutions/{notebooks.find_notebooks([number])[0].name})" in of_notebook["exercises-text"].source
    assert f"{name_of_module(number)} as check" in of_notebook["exercises-start"].source
    if number == SELF_TEST:
        assert list(of_notebook)[-2:] == ["progress", "next"]
        assert of_notebook["progress"].source == "solved.score()"
    elif number != "00":
        end = [name for name in of_notebook if name.startswith("exercise")]
        assert list(of_notebook)[-len(end) - 2 :] == [*end, "progress", "next"]
        assert of_notebook["progress"].source == f"solved.show({int(number)})"
        assert of_notebook["next"].source.startswith("**Next:**")


@EACH_EXERCISE
def test_cells_of_an_exercise(number, exercise):
    of_notebook = cells(number)
    names = list(of_notebook)
    name = f"exercise-{exercise.number}"
    assert names[names.index(name) - 1] == f"{name}-text"
    text = of_notebook[f"{name}-text"].source
    opening = f"### {exercise.what} {exercise.number}. {exercise.title}\n\n**{exercise.kind.capitalize()}"
    assert text.startswith(opening)
    assert of_notebook[name].source.splitlines()[-1].startswith(f"check.{exercise.__name__}(")
    assert exercise.points >= 1 and exercise.__doc__
    if number == SELF_TEST:
        return  # a question belongs to a notebook, not to a promise: see test_self_test.py
    promises = re.findall(r"^- ", of_notebook["title"].source.split("**Time")[0], re.MULTILINE)
    assert 1 <= exercise.promise <= len(promises) and re.search(rf"\b[Pp]romise {exercise.promise}\b", text)


@EACH_EXERCISE
def test_right_answers(number, exercise, started):
    found = [exercise(*answer) for answer in [right_answer(number, exercise), *other_answers(number, exercise)[0][1:]]]
    assert [(verdict.status, verdict.message) for verdict in found if verdict.status != "right"] == []
    assert re.fullmatch(r"[A-Z0-9].*[.]", found[0].message)


@EACH_EXERCISE
def test_wrong_answers(number, exercise, started):
    wrong = known_mistakes(number, exercise) + [(id, answer) for id, *answer in other_answers(number, exercise)[1]]
    assert len({id for id, _ in wrong if id}) >= 3
    assert {id for id, _ in wrong if id} == set(ids_of_hints(exercise)), "each hint is given"
    for id, answer in wrong:
        verdict = exercise(*answer)
        assert (verdict.status, verdict.hint) == ("hint" if id else "wrong", id), verdict
        for part in right_answer(number, exercise):
            said = repr(part)
            assert len(said) < 3 or said not in verdict.message, "the message gives the answer away"


def ids_of_hints(exercise: Exercise) -> list[str]:
    """The ids in the code of a check: of its rows, and of the hints that it raises itself."""
    ids = []
    for node in ast.walk(ast.parse(inspect.getsource(exercise.judge))):
        if isinstance(node, ast.keyword) and node.arg == "known":
            ids += [row.elts[0].value for row in node.value.elts]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Hint":
            ids.append(node.args[0].value)
    return ids


@EACH_NOTEBOOK
def test_every_hint_has_an_id_of_its_own(number):
    """And stands in its check, with its id as text, so that the tests find it."""
    found = [ids_of_hints(exercise) for exercise in registry.of_module(module(number))]
    assert all(len(ids) == len(set(ids)) for ids in found)
    raised = len(re.findall(r"\bHint\(", inspect.getsource(module(number))))
    in_checks = sum(inspect.getsource(exercise.judge).count("Hint(") for exercise in registry.of_module(module(number)))
    assert raised == in_checks, "raise each hint in its check"


def raises(*_):
    raise ValueError("on purpose")


def never_ends(*_):
    """Stopped by the check as if its seconds were over already."""
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    while True:
        pass


def wrong_shape(*_):
    return np.zeros((7, 7, 7))


STRANGE = [None, "text", -98765.4, [], {}, object(), np.full((2, 2), np.nan), np.full(3, np.nan), [[1], [2, 3]],
           np.zeros((2, 2, 2)), True, ["a", "b"], 1j, range, raises, never_ends, wrong_shape,
           lambda *_: None, lambda *_: "text"]  # fmt: skip


@EACH_EXERCISE
def test_strange_answers_never_raise_and_never_pass(number, exercise, started):
    right = right_answer(number, exercise)
    for place in range(len(right)):
        for value in STRANGE:
            verdict = exercise(*right[:place], value, *right[place + 1 :])
            assert verdict.status in ("form", "hint", "wrong"), (place, value, verdict)
            assert verdict.hint != "unexpected", (place, value, verdict)
        verdict = exercise(*right[:place], ..., *right[place + 1 :])
        assert verdict.status == "not tried"
    assert exercise().status == exercise(*right, 1).status == "form"


def test_modules_start_fast(run_python):
    """The progress of the whole course imports all modules; none of them imports TensorFlow before it is needed."""
    code = "import sys; from lecture_checks import solved; solved.show(); print('tensorflow' in sys.modules)"
    assert run_python(code).stdout == "False\n"


def test_all_exercises_are_found():
    assert all(isinstance(exercise, Exercise) and exercise.notebook == number for number, exercise in ALL)
    assert {"00", "01", "02"} <= set(NUMBERS)
    assert all(isinstance(exercise, Question) == (number == SELF_TEST) for number, exercise in ALL)

"""Which exercises are solved, and which questions of the self-test: kept in one small file on this machine,
`my_progress.json`, and nowhere else.

The file lies in the project's folder and may be deleted at any time. The environment variable `LECTURE_PROGRESS` names
another file; with "off" nothing is read or written, which is how the tests run.
"""

from __future__ import annotations

import html
import json
import os
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

ROOT = Path(__file__).resolve().parents[2]
STATES = {"solved": "✓ solved", "tried": "△ tried", "": "○ not tried yet"}
SELF_TEST = "self_test"  # the name of the self-test in the file, where an exercise has the number of its notebook
FIRST_ANSWERS = "self_test_first_answers"  # the state of each of its questions after the first answer
_paused = False


def pause() -> None:
    """Note nothing from here on, in this notebook. The worked solutions begin with it."""
    global _paused
    _paused = True


def record(notebook: str, number: int, status: str) -> str:
    """Note that an exercise was tried, or solved if the status is "right". What is solved stays solved.

    Of a question of the self-test, the first answer in the right form is noted as well. Returns a sentence if something
    went wrong, else "".
    """
    if _file() is None:
        return ""
    states, note = _read()
    state = "solved" if status == "right" else "tried"
    news = [] if states.get(notebook, {}).get(str(number)) in ("solved", state) else [notebook]
    if notebook == SELF_TEST and status != "form" and str(number) not in states.get(FIRST_ANSWERS, {}):
        news.append(FIRST_ANSWERS)
    if not news:
        return note
    for name in news:
        states.setdefault(name, {})[str(number)] = state
    try:
        _write(states)
    except OSError as error:
        return f"{note} (Your progress could not be saved: {error.strerror}.)".strip()
    return note


def show(notebook: int | None = None) -> Table:
    """Which exercises of a notebook are solved; without a number, how many of each notebook, and of the self-test."""
    states, note = _read()
    if notebook is not None:
        of_notebook = exercises(f"{notebook:02}")
        have = [states.get(f"{notebook:02}", {}).get(str(x.number), "") for x in of_notebook]
        rows = [(f"{x.number}. {x.title}", x.kind, STATES[state]) for x, state in zip(of_notebook, have, strict=True)]
        title = f"Notebook {notebook:02}: {have.count('solved')} of {len(have)} exercises solved"
        return Table(title, ("exercise", "kind", "state"), rows, note)
    rows, solved, total = [], 0, 0
    for name in notebooks():
        numbers = [str(x.number) for x in exercises(name)]
        n_solved = sum(states.get(name, {}).get(number) == "solved" for number in numbers)
        rows.append((_title(name), f"{n_solved} of {len(numbers)}"))
        solved, total = solved + n_solved, total + len(numbers)
    right = _count(exercises(SELF_TEST), states.get(SELF_TEST, {}))
    rows.append(("self-test", right))
    title = f"The course: {solved} of {total} exercises solved, and {right} questions of the self-test"
    return Table(title, ("notebook", "solved"), rows, note)


def score() -> Table:
    """How the self-test went, topic by topic, and what to read again: all that was not right at the first answer."""
    states, note = _read()
    now, first = states.get(SELF_TEST, {}), states.get(FIRST_ANSWERS, {})
    questions = exercises(SELF_TEST)
    rows = []
    for topic in sorted({question.topic for question in questions}):
        of_topic = [question for question in questions if question.topic == topic]
        wrong = [question for question in of_topic if first.get(str(question.number)) == "tried"]
        answered = any(str(question.number) in now for question in of_topic)
        again = _section(topic, wrong) if wrong else "" if answered else STATES[""]
        rows.append((_title(topic), *(_count(of_topic, which) for which in (first, now)), again))
    total = [_count(questions, which) for which in (first, now)]
    title = f"The self-test: {total[1]} questions right, {total[0]} at the first answer"
    return Table(title, ("topic", "right at first", "right now", "read again"), rows, note)


def _count(questions: list, states: dict[str, str]) -> str:
    """How many of the questions are right, as "1 of 2"."""
    return f"{sum(states.get(str(question.number)) == 'solved' for question in questions)} of {len(questions)}"


def _section(topic: str, questions: list) -> Link:
    """The sections of a notebook that answer the questions, with a link to the notebook."""
    names = dict.fromkeys(question.section for question in questions)
    sections = " and ".join(f"section {name}" if name.isdigit() else f'"{name}"' for name in names)
    return Link(f"{topic}, {sections}", f"{_stem(topic)}.ipynb")


class Link(str):
    """A text that leads somewhere when it is shown as HTML; the address is seen from the folder of the notebooks."""

    def __new__(cls, text: str, address: str):
        link = super().__new__(cls, text)
        link.address = address
        return link


class Table:
    """A table with a title and perhaps a note, as text and as HTML."""

    def __init__(self, title: str, header: tuple[str, ...], rows: list[tuple[str, ...]], note: str):
        self.title, self.header, self.rows, self.note = title, header, rows, note

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in [self.header, *self.rows]]
        return "\n".join([self.title, *lines, *([self.note] if self.note else [])])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align: left">{html.escape(cell)}</th>' for cell in self.header)
        body = "".join(
            f'<tr><th scope="row" style="text-align: left; font-weight: normal">{html.escape(first)}</th>'
            + "".join(f'<td style="text-align: left">{_in_html(cell)}</td>' for cell in rest)
            + "</tr>"
            for first, *rest in self.rows
        )
        style = "text-align: left; font-weight: bold; white-space: nowrap"
        caption = f'<caption style="{style}">{html.escape(self.title)}</caption>'
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def _in_html(cell: str) -> str:
    text = html.escape(cell)
    return f'<a href="{html.escape(cell.address)}">{text}</a>' if isinstance(cell, Link) else text


def _file() -> Path | None:
    """The file of the progress; None if nothing shall be read or written."""
    named = os.environ.get("LECTURE_PROGRESS", "")
    return None if _paused or named == "off" else Path(named) if named else ROOT / "my_progress.json"


def _read() -> tuple[dict[str, dict[str, str]], str]:
    """The states of all exercises by notebook and number, and a sentence if there was something wrong.

    A file that makes no sense is moved aside, so that nothing in it is lost.
    """
    path = _file()
    if path is None or not path.exists():
        return {}, ""
    try:
        states = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(states, dict) or not all(isinstance(of_one, dict) for of_one in states.values()):
            raise ValueError("not a dictionary of dictionaries")
        return {name: {k: v if v in STATES else "" for k, v in of_one.items()} for name, of_one in states.items()}, ""
    except OSError as error:
        return {}, f"(Your progress in {path.name} could not be read: {error.strerror}.)"
    except (ValueError, TypeError, RecursionError):
        aside = path.with_name(f"{path.stem}_damaged.json")
        n = 1
        while aside.exists():
            n += 1
            aside = path.with_name(f"{path.stem}_damaged_{n}.json")
        try:
            os.replace(path, aside)
        except OSError as error:
            return {}, f"({path.name} is damaged and could not be moved aside: {error.strerror}.)"
        return {}, f"({path.name} was damaged. It is now called {aside.name}, and your progress is counted anew.)"


def _write(states: dict[str, dict[str, str]]) -> None:
    """Replace the file as a whole: whoever reads it finds the old or the new one, never a half."""
    path = _file()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(states, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def notebooks() -> list[str]:
    """The numbers of the notebooks that have exercises: "01", "02", ..."""
    modules = sorted(module.name for module in iter_modules([str(Path(__file__).parent)]))
    return [name[-2:] for name in modules if name.startswith("notebook_")]


def exercises(notebook: str) -> list:
    """The exercises of a notebook, or the questions of the self-test, in order."""
    from lecture_utils.exercises import core

    name = notebook if notebook == SELF_TEST else f"notebook_{notebook}"
    return core.exercises(import_module(f"lecture_utils.exercises.{name}"))


def _stem(notebook: str) -> str:
    """The name of the notebook's file without its ending."""
    found = sorted((ROOT / "notebooks").glob(f"{notebook}_*.ipynb"))
    return found[0].stem if found else notebook


def _title(notebook: str) -> str:
    """The notebook's file name in words."""
    return _stem(notebook).replace("_", " ")

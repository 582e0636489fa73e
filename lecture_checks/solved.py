"""Tables of what is solved: `show` for the exercises of a notebook or of the course, `score` for the self-test."""

from __future__ import annotations

import html

from lecture_checks import registry, store
from lecture_checks.store import SELF_TEST

STATES_SHOWN = {"solved": "✓ solved", "tried": "△ tried", "": "○ not tried yet"}


def show(notebook: int | None = None) -> Table:
    """What exercises of a notebook are solved; without its number, how many of each notebook and of the self-test."""
    states, note = store.read()
    if notebook is not None:
        of_notebook = registry.exercises(f"{notebook:02}")
        have = [states.get(f"{notebook:02}", {}).get(str(x.number), "") for x in of_notebook]
        rows = [
            (f"{x.number}. {x.title}", x.kind, STATES_SHOWN[state]) for x, state in zip(of_notebook, have, strict=True)
        ]
        title = f"Notebook {notebook:02}: {have.count('solved')} of {len(have)} exercises solved"
        return Table(title, ("exercise", "kind", "state"), rows, note)
    rows, solved, total = [], 0, 0
    for name in registry.notebook_numbers():
        numbers = [str(x.number) for x in registry.exercises(name)]
        n_solved = sum(states.get(name, {}).get(number) == "solved" for number in numbers)
        rows.append((_title(name), f"{n_solved} of {len(numbers)}"))
        solved, total = solved + n_solved, total + len(numbers)
    right = _count(registry.exercises(SELF_TEST), states.get(SELF_TEST, {}))
    rows.append(("self-test", right))
    title = f"The course: {solved} of {total} exercises solved, and {right} questions of the self-test"
    return Table(title, ("notebook", "solved"), rows, note)


def score() -> Table:
    """How the self-test went, topic by topic, and what to read again: whatever was not right at the first answer."""
    states, note = store.read()
    now, first = states.get(SELF_TEST, {}), states.get(store.FIRST_ANSWERS, {})
    questions = registry.exercises(SELF_TEST)
    rows = []
    for topic in sorted({question.topic for question in questions}):
        of_topic = [question for question in questions if question.topic == topic]
        wrong = [question for question in of_topic if first.get(str(question.number)) == "tried"]
        answered = any(str(question.number) in now for question in of_topic)
        again = _section(topic, wrong) if wrong else "" if answered else STATES_SHOWN[""]
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
    """A text that is a link when it is shown as HTML; the address is relative to the folder of the notebooks."""

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


def _stem(notebook: str) -> str:
    """The name of the notebook's file without its ending."""
    found = sorted((store.ROOT / "notebooks").glob(f"{notebook}_*.ipynb"))
    return found[0].stem if found else notebook


def _title(notebook: str) -> str:
    """The notebook's file name in words."""
    return _stem(notebook).replace("_", " ")

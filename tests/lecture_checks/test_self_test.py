"""The self-test: its questions lie where they should, its letters are spread evenly, its score is right."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from lecture_checks import mistakes, registry, self_test, solved
from tests.lecture_checks.answers_self_test import RIGHT
from tests.notebooks.test_glossary import anchor_of, headings
from tools import notebooks

QUESTIONS = registry.of_module(self_test)
N = len(QUESTIONS)
EACH_QUESTION = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
TO_CHOOSE = [question for question in QUESTIONS if question.kind == "choose"]
SOURCES = {cell.id: cell.source for cell in notebooks.read(notebooks.NOTEBOOKS / "self_test.ipynb").cells}


def test_every_notebook_has_two_questions_in_order():
    topics = [path.name[:2] for path in notebooks.lecture_notebooks()]
    assert [question.topic for question in QUESTIONS] == [topic for topic in topics for _ in range(2)]
    order = list(SOURCES)
    for topic, questions in itertools.groupby(QUESTIONS, key=lambda question: question.topic):
        first = f"exercise-{next(questions).number}-text"
        assert order[order.index(first) - 1] == f"topic-{topic}"
        assert SOURCES[f"topic-{topic}"].startswith(f"## Notebook {topic}: ")


def test_there_are_letters_and_numbers():
    assert len(TO_CHOOSE) >= 12 and len(QUESTIONS) - len(TO_CHOOSE) >= 12


def test_right_letters_are_spread_evenly_and_without_a_pattern():
    right = "".join(RIGHT[question.__name__][0][0] for question in TO_CHOOSE)
    counts = [right.count(letter) for letter in "abcd"]
    assert max(counts) - min(counts) <= 1
    assert not re.search(r"(.)\1\1|(..)\2\2|(....)\3", right), "a pattern can be guessed"


@EACH_QUESTION
def test_each_wrong_letter_has_a_hint_of_its_own(question):
    right = RIGHT[question.__name__][0][0]
    if question.kind == "choose":
        with mistakes.recorded() as rows:
            question.judge(right)
        by_letter = {letter: hint for _, hint, letter in rows}
        assert sorted([*by_letter, right]) == list("abcd") and len(set(by_letter.values())) == 3
        said = [question(letter).message for letter in by_letter]
        assert len(set(said)) == 3
    else:
        assert not isinstance(right, str)


@EACH_QUESTION
def test_text_has_its_options_and_leads_to_the_section(question):
    text = SOURCES[f"exercise-{question.number}-text"]
    options = re.findall(r"^- ([a-z])\) (.+)$", text, re.MULTILINE)
    assert [letter for letter, _ in options] == (list("abcd") if question.kind == "choose" else [])
    assert len({option for _, option in options}) == len(options)
    ((shown, file, heading),) = re.findall(r"\[([^\]]+)\]\((\w+\.ipynb)#([^)]+)\)", text)
    path = notebooks.NOTEBOOKS / file
    assert file[:2] == question.topic and heading in headings(path)
    if question.section.isdigit():
        assert heading.startswith(f"{question.section}.-") and shown.endswith(f"section {question.section}")
    else:
        assert heading == anchor_of(question.section) and shown.endswith(f'"{question.section}"')


@EACH_QUESTION
def test_notebook_does_not_hold_the_answer(question):
    stub = SOURCES[f"exercise-{question.number}"].splitlines()
    comment = '  # "a", "b", "c" or "d"' if question.kind == "choose" else ""
    assert stub == [f"answer = ...{comment}", f"check.{question.__name__}(answer)"]


# The score.


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "my_progress.json"
    monkeypatch.setenv("LECTURE_PROGRESS", str(path))
    return path


def row(table, topic: str) -> tuple[str, ...]:
    (found,) = [row for row in table.rows if row[0].startswith(topic)]
    return found[1:]


def test_score_counts_the_first_answer_and_the_last(file):
    assert self_test.grid("sixty-one").status == "form"  # counts as no answer
    assert self_test.grid(61).status == "right"
    assert self_test.kernel(2).status == "hint" and self_test.kernel(3).status == "right"
    assert self_test.shape_of_weights("c").status == self_test.distance(2).status == "right"
    assert self_test.distance(10).status == "hint"  # what is right stays right
    assert self_test.dead_relu("a").status == self_test.slope_from_output(0.2).status == "hint"
    table = solved.score()
    assert table.title == f"The self-test: 4 of {N} questions right, 3 of {N} at the first answer"
    assert row(table, "00") == ("1 of 2", "2 of 2", '00, "How to work with a notebook"')
    assert row(table, "01") == ("1 of 2", "1 of 2", "")
    assert row(table, "05") == ("0 of 2", "0 of 2", "05, section 8 and section 2")
    assert row(table, "06") == ("0 of 2", "0 of 2", "○ not tried yet")
    assert '<a href="05_activation_functions.ipynb">05, section 8 and section 2</a>' in table._repr_html_()
    assert (notebooks.NOTEBOOKS / "05_activation_functions.ipynb").exists()


def test_answers_are_kept_beside_the_exercises(file):
    file.write_text('{"01": {"1": "solved"}}')
    self_test.kernel(2)
    self_test.kernel(3)
    assert json.loads(file.read_text()) == {
        "01": {"1": "solved"},
        "self_test": {"1": "solved"},
        "self_test_first_answers": {"1": "tried"},
    }
    table = solved.show()
    assert row(table, "01") == ("1 of 5",) and row(table, "self-test") == (f"1 of {N}",)
    assert re.fullmatch(rf"The course: 1 of \d+ exercises solved, and 1 of {N} questions of the self-test", table.title)


def test_score_of_an_unreadable_file_says_so(file):
    file.write_text("{")
    assert "was damaged" in repr(solved.score())


def test_verdict_names_the_question():
    assert repr(self_test.kernel(3)).startswith("Question 1: right. ")
    assert "<strong>Question 1: right.</strong>" in self_test.kernel(3)._repr_html_()

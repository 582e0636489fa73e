"""What was solved: kept in one small file on this machine, `my_progress.json`, and nowhere else.

The file is in the project's folder and may be deleted at any time. The environment variable `LECTURE_PROGRESS` can name
another file; if it is "off", nothing is read or written, which is how the tests run.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SELF_TEST = "self_test"  # the self-test's name in the file, where exercises are under the number of their notebook
FIRST_ANSWERS = "self_test_first_answers"  # the state of each of its questions after the first answer
STATES = {"solved", "tried"}
_paused = False


def pause() -> None:
    """From here on, save nothing in this notebook. The worked solutions begin with it."""
    global _paused
    _paused = True


def record(notebook: str, number: int, status: str) -> str:
    """Save that an exercise was tried, or solved if the status is "right". What is solved stays solved.

    Args:
        notebook: its number, such as "04", or `SELF_TEST`. For a question of the self-test, the first answer in the
            right form is saved as well.
        number: of the exercise.
        status: of the verdict, e.g. "right", "hint" or "form".

    Returns a sentence if something went wrong, else "".
    """
    if _file() is None:
        return ""
    states, note = read()
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


def _file() -> Path | None:
    """The file of the progress; None if nothing is to be read or written."""
    named = os.environ.get("LECTURE_PROGRESS", "")
    return None if _paused or named == "off" else Path(named) if named else ROOT / "my_progress.json"


def read() -> tuple[dict[str, dict[str, str]], str]:
    """The states of all exercises ("solved" or "tried"), by notebook and number, and a sentence if something is wrong.

    A damaged file is moved aside, so that nothing in it is lost.
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
        return (
            {},
            f"({path.name} was damaged. It is now called {aside.name}, and your progress starts again from zero.)",
        )


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

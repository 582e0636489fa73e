"""The results of a folder of submissions, a file for each student, and the table that is made of them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from pathlib import Path

from tools.grading.sandbox import ResourceLimits

NEEDED = {"key", "sha256", "protection", "exercises", "status", "reason"}


def read_result(results: Path, student: str) -> dict | None:
    """The result of a student; None if there is none, or only a damaged one."""
    try:
        result = json.loads((results / f"{student}.json").read_text(encoding="utf-8"))
        return result if set(result) >= NEEDED else None
    except (OSError, ValueError, TypeError):
        return None


def write_result(results: Path, student: str, result: dict) -> None:
    write_whole(results / f"{student}.json", json.dumps(result, indent=1) + "\n")


def key(assignment: dict, limits: ResourceLimits, protection: str) -> str:
    """Results with another key were made under other conditions."""
    return hashlib.sha256(f"{assignment['version']} {limits} {protection}".encode()).hexdigest()[:16]


def needs_grading(student: str, files: list[Path], results: Path, needed_key: str) -> bool:
    """Whether there is one file, and no result yet with this key for what is in it."""
    if len(files) != 1:
        return False
    result = read_result(results, student)
    try:
        digest = hashlib.sha256(files[0].read_bytes()).hexdigest()
    except OSError:
        digest = ""
    return not result or (result["key"], result["sha256"]) != (needed_key, digest)


def write_table(table: Path, handed_in: dict[str, list[Path]], results: Path, exercises: dict) -> int:
    """Write the CSV, sorted by student; returns the number of rows. `exercises` are those of the assignment."""
    header = ["student", *[f"{n}. {x['title']} ({x['points']:g})" for n, x in exercises.items()]]
    header += [f"total ({sum(x['points'] for x in exercises.values()):g})", "status", "reason", "protection"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for student in sorted(handed_in):
        files, result = handed_in[student], read_result(results, student)
        points, protection = [0.0] * len(exercises), ""
        if not files:
            status, reason = "nothing handed in", ""
        elif len(files) > 1:
            status = "several files"
            reason = f"There are {len(files)} notebooks: {', '.join(file.name for file in files)}. Keep one."
        elif result is None:
            status, reason, points = "not graded", "", []
        else:
            status, reason, protection = result["status"], _reason(result), result["protection"]
            points = [result["exercises"][n]["points"] for n in exercises]
        numbers = [f"{x:g}" for x in [*points, sum(points)]] if points else [""] * (len(exercises) + 1)
        writer.writerow([_plain(student), *numbers, status, _plain(reason), protection])
    write_whole(table, text.getvalue())
    return len(handed_in)


def _reason(result: dict) -> str:
    """What happened, and a sentence for each exercise that was tried and is not right."""
    sentences = [result["reason"]]
    if result["status"] != "unreadable":
        tried = {n: x for n, x in result["exercises"].items() if x["status"] not in ("right", "not reached")}
        sentences += [f"Exercise {n}: {x['message']}" for n, x in tried.items()]
    return " ".join(sentences)


def _plain(text: str) -> str:
    """One line, and nothing that a spreadsheet takes for a formula."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line


def write_whole(path: Path, text: str) -> None:
    """Replace a file as a whole: when this program is killed it is the old or the new one, never a half."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)

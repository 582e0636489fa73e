"""Judge one handed-in notebook: run its cells in one process, and its answers by the checks in another.

    coordinator --- forks ---> student   the notebook's cells run here, in a sandbox
                \\-- forks ---> judge     the checks run here, in another sandbox; no code of the student ever does

The student's process sends each answer to the judge as data: numbers, texts, lists, arrays. A function stays where it
is; the check in the judge's process gets one that sends the arguments over and gets back the result. So whatever the
student's code does to the checks, to NumPy or to Python, happens in its own process: a verdict cannot be forged. Only
the judge speaks with the coordinator.

Networks and layers of Keras, and files, cannot be sent as data. Exercises with such answers, known from the solutions
when the assignment is built (all that are not in its list `apart`), are judged **in the student's process**. There,
code that was written for the purpose can forge its verdict on these exercises, and its own only. Results say which
they are.

What is not hidden from the student's process are the checks themselves: students have them anyway, in `lecture_checks`.

`Worker` starts this file as a program, which imports everything once and then forks a coordinator for each notebook. It
never reads what was handed in, so that no fork has data of another student in its memory.
"""

from __future__ import annotations

import ast
import base64
import builtins
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from importlib import import_module
from numbers import Real
from pathlib import Path

import numpy as np

from lecture_checks import core, limit
from lecture_utils import from_scratch
from tools.grading import sandbox

ROOT = Path(__file__).resolve().parents[2]
MAX_NOTEBOOK = 10 * 2**20  # bytes
MAX_MESSAGE = 200 * 2**20
CELL_SHARE = 1 / 3  # of the time of a notebook that one cell may take before it is stopped
PATIENCE = 3  # times the seconds that a check gives to a student's function: several are graded at once
POLL, LOOK = 0.05, 0.15  # seconds between looks at what was said, and at memory and processes
NOTHING_SAID = "The cells of this exercise were not reached."


# Answers as data.


def encode(value, functions: list):
    """The value in JSON's terms; functions are kept in the list and named by their place there.

    What cannot be sent becomes {"other": name of its type}.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and abs(value) < 10**4000:
        return int(value)
    if isinstance(value, float) and not isinstance(value, np.generic):
        return float(value)
    if value is ...:
        return {"dots": True}
    if type(value) is complex:
        return {"complex": [value.real, value.imag]}
    if isinstance(value, (tuple, list)):
        return {type(value).__name__ if type(value) in (tuple, list) else "list": [encode(x, functions) for x in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key, functions), encode(x, functions)] for key, x in value.items()]}
    if isinstance(value, (range, set, frozenset)):
        return {"list": [encode(x, functions) for x in value]}
    if isinstance(value, Real) and not isinstance(value, np.generic):  # such as a fraction
        return float(value)
    if type(value) is from_scratch.MLP:
        parts = [value.weights, value.activations, value.loss_name]
        return {"MLP": encode(parts, functions)}
    if callable(value) and not isinstance(value, type):
        functions.append(value)
        name = getattr(value, "__name__", type(value).__name__)
        return {"function": len(functions) - 1, "name": name, "stub": core._is_stub(value)}
    if isinstance(value, type) or not hasattr(value, "__array__"):
        return {"other": type(value).__name__}
    try:
        array = np.asarray(value)
    except Exception:
        return {"other": type(value).__name__}
    if array.dtype == object:
        return {"objects": [encode(x, functions) for x in array.ravel().tolist()], "shape": array.shape}
    if array.dtype.kind not in "biufcU":
        return {"other": type(value).__name__}
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"array": data, "dtype": array.dtype.str, "shape": array.shape, "scalar": isinstance(value, np.generic)}


def decode(data, function: Callable[[dict], Callable]):
    """The value again. `function` makes a function of its description."""
    if not isinstance(data, dict):
        return data
    (kind, content), *_ = data.items()
    if kind == "dots":
        return ...
    if kind == "complex":
        return complex(*content)
    if kind in ("list", "tuple"):
        return {"list": list, "tuple": tuple}[kind](decode(x, function) for x in content)
    if kind == "dict":
        return {decode(key, function): decode(x, function) for key, x in content}
    if kind == "function":
        return function(data)
    if kind == "MLP":
        weights, activations, loss = decode(content, function)
        sizes = [len(weights[0][0]), *[W.shape[1] for W, _ in weights]]
        network = from_scratch.MLP(sizes, output=activations[-1], loss=loss)
        network.weights, network.activations = weights, activations
        return network
    if kind == "array":
        dtype = np.dtype(data["dtype"])
        if dtype.kind not in "biufcU":
            raise ValueError("no array of numbers")
        array = np.frombuffer(base64.b64decode(content), dtype).reshape(data["shape"]).copy()
        return array[()] if data["scalar"] else array
    if kind == "objects":
        array = np.empty(len(content), object)
        array[:] = [decode(x, function) for x in content]
        return array.reshape(data["shape"])
    return type(str(content)[:100], (), {})()  # a thing of which only the name of its type is known


class Line:
    """Messages over a socket: the length in eight bytes, then JSON."""

    def __init__(self, end: socket.socket):
        self.end, self.read = end, bytearray()

    def send(self, message: dict) -> None:
        data = json.dumps(message).encode()
        self.end.sendall(len(data).to_bytes(8, "big") + data)

    def receive(self) -> dict:
        """The next message; EOFError at the end, ValueError for nonsense."""
        n = int.from_bytes(self._exactly(8), "big")
        if n > MAX_MESSAGE:
            raise ValueError("The message is too long.")
        message = json.loads(self._exactly(n))
        if not isinstance(message, dict):
            raise ValueError("This is no message.")
        return message

    def _exactly(self, n: int) -> bytes:
        while len(self.read) < n:
            part = self.end.recv(2**20)
            if not part:
                raise EOFError
            self.read += part
        data, self.read = bytes(self.read[:n]), self.read[n:]
        return data


def call_over(line: Line, request: dict, arguments: tuple, named: dict, function: Callable[[dict], Callable]) -> dict:
    """Ask the other side to call one of its functions; meanwhile it may call functions among the arguments."""
    ours: list = []
    line.send(request | {"arguments": encode(arguments, ours), "named": encode(named, ours)})
    while "call" in (reply := line.receive()):
        result = ours[reply["call"]](*decode(reply["arguments"], function), **decode(reply["named"], function))
        line.send({"value": encode(result, ours)})
    return reply


# The student's process.


def run_student(cells: list[dict], line: Line, apart: list[int], cell_seconds: float) -> None:
    """Run the cells; at each test, send the answers, and call functions when the judge asks for it."""
    shell = _shell()
    verdict_of = core.Exercise._verdict
    core.Exercise.__call__ = lambda self, *_, **__: core.Verdict(self.number, "not tried", "")
    error = None
    for cell in cells:
        if "test" not in cell:
            error = _run_cell(shell, cell["source"], cell_seconds) or (None if cell.get("fresh") else error)
            continue
        functions: list = []
        message = {"test": cell["test"], "error": error}
        try:
            with limit.Limit(cell_seconds * (1 if cell["test"] in apart else PATIENCE)) as time_limit:
                answers, named = eval(cell["answers"], shell.user_ns)
                if cell["test"] in apart:
                    message |= {"answers": encode(answers, functions), "named": encode(named, functions)}
                else:
                    exercise = _exercise(cell["module"], cell["test"])
                    found = verdict_of(exercise, answers, named)
                    message |= {"status": found.status, "message": found.message}
        except KeyboardInterrupt:
            raise
        except BaseException as failed:
            too_long = "The check was stopped: it took too long."
            message |= {"failed": too_long if time_limit.tries else error or f"{core._described(failed)}."}
            message["error"] = None
        line.send(message)
        _serve(line, functions)
    line.send({"end": True})


def _serve(line: Line, functions: list) -> None:
    """Call the student's functions as the judge asks, until it is done with this exercise."""

    def function(description: dict) -> Callable:
        def remote(*arguments, **named):
            reply = call_over(line, {"call": description["function"]}, arguments, named, function)
            return decode(reply["value"], function)

        return remote

    while "next" not in (asked := line.receive()):
        if "call" not in asked:
            continue  # an answer that nobody waits for any more
        try:
            with limit.Limit(asked["seconds"]) as time_limit:
                called = partial(functions[asked["call"]], **decode(asked["named"], function))
                arguments = decode(asked["arguments"], function)
                result = next(core._apart(called, arguments))
                reply = {"value": encode(result, functions), "changed": _changed(arguments, asked["arguments"])}
        except BaseException as error:
            if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
                error = error.__cause__
            reply = {"error": type(error).__name__, "message": str(error)[:500]}
        line.send({"stopped": True} if time_limit.tries else reply)


def _changed(arguments: list, sent: dict) -> list:
    """Place and value of the lists and arrays that the function changed, those that hold functions left out."""
    found = []
    for place, (now, before) in enumerate(zip(arguments, sent["tuple"], strict=True)):
        if isinstance(now, (list, np.ndarray)):
            functions: list = []
            data = encode(now, functions)
            if data != before and not functions:
                found.append([place, data])
    return found


def _shell():
    """IPython, which understands what notebooks may hold beside Python; the same one at each call."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="nocolor")
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None
    shell._tee = lambda **_: nullcontext()  # keep no copy of what is printed
    return shell


def _run_cell(shell, source: str, seconds: float) -> str | None:
    """Run a cell as a notebook does; what went wrong, in words, or None."""
    result, time_limit = None, None
    try:
        with limit.Limit(seconds) as time_limit:
            result = shell.run_cell(source, store_history=False)
    except BaseException as error:
        if not time_limit or not time_limit.tries:
            return f"The cell stopped with {core._described(error)}."
    if time_limit and time_limit.tries:
        return f"The cell was stopped: it still ran after {seconds:g} s."
    error = result.error_before_exec or result.error_in_exec
    return f"The cell stopped with {core._described(error)}." if error else None


def _exercise(module: str, number: int) -> core.Exercise:
    return next(x for x in core.exercises(import_module(module)) if x.number == number)


# The judge's process.


class Patience:
    """In place of `Limit` in the judge's process: the student's process watches the time of its functions."""

    now: Patience | None = None

    def __init__(self, seconds: float):
        self.seconds, self.tries = seconds * PATIENCE, 0

    def __enter__(self) -> Patience:
        Patience.now = self
        return self

    def __exit__(self, *_) -> None:
        Patience.now = None


def run_judge(line: Line, module: str, apart: list[int], report: int, seconds: float) -> None:
    """Check the answers as they come in; report each verdict, once, as a line of JSON."""
    core.Limit = Patience
    done = set()

    def tell(what: dict) -> None:
        os.write(report, (json.dumps(what) + "\n").encode())

    def function(description: dict) -> Callable:
        def remote(*arguments, **named):
            if description["stub"]:
                raise NotImplementedError
            allowed = Patience.now.seconds if Patience.now else seconds
            request = {"call": description["function"], "seconds": allowed}
            reply = call_over(line, request, arguments, named, function)
            if "stopped" in reply:
                if Patience.now:
                    Patience.now.tries = 1
                raise limit.Stopped
            if "error" in reply:
                raise _error(str(reply["error"]), str(reply["message"])[:500])
            for place, data in reply.get("changed", []):  # here too, as if the function had been called here
                if isinstance(arguments[place], list):
                    arguments[place][:] = decode(data, function)
                elif isinstance(arguments[place], np.ndarray):
                    arguments[place][...] = decode(data, function)
            return decode(reply["value"], function)

        remote.__name__ = remote.__qualname__ = str(description["name"])[:100]
        return remote

    while "end" not in (message := line.receive()):
        number = message["test"]
        verdict: dict = {"status": "form", "message": str(message.get("failed"))[:500]}
        if number in apart and "answers" in message:
            answers, named = decode(message["answers"], function), decode(message["named"], function)
            found = _exercise(module, number)._verdict(answers, named)
            verdict = {"status": found.status, "message": found.message}
        elif number not in apart and "status" in message:
            verdict = {key: str(message[key])[:1000] for key in ("status", "message")}
        if verdict["status"] != "right" and message.get("error"):
            verdict["message"] += f" {str(message['error'])[:500]}"
        if number not in done:
            tell({"test": number} | verdict)
        done.add(number)
        line.send({"next": True})
    tell({"end": True})


def _error(name: str, message: str) -> BaseException:
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = type(name[:100], (Exception,), {})
    try:
        return kind(message)
    except TypeError:  # such as UnicodeDecodeError, which needs five arguments
        return type(name, (Exception,), {})(message)


# The coordinator.


class Unreadable(Exception):
    """What was handed in cannot be graded; the message says why."""


def read_submission(text: bytes, assignment: dict) -> tuple[list[dict], set[int]]:
    """The cells to run, and the numbers of the exercises whose cell is missing.

    nbgrader puts back everything that was not the student's to change. What is run: our own first cells, then the
    student's cells in their order, and each test after the cell of its exercise.
    """
    import nbformat
    from nbgrader.preprocessors import ClearOutput, DeduplicateIds, OverwriteCells

    if len(text) > MAX_NOTEBOOK:
        raise Unreadable(f"The file is too large ({len(text) / 2**20:.0f} MB).")
    try:
        notebook = nbformat.reads(text.decode("utf-8"), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        raise Unreadable(f"The file is no notebook that can be read ({type(error).__name__}).") from None
    named = {"notebook": assignment["notebook"], "assignment": assignment["number"]}
    resources = {"nbgrader": named | {"db_url": f"sqlite:///{assignment['db']}"}}
    exercises = {f"exercise-{number}": number for number in map(int, assignment["exercises"])}
    ids = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells}
    if not ids & set(exercises):
        raise Unreadable(
            f"This is not the notebook of assignment {assignment['number']}: none of the cells for answers is in it."
        )
    if len(notebook.cells) > 500:
        raise Unreadable(f"The notebook has {len(notebook.cells)} cells; more than 500 are not run.")
    from sqlalchemy.exc import SQLAlchemyError

    try:
        for step in (ClearOutput, DeduplicateIds, OverwriteCells):
            notebook, resources = step().preprocess(notebook, resources)
    except SQLAlchemyError:
        raise  # the list of the cells is not there: not the student's fault
    except Exception as error:
        raise Unreadable(f"nbgrader cannot read the notebook ({core._described(error)}).") from None
    cells, missing = [{"source": source} for source in assignment["start"]], set(exercises.values())
    for cell in notebook.cells:
        of_nbgrader = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or (of_nbgrader.get("locked") and of_nbgrader.get("grade_id")):
            continue
        number = exercises.get(of_nbgrader.get("grade_id"))
        cells.append({"source": cell.source, "fresh": number is not None})
        if number in missing:
            missing.remove(number)
            answers = assignment["exercises"][str(number)]["answers"]
            cells.append({"test": number, "answers": answers, "module": assignment["module"]})
    return cells, missing


def grade(text: bytes, assignment: dict, limits: sandbox.Limits, weak: sandbox.Weak | None = None) -> dict:
    """The result of what was handed in: status, reason, and for each exercise status, message and points."""
    begun = time.monotonic()
    status, reason, verdicts, missing = "graded", "", {}, set()
    try:
        cells, missing = read_submission(text, assignment)
        status, reason, verdicts = _run(cells, assignment, limits, weak)
    except Unreadable as error:
        status, reason = "unreadable", str(error)
    exercises = {}
    for number, about in assignment["exercises"].items():
        found = verdicts.get(int(number), {"status": "not reached", "message": reason or NOTHING_SAID})
        if int(number) in missing:
            found = {"status": "missing", "message": "The cell for the answer is missing in the notebook."}
        points = _points(about["points"], found)
        exercises[number] = found | {
            "points": points, "of": about["points"], "judged apart": int(number) in assignment["apart"],
        }  # fmt: skip
    return {"status": status, "reason": reason, "exercises": exercises, "seconds": round(time.monotonic() - begun, 2)}


def _points(of: float, verdict: dict) -> float:
    """The points as nbgrader counts them: none for a test cell whose output is an error, else all."""
    import nbformat
    from nbgrader.utils import determine_grade

    cell = nbformat.v4.new_code_cell(
        metadata={"nbgrader": {"grade": True, "solution": False, "points": of, "grade_id": "test"}}
    )
    if verdict["status"] != "right":
        cell.outputs = [nbformat.v4.new_output("error", ename=verdict["status"], evalue=verdict["message"])]
    return determine_grade(cell)[0]


def _run(
    cells: list[dict], assignment: dict, limits: sandbox.Limits, weak: sandbox.Weak | None
) -> tuple[str, str, dict]:
    """Fork student and judge, watch both, and return status, reason and the verdicts by number."""
    sandbox.adopt_orphans()
    student_end, judge_end = socket.socketpair()
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    apart, module = assignment["apart"], assignment["module"]

    def as_student():
        run_student(cells, Line(student_end), apart, limits.seconds * CELL_SHARE)

    def as_judge():
        run_judge(Line(judge_end), module, apart, writer, limits.seconds)

    student = sandbox.start(as_student, limits, [student_end.fileno()], weak)
    judge = sandbox.start(as_judge, limits, [judge_end.fileno(), writer], weak, alone=False)
    student_end.close(), judge_end.close(), os.close(writer)
    deadline, looked, said, problem = time.monotonic() + limits.seconds, 0.0, b"", None
    try:
        while judge.running() and not problem:
            if select.select([reader], [], [], POLL)[0]:
                said += (new := os.read(reader, 2**20))
                time.sleep(0 if new else 0.005)
            if time.monotonic() > deadline:
                problem = "timed out"
            elif time.monotonic() > looked + LOOK:
                problem, looked = student.too_much() or judge.too_much(), time.monotonic()
        while student.running() and b'"end"' not in said and not problem and time.monotonic() < deadline:
            time.sleep(0.01)  # it ends, too, and its exit code says why
    finally:
        student.end(), judge.end()
    with os.fdopen(reader, "rb") as rest:
        said += rest.read() or b""
    lines = [json.loads(line) for line in said.decode().splitlines()]
    verdicts = {line.pop("test"): line for line in lines if "test" in line}
    reasons = {
        "timed out": f"It still ran after {limits.seconds:g} s.",
        "out of memory": f"It took more than {limits.memory / 2**20:.0f} MB.",
        "too many processes": f"It started more than {limits.processes} processes.",
    }
    if problem:
        return problem, reasons[problem], verdicts
    if any("end" in line for line in lines):
        return "graded", "", verdicts
    if student.status == sandbox.FAILED:
        raise RuntimeError("The sandbox could not be set up.")
    return "crashed", _how_it_ended(student.status), verdicts


def _how_it_ended(status: int | None) -> str:
    if status is not None and (status < 0 or status > 128):
        number = -status if status < 0 else status - 128
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        return f"The process was ended by {name}."
    return (
        f"The process ended itself in the middle, with the code {status}."
        if status is not None
        else ("The process sent what makes no sense.")
    )


# The program that forks a coordinator for each notebook, and its client.


class Worker:
    """A process that judges one notebook after the other, for one assignment."""

    def __init__(self, number: str, tensorflow: bool, built: str = ""):
        keep = {
            name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH") if name in os.environ
        }
        env = keep | {"LECTURE_PROGRESS": "off", "MPLBACKEND": "Agg", "HOME": "/nonexistent"}
        command = [sys.executable, "-m", "tools.grading.judging", number, "tensorflow" if tensorflow else "no", built]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=ROOT
        )

    def do(self, job: dict) -> dict:
        """Hand over a job, and wait for the answer. Raises RuntimeError when the process has ended."""
        try:
            self.process.stdin.write((json.dumps(job) + "\n").encode())
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except OSError:
            answer = b""
        if not answer:
            said = self.process.stderr.read().decode("utf-8", "replace").strip().splitlines()
            raise RuntimeError(said[-1] if said else "the process that judges was ended")
        return json.loads(answer)

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except OSError:
                continue
        self.process.kill()
        self.process.wait()


def write_whole(path: Path, text: str) -> None:
    """Replace a file as a whole: after a crash it is the old or the new one, never a half."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    with open(new, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def coordinate(line: bytes) -> None:
    """Do one job: {"notebook", "assignment", "limits", "protected", "hidden", "result", "about"}."""
    job = json.loads(line)
    try:
        text = Path(job["notebook"]).read_bytes()
        with tempfile.TemporaryDirectory(prefix="graded-") as folder:
            weak = None if job["protected"] else sandbox.Weak(folder, job["hidden"])
            result = grade(text, job["assignment"], sandbox.Limits(**job["limits"]), weak)
        result["sha256"] = hashlib.sha256(text).hexdigest()
        if job.get("result"):
            write_whole(Path(job["result"]), json.dumps(job["about"] | result, indent=1) + "\n")
    except Exception as error:
        result = {"failed": core._described(error)}
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


def answers_of(call: str) -> str:
    """What the last line of a stub hands to its check, as a tuple: "check.line(w, b)" becomes "((w, b,), {})"."""
    expression = ast.parse(call, mode="eval").body
    given = "".join(f"{ast.unparse(argument)}, " for argument in expression.args)
    named = ", ".join(f"{word.arg!r}: {ast.unparse(word.value)}" for word in expression.keywords)
    return f"(({given}), {{{named}}})"


def main(number: str, tensorflow: str, built: str = "") -> None:
    """Import everything, and once do what takes longer the first time; then fork a coordinator for each job."""
    sandbox.die_with_parent()
    sys.modules["rfc3987_syntax"] = None  # jsonschema then does without; it would take a second to import
    import matplotlib.pyplot  # noqa: F401
    import nbformat  # noqa: F401
    import nbgrader.preprocessors  # noqa: F401
    from IPython.core import interactiveshell  # noqa: F401

    from lecture_utils import reproducible

    if tensorflow == "tensorflow":  # imported, but not used: a fork of a TensorFlow that has computed hangs
        os.environ.update(reproducible._TENSORFLOW_SETTINGS)
        with reproducible._stderr_shown_only_on_error():
            import keras  # noqa: F401
            import tensorflow
    import_module(f"lecture_checks.notebook_{number}")
    _shell()
    if built:  # with the students' version, which is ours
        assignment = json.loads(Path(built, "assignment.json").read_text(encoding="utf-8"))
        read_submission(next(Path(built).glob("release/*/*.ipynb")).read_bytes(), assignment)
    while True:
        select.select([0], [], [])
        pid = os.fork()
        if pid == 0:
            sandbox.die_with_parent()
            line = bytearray()
            while not line.endswith(b"\n") and (byte := os.read(0, 1)):
                line += byte
            if line:
                coordinate(bytes(line))
            os._exit(0 if line else 3)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code == 3:
            return
        if code:
            sys.stdout.write(json.dumps({"failed": f"the coordinator ended with the code {code}"}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])

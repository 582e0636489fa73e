"""What a search for hyperparameters has done so far, in one line, while it runs (notebook 13)."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import numpy as np
from IPython.display import display

# scikit-learn's own way from a worker process to the one that shows; it has no public name yet (version 1.9).
from sklearn.callback._transport import ListenerHandle, close_listener, open_listener, send
from sklearn.metrics import check_scoring

from lecture_utils.progress import Text

SECONDS_BETWEEN_UPDATES = 0.1

_fit = threading.local()  # the score and the parameters of the fit that this thread does; one fit at a time


def watched(searcher: Any) -> Any:
    """The same search, which shows in one line what it has done, whenever it is fitted.

    While it runs: fits done of all, the best mean score with its parameters, and about how many seconds are left. When
    it has ended: the same without times, so that the same search leaves the same text. If it is interrupted, the line
    says how many fits were begun; give the estimator a `memory` for those that are done.

    Args:
        searcher: a search of scikit-learn with one score, e.g. `GridSearchCV(...)`; any `n_jobs`, any joblib backend
            with workers on this machine. (Workers elsewhere cannot reach the line; look at their dashboard.)

    Raises ValueError for a search with several scores.

    It uses the callbacks that scikit-learn's searches call since version 1.9, and keeps those that are set.
    """
    if isinstance(searcher.scoring, list | tuple | set | dict):
        raise ValueError(f"scoring is {searcher.scoring!r}; a search that is watched has one score. Give one name.")
    if not isinstance(searcher.scoring, _NotedScore):
        searcher.set_params(scoring=_NotedScore(searcher.scoring))
        searcher.set_callbacks(*getattr(searcher, "_skl_callbacks", []), _Line())
    return searcher


class _NotedScore:
    """A score that is noted when it is computed: scikit-learn tells its callbacks that a fit has ended, not how."""

    def __init__(self, scoring: Any):
        self.scoring = scoring

    def __call__(self, estimator: Any, X: Any, y: Any = None, **options: Any) -> float:
        score = check_scoring(estimator, self.scoring)(estimator, X, y, **options)
        if not hasattr(_fit, "score"):  # the first is the test score; one on the training data may follow
            _fit.score, _fit.params = score, estimator.get_params()
        return score

    def __repr__(self) -> str:
        return f"watched({self.scoring!r})"


class _Line:
    """The callback: in the workers it sends what was noted; where the search was started, it shows it."""

    handle: ListenerHandle | None = None

    def setup(self, estimator, context):
        self.total = self.n_done = self.n_rounds = 0
        self.scores: dict[int, list[float]] = {}  # of each candidate
        self.params: dict[int, dict[str, Any]] = {}
        self.began = self.shown = time.perf_counter()
        self.display = display(Text("the search starts"), display_id=True)
        self.lock = threading.Lock()
        self.handle = open_listener(self._note)

    def on_fit_task_begin(self, estimator, context):
        if context.max_subtasks and not context.sequential_subtasks:  # the fits of a search, or of a round of halving
            self.total += context.max_subtasks
            self.n_rounds += 1
            self.scores, self.params = {}, {}  # in each round the candidates get more than in the one before

    def on_fit_task_end(self, estimator, context):
        if context.task_name != "candidate-split-evaluation":
            return
        params = {name: value for name, value in getattr(_fit, "params", {}).items() if name in _searched(estimator)}
        message = (context.task_id // estimator.n_splits_, getattr(_fit, "score", np.nan), params)
        _fit.__dict__.clear()
        with contextlib.suppress(OSError):  # a worker on another machine cannot reach the line
            send(self.handle, message)

    def teardown(self, estimator, context):
        close_listener(self.handle)
        self._show(ended=True)

    def __getstate__(self):
        return {"handle": self.handle}  # all that a worker needs

    def _note(self, message: tuple[int, float, dict[str, Any]]) -> None:
        candidate, score, params = message
        with self.lock:
            self.n_done += 1
            self.scores.setdefault(candidate, []).append(score)
            self.params[candidate] = params
            if time.perf_counter() - self.shown >= SECONDS_BETWEEN_UPDATES:
                self.shown = time.perf_counter()
                self._show()

    def _show(self, ended: bool = False) -> None:
        n_folds = max(map(len, self.scores.values()), default=0)
        means = {candidate: np.mean(scores) for candidate, scores in self.scores.items() if len(scores) == n_folds}
        means = {candidate: mean for candidate, mean in means.items() if np.isfinite(mean)}
        parts = [f"{self.n_done} of {self.total} fits" + (f", {self.n_rounds} rounds" if self.n_rounds > 1 else "")]
        if means:
            best = min(means, key=lambda candidate: (-means[candidate], candidate))
            params = ", ".join(f"{name.split('__')[-1]}={_rounded(x)}" for name, x in self.params[best].items())
            parts.append(f"best {means[best]:.4f} with {params}")
        if not ended and self.n_done:
            passed = time.perf_counter() - self.began
            parts.append(f"about {passed / self.n_done * (self.total - self.n_done):.0f} s left")
        if self.display is not None:
            self.display.update(Text("; ".join(parts)))


def _searched(searcher: Any) -> set[str]:
    """The names of the parameters that vary in a search."""
    space = getattr(searcher, "param_grid", None) or searcher.param_distributions
    spaces = [space] if isinstance(space, dict) else space
    return {name for part in spaces for name in part} | {getattr(searcher, "resource", "n_samples")}


def _rounded(value: Any) -> Any:
    return f"{value:.3g}" if isinstance(value, float | np.floating) else value

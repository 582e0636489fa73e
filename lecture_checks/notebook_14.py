"""The checks of notebook 14: do two workers search twice as fast, and a thousand a thousand times?"""

import heapq
import pickle

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Hint, Wrong, call, close, exercise
from lecture_utils import datasets

TASKS = [3, 3, 4, 4, 6]  # for two workers
FIT, START_UP, TWO_WARM = 1.0, 10.0, 13 / 24  # search A: seconds of a fit, of the start, of a fit with two workers
SEARCH = {"n_workers": 100, "n_fits": 500, "fit_seconds": 2.0, "overhead": 0.005, "start_up": 60.0}
MAX_VALUE = 100_000


def simulate(n_workers, task_seconds, overhead=0.0, start_up=0.0):
    """The simulation of section 7: the seconds until all tasks are done."""
    ready = [start_up] * n_workers
    scheduler = 0.0
    for seconds in task_seconds:
        scheduler = max(scheduler, ready[0]) + overhead
        heapq.heapreplace(ready, scheduler + seconds)
    return max(ready)


@exercise(1, "Which order?", promise=5, kind="by hand")
def orders(shortest_first, longest_first, order):
    """Seconds of the tasks 3, 3, 4, 4, 6 on two workers in two orders, and an order in which they take 10."""
    shortest_first = expect.number("shortest_first", shortest_first)
    longest_first = expect.number("longest_first", longest_first)
    order = expect.array("order", order, shape=(len(TASKS),))
    right = simulate(2, TASKS), simulate(2, TASKS[::-1])
    if close([shortest_first, longest_first], right[::-1]):
        raise Hint("swapped", "Both times are right, but they have changed places.")
    if close(shortest_first, sum(TASKS)) or close(longest_first, sum(TASKS)):
        raise Hint("one-worker", "One of the times is that of a single worker. Here two work side by side.")
    if close(shortest_first, sum(TASKS) / 2):
        raise Hint(
            "shared-evenly", "`shortest_first`: the workers do not end together. Who takes the long task, and when?"
        )
    if close(shortest_first, right[0] - 6) or close(longest_first, right[1] - 3):
        raise Hint("last-begins", "One of the times is the moment at which the last task *begins*. It has to be done.")
    if not close(shortest_first, right[0]):
        raise Wrong("`shortest_first` is not right. Draw two bars, and put each task on the one that is shorter.")
    if close(longest_first, sum(TASKS) / 2):
        raise Hint(
            "even-again",
            "`longest_first`: this is half of all work. Who is free first takes the next task: is it even then?",
        )
    if close(longest_first, sum(TASKS[::-1][::2])):
        raise Hint(
            "in-turn", "`longest_first`: the workers do not take turns. The one with the long task is free later."
        )
    if not close(longest_first, right[1]):
        raise Wrong("`longest_first` is not right. Draw two bars, and put each task on the one that is shorter.")
    if sorted(order) != TASKS:
        raise Hint("other-tasks", "The times are right. `order` should hold the same five tasks, each of them once.")
    seconds = simulate(2, order)
    if list(order) in (TASKS, TASKS[::-1]):
        raise Hint("known-order", "The times are right. But `order` is one of the two orders that you have timed.")
    if seconds > sum(TASKS) / 2:
        said = f"The times are right. In your order the tasks take {seconds:g} s."
        if order[-1] == 6:
            raise Hint("long-last", f"{said} The long one comes last: somebody has to wait for it.")
        raise Wrong(f"{said} Which tasks fit beside the long one, so that both workers end together?")
    return "The shortest tasks first, that is as bad as Graham's bound allows: 20/2 + (1 - 1/2) 6 = 13 seconds."


@exercise(2, "Three searches, three suspects", promise=1, kind="predict", points=2)
def suspects(slow_a, slow_b, slow_c, times_longer, fits_needed):
    """What slows three searches; how much two workers gain for A with ten times the fits; from how many on they do."""
    names = ("start-up", "threads", "data")
    slow_a, slow_b = expect.choice("slow_a", slow_a, *names), expect.choice("slow_b", slow_b, *names)
    slow_c = expect.choice("slow_c", slow_c, *names)
    times_longer, fits_needed = expect.number("times_longer", times_longer), expect.whole("fits_needed", fits_needed)
    if slow_a != "start-up":
        raise Hint("a-warm", "For A, compare the two searches with two workers. What did only the first have to do?")
    if slow_b == "start-up" or slow_c == "start-up":
        raise Hint("still-slow", "In B or C, even the second search is hardly faster, though all workers run already.")
    if (slow_b, slow_c) == ("data", "threads"):
        raise Hint("b-and-c", "A is right. In B and C, look at the cores that one fit keeps busy, and at the packing.")
    if slow_b == "data":
        raise Hint("b-data", "B packs its data in no time. Look at another column.")
    if slow_c == "threads":
        raise Hint("c-threads", "A fit of C leaves three of the four cores free. Look at another column.")
    one = 240 * FIT
    right = one / (START_UP + 240 * TWO_WARM)
    if close(times_longer, one / (10 * (START_UP + 24 * TWO_WARM)), 0.005):
        raise Hint("start-ten-times", "`times_longer`: does the longer search start its workers ten times?")
    if close(times_longer, one / (240 * TWO_WARM), 0.005):
        raise Hint(
            "no-start", "`times_longer`: the workers must start, and once started they take more than half the time."
        )
    if close(times_longer, 2, 0.005):
        raise Hint("ideal", "`times_longer` is what one would hope for. The table says what a fit really takes.")
    if close(times_longer, one / right, 0.01):
        raise Hint("seconds", "`times_longer` is in seconds. How many *times* as fast as one worker is that?")
    if close(times_longer, 1 / right, 0.01):
        raise Hint("upside-down", "`times_longer` is upside down: how many times as fast are two workers as one?")
    if not close(times_longer, right, 0.01):
        raise Wrong("The suspects are right. For `times_longer`: what takes ten times as long, and what does not?")
    saved = FIT - TWO_WARM
    if fits_needed == round(START_UP / FIT):
        raise Hint(
            "start-in-fits", "`fits_needed`: so many fits one worker does during the start-up. Two have none yet."
        )
    if fits_needed == round(START_UP / (FIT / 2)):
        raise Hint("halved", "`fits_needed`: two workers do not halve the time, not even when they run already.")
    if fits_needed in (int(START_UP / TWO_WARM), int(START_UP / TWO_WARM) + 1):
        raise Hint("not-the-gain", "`fits_needed`: the start-up is paid back by what a fit *saves*. How much is that?")
    if fits_needed == int(START_UP / saved):
        raise Hint("one-short", "`fits_needed`: with so many fits, two workers are not faster yet, by a little.")
    if fits_needed == 24:
        raise Hint("from-table", "`fits_needed`: with 24 fits they are faster, says the table. Also with a few less?")
    if fits_needed != int(START_UP / saved) + 1:
        raise Wrong("All but `fits_needed` is right. Write both times down for n fits. For which n are they equal?")
    return "Whoever searches often keeps the workers running: then two are faster from the second fit on."


@exercise(3, "What travels along", promise=3, kind="find the bug", points=2)
def travels(scaled, mb_fit, mb_search):
    """The repaired scaled(rows), which leaves the housing data at home; the megabytes that the broken one sends."""
    import cloudpickle

    housing = datasets.load_california_housing().data
    mean, std = housing.mean(axis=0), housing.std(axis=0)
    rows = np.random.default_rng(14).normal(mean, std, (20, 8))
    name = "scaled(rows)"
    got = expect.array(name, call(scaled, rows), shape=rows.shape)
    if close(got, (rows - rows.mean(axis=0)) / rows.std(axis=0)):
        raise Hint("own-ruler", "Now the rows are scaled by themselves. Each worker has to use the same numbers.")
    if close(got, rows):
        raise Hint("unscaled", "`scaled` returns the rows as they were.")
    if close(got, (rows - mean) / std**2, 1e-4):
        raise Hint("variance", "You divide by the variance. The broken function divides by its root.")
    if close(got, (rows - housing.mean()) / housing.std(), 1e-4):
        raise Hint("one-for-all", "One mean and one deviation for all columns: each column needs its own.")
    if not close(got, (rows - mean) / std, 1e-3):
        raise Wrong("`scaled` does not return what the broken function returns.")
    try:
        n_bytes = len(cloudpickle.dumps(scaled))
    except Exception as error:
        raise Form(f"`scaled` cannot be packed, so it cannot be sent ({type(error).__name__}).") from None
    if n_bytes > 0.8 * housing.nbytes:
        raise Hint(
            "still-travels", "`scaled` still takes all rows along. What does its code name? (Defaults travel, too.)"
        )
    if n_bytes > 20_000:
        raise Hint("smaller", "`scaled` is smaller now, but still large. Are all those numbers needed?")
    mb_fit, mb_search = expect.number("mb_fit", mb_fit), expect.number("mb_search", mb_search)
    right = housing.nbytes / 1e6
    if close(mb_fit, right / 8, 0.03):
        raise Hint("numbers", "`scaled` is repaired. `mb_fit` counts the numbers. How many bytes does one take?")
    if close(mb_fit, right / 2, 0.03):
        raise Hint("four-bytes", "`scaled` is repaired. `mb_fit` is that of float32. Look at `housing.dtype`.")
    if close(mb_fit, right * 8, 0.03):
        raise Hint("bits", "`scaled` is repaired. `mb_fit` is in megabits: eight bits are one byte.")
    if close(mb_fit, right * 1e3, 0.03) or close(mb_fit, right * 1e6, 0.03):
        raise Hint("unit", "`scaled` is repaired. `mb_fit` is not in megabytes: one is a million bytes.")
    if close(mb_fit, housing.nbytes / 2**20, 0.005):
        raise Hint("two-to-the-20", "`scaled` is repaired. `mb_fit`: here a megabyte is a million bytes, not 1024^2.")
    if close(mb_fit, 2 * right, 0.03):
        raise Hint(
            "both-trips", "`scaled` is repaired. `mb_fit` is what one fit carries. Its trips come in `mb_search`."
        )
    if not close(mb_fit, right, 0.03):
        raise Wrong("`scaled` is repaired. For `mb_fit`: how many numbers are in `housing`, of how many bytes each?")
    if close(mb_search, 30 * right, 0.03):
        raise Hint("one-way", "All but `mb_search` is right. How many times is a task sent on its way to a worker?")
    if close(mb_search, 10 * right, 0.03) or close(mb_search, 20 * right, 0.03):
        raise Hint("folds", "All but `mb_search` is right. Each candidate is trained once for each fold.")
    if close(mb_search, right, 0.03) or close(mb_search, 2 * right, 0.03):
        raise Hint("once", "All but `mb_search` is right. The function is packed anew into each task.")
    if close(mb_search, 4 * right, 0.03) or close(mb_search, 5 * right, 0.03):
        raise Hint("per-worker", "All but `mb_search` is right. The function goes with each task.")
    if close(mb_search, 120 * right, 0.03) or close(mb_search, 240 * right, 0.03):
        raise Hint("all-workers", "All but `mb_search` is right. A task goes to one of the workers, not to all four.")
    if not close(mb_search, 60 * right, 0.03):
        raise Wrong("All but `mb_search` is right. How many fits are there, and how many trips does each one make?")
    return f"Your function takes {n_bytes / 1e6:.3f} MB. What a function names outside of itself is packed with it."


@exercise(4, "The same after a kill", promise=4, kind="find the bug", points=2)
def same_scores(score, n_same):
    """The repaired score(learning_rate, fold), and in how many of six fits the broken one has the same first weight."""
    import cloudpickle

    name, tasks = "score(learning_rate, fold)", [(rate, fold) for rate in (0.0, 0.1, 0.3) for fold in (0, 1)]

    def on_one_worker(*order):
        """The scores of the tasks in this order, done by one worker that was sent a copy of its own."""
        sent = pickle.loads(packed)
        return np.array([expect.number(name, call(sent, *task)) for task in order])

    expect.number(name, call(score, 0.1, 1))
    n_same = expect.whole("n_same", n_same)
    try:
        packed = cloudpickle.dumps(score)
    except Exception as error:
        raise Form(f"`score` cannot be packed, so it cannot be sent ({type(error).__name__}).") from None
    alone, again = ([on_one_worker(task)[0] for task in tasks] for _ in range(2))
    if not close(alone, again, 1e-12):
        raise Hint("no-seed", "A fit that is done again, on another worker, has another score. Where is its seed?")
    orders = on_one_worker(*tasks), on_one_worker(*tasks[::-1])[::-1], on_one_worker(*tasks, *tasks)[6:]
    if not all(close(alone, other, 1e-12) for other in orders):
        raise Hint("one-stream", "The scores still depend on what the worker did before. Where is the generator made?")
    still, slow, fast = np.reshape(alone, (3, 2))  # with the rate 0 the weight stays where it was
    if (np.array(alone) > 0).any():
        raise Hint(
            "sign", "The order no longer matters. But a score was minus the squared distance; yours is positive."
        )
    if close(still, [0, -1]):
        raise Hint("no-chance", "The first weight is 0 now. It should still be drawn at random, from a seed.")
    if (still > -1e-9).any() or not close(slow, [0, 0], 0.05) or not close(fast, [0, 0], 1e-6):
        raise Wrong("The scores no longer depend on the order. But the training should stay as it was: 20 steps.")
    if n_same == 6:
        raise Hint("all", "`score` is repaired. With the broken one, is the second draw the same as the first?")
    if n_same == 0:
        raise Hint("none", "`score` is repaired. For `n_same`: where does the generator stand when it is packed?")
    if n_same == 2:
        raise Hint("each-worker", "`score` is repaired. `n_same`: which draw is the first of worker-1, for which fit?")
    if n_same == 3:
        raise Hint("half", "`score` is repaired. `n_same`: worker-0 does fits 1, 3 and 5. Which draw is its second?")
    if n_same != 1:
        raise Wrong("`score` is repaired. For `n_same`: write down for each fit which draw it makes, here and there.")
    return (
        "With the broken one, fits also shared a draw, and no error told of it. `random_state=42` says it openly: each "
        "fit begins from that seed, wherever and however often it is done."
    )


@exercise(5, "A simulation with accidents", promise=5, kind="complete", points=3)
def accidents(simulate_with_accidents, percent_longer):
    """The repaired simulation, where tasks fail half-way with probability p; how much longer it takes for p = 0.1."""
    percent_longer = expect.number("percent_longer", percent_longer)
    name = "simulate_with_accidents(n_workers, task_seconds, p, rng)"

    def seconds(n_workers, tasks, p, seed=14):
        result = call(simulate_with_accidents, n_workers, list(tasks), p, np.random.default_rng(seed))
        return expect.number(name, result)

    p, n = 0.4, 10_000
    tasks, goal = np.tile([0.5, 1.5], n // 2), 1 + 0.5 * p / (1 - p)
    ratio = seconds(1, tasks, p) / n

    def is_about(value):
        return abs(ratio - value) < 0.03

    if is_about(1 + 0.5 * (1 - p) / p):  # first, because such a loop never ends with p = 0
        raise Hint("turned", "It seems that a task fails with the probability 1 - p.")
    if seconds(1, [1.0], 0.0) == 0:
        raise Hint(
            "no-success", "Without accidents (p = 0) it takes no time. The attempt that succeeds takes time, too."
        )
    for n_workers, short in ((1, [1, 1, 1, 3]), (2, [3, 1, 1, 1]), (2, [1, 1, 1, 3]), (9, [2, 5])):
        if not close(seconds(n_workers, short, 0.0), simulate(n_workers, short)):
            raise Wrong("Without accidents (p = 0) it should return the same as `simulate`.")
    if is_about(1):
        raise Hint("no-accident", "With p = 0.4 it takes no longer than without. Does `rng` decide about each task?")
    if np.ptp([seconds(1, [1.0] * 9, p, seed) for seed in range(5)]) < 1e-9:
        raise Hint(
            "average", "It takes the same time whatever `rng` draws. Each task has its own luck: let `rng` decide."
        )
    if is_about(1 - p / 2):
        raise Hint("not-again", "A task that fails is left unfinished. It has to be done again, from its start.")
    if is_about(1 + p / 2):
        raise Hint(
            "only-once",
            "A task that fails is done again. But the second attempt can fail as well, and cost time again.",
        )
    if is_about(1 + p):
        raise Hint("only-once-whole", "A failed attempt costs a whole task here, and a second one never fails.")
    if is_about(1 + p / (1 - p)):
        raise Hint("whole", "A failed attempt costs as much as the whole task here. When does it fail?")
    if is_about((1 - p) / (1 - 1.5 * p)):
        raise Hint("growing", "Here each failed attempt costs more than the one before. Half of what should it be?")
    if not is_about(goal):
        raise Wrong(
            f"With p = 0.4 and one worker, it takes {ratio:.2f} times as long as without accidents. "
            "What does an attempt cost that fails, and what one that succeeds?"
        )
    if abs(seconds(4, tasks, p) / (n / 4) - goal) > 0.03:
        raise Wrong("It is right for one worker, but not for four. Who does a task again?")
    if close(percent_longer, 10, 0.005):
        raise Hint("ten", "The simulation is right. But a failed attempt costs only a part of the task. Ask it.")
    if close(percent_longer, 5, 0.005):
        raise Hint("five", "The simulation is right. `percent_longer` leaves out that a second attempt may fail.")
    if close(percent_longer, 100 * 0.1 / 0.9, 0.01):
        raise Hint("eleven", "The simulation is right. `percent_longer` takes a failed attempt for a whole task.")
    if close(percent_longer, 100 + 100 / 18, 0.02) or close(percent_longer, 1 + 1 / 18, 0.005):
        raise Hint("ratio", "The simulation is right. How much *longer* is it, in percent?")
    if close(percent_longer, 1 / 18, 0.05):
        raise Hint("share", "The simulation is right. `percent_longer` is a share; multiply it by 100.")
    if close(percent_longer, 6):
        raise Hint("rounded", "The simulation is right. `percent_longer` should have one more digit.")
    if abs(percent_longer - 100 / 18) > 0.35:
        raise Wrong("The simulation is right. For `percent_longer` let it do many tasks with p = 0.1 and one worker.")
    return "An accident costs half a task, and there are 1/9 of one for each task: 0.1 + 0.1^2 + 0.1^3 and so on."


@exercise(6, "Fifty times as fast", promise=5, kind="design", points=2)
def fifty_times(speed_up, limit, name, value):
    """How much 100 workers gain, what limits them, and one number whose change makes it 50 times or more."""
    speed_up = expect.number("speed_up", speed_up)
    limit = expect.choice("limit", limit, "start-up", "longest fit", "scheduler", "number of fits")
    name = expect.choice("name", name, *SEARCH)
    value = expect.number("value", value)
    one, many = _seconds(**(SEARCH | {"n_workers": 1})), _seconds(**SEARCH)
    work = SEARCH["n_fits"] * (SEARCH["fit_seconds"] + SEARCH["overhead"])
    if close(speed_up, work / (many - SEARCH["start_up"]), 0.02):
        raise Hint("no-start", "`speed_up` leaves out the start-up. All workers have to start first.")
    if close(speed_up, work / many, 0.02):
        raise Hint("start-of-one", "`speed_up`: the one worker has to start, too.")
    if close(speed_up, 100, 0.005):
        raise Hint("ideal", "`speed_up` is the ideal one, as if nothing but the fits took time.")
    if close(speed_up, many / one, 0.03):
        raise Hint("upside-down", "`speed_up` is upside down: how many times as fast are the 100 as one?")
    if close(speed_up, many, 0.01) or close(speed_up, one, 0.01):
        raise Hint("seconds", "`speed_up` is a time in seconds. Compare that of one worker with that of the 100.")
    slow = SEARCH | {"overhead": 1000 * SEARCH["overhead"]}
    if close(speed_up, _seconds(**(slow | {"n_workers": 1})) / _seconds(**slow), 0.01):
        raise Hint("milliseconds", "`speed_up`: look at the overhead. `simulate` wants seconds, and it is in ms.")
    if not close(speed_up, one / many, 0.03):
        raise Wrong(
            "`speed_up` is not right. Ask `simulate` for one worker and for 100, with overhead and start-up "
            "(in this order, in seconds)."
        )
    if limit == "scheduler":
        raise Hint("limit-scheduler", "`limit`: how many seconds does the scheduler work in all? That is not the most.")
    if limit == "longest fit":
        raise Hint("limit-fit", "`limit`: a fit takes 2 of the 70.5 seconds. What takes more?")
    if limit == "number of fits":
        raise Hint("limit-number", "`limit`: there are enough fits for each worker to have some.")
    if name == "n_workers" or name == "n_fits":
        value = expect.whole("value", value)
    if value < (0 if name in ("overhead", "start_up") else 1e-3) or value > MAX_VALUE:
        raise Form(f"`value` is {value:g}; needed is one from 0.001 to {MAX_VALUE:,}, or 0 for overhead or start-up.")
    changed = SEARCH | {name: value}
    reached = _seconds(**(changed | {"n_workers": 1})) / _seconds(**changed)
    said = f"`speed_up` and `limit` are right. With your change it is {reached:.3g} times as fast."
    if reached < 50 and name == "n_workers":
        raise Hint("workers", f"{said} However many workers there are, all of them wait for the same thing.")
    if reached < 50 and name == "overhead":
        raise Hint("overhead", f"{said} The scheduler is not what they wait for.")
    if reached < 50 and name in ("n_fits", "fit_seconds") and value < SEARCH[name]:
        raise Hint("less-work", f"{said} With less work to share out, the rest weighs more.")
    if reached < 50 and name == "start_up" and value > SEARCH[name]:
        raise Hint("slower-start", f"{said} That makes it worse.")
    if reached < 50:
        raise Wrong(f"{said} It is the right number to change, but not by enough.")
    return f"It is {reached:.0f} times as fast now: either shrink what cannot be shared out, or share out more."


def _seconds(n_workers, n_fits, fit_seconds, overhead, start_up):
    return simulate(n_workers, [fit_seconds] * n_fits, overhead, start_up)

"""The checks of notebook 14: do two workers search twice as fast, and a thousand a thousand times?"""

import heapq
import pickle

import numpy as np

from lecture_checks import expect
from lecture_checks.core import Form, Wrong, call, close, exercise
from lecture_checks.mistakes import IN_TESTS, AnyOf, choose, judge, judge_function, rule_out
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


def seconds_of_search(n_workers, n_fits, fit_seconds, overhead, start_up):
    return simulate(n_workers, [fit_seconds] * n_fits, overhead, start_up)


def seconds_of_one_and_of_many(search):
    return seconds_of_search(**(search | {"n_workers": 1})), seconds_of_search(**search)


def packed(name, function):
    """The function as it is sent to a worker."""
    import cloudpickle

    try:
        return cloudpickle.dumps(function)
    except Exception as error:
        raise Form(f"`{name}` cannot be packed, so it cannot be sent ({type(error).__name__}).") from None


def score_from(first_weight, steps=20):
    """A `score` whose first weight comes from first_weight(learning_rate, fold)."""

    def score(learning_rate, fold):
        w = first_weight(learning_rate, fold)
        for _ in range(steps):
            w -= learning_rate * 2 * (w - fold)
        return -((w - fold) ** 2)

    return score


def seeded(rate, fold):
    return np.random.default_rng(42).normal()


def half_and_again(seconds, p, rng):
    """The seconds of a task until it succeeds, if each attempt fails half-way with probability p."""
    total = seconds
    while rng.random() < p:
        total += seconds / 2
    return total


def simulator(time_of=half_and_again):
    """A `simulate_with_accidents` in which a task takes time_of(seconds, p, rng)."""

    def simulate_with_accidents(n_workers, task_seconds, p, rng):
        return simulate(n_workers, [time_of(seconds, p, rng) for seconds in task_seconds])

    return simulate_with_accidents


# fmt: off


@exercise(1, "Which order?", promise=5, kind="by hand")
def orders(shortest_first, longest_first, order):
    """Seconds of the tasks 3, 3, 4, 4, 6 on two workers in two orders, and an order in which they take 10."""
    shortest_first = expect.number("shortest_first", shortest_first)
    longest_first = expect.number("longest_first", longest_first)
    order = expect.array("order", order, shape=(len(TASKS),))
    given, (shortest, longest) = (shortest_first, longest_first), (simulate(2, TASKS), simulate(2, TASKS[::-1]))
    total = sum(TASKS)
    rule_out("shortest_first longest_first", known=[
        ("swapped", (longest, shortest), "Both times are right, but they have changed places.",
         given == (longest, shortest)),
        ("one-worker", (total, total), "One of the times is that of a single worker. Here two work side by side.",
         total in given),
        ("last-begins", AnyOf((shortest - 6, longest - 3), (shortest, longest - 3)),
         "One of the times is the moment at which the last task *begins*. It has to be done.",
         shortest_first == shortest - 6 or longest_first == longest - 3),
    ])
    judge("shortest_first", shortest_first, right=shortest, known=[
        ("shared-evenly", total / 2,
         "`shortest_first`: the workers do not end together. Who takes the long task, and when?"),
    ], otherwise="`shortest_first` is not right. Draw two bars, and put each task on the one that is shorter.")
    judge("longest_first", longest_first, right=longest, known=[
        ("even-again", total / 2,
         "`longest_first`: this is half of all work. Whoever is free first takes the next task: is it even then?"),
        ("in-turn", sum(TASKS[::-1][::2]),
         "`longest_first`: the workers do not take turns. The one with the long task is free later."),
    ], otherwise="`longest_first` is not right. Draw two bars, and put each task on the one that is shorter.")
    same_tasks, seconds = sorted(order) == TASKS, simulate(2, order)
    said = f"The times are right. In your order the tasks take {seconds:g} s."
    judge("order", order, is_right=same_tasks and seconds <= total / 2, known=[
        ("other-tasks", [6, 4, 4, 3, 4],
         "The times are right. `order` should hold the same five tasks, each of them once.", not same_tasks),
        ("known-order", AnyOf(TASKS, TASKS[::-1]),
         "The times are right. But `order` is one of the two orders that you have timed."),
        ("long-last", [3, 4, 4, 3, 6], f"{said} The long one comes last: somebody has to wait for it.", order[-1] == 6),
    ], otherwise=f"{said} Which tasks fit beside the long one, so that both workers end together?")
    return "The shortest tasks first, that is as bad as Graham's bound allows: 20/2 + (1 - 1/2) 6 = 13 seconds."


@exercise(2, "Three searches, three suspects", promise=1, kind="predict", points=2)
def suspects(slow_a, slow_b, slow_c, times_longer, fits_needed):
    """What slows three searches; how much two workers gain for A with ten times the fits; from how many on they do."""
    names = ("start-up", "threads", "data")
    slow_a, slow_b = expect.choice("slow_a", slow_a, *names), expect.choice("slow_b", slow_b, *names)
    slow_c = expect.choice("slow_c", slow_c, *names)
    times_longer, fits_needed = expect.number("times_longer", times_longer), expect.whole("fits_needed", fits_needed)
    choose("slow_a", slow_a, right="start-up", known=[
        ("a-warm", AnyOf("threads", "data"),
         "For A, compare the two searches with two workers. What did only the first have to do?"),
    ])
    choose("slow_b slow_c", (slow_b, slow_c), right=("threads", "data"), known=[
        ("still-slow", AnyOf(("start-up", "start-up"), ("start-up", "data"), ("threads", "start-up")),
         "In B or C, even the second search is hardly faster, though all workers run already.",
         "start-up" in (slow_b, slow_c)),
        ("b-and-c", ("data", "threads"),
         "A is right. In B and C, look at the cores that one fit keeps busy, and at the packing."),
        ("b-data", ("data", "data"), "B packs its data in no time. Look at another column."),
        ("c-threads", ("threads", "threads"),
         "A fit of C leaves three of the four cores free. Look at another column."),
    ])
    one, two = 240 * FIT, START_UP + 240 * TWO_WARM
    judge("times_longer", times_longer, right=one / two, within=0.01, known=[
        ("start-ten-times", one / (10 * (START_UP + 24 * TWO_WARM)),
         "`times_longer`: does the longer search start its workers ten times?"),
        ("no-start", one / (240 * TWO_WARM),
         "`times_longer`: the workers must start, and once started they take more than half the time."),
        ("ideal", 2, "`times_longer` is what one would hope for. The table says what a fit really takes."),
        ("seconds", two, "`times_longer` is in seconds. How many *times* as fast as one worker is that?"),
        ("upside-down", two / one, "`times_longer` is upside down: how many times as fast are two workers as one?"),
    ], otherwise="The suspects are right. For `times_longer`: what takes ten times as long, and what does not?")
    paid_back = int(START_UP / (FIT - TWO_WARM))
    judge("fits_needed", fits_needed, right=paid_back + 1, known=[
        ("start-in-fits", round(START_UP / FIT),
         "`fits_needed`: this is how many fits one worker does during the start-up. Two have none yet."),
        ("halved", round(START_UP / (FIT / 2)),
         "`fits_needed`: two workers do not halve the time, not even when they run already."),
        ("not-the-gain", AnyOf(int(START_UP / TWO_WARM), int(START_UP / TWO_WARM) + 1),
         "`fits_needed`: the start-up is paid back by what a fit *saves*. How much is that?"),
        ("one-short", paid_back, "`fits_needed`: with so many fits, two workers are not faster yet, by a little."),
        ("from-table", 24, "`fits_needed`: with 24 fits they are faster, says the table. With a few fewer, too?"),
    ], otherwise="All but `fits_needed` is right. Write both times down for n fits. For which n are they equal?")
    return "Whoever searches often keeps the workers running: then two are faster from the second fit on."


@exercise(3, "What travels along", promise=3, kind="find the bug", points=2)
def travels(scaled, mb_fit, mb_search):
    """The repaired scaled(rows), which leaves the housing data at home; the megabytes that the broken one sends."""
    housing = datasets.load_california_housing().data
    mean, std, floats = housing.mean(axis=0), housing.std(axis=0), housing.astype("float32")
    rows = np.random.default_rng(14).normal(mean, std, (20, 8))

    def read(returned):
        return expect.array("scaled(rows)", returned, shape=rows.shape)

    judge_function("scaled", scaled, [rows], read=read, right=lambda rows: (rows - mean) / std, within=1e-3, known=[
        ("own-ruler", lambda rows: (rows - rows.mean(axis=0)) / rows.std(axis=0),
         "Now the rows are scaled by their own numbers. Each worker has to use the same ones."),
        ("unscaled", lambda rows: rows, "`scaled` returns the rows as they were."),
        ("variance", lambda rows: (rows - mean) / std**2,
         "You divide by the variance. The broken function divides by its root."),
        ("one-for-all", lambda rows: (rows - housing.mean()) / housing.std(),
         "One mean and one deviation for all columns: each column needs its own."),
    ], otherwise="`scaled` does not return what the broken function returns.")
    n_bytes = len(packed("scaled", scaled))
    rule_out("scaled", known=[
        ("still-travels", AnyOf(lambda rows: (rows - housing.mean(axis=0)) / housing.std(axis=0),
                                lambda rows, housing=housing: (rows - housing.mean(axis=0)) / housing.std(axis=0),
                                lambda rows: (rows - mean) / housing.std(axis=0)),
         "`scaled` still takes all rows along. What does its code name? (Defaults travel, too.)",
         n_bytes > 0.8 * housing.nbytes),
        ("smaller", lambda rows: (rows - floats.mean(axis=0)) / floats.std(axis=0),
         "`scaled` is smaller now, but still large. Are all those numbers needed?", n_bytes > 20_000),
    ])
    mb_fit, mb_search = expect.number("mb_fit", mb_fit), expect.number("mb_search", mb_search)
    right, mebibytes = housing.nbytes / 1e6, housing.nbytes / 2**20
    is_right = close(mb_fit, right, 0.03) and not close(mb_fit, mebibytes, 0.005)
    judge("mb_fit", mb_fit, is_right=is_right, within=0.03, known=[
        ("numbers", right / 8, "`scaled` is repaired. `mb_fit` counts the numbers. How many bytes does one take?"),
        ("four-bytes", right / 2, "`scaled` is repaired. `mb_fit` is that of float32. Look at `housing.dtype`."),
        ("bits", right * 8, "`scaled` is repaired. `mb_fit` is in megabits: eight bits are one byte."),
        ("unit", AnyOf(right * 1e3, right * 1e6),
         "`scaled` is repaired. `mb_fit` is not in megabytes: one is a million bytes."),
        ("two-to-the-20", mebibytes, "`scaled` is repaired. `mb_fit`: here a megabyte is a million bytes, not 1024^2."),
        ("both-trips", 2 * right,
         "`scaled` is repaired. `mb_fit` is what one fit carries. Its trips come in `mb_search`."),
    ], otherwise="`scaled` is repaired. For `mb_fit`: how many numbers are in `housing`, of how many bytes each?")
    judge("mb_search", mb_search, right=60 * right, within=0.03, known=[
        ("one-way", 30 * right, "All but `mb_search` is right. How many times is a task sent on its way to a worker?"),
        ("folds", AnyOf(10 * right, 20 * right),
         "All but `mb_search` is right. Each candidate is trained once for each fold."),
        ("once", AnyOf(right, 2 * right), "All but `mb_search` is right. The function is packed again into each task."),
        ("per-worker", AnyOf(4 * right, 5 * right), "All but `mb_search` is right. The function goes with each task."),
        ("all-workers", AnyOf(120 * right, 240 * right),
         "All but `mb_search` is right. A task goes to one of the workers, not to all four."),
    ], otherwise="All but `mb_search` is right. How many fits are there, and how many trips does each one make?")
    return f"Your function takes {n_bytes / 1e6:.3f} MB. What a function names outside of itself is packed with it."


@exercise(4, "The same after a kill", promise=4, kind="find the bug", points=2)
def same_scores(score, n_same):
    """The repaired score(learning_rate, fold), and in how many of six fits the broken one has the same first weight."""
    name, tasks = "score(learning_rate, fold)", [(rate, fold) for rate in (0.0, 0.1, 0.3) for fold in (0, 1)]
    expect.number(name, call(score, 0.1, 1))
    n_same = expect.whole("n_same", n_same)
    sent, rng = packed("score", score), np.random.default_rng(42)

    def on_one_worker(*order):
        """The scores of the tasks in this order, done by one worker that was sent a copy of its own."""
        copy = pickle.loads(sent)
        return np.array([expect.number(name, call(copy, *task)) for task in order])

    def depend_on_order():
        orders = on_one_worker(*tasks), on_one_worker(*tasks[::-1])[::-1], on_one_worker(*tasks, *tasks)[6:]
        return not all(close(alone, other, 1e-12) for other in orders)

    alone, again = (np.array([on_one_worker(task)[0] for task in tasks]) for _ in range(2))
    still, slow, fast = alone.reshape(3, 2)  # with the rate 0 the weight stays where it was
    rule_out("score", known=[
        ("no-seed", score_from(lambda rate, fold: np.random.default_rng().normal()),
         "A fit that is done again, on another worker, has another score. Where is its seed?",
         not close(alone, again, 1e-12)),
        ("one-stream", score_from(lambda rate, fold: rng.normal()),
         "The scores still depend on what the worker did before. Where is the generator made?", depend_on_order),
        ("sign", lambda rate, fold: -score_from(seeded)(rate, fold),
         "The order no longer matters. But a score was minus the squared distance; yours is positive.",
         (alone > 0).any()),
        ("no-chance", score_from(lambda rate, fold: 0.0),
         "The first weight is 0 now. It should still be drawn at random, from a seed.", close(still, [0, -1])),
    ])
    if (still > -1e-9).any() or not close(slow, [0, 0], 0.05) or not close(fast, [0, 0], 1e-6):
        raise Wrong("The scores no longer depend on the order. But the training should stay as it was: 20 steps.")
    judge("n_same", n_same, right=1, known=[
        ("all", 6, "`score` is repaired. With the broken one, is the second draw the same as the first?"),
        ("none", 0, "`score` is repaired. For `n_same`: where does the generator stand when it is packed?"),
        ("each-worker", 2, "`score` is repaired. `n_same`: which draw is the first of worker-1, for which fit?"),
        ("half", 3, "`score` is repaired. `n_same`: worker-0 does fits 1, 3 and 5. Which draw is its second?"),
    ], otherwise="`score` is repaired. For `n_same`: write down for each fit which draw it makes, here and there.")
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

    rule_out("simulate_with_accidents", known=[
        ("turned", simulator(lambda s, p, rng: half_and_again(s, 1 - p if p else 0, rng)),
         "It seems that a task fails with the probability 1 - p.", is_about(1 + 0.5 * (1 - p) / p)),
        ("no-success", simulator(lambda s, p, rng: half_and_again(s, p, rng) - s),
         "Without accidents (p = 0) it takes no time. The attempt that succeeds takes time, too.",
         lambda: seconds(1, [1.0], 0.0) == 0),
    ])
    for n_workers, short in ((1, [1, 1, 1, 3]), (2, [3, 1, 1, 1]), (2, [1, 1, 1, 3]), (9, [2, 5])):
        if not close(seconds(n_workers, short, 0.0), simulate(n_workers, short)):
            raise Wrong("Without accidents (p = 0) it should return the same as `simulate`.")
    by_chance = np.ptp([seconds(1, [1.0] * 9, p, seed) for seed in range(5)]) > 1e-9
    judge("simulate_with_accidents", ratio, is_right=by_chance and is_about(goal), known=[
        ("no-accident", simulator(lambda s, p, rng: s),
         "With p = 0.4 it takes no longer than without. Does `rng` decide about each task?", is_about(1)),
        ("average",
         AnyOf(simulator(lambda s, p, rng: s * (1 + p / 2)), simulator(lambda s, p, rng: s * (1 + 0.5 * p / (1 - p)))),
         "It takes the same time whatever `rng` draws. Each task has its own luck: let `rng` decide.", not by_chance),
        ("not-again", simulator(lambda s, p, rng: s / 2 if rng.random() < p else s),
         "A task that fails is left unfinished. It has to be done again, from its start.", is_about(1 - p / 2)),
        ("only-once", simulator(lambda s, p, rng: 1.5 * s if rng.random() < p else s),
         "A task that fails is done again. But the second attempt can fail as well, and cost time again.",
         is_about(1 + p / 2)),
        ("only-once-whole", simulator(lambda s, p, rng: 2 * s if rng.random() < p else s),
         "A failed attempt costs a whole task here, and a second one never fails.", is_about(1 + p)),
        ("whole", simulator(lambda s, p, rng: s * rng.geometric(1 - p)),
         "A failed attempt costs as much as the whole task here. When does it fail?", is_about(1 + p / (1 - p))),
        ("growing", IN_TESTS, "Here each failed attempt costs more than the one before. Half of what should it be?",
         is_about((1 - p) / (1 - 1.5 * p))),
    ], otherwise=(
        f"With p = 0.4 and one worker, it takes {ratio:.2f} times as long as without accidents. What does an attempt "
        f"that fails cost, and what does one that succeeds?"
    ))
    if abs(seconds(4, tasks, p) / (n / 4) - goal) > 0.03:
        raise Wrong("It is right for one worker, but not for four. Who does a task again?")
    right = 100 / 18
    judge("percent_longer", percent_longer, is_right=abs(percent_longer - right) <= 0.35, within=0.01, known=[
        ("ten", 10, "The simulation is right. But a failed attempt costs only a part of the task. Ask it."),
        ("five", 5, "The simulation is right. `percent_longer` leaves out that a second attempt may fail."),
        ("eleven", 2 * right, "The simulation is right. `percent_longer` takes a failed attempt for a whole task."),
        ("ratio", AnyOf(100 + right, 1 + right / 100), "The simulation is right. How much *longer* is it, in percent?"),
        ("share", right / 100, "The simulation is right. `percent_longer` is a share; multiply it by 100."),
        ("rounded", 6, "The simulation is right. `percent_longer` should have one more digit.", percent_longer == 6),
    ], otherwise="The simulation is right. For `percent_longer` let it do many tasks with p = 0.1 and one worker.")
    return "An accident costs half a task, and there are 1/9 of one for each task: 0.1 + 0.1^2 + 0.1^3 and so on."


@exercise(6, "Fifty times as fast", promise=5, kind="design", points=2)
def fifty_times(speed_up, limit, name, value):
    """How much 100 workers gain, what limits them, and one number whose change makes it 50 times or more."""
    speed_up = expect.number("speed_up", speed_up)
    limit = expect.choice("limit", limit, "start-up", "longest fit", "scheduler", "number of fits")
    name = expect.choice("name", name, *SEARCH)
    value = expect.number("value", value)
    one, many = seconds_of_one_and_of_many(SEARCH)
    one_slow, many_slow = seconds_of_one_and_of_many(SEARCH | {"overhead": 1000 * SEARCH["overhead"]})
    judge("speed_up", speed_up, is_right=close(speed_up, one / many, 0.03), within=0.02, known=[
        ("no-start", (one - SEARCH["start_up"]) / (many - SEARCH["start_up"]),
         "`speed_up` leaves out the start-up. All workers have to start first."),
        ("start-of-one", (one - SEARCH["start_up"]) / many, "`speed_up`: the one worker has to start, too."),
        ("ideal", 100, "`speed_up` is the ideal one, as if nothing but the fits took time."),
        ("upside-down", many / one, "`speed_up` is upside down: how many times as fast are the 100 as one?"),
        ("seconds", AnyOf(many, one),
         "`speed_up` is a time in seconds. Compare that of one worker with that of the 100."),
        ("milliseconds", one_slow / many_slow,
         "`speed_up`: look at the overhead. `simulate` wants seconds, and it is in ms."),
    ], otherwise=(
        "`speed_up` is not right. Ask `simulate` for one worker and for 100, with overhead and start-up (in this "
        "order, in seconds)."
    ))
    choose("limit", limit, right="start-up", known=[
        ("limit-scheduler", "scheduler",
         "`limit`: how many seconds does the scheduler work in all? That is not the most."),
        ("limit-fit", "longest fit", "`limit`: a fit takes 2 of the 70.5 seconds. What takes more?"),
        ("limit-number", "number of fits", "`limit`: there are enough fits for each worker to have some."),
    ])
    if name in ("n_workers", "n_fits"):
        value = expect.whole("value", value)
    if value < (0 if name in ("overhead", "start_up") else 1e-3) or value > MAX_VALUE:
        raise Form(f"`value` is {value:g}; needed is one from 0.001 to {MAX_VALUE:,}, or 0 for overhead or start-up.")
    one, many = seconds_of_one_and_of_many(SEARCH | {name: value})
    said = f"`speed_up` and `limit` are right. With your change it is {one / many:.3g} times as fast."
    judge("name value", (name, value), is_right=one / many >= 50, known=[
        ("workers", ("n_workers", 1000), f"{said} However many workers there are, all of them wait for the same thing.",
         name == "n_workers"),
        ("overhead", ("overhead", 0), f"{said} The scheduler is not what they wait for.", name == "overhead"),
        ("less-work", AnyOf(("n_fits", 100), ("fit_seconds", 1)),
         f"{said} With less work to share out, the rest weighs more.", name != "start_up" and value < SEARCH[name]),
        ("slower-start", ("start_up", 600), f"{said} That makes it worse.",
         name == "start_up" and value > SEARCH[name]),
    ], otherwise=f"{said} It is the right number to change, but not by enough.")
    return f"It is {one / many:.0f} times as fast now: either shrink what cannot be shared out, or share out more."

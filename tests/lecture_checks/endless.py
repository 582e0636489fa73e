"""Functions that never end, several of them although they are stopped with an exception."""
# ruff: noqa
# fmt: off

import time


def loop():
    while True:
        pass


def loop_bare():
    while True:
        try:
            loop()
        except:
            pass


def loop_one_line():
    while True:
        try: sum(range(10))
        except BaseException: pass


def loop_nested():
    while True:
        try:
            try:
                while True:
                    pass
            except BaseException:
                pass
        except BaseException:
            pass


def loop_finally():
    while True:
        try:
            while True:
                pass
        finally:
            continue


def loop_calls():
    while True:
        try:
            helper()
        except BaseException as error:
            print(error, end="")


def helper():
    for _ in iter(int, 1):
        [x for x in range(3)]


def caught_once():
    try:
        loop()
    except BaseException:
        return 3


def recursive_loop(n=0):
    try:
        while True:
            n += 1
    except BaseException:
        return recursive_loop(n)


def sleeps():
    time.sleep(60)


LOOPS = [loop, loop_bare, loop_one_line, loop_nested, loop_finally, loop_calls, caught_once, recursive_loop]
STOPPED_IN_ANY_THREAD = [loop, loop_one_line, caught_once]

"""The exercises' checks, which judge an answer and say what is wrong with it.

`notebook_01`, `notebook_02`, ... hold the checks of one notebook each, `self_test` those of the self-test. `core` makes
a check of a function, `expect` reads answers, `store` keeps what was solved, `solved` shows it.
"""

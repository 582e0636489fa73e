"""Exercises that answer back: `core` makes the checks, `expect` reads answers, `progress` keeps what was solved,
`notebook_01`, `notebook_02`, ... hold the checks of one notebook each, and `self_test` those of the self-test."""

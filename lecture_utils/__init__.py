"""Helpers of the course "Neural Networks and Keras": what would distract in a notebook stands here.

Importing the package imports nothing else; each module is imported where it is used:

    from lecture_utils import datasets, plotting, reproducible
"""

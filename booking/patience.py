"""Trying again: a deadlock or a lock that was not had in time is nobody's mistake, and gone a moment later."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

from accounts.problems import is_passing

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3


def patient(act: Callable[P, R]) -> Callable[P, R]:
    """For edges: run the act again, twice at most and with jitter, after a deadlock or a lock timeout.

    Inside an open transaction nothing can be repeated, so the error goes on to whoever opened it.
    """

    @wraps(act)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> R:
        for tries_left in reversed(range(TRIES)):
            try:
                return act(*args, **kwargs)
            except OperationalError as failure:
                if not is_passing(failure) or not tries_left or connection.in_atomic_block:
                    raise
                time.sleep(random.uniform(0.01, 0.1))  # noqa: S311  # jitter, not a secret
        raise AssertionError("the last try either returned or raised")

    return repeated

"""A brake on what costs work: how often somebody may ask for it within a while, counted in the cache."""

from __future__ import annotations

from django.core.cache import cache


def lets(who: str, *, most: int, seconds: int) -> bool:
    """Count this once for `who`; False when it was more than `most` since their first time in these seconds.

    While the cache is away nothing is counted, and everybody is let.
    """
    cache.add(who, 0, seconds)
    try:
        return cache.incr(who) <= most
    except ValueError:
        # The while ended between the two.
        return True

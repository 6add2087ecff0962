"""How a plate is written: the same vehicle must not be two because of a dash or a wide letter. Pure."""

from __future__ import annotations

import unicodedata

LONGEST = 16
SHORTEST = 2


def normalise(typed: str) -> str:
    """Compatibility forms folded (NFKC), capitals, letters and digits of any script alone; cut to what fits."""
    folded = unicodedata.normalize("NFKC", typed).upper()
    # Capitals of some letters are two, and some are only composed after that.
    return "".join(c for c in unicodedata.normalize("NFKC", folded) if c.isalnum())


def is_plate(plate: str) -> bool:
    """Letters and digits, at least one digit: every country that we know of has one."""
    return SHORTEST <= len(plate) <= LONGEST and any(c.isdigit() for c in plate)

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


# How a plate looks in the countries that drivers come from; anywhere else any is a good example.
EXAMPLES = {
    "PT": "AA-12-BB",
    "ES": "1234 BBC",
    "FR": "AA-123-AA",
    "TH": "1กข 1234",
    "CN": "粤B·12345",
    "LA": "กข 1234",
    "MY": "ABC 1234",
    "HK": "AB 1234",
    "MO": "AB-12-34",
}


def example(country: str) -> str:
    return EXAMPLES.get(country, "AB 12 CD")

"""One spelling for every name of a place, so that "São João", "sao joao" and "SAO-JOAO" find each other. Pure."""

from __future__ import annotations

import re
import unicodedata

LONGEST_KEY = 80

# Latin letters that are letters of their own and no letter with an accent.
_PLAIN = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})
# Accents of Latin letters. Marks of other scripts stay: a Thai vowel is written as one, and makes another word.
_ACCENTS = re.compile("[\u0300-\u036f]")
_BETWEEN = re.compile(r"[\s\-–—_.,;:/()'’‘`´\"“”·]+")


def key(name: str) -> str:
    """Small letters without accents, words with one space between; empty when nothing of the name is a letter."""
    # Taking a sign apart may bring capitals to light (㎩), and making letters small may bring signs to take apart.
    small = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    plain = _ACCENTS.sub("", small).translate(_PLAIN)
    return _BETWEEN.sub(" ", plain).strip()[:LONGEST_KEY].rstrip()

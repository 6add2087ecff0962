"""What every refusal has: a stable code for programs, and a sentence for the person who asked."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """An act that the rules do not allow. Forms show the sentence, the API answers 409 problem+json with the code.

    Each refusal is its own subclass, defined where it is raised, so that a caller can catch exactly what it can answer.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

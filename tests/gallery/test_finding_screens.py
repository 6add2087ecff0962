"""What drivers see until they have reserved: finding, a station, a poster."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.gallery import finding
from tests.gallery.showing import Screen

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("screen", finding.GALLERY.screens, ids=str)
def test_nothing_is_wrong_with_the_screen(screen: Screen, faults_of: Callable[[Screen], list[str]]) -> None:
    faults = faults_of(screen)

    assert not faults, "\n".join(faults)

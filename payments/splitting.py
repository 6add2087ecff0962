"""How an amount is divided so that not one minor unit is lost: tax first, shares next, refunds the same way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class Shares:
    """What a contract gives to whom, in basis points of the net."""

    station_owner_bp: int
    pack_owner_bp: int
    operator_bp: int

    def __post_init__(self) -> None:
        shares = (self.station_owner_bp, self.pack_owner_bp, self.operator_bp)
        if min(shares) < 0 or sum(shares) != BASIS_POINTS:
            raise ValueError(f"shares are not negative and sum to {BASIS_POINTS} basis points, not {shares}")


@dataclass(frozen=True, slots=True)
class PartSplit:
    """What one pack's part of the net comes to for each of the three."""

    station_owner_minor: int
    pack_owner_minor: int
    operator_minor: int


def tax_in(gross_minor: int, rate_bp: int) -> int:
    """The tax contained in a gross amount; half a minor unit is rounded up."""
    divisor = BASIS_POINTS + rate_bp
    return (2 * gross_minor * rate_bp + divisor) // (2 * divisor)


def allocate(amount_minor: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Divide by largest remainder: whole units by weight, then one each to the largest remainders, the earlier first.

    Where no weight says anything, all weigh the same.
    """
    if amount_minor < 0 or not weights or min(weights) < 0:
        raise ValueError("an amount and its weights are not negative, and there is at least one weight")
    total = sum(weights)
    if total == 0:
        return allocate(amount_minor, [1] * len(weights))
    whole = [amount_minor * weight // total for weight in weights]
    left_over = amount_minor - sum(whole)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount_minor * weights[i] % total), i))
    for i in by_remainder[:left_over]:
        whole[i] += 1
    return tuple(whole)


def split_net(net_minor: int, parts: Sequence[tuple[int, Shares]]) -> tuple[PartSplit, ...]:
    """Divide the net over the packs that went out by their energy, and each part by its own contract."""
    amounts = allocate(net_minor, [energy_wh for energy_wh, _shares in parts])
    return tuple(
        PartSplit(*allocate(amount, (shares.station_owner_bp, shares.pack_owner_bp, shares.operator_bp)))
        for amount, (_energy_wh, shares) in zip(amounts, parts, strict=True)
    )


def difference_in(full_gross_minor: int, paid_gross_minor: int, tax_rate_bp: int) -> int:
    """What a net falls short of the one that the full price would have left; nothing where that is no higher.

    Both prices contain tax at the same rate. It is counted without tax: that is what the parties share.
    """
    full_net = full_gross_minor - tax_in(full_gross_minor, tax_rate_bp)
    return max(0, full_net - (paid_gross_minor - tax_in(paid_gross_minor, tax_rate_bp)))


def difference_left(difference_minor: int, paid_gross_minor: int, refunded_minor: int) -> int:
    """What of a difference stands once so much of the price was given back: the same part of it as of the price.

    It goes by the sum of all refunds, so that in however many pieces they came nothing is left after the last. Half a
    minor unit is rounded up.
    """
    if paid_gross_minor == 0:
        return difference_minor
    kept_minor = paid_gross_minor - refunded_minor
    return (2 * difference_minor * kept_minor + paid_gross_minor) // (2 * paid_gross_minor)


def take_back(refund_minor: int, left_minor: Sequence[int]) -> tuple[int, ...]:
    """What each receiver gives back for a refund, out of what is still left with them.

    Each refund is divided over what the earlier ones left, never on its own: nobody gives back more than they got, and
    when the last unit is refunded everybody is back at zero. (Dividing each on its own missed that nine times in ten.)
    """
    if refund_minor > sum(left_minor):
        raise ValueError("no more can be given back than is left")
    if refund_minor == 0:
        return (0,) * len(left_minor)
    return allocate(refund_minor, left_minor)

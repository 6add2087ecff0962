"""Sole writer of Contract: agree a version, end one. The database refuses overlaps and any later change."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from accounts.refusals import Refusal
from payments.models import Bearer, Contract
from payments.splitting import Shares


class ContractOverlaps(Refusal):
    """One swap is shared by one contract."""

    code = "contract_overlaps"


class NoSuchTimeZone(Refusal):
    """Cut-offs are midnight somewhere."""

    code = "no_such_time_zone"


@transaction.atomic
def agree(
    *,
    station_owner: Organisation,
    pack_owner: Organisation | None,
    shares: Shares,
    time_zone: str,
    valid_from: datetime,
    by: User | None,
    difference_bearer: Bearer = Bearer.OWNER,
) -> Contract:
    """A new version from `valid_from` on; the version that is open-ended until now ends there."""
    if time_zone not in available_timezones():
        raise NoSuchTimeZone(_("There is no such time zone; an example of one is Europe/Lisbon."))
    versions = Contract.objects.filter(
        network=station_owner.network, station_owner=station_owner, pack_owner=pack_owner
    ).order_by("version")
    latest = versions.select_for_update(of=("self",)).last()
    if latest is not None and latest.valid_until is None and latest.valid_from < valid_from:
        end(contract=latest, at=valid_from)
    elif latest is not None and (latest.valid_until is None or latest.valid_until > valid_from):
        raise ContractOverlaps(_("A later contract of these two parties exists already."))
    try:
        with transaction.atomic():
            return Contract.objects.create(
                network=station_owner.network,
                station_owner=station_owner,
                pack_owner=pack_owner,
                version=latest.version + 1 if latest else 1,
                station_owner_bp=shares.station_owner_bp,
                pack_owner_bp=shares.pack_owner_bp,
                operator_bp=shares.operator_bp,
                difference_bearer=difference_bearer,
                time_zone=time_zone,
                valid_from=valid_from,
                by=by,
            )
    except IntegrityError as refused:
        # Somebody else agreed one at the same moment; the database saw it first.
        raise ContractOverlaps(_("A later contract of these two parties exists already.")) from refused


@transaction.atomic
def end(*, contract: Contract, at: datetime) -> Contract:
    """Swaps from this instant on are no longer shared by it."""
    if at < contract.valid_from:
        raise ContractOverlaps(_("A contract ends after it begins."))
    later = Contract.objects.filter(
        network=contract.network_id,
        station_owner=contract.station_owner_id,
        pack_owner=contract.pack_owner_id,
        version__gt=contract.version,
        valid_from__lt=at,
    )
    if later.exists():
        raise ContractOverlaps(_("A later contract of these two parties begins before that."))
    contract.valid_until = at
    contract.save(update_fields=["valid_until"])
    return contract

"""The back office of stations, bays, slots and packs. States change through `upkeep` and `inventory`, with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts import access
from accounts.back_office import OperatorAdmin, ReadOnly, SuperuserAdmin
from accounts.models import Membership, Organisation
from stations import inventory, reporting, upkeep
from stations.models import Amenity, Bay, Pack, PackClass, Post, SelfReport, Slot, Station
from stations.states import BayState, SlotState, StationStatus

NO_CHANGE = ("", gettext_lazy("leave as it is"))
REASON = forms.CharField(
    label=gettext_lazy("Why"),
    required=False,
    max_length=200,
    help_text=gettext_lazy("Needed to take out of use."),
    widget=UnfoldAdminTextInputWidget,
)


class OwnRowsAdmin(OperatorAdmin):
    """An operator chooses among the rows of their own networks."""

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if not getattr(request.user, "is_superuser", False):
            networks = access.networks_for_operator(request.user)
            own = {
                "network": networks,
                "owner": Organisation.objects.filter(network__in=networks),
                "station": Station.objects.filter(network__in=networks),
                "membership": Membership.objects.filter(organisation__network__in=networks),
            }
            if db_field.name in own:
                kwargs["queryset"] = own[db_field.name]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class WrittenElsewhereAdmin(OwnRowsAdmin):
    """Rows of a sole writer: made by a form, then shown as text, with a field for the steps that may be taken."""

    # What stands in the form when a row is made, and is fixed from then on.
    made_with: tuple[str, ...] = ()
    # The field by which a state is changed, and the reason for it.
    act_fields = ("act", "reason")
    shown: tuple[str, ...] = ()

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return (*self.made_with, *self.shown, *self.act_fields) if obj else self.made_with

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return (*self.made_with, *self.shown) if obj else ()


@admin.register(PackClass)
class PackClassAdmin(SuperuserAdmin):
    list_display = ("name", "code", "form", "nominal_wh", "charge_power_w")
    ordering = ("name",)


class PartOfStation(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    """Shown to whoever may see the station, and changed on a page of its own."""

    extra = 0
    can_delete = False
    show_change_link = True
    ordering = ("number",)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class BaysOfStation(PartOfStation):
    model = Bay
    fields = ("number", "state", "state_reason")


class SlotsOfStation(PartOfStation):
    model = Slot
    fields = ("number", "pack_class", "power_w", "state", "holds")
    readonly_fields = ("holds",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Slot]:
        slots: QuerySet[Slot] = super().get_queryset(request)
        return slots.select_related("pack_class", "pack")

    @admin.display(description=gettext_lazy("pack"))
    def holds(self, slot: Slot) -> str:
        pack = getattr(slot, "pack", None)
        return f"{pack} · {pack.soc_percent} % · {pack.get_state_display()}" if pack else "–"


class StationForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    act = forms.ChoiceField(
        label=gettext_lazy("Change status"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        choices=[
            NO_CHANGE,
            (StationStatus.OPEN, gettext_lazy("open it")),
            (StationStatus.CLOSED, gettext_lazy("close it")),
            (StationStatus.DOWN, gettext_lazy("mark it as down")),
        ],
    )
    reason = REASON
    amenities = forms.MultipleChoiceField(
        label=gettext_lazy("Amenities"),
        required=False,
        choices=Amenity.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = Station
        fields = (
            *("network", "owner", "code", "name", "address", "city", "country", "time_zone", "currency"),
            *("latitude", "longitude", "source_datum", "hours", "is_staffed", "amenities", "takes_cash"),
            *("contact_phone", "reports_every_seconds"),
            *(
                "target_soc_percent",
                "offer_from_soc_percent",
                "arrival_radius_m",
                "promise_margin_seconds",
                "promise_min_seconds",
            ),
            *("promise_max_seconds", "swap_seconds", "override_cap_per_shift", "fleet_share_percent"),
        )


@admin.register(Station)
class StationAdmin(OwnRowsAdmin):
    form = StationForm
    list_display = ("name", "code", "network", "city", "status", "owner")
    list_filter = ("network", "status", "is_silent", "country", "is_staffed")
    list_select_related = ("network", "owner")
    search_fields = ("name", "code", "city", "address")
    ordering = ("name",)
    inlines = (BaysOfStation, SlotsOfStation)
    act_fields = ("act", "reason")
    shown = (
        *("status", "status_reason", "is_silent", "status_changed_at", "status_changed_by", "last_report"),
        "poster_token",
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        fields = StationForm.Meta.fields
        return (*fields, *self.shown, *self.act_fields) if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        # Tariffs, contracts and bookings hang on the network and the currency.
        return ("network", "currency", *self.shown) if obj else ()

    @admin.display(description=gettext_lazy("last report"))
    def last_report(self, station: Station) -> datetime | None:
        report = SelfReport.objects.filter(station=station).first()
        return report.reported_at if report is not None else None

    def save_model(self, request: HttpRequest, obj: Station, form: StationForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        if not change:
            obj.status = StationStatus.PLANNED
            obj.save()
            return
        # Only what was edited: status may have been changed by somebody else while the form was open.
        edited = sorted(set(form.changed_data) & set(StationForm.Meta.fields))
        obj.save(update_fields=edited)
        if "reports_every_seconds" in edited:
            # What was heard under another setting proves nothing under this one.
            reporting.forget(station_id=obj.pk)
        by, act, reason = access.person_of(request), form.cleaned_data["act"], form.cleaned_data["reason"]
        if act == StationStatus.OPEN:
            upkeep.open_station(station=obj, by=by)
        elif act == StationStatus.CLOSED:
            upkeep.close_station(station=obj, reason=reason, by=by)
        elif act == StationStatus.DOWN:
            upkeep.mark_station_down(station=obj, reason=reason, by=by)


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    """For bays and slots, which are in service or not."""

    act = forms.ChoiceField(
        label=gettext_lazy("Change state"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        choices=[
            NO_CHANGE,
            ("take_out", gettext_lazy("take out of service")),
            ("put_back", gettext_lazy("put back in service")),
        ],
    )
    reason = REASON


@admin.register(Bay)
class BayAdmin(WrittenElsewhereAdmin):
    form = ServiceForm
    network_path = "station__network"
    made_with = ("station", "number")
    shown = ("state", "state_reason")
    list_display = ("station", "number", "state", "state_reason")
    list_filter = ("state", "station__network")
    list_select_related = ("station",)
    search_fields = ("station__name", "station__code")
    ordering = ("station", "number")

    def save_model(self, request: HttpRequest, obj: Bay, form: ServiceForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        by = access.person_of(request)
        if not change:
            obj.pk = upkeep.add_bay(station=obj.station, number=obj.number).pk
        elif form.cleaned_data["act"] == "take_out" and obj.state == BayState.OPEN:
            upkeep.take_bay_out_of_service(bay=obj, reason=form.cleaned_data["reason"], by=by)
        elif form.cleaned_data["act"] == "put_back":
            upkeep.put_bay_back_in_service(bay=obj, by=by)


@admin.register(Slot)
class SlotAdmin(WrittenElsewhereAdmin):
    form = ServiceForm
    network_path = "station__network"
    made_with = ("station", "number", "pack_class", "power_w")
    shown = ("state", "state_reason")
    list_display = ("station", "number", "pack_class", "power_w", "state", "state_reason")
    list_filter = ("state", "pack_class", "station__network")
    list_select_related = ("station", "pack_class")
    search_fields = ("station__name", "station__code")
    ordering = ("station", "number")

    def save_model(self, request: HttpRequest, obj: Slot, form: ServiceForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        if not change:
            made = inventory.add_slot(
                station=obj.station, number=obj.number, pack_class=obj.pack_class, power_w=obj.power_w
            )
            obj.pk = made.pk
        elif form.cleaned_data["act"] == "take_out" and obj.state == SlotState.WORKING:
            inventory.take_slot_out_of_service(slot=obj, reason=form.cleaned_data["reason"])
        elif form.cleaned_data["act"] == "put_back":
            inventory.put_slot_back_in_service(slot=obj)


class PackForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    act = forms.ChoiceField(
        label=gettext_lazy("Next step"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        choices=[
            NO_CHANGE,
            ("quarantine", gettext_lazy("quarantine: do not hand it out")),
            ("restore", gettext_lazy("bring it back into use, in the slot where it is")),
            ("send_away", gettext_lazy("it leaves the station")),
        ],
    )
    reason = REASON


@admin.register(Pack)
class PackAdmin(WrittenElsewhereAdmin):
    form = PackForm
    made_with = ("owner", "pack_class", "serial", "soc_percent", "soh_percent")
    shown = ("network", "station", "slot", "soc_at", "soc_fell_at", "state", "state_reason", "kept_until")
    list_display = ("serial", "pack_class", "state", "soc_percent", "soh_percent", "soc_at", "station", "owner")
    list_filter = ("state", "pack_class", "network")
    list_select_related = ("pack_class", "station", "owner")
    search_fields = ("serial", "station__name", "station__code")
    ordering = ("serial",)

    def save_model(self, request: HttpRequest, obj: Pack, form: PackForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        if not change:
            made = inventory.add_pack(
                network=obj.owner.network,
                owner=obj.owner,
                pack_class=obj.pack_class,
                serial=obj.serial,
                soc_percent=obj.soc_percent,
                soh_percent=obj.soh_percent,
                now=timezone.now(),
            )
            obj.pk = made.pk
            return
        act, reason = form.cleaned_data["act"], form.cleaned_data["reason"]
        if act == "quarantine":
            inventory.quarantine(pack=obj, reason=reason)
        elif act == "restore":
            inventory.restore(pack=obj)
        elif act == "send_away":
            inventory.send_away(pack=obj, reason=reason)


@admin.register(Post)
class PostAdmin(OwnRowsAdmin):
    """Which stations a member of staff works at. A post that has ended is deleted: the rows of their work remain."""

    network_path = "station__network"
    list_display = ("membership", "station")
    list_filter = ("station__network",)
    search_fields = ("membership__user__name", "membership__user__email", "station__name")
    autocomplete_fields = ("station", "membership")
    ordering = ("station", "pk")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)

"""Booking's back office: prices and vehicles are edited, promises are read, all acts go through the writers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, ForeignKey, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from accounts import access
from accounts.back_office import OperatorAdmin, ReadOnly
from accounts.models import Organisation, User
from accounts.refusals import Refusal
from booking import conduct, lifecycle, tariffs, vehicles
from booking.models import Booking, BookingStep, Line, Promise, SwapPack, Tariff, Vehicle
from booking.patience import patient
from stations.models import Station


class TariffForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    class Meta:
        model = Tariff
        fields = (
            "network",
            "station",
            "pack_class",
            "currency",
            "price_per_kwh",
            "service_fee_minor",
            "tax_rate_bp",
            "valid_from",
        )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        station, network = typed.get("station"), typed.get("network")
        if station is not None and network is not None and station.network_id != network.pk:
            raise forms.ValidationError(_("The station belongs to another network."))
        return typed


@admin.register(Tariff)
class TariffAdmin(OperatorAdmin):
    """A price is never changed: a new version takes its place, by `tariffs.publish`."""

    form = TariffForm
    list_display = (
        "pack_class",
        "station",
        "network",
        "price_per_kwh",
        "currency",
        "version",
        "valid_from",
        "valid_until",
    )
    list_filter = ("network", "currency", "pack_class")
    list_select_related = ("pack_class", "station", "network")
    search_fields = ("station__name", "pack_class__name")
    ordering = ("-valid_from",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"valid_from": timezone.now(), "tax_rate_bp": 0, "service_fee_minor": 0}

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        own = {
            "network": access.networks_for_operator(request.user),
            "station": Station.objects.filter(network__in=access.networks_for_operator(request.user)),
        }
        if db_field.name in own and not request.user.is_superuser:
            kwargs["queryset"] = own[db_field.name]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Tariff, form: TariffForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        published = tariffs.publish(**form.cleaned_data)
        obj.pk, obj.version = published.pk, published.version


@admin.register(Vehicle)
class VehicleAdmin(OperatorAdmin):
    """Operators settle conflicts of plates, for vehicles of their fleets and for those that have booked with them."""

    fields = ("country", "plate", "pack_class", "pack_count", "model", "fleet", "proven_at")
    readonly_fields = ("proven_at",)
    list_display = ("plate", "country", "pack_class", "pack_count", "fleet", "proven_at")
    list_filter = ("country", "pack_class")
    list_select_related = ("pack_class", "fleet")
    search_fields = ("plate",)
    ordering = ("plate",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Drivers register their vehicles, and staff those that come without a booking.
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        rows = Vehicle.objects.select_related("pack_class", "fleet")
        if isinstance(request.user, User) and request.user.is_superuser:
            return rows
        own = access.networks_for_operator(request.user)
        booked = Booking.objects.filter(vehicle=OuterRef("pk"), network__in=own)
        return rows.filter(Q(fleet__network__in=own) | Exists(booked))

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "fleet" and not request.user.is_superuser:
            networks = access.networks_for_operator(request.user)
            kwargs["queryset"] = Organisation.objects.filter(network__in=networks)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Vehicle, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        vehicles.correct(vehicle=obj)


class Told(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    """Rows beside a booking, for whoever may see the booking."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class Steps(Told):
    model = BookingStep
    fields = ("at", "step", "from_state", "to_state", "by", "reason", "exception")
    readonly_fields = fields
    ordering = ("id",)


class Promises(Told):
    model = Promise
    fields = ("pack", "made_at", "ended_at", "end_reason")
    readonly_fields = fields


class Swaps(Told):
    model = SwapPack
    fields = ("pack", "direction", "soc_percent", "soh_percent", "pack_owner", "at", "undone_at")
    readonly_fields = fields


@admin.register(Booking)
class BookingAdmin(ReadOnly, OperatorAdmin):
    list_display = ("code", "vehicle", "station", "state", "joined_at", "ended_at", "no_show", "no_show_disputed_at")
    list_filter = (
        "state",
        "source",
        "network",
        "no_show",
        ("no_show_disputed_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("vehicle", "station")
    search_fields = ("code", "vehicle__plate", "station__name", "public_id")
    ordering = ("-joined_at",)
    inlines = (Steps, Promises, Swaps)
    actions = ("cancel", "waive_no_show")

    @admin.action(description=gettext_lazy("Cancel: packs and money are let go"))
    def cancel(self, request: HttpRequest, bookings: QuerySet[Booking]) -> None:
        def act(booking: Booking, by: User) -> Booking:
            return lifecycle.cancel(booking=booking, by=by, reason="back office")

        self._each(request, bookings, act, _("%(code)s is cancelled."))

    @admin.action(description=gettext_lazy("Waive the no-show"))
    def waive_no_show(self, request: HttpRequest, bookings: QuerySet[Booking]) -> None:
        def act(booking: Booking, by: User) -> Booking:
            return conduct.waive_no_show(booking=booking, by=by)

        self._each(request, bookings, act, _("The no-show of %(code)s is waived."))

    def _each(
        self,
        request: HttpRequest,
        bookings: QuerySet[Booking],
        act: Callable[[Booking, User], Booking],
        said: str,
    ) -> None:
        """One after the other, each in its own transaction: a refusal of one does not undo the others."""
        by = request.user
        assert isinstance(by, User)
        for booking in bookings.select_related("station", "line"):
            try:
                patient(act)(booking, by)
            except Refusal as refusal:
                self.message_user(request, f"{booking.code}: {refusal.sentence}", messages.ERROR)
            else:
                self.message_user(request, said % {"code": booking.code}, messages.SUCCESS)


@admin.register(Line)
class LineAdmin(ReadOnly, OperatorAdmin):
    network_path = "station__network"
    list_display = ("station", "pack_class", "sequence", "version")
    list_select_related = ("station", "pack_class")
    search_fields = ("station__name",)
    ordering = ("station__name", "pack_class__name")


@admin.register(Promise)
class PromiseAdmin(ReadOnly, OperatorAdmin):
    network_path = "booking__network"
    list_display = ("pack", "booking", "made_at", "ended_at", "end_reason")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "end_reason")
    list_select_related = ("pack", "booking__vehicle")
    search_fields = ("pack__serial", "booking__code")
    ordering = ("-made_at",)


@admin.register(SwapPack)
class SwapPackAdmin(ReadOnly, OperatorAdmin):
    network_path = "booking__network"
    list_display = ("pack", "direction", "soc_percent", "soh_percent", "booking", "at", "undone_at")
    list_filter = ("direction", "pack_owner")
    list_select_related = ("pack", "booking__vehicle")
    search_fields = ("pack__serial", "booking__code")
    ordering = ("-at",)


@admin.register(BookingStep)
class BookingStepAdmin(ReadOnly, OperatorAdmin):
    network_path = "booking__network"
    list_display = ("at", "booking", "step", "from_state", "to_state", "by", "reason", "exception")
    list_filter = ("step", "exception")
    list_select_related = ("booking__vehicle", "by")
    search_fields = ("booking__code", "booking__vehicle__plate", "reason")
    ordering = ("-id",)

"""Booking's back office: prices and vehicles are edited, promises are read, all acts go through the writers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, F, ForeignKey, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import access
from accounts.back_office import OperatorAdmin, ReadOnly
from accounts.models import Organisation, User
from accounts.refusals import Refusal
from booking import afterwards, conduct, feedback, lifecycle, tariffs, vehicles
from booking.models import (
    Block,
    BlockEntry,
    Booking,
    BookingStep,
    CalibrationDay,
    Delivery,
    DisputedNoShow,
    Learned,
    Line,
    Notice,
    Override,
    Promise,
    Rating,
    Report,
    SwapPack,
    Tariff,
    Vehicle,
)
from booking.models import Told as ToldRow
from booking.patience import patient
from booking.states import ReportState, Step
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


class Notices(Told):
    model = Notice
    fields = ("at", "kind", "detail", "good_until")
    readonly_fields = fields
    ordering = ("id",)


class Swaps(Told):
    model = SwapPack
    fields = ("pack", "direction", "soc_percent", "soh_percent", "pack_owner", "at", "undone_at")
    readonly_fields = fields


class ActForm(ActionForm):  # type: ignore[misc]  # unfold ships no types
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"class": "w-72"}),
    )


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
    inlines = (Steps, Promises, Swaps, Notices)
    actions = ("cancel", "waive_no_show")
    action_form = ActForm

    @admin.action(description=gettext_lazy("Cancel: packs and money are let go, and the driver reads the reason"))
    def cancel(self, request: HttpRequest, bookings: QuerySet[Booking]) -> None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            self.message_user(request, _("Write a reason beside the action: the driver reads it."), messages.ERROR)
            return

        def act(booking: Booking, by: User) -> Booking:
            return lifecycle.cancel(booking=booking, by=by, reason=reason)

        self._each(request, bookings, act, _("%(code)s is cancelled."))

    @admin.action(description=gettext_lazy("Waive the no-show"))
    def waive_no_show(self, request: HttpRequest, bookings: QuerySet[Booking]) -> None:
        def act(booking: Booking, _by: User) -> Booking:
            return conduct.waive_no_show(booking=booking)

        self._each(request, bookings, act, _("The no-show of %(code)s is waived."))

    def _each(
        self,
        request: HttpRequest,
        bookings: QuerySet[Booking],
        act: Callable[[Booking, User], Booking],
        said: str,
    ) -> None:
        """One after the other, each in its own transaction: a refusal of one does not undo the others."""
        by = access.person_of(request)
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


class BlockEntryInline(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = BlockEntry
    fields = ("number", "vehicle", "driver", "join_at", "state", "reason", "booking", "ended_at")
    ordering = ("number",)
    extra = 0
    can_delete = False


@admin.register(Block)
class BlockAdmin(ReadOnly, OperatorAdmin):
    """What fleets have planned; the fleets' managers plan and cancel on their own pages."""

    list_display = ("fleet", "station", "first_at", "step_seconds", "made_by", "made_at")
    list_filter = (("fleet", admin.RelatedOnlyFieldListFilter), ("station", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("fleet", "station", "made_by")
    search_fields = ("fleet__name", "station__name", "entries__vehicle__plate")
    ordering = ("-made_at",)
    inlines = (BlockEntryInline,)


@admin.register(Override)
class OverrideAdmin(ReadOnly, OperatorAdmin):
    """What staff did out of turn, and why: each once, not again for everybody whom it overtook."""

    network_path = "booking__network"
    list_display = ("at", "station", "by", "step", "reason", "booking")
    list_filter = (
        ("booking__station", admin.RelatedOnlyFieldListFilter),
        ("by", admin.RelatedOnlyFieldListFilter),
        "step",
    )
    list_select_related = ("booking__vehicle", "booking__station", "by")
    search_fields = ("booking__code", "booking__vehicle__plate", "by__name", "reason")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).filter(exception="override", step__in=(Step.GO_FIRST, Step.START))

    @admin.display(description=gettext_lazy("Station"), ordering="booking__station__name")
    def station(self, step: BookingStep) -> str:
        return step.booking.station.name


class Deliveries(Told):
    model = Delivery
    fields = ("way", "state", "attempts", "next_try_at", "reason", "ended_at")
    readonly_fields = fields
    ordering = ("id",)


@admin.register(Notice)
class NoticeAdmin(ReadOnly, OperatorAdmin):
    """What drivers were told, and how it reached them. The words are made when they are sent, and are not kept."""

    list_display = ("at", "kind", "booking", "detail", "good_until")
    list_filter = ("kind", "deliveries__way", "deliveries__state")
    list_select_related = ("booking__vehicle",)
    search_fields = ("booking__code", "booking__vehicle__plate", "booking__public_id")
    ordering = ("-id",)
    inlines = (Deliveries,)


@admin.register(Learned)
class LearnedAdmin(ReadOnly, OperatorAdmin):
    """What the last night has counted; without a station it is of all those of a country."""

    list_display = ("network", "station", "country", "pack_class", "cases", "until")
    list_filter = ("network", "pack_class", "country")
    list_select_related = ("network", "station", "pack_class")
    search_fields = ("station__name", "station__code")
    ordering = ("network", "station__name", "country", "pack_class")


@admin.register(ToldRow)
class ToldAdmin(ReadOnly, OperatorAdmin):
    """What each booking was told, as the forecast gave it and as it was shown, and what came of it. Seconds."""

    list_display = ("at", "booking", "occasion", "shown_away_low", "shown_away_likely", "shown_away_high", "until_away")
    list_filter = ("occasion", "pack_class", ("until_away", admin.EmptyFieldListFilter), "network")
    list_select_related = ("booking__vehicle",)
    search_fields = ("booking__code", "booking__vehicle__plate")
    ordering = ("-id",)


@admin.register(CalibrationDay)
class CalibrationDayAdmin(ReadOnly, OperatorAdmin):
    """How right a day's forecasts were, and by how much the next ones are adjusted."""

    list_display = ("day", "network", "cases", "coverage", "bay_coverage", "median_width", "brier", "adjusted_by")
    list_filter = ("network",)
    list_select_related = ("network",)
    date_hierarchy = "day"
    ordering = ("-day", "network")


@admin.register(Rating)
class RatingAdmin(ReadOnly, OperatorAdmin):
    network_path = "station__network"
    list_display = ("given_at", "station", "stars", "words", "booking")
    list_filter = ("stars", "station__network")
    list_select_related = ("station", "booking__vehicle")
    search_fields = ("station__name", "words")
    ordering = ("-given_at",)


class AnswerForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    answer = forms.CharField(
        max_length=feedback.LONGEST_ANSWER,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The driver reads this. What has to be paid back is paid back on the swap's page."),
    )

    class Meta:
        model = Report
        fields = ("answer",)


@admin.register(Report)
class ReportAdmin(OperatorAdmin):
    """What drivers report: what is open stands first, danger before the rest, and the oldest before the others."""

    form = AnswerForm
    list_display = ("kind", "urgency", "state_label", "age", "station", "words", "booking")
    list_filter = ("state", "is_urgent", "kind", "network")
    list_select_related = ("station", "booking__vehicle")
    search_fields = ("station__name", "words", "booking__code", "booking__vehicle__plate")
    ordering = (F("answered_at").asc(nulls_first=True), "-is_urgent", "made_at")
    readonly_fields = (
        "kind",
        "urgency",
        "state_label",
        "made_at",
        "station",
        "booking",
        "swap_pack",
        "shown_soc_percent",
        "words",
        "taken_by",
        "answered_at",
        "money",
    )
    fields = (*readonly_fields, "answer")
    actions = ("look",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # What the driver has read stays as it was.
        answered = isinstance(obj, Report) and obj.state == ReportState.ANSWERED
        return super().has_change_permission(request, obj) and not answered

    @admin.display(description=gettext_lazy("Age"), ordering="made_at")
    def age(self, report: Report) -> str:
        return timesince(report.made_at, depth=1)

    @admin.display(description=gettext_lazy("Urgent"), ordering="is_urgent")
    def urgency(self, report: Report) -> str:
        return _("urgent") if report.is_urgent else ""

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_label(self, report: Report) -> str:
        return str(afterwards.STATES[report.state])

    @admin.display(description=gettext_lazy("Money"))
    def money(self, report: Report) -> str:
        address = reverse("payments:sale", args=[report.booking.public_id])
        return format_html('<a href="{}">{}</a>', address, _("This swap's payment and refunds, for finance"))

    @admin.action(description=gettext_lazy("I look at it: the driver sees that somebody does"))
    def look(self, request: HttpRequest, reports: QuerySet[Report]) -> None:
        by = access.person_of(request)
        for report in reports:
            try:
                feedback.look(report=report, by=by)
            except Refusal as refusal:
                self.message_user(request, f"{report}: {refusal.sentence}", messages.ERROR)

    def save_model(self, request: HttpRequest, obj: Report, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        by = access.person_of(request)
        feedback.answer(report=obj, words=form.cleaned_data["answer"], by=by)


class DisputeAnswerForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    mark = forms.ChoiceField(
        choices=[("keep", gettext_lazy("The mark stays")), ("waive", gettext_lazy("The mark is taken off"))]
    )
    no_show_answer = forms.CharField(
        max_length=conduct.LONGEST_ANSWER,
        required=False,
        label=gettext_lazy("Answer"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The driver reads this. A mark stays only for a reason."),
    )

    class Meta:
        model = DisputedNoShow
        fields = ("no_show_answer",)


@admin.register(DisputedNoShow)
class DisputedNoShowAdmin(OperatorAdmin):
    """Marks that their drivers dispute: the unanswered first, the oldest before the others."""

    form = DisputeAnswerForm
    list_display = ("code", "vehicle", "station", "no_show_disputed_at", "no_show_dispute", "no_show_answered_at")
    list_filter = (("no_show_answered_at", admin.EmptyFieldListFilter), "network")
    list_select_related = ("vehicle", "station")
    search_fields = ("code", "vehicle__plate", "station__name")
    ordering = (F("no_show_answered_at").asc(nulls_first=True), "no_show_disputed_at")
    readonly_fields = (
        "code",
        "vehicle",
        "station",
        "promised_at",
        "promise_ends_at",
        "here_claimed_at",
        "ended_at",
        "no_show_disputed_at",
        "no_show_dispute",
    )
    fields = (*readonly_fields, "mark", "no_show_answer")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).filter(no_show_disputed_at__isnull=False)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Booking, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        booking, words = Booking.objects.get(pk=obj.pk), form.cleaned_data["no_show_answer"]
        if form.cleaned_data["mark"] == "waive":
            conduct.waive_no_show(booking=booking, words=words)
        else:
            conduct.keep_no_show(booking=booking, words=words)

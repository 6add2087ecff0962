"""The back office of people, networks, organisations and roles. It writes through `people` and `membership`."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt
from axes.utils import reset
from django import forms
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from accounts import access, membership, people
from accounts.back_office import OperatorAdmin, ReadOnly, SuperuserAdmin
from accounts.models import AccessChange, Deletion, Membership, Network, Organisation, Role, User
from accounts.phones import NotAPhoneNumber, e164

REASON = gettext_lazy("Why")


def sign_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
    """The back office has no sign-in of its own: the usual one asks for the second factor and counts wrong tries."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next", "/admin/"), login_url="account_login")


admin.site.login = sign_in  # type: ignore[assignment, method-assign]  # the only hook the site offers


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    reason = forms.CharField(
        label=REASON, required=False, help_text=gettext_lazy("Needed to block a person or to let them in again.")
    )

    class Meta:
        model = User
        fields = ("name", "email", "phone", "language", "is_active", "is_staff")

    def clean_email(self) -> str | None:
        return (self.cleaned_data["email"] or "").lower() or None

    def clean_phone(self) -> str | None:
        typed = self.cleaned_data["phone"]
        try:
            return e164(typed) if typed else None
        except NotAPhoneNumber as refusal:
            raise forms.ValidationError(refusal.sentence) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.instance.pk and not cleaned.get("email") and not cleaned.get("phone"):
            raise forms.ValidationError(_("A person needs an e-mail address or a phone number."))
        return cleaned


class ChangesOfAccess(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = AccessChange
    fk_name = "user"
    fields = ("at", "what", "membership", "by", "reason")
    readonly_fields = fields
    extra = 0


@admin.register(User)
class PersonAdmin(SuperuserAdmin):
    form = PersonForm
    list_display = ("__str__", "email", "phone", "is_active", "is_staff", "last_login")
    list_filter = (
        "is_active",
        "is_staff",
        "is_simulated",
        "memberships__role",
        ("deleted_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "email", "phone")
    ordering = ("-date_joined",)
    inlines = (ChangesOfAccess,)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("name", "email", "phone", "language")
        return (*PersonForm.Meta.fields, "phone_verified", "last_login", "date_joined", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        # A number or an address is changed by its owner alone, who proves it.
        return ("email", "phone", "phone_verified", "last_login", "date_joined") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Who was deleted stays nobody.
        return super().has_change_permission(request, obj) and getattr(obj, "deleted_at", None) is None

    def save_model(self, request: HttpRequest, obj: User, form: PersonForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        typed = form.cleaned_data
        if not change:
            invited = people.invite(name=typed["name"], email=typed["email"], phone=typed["phone"])
            obj.pk = invited.pk
            return
        by = access.person_of(request)
        people.rename(user=obj, name=typed["name"])
        people.speak(user=obj, language=typed["language"])
        if "is_staff" in form.changed_data:
            people.open_back_office(user=obj, may_enter=typed["is_staff"])
        if "is_active" in form.changed_data:
            act = people.unblock if typed["is_active"] else people.block
            act(user=obj, by=by, reason=typed["reason"])


@admin.register(Deletion)
class DeletionAdmin(ReadOnly, SuperuserAdmin):
    list_display = ("person", "at", "by", "reason")
    ordering = ("-at",)


@admin.register(Network)
class NetworkAdmin(SuperuserAdmin):
    list_display = ("name", "code", "country", "currency", "time_zone")
    ordering = ("name",)


@admin.register(Organisation)
class OrganisationAdmin(OperatorAdmin):
    list_display = ("name", "code", "network", "is_operator")
    list_filter = ("network",)
    search_fields = ("name", "code")
    ordering = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Organisation | None = None) -> tuple[str, ...]:
        # Money is booked to an organisation of a network: neither moves.
        return ("network", "is_operator") if obj else ("is_operator",)

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "network" and not request.user.is_superuser:
            kwargs["queryset"] = access.networks_for_operator(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    person = forms.CharField(
        label=gettext_lazy("Person"),
        max_length=254,
        help_text=gettext_lazy("E-mail address, or phone number with + and country code. Who is new is invited."),
    )
    end_now = forms.BooleanField(label=gettext_lazy("End this role now"), required=False)
    reason = forms.CharField(label=REASON, max_length=300)

    class Meta:
        model = Membership
        fields = ("organisation", "role")

    def clean_person(self) -> dict[str, str]:
        typed = self.cleaned_data["person"].strip()
        try:
            return {"email": forms.EmailField().clean(typed)} if "@" in typed else {"phone": e164(typed)}
        except NotAPhoneNumber as refusal:
            raise forms.ValidationError(refusal.sentence) from None


@admin.register(Membership)
class RoleAdmin(OperatorAdmin):
    form = RoleForm
    network_path = "organisation__network"
    list_display = ("user", "role", "organisation", "created_at", "ended_at")
    list_filter = ("role", "organisation__network", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("user", "organisation")
    search_fields = ("user__name", "user__email", "user__phone", "organisation__name")
    ordering = ("-created_at",)

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("person", "organisation", "role", "reason")
        held = ("user", "organisation", "role", "created_at", "ended_at")
        return held if obj.ended_at else (*held, "end_now", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("user", "organisation", "role", "created_at", "ended_at") if obj else ()

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "organisation" and not request.user.is_superuser:
            networks = access.networks_for_operator(request.user)
            kwargs["queryset"] = Organisation.objects.filter(network__in=networks)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Membership, form: RoleForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        by = access.person_of(request)
        typed = form.cleaned_data
        if not change:
            granted = membership.grant(
                user=User.objects.known_by(**typed["person"]) or people.invite(name="", **typed["person"]),
                organisation=typed["organisation"],
                role=Role(typed["role"]),
                by=by,
                reason=typed["reason"],
            )
            obj.pk, obj.user = granted.pk, granted.user
        elif typed["end_now"]:
            membership.end(membership=obj, by=by, reason=typed["reason"])


@admin.register(AccessAttempt)
class WrongPasswordsAdmin(ReadOnly, SuperuserAdmin):
    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    search_fields = ("username", "ip_address")
    ordering = ("-attempt_time",)
    actions = ("let_them_try_again",)

    @admin.action(description=gettext_lazy("Let them try again"))
    def let_them_try_again(self, request: HttpRequest, attempts: QuerySet[AccessAttempt]) -> None:
        for attempt in attempts:
            reset(username=attempt.username, ip=attempt.ip_address)
        self.message_user(request, _("They may try again at once."))

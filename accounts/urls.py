"""Addresses of signing in and of one's own account. The names are allauth's, which its code and pages link to."""

from allauth.account import views as allauth
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts import contact, language, passkey_views, rooms, sign_in_again, sign_in_ways, theme, views

urlpatterns = [
    path("sign-in/", views.AskForCode.as_view(), name="account_request_login_code"),
    path("sign-in/code/", views.ConfirmCode.as_view(), name="account_confirm_login_code"),
    path("sign-in/password/", views.SignInWithPassword.as_view(), name="account_login"),
    path("sign-in/demo/", views.sign_in_to_demo, name="sign_in_to_demo"),
    path("sign-in/blocked/", allauth.account_inactive, name="account_inactive"),
    path("sign-in/again/", allauth.reauthenticate, name="account_reauthenticate"),
    path("sign-in/again/code/", sign_in_again.by_code, name="sign_in_again_by_code"),
    path("sign-in/again/passkey/", sign_in_again.by_passkey, name="mfa_reauthenticate_webauthn"),
    path("sign-in/passkey/", passkey_views.sign_in, name="sign_in_by_passkey"),
    path("sign-in/passkey/options/", passkey_views.options_to_use, name="passkey_options_to_use"),
    # New drivers sign up by signing in.
    path("sign-up/", RedirectView.as_view(pattern_name="account_request_login_code"), name="account_signup"),
    path("sign-out/", allauth.logout, name="account_logout"),
    path("language/", language.choose, name="set_language"),
    path("theme/", theme.choose, name="set_theme"),
    path("account/language/", rooms.look, name="look"),
    path("account/devices/", rooms.where_signed_in, name="devices"),
    path("account/devices/<int:device_id>/sign-out/", rooms.sign_out_device, name="sign_out_device"),
    path("account/devices/sign-out-others/", rooms.sign_out_others, name="sign_out_others"),
    path("account/data/", rooms.your_data, name="your_data"),
    path("account/data/export/", rooms.export_data, name="export_data"),
    path("account/data/delete/", rooms.delete, name="delete_account"),
    path("account/deleted/", rooms.deleted, name="account_deleted"),
    path("account/sign-in/", sign_in_ways.show, name="sign_in_ways"),
    path("account/sign-in/offer/", passkey_views.offer, name="passkey_offer"),
    path("account/sign-in/passkeys/", passkey_views.add, name="add_passkey"),
    path("account/sign-in/passkeys/options/", passkey_views.options_to_create, name="passkey_options_to_create"),
    path("account/sign-in/passkeys/<int:number>/name/", passkey_views.rename, name="rename_passkey"),
    path("account/sign-in/passkeys/<int:number>/remove/", passkey_views.remove, name="remove_passkey"),
    path("account/contact/", contact.ask, name="contact"),
    path("account/contact/code/", contact.confirm, name="confirm_contact"),
    path("account/password/", allauth.password_change, name="account_change_password"),
    path("account/password/set/", allauth.password_set, name="account_set_password"),
    path("account/password/forgotten/", allauth.password_reset, name="account_reset_password"),
    path("account/password/forgotten/sent/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^account/password/forgotten/(?P<uidb36>[0-9A-Za-z]{1,20})-(?P<key>[-:\w]{1,200})/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "account/password/forgotten/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    # Passkeys have pages of ours, above; allauth's own for them stay closed.
    path("account/second-factor/", include("allauth.mfa.base.urls")),
    path("account/second-factor/totp/", include("allauth.mfa.totp.urls")),
    path("account/second-factor/recovery-codes/", include("allauth.mfa.recovery_codes.urls")),
]

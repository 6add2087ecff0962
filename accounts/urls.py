"""Addresses of signing in and of one's own account. The names are allauth's, which its code and pages link to."""

from allauth.account import views as allauth
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts import contact, language, views

urlpatterns = [
    path("sign-in/", views.AskForCode.as_view(), name="account_request_login_code"),
    path("sign-in/code/", views.ConfirmCode.as_view(), name="account_confirm_login_code"),
    path("sign-in/password/", views.SignInWithPassword.as_view(), name="account_login"),
    path("sign-in/demo/", views.sign_in_to_demo, name="sign_in_to_demo"),
    path("sign-in/blocked/", allauth.account_inactive, name="account_inactive"),
    path("sign-in/again/", allauth.reauthenticate, name="account_reauthenticate"),
    # New drivers sign up by signing in.
    path("sign-up/", RedirectView.as_view(pattern_name="account_request_login_code"), name="account_signup"),
    path("sign-out/", allauth.logout, name="account_logout"),
    path("language/", language.choose, name="set_language"),
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
    path("account/second-factor/", include("allauth.mfa.urls")),
]

"""Settings: safe for a laptop when DEMO or DEBUG is on, and for production when they are off.

Everything that differs between installations comes from the environment; docs/operating.md lists the names.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import environ
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import to_locale

from config import logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- What kind of installation this is ------------------------------------------------------------------
DEMO = env.bool("DEMO", default=False)  # invented network, printed sign-ins, codes shown on the page
DEBUG = env.bool("DEBUG", default=False)
LAPTOP = env.bool("LAPTOP", default=DEMO or DEBUG)  # plain HTTP, one process, a person reading the console
# Without a laptop the key must be given: Django refuses to sign anything with an empty one.
SECRET_KEY = env("SECRET_KEY", default="laptop-only-" + "0123456789abcdef" * 4 if LAPTOP else "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# How many proxies of ours add to X-Forwarded-For; none means that the header is not believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# --- Apps, in the order of the house: config -> booking -> stations | payments -> accounts --------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "channels",
    "csp",
    "django_htmx",
    "django_structlog",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "accounts",
    "stations",
    "payments",
    "booking",
]

MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.security.ContentSecurityPolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.security.PrivatePagesMiddleware",
    "accounts.language.ChosenLanguageMiddleware",
    "accounts.devices.NoteDeviceMiddleware",
    "config.phone_app.PersonMiddleware",
    "config.request_log.RouteLog",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "accounts.theme.for_pages",
                "accounts.returning.for_pages",
            ],
        },
    },
]

# --- Data -----------------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres://swapline@127.0.0.1:5432/swapline")}
# A socket's folder stands percent-encoded in the address: postgres://user@%2Ffolder/database
DATABASES["default"]["HOST"] = unquote(DATABASES["default"]["HOST"])
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {})
# Poolers between us and PostgreSQL hand a prepared statement's connection to somebody else.
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = None
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
# The web processes set this; Celery's forked ones keep a connection of their own instead.
if pool_size := env.int("DATABASE_POOL_SIZE", default=0):
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "config.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
    },
}

# --- Work in the background ---------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
if REDIS_URL.startswith("unix://"):
    # Celery spells a socket's address in its own way.
    folder, _, database = REDIS_URL.removeprefix("unix://").partition("?db=")
    CELERY_BROKER_URL = f"redis+socket://{folder}?virtual_host={database or 0}"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 10, "socket_keepalive": True}
CELERY_TASK_PUBLISH_RETRY = False  # a nudge that cannot be sent is left to the sweep
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_TIME_LIMIT = 300
CELERY_TIMEZONE = "UTC"
# By task every how many seconds. A forecast is the same for twenty.
SWEEPS = {
    "booking.tasks.beat_heart": 1,
    "booking.tasks.sweep_lines": 1,
    "booking.tasks.join_blocks": 1,
    "booking.tasks.plan_moves": 1,
    "booking.tasks.send_notices": 1,
    "booking.tasks.keep_forecasts": 1,
    "booking.tasks.tell_turns": 20,
    "payments.tasks.carry_out_due": 1,
    "stations.tasks.watch_silence": 1,
}
if DEMO:
    SWEEPS["booking.demo.tasks.simulate"] = 1
    CELERY_IMPORTS = ["booking.demo.tasks"]
CELERY_BEAT_SCHEDULE = {
    # Without an expiry they would pile up while no worker runs.
    task: {"task": task, "schedule": timedelta(seconds=seconds), "options": {"expires": 2 * seconds}}
    for task, seconds in SWEEPS.items()
}
CELERY_BEAT_SCHEDULE |= {
    # Once a night.
    task: {"task": task, "schedule": crontab(hour="1", minute=minute), "options": {"expires": 3_600}}
    for task, minute in {"booking.tasks.forget_old_notices": "23", "booking.tasks.learn": "43"}.items()
}

# --- People ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=1).total_seconds())
LOGIN_URL = "account_request_login_code"
LOGIN_REDIRECT_URL = "/"
# The first of a person's roles that stands here is what they come for; drivers go to the page above.
HOME_OF_ROLE = {
    "finance": "payments:statements",
    "staff": "staff:stations",
    "operator": "admin:index",
    "fleet_manager": "fleet:blocks",
}
FINANCE_NEEDS_SECOND_FACTOR = env.bool("FINANCE_NEEDS_SECOND_FACTOR", default=not LAPTOP)
ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_FORMS = {"reauthenticate": "accounts.forms.PasswordAgainForm"}
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # nobody signs up there; it makes sign-in ask for a password
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = {
    # By recipient and address, so that nobody floods a phone, and a stranger's tries do not shut its owner out; for one
    # recipient from everywhere, against many addresses; by address, against bills for messages.
    "request_login_code_here": "20/m/ip,300/d/ip,3/m/key,10/h/key,30/d/key",
    "request_login_code": "30/h/key,90/d/key",
    # Who is signed in has asked for their own, and no stranger can.
    "request_own_code": "3/m/user,10/h/user,30/d/user",
    "confirm_login_code": "60/m/ip,6/10m/key",
    # Nothing can be guessed there; a mobile operator's whole city may come from one address.
    "passkey_options": "240/m/ip",
    "passkey_sign_in": "60/m/ip",
    # django-axes counts wrong passwords of one person from one place; this is for many places.
    "login_failed": "30/m/ip,20/10m/key",
    "push_phone": "20/m/user,200/d/user",
    "push_renewed": "20/m/ip,200/d/ip",
    "test_notice": "3/m/user,20/d/user",
    "export_data": "5/h/key",
}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # how long a sign-in counts as recent, where an account's ways in are changed
ACCOUNT_SESSION_REMEMBER = True
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_ADAPTER = "accounts.second_factor.SecondFactorAdapter"
MFA_TOTP_ISSUER = "Swapline"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "accounts.forms.AppCodeForm",
    "authenticate_webauthn": "accounts.passkey_forms.SecondStepForm",
}
# The name that passkeys belong to, where several names share it. Empty: the name in the address bar.
PASSKEY_DOMAIN = env("PASSKEY_DOMAIN", default="")
AXES_FAILURE_LIMIT = 5
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # a stranger's guesses must not lock the person out
AXES_RESET_ON_SUCCESS = True
AXES_IPWARE_PROXY_COUNT = TRUSTED_PROXIES
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # accounts.admin has a page of ours

# --- What browsers are told ---------------------------------------------------------------------------------
HTTPS = env.bool("HTTPS", default=not LAPTOP)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = HTTPS
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = int(timedelta(days=60).total_seconds())
PASSWORD_SESSION_AGE = int(timedelta(hours=12).total_seconds())  # a shift
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
LANGUAGE_COOKIE_SECURE = HTTPS
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
# What the map draws under the stations (booking/map_tiles.py); without tiles a ground of our own.
MAP_TILES = env("MAP_TILES", default="")
MAP_ATTRIBUTION = env("MAP_ATTRIBUTION", default="")
MAP_DATUM = env("MAP_DATUM", default="wgs84")
PERMISSIONS_POLICY: dict[str, str | list[str]] = {
    "geolocation": "self",
    "publickey-credentials-create": "self",
    "publickey-credentials-get": "self",
    "camera": [],
    "microphone": [],
    "payment": [],
    "usb": [],
    "accelerometer": [],
    "gyroscope": [],
    "magnetometer": [],
}

# --- Language and time ------------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
# What the pages are written for. Offered are those whose catalogue is compiled (config.catalogues): a page that calls
# itself Portuguese and speaks English misleads a reader and a screen reader alike.
WRITTEN_FOR = [("en", "English"), ("pt", "Português"), ("zh-hans", "简体中文"), ("th", "ภาษาไทย")]
LANGUAGES = [
    (code, name)
    for code, name in WRITTEN_FOR
    if code == "en" or (BASE_DIR / "locale" / to_locale(code) / "LC_MESSAGES" / "django.mo").exists()
]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- Static files ----------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Production collects files under hashed names once; a laptop serves them from where they lie.
STATIC_ROOT = None if LAPTOP else BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = LAPTOP
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LAPTOP
        else "config.static_files.HashedStorage"
    },
}

# --- Logs ------------------------------------------------------------------------------------------------
LOGGING = logs.configuration(for_people=LAPTOP, level=env("LOG_LEVEL", default="INFO"))
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10  # one line per request, at its end
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # personal data, and of no use behind a proxy

# --- Mail ------------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = EMAIL_CONFIG["EMAIL_HOST"], EMAIL_CONFIG["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL_CONFIG["EMAIL_HOST_USER"], EMAIL_CONFIG["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_CONFIG.get("EMAIL_USE_TLS", False), EMAIL_CONFIG.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
SMS_PROVIDER = env("SMS_PROVIDER", default="accounts.sms.ConsoleSms")
SMS_HTTP_URL = env("SMS_HTTP_URL", default="")
SMS_HTTP_TOKEN = env("SMS_HTTP_TOKEN", default="")
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Swapline <swapline@localhost>")
# Where links in messages lead: nobody's request says it when a worker sends them.
SITE_URL = env(
    "SITE_URL",
    default=f"http://127.0.0.1:{env('PORT', default='8000')}"
    if LAPTOP
    else f"https://{next(iter(ALLOWED_HOSTS), 'localhost')}",
).rstrip("/")

# --- Phones whose page is closed ----------------------------------------------------------------------------
VAPID_PRIVATE_KEY = env("VAPID_PRIVATE_KEY", default="")  # manage.py make_vapid_key
VAPID_SUBJECT = env("VAPID_SUBJECT", default="mailto:push@localhost.localdomain" if LAPTOP else "")
# A subscription's address is a stranger's word, so it must be public and https. Tests run a push service of their own.
PUSH_MAY_BE_PRIVATE = False

# --- Other servers, of the operator's own choice ----------------------------------------------------------
# osrm+https://router.example or valhalla+https://router.example; empty: drives are worked out from straight lines.
ROUTING = env("ROUTING", default="")
# An address that answers /search as Nominatim does; empty: place names are ours alone. Its data wants to be named.
GEOCODER_URL = env("GEOCODER_URL", default="")
GEOCODER_ATTRIBUTION = env("GEOCODER_ATTRIBUTION", default="")

# --- Searches for a station, a minute -----------------------------------------------------------------------
SEARCHES_OF_PERSON = env.int("SEARCH_RATE_PERSON", default=120)
SEARCHES_FROM_ADDRESS = env.int("SEARCH_RATE_ADDRESS", default=1_200)  # of people who are not signed in

# --- The API ----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.Tokens",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env("API_RATE_ANONYMOUS", default="120/min"),
        "user": env("API_RATE_PERSON", default="600/min"),
    },
    "EXCEPTION_HANDLER": "accounts.problems.answer",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Swapline",
    "DESCRIPTION": "Find a station, reserve a pack, follow the line, confirm arrivals and swaps, read statements.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.api_document.complete"],
    "ENUM_NAME_OVERRIDES": {
        "BookingState": "booking.models.STATES",
        "StatementState": "payments.states.StatementState.choices",
    },
}

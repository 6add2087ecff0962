"""Files under hashed names in production, for modules that import each other as well."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it ships no types
    """A module imported by its plain name would be asked for again each minute, and a page could not preload it.

    Django does this for all files or none (`support_js_module_import_aggregation`), and some packages name in their
    comments what they do not have.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )

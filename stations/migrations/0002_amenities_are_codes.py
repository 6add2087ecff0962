"""Amenities were any words; now they are codes. Words that are none are dropped: nothing ever showed them."""

from django.db import migrations, models

import stations.models

KNOWN = ["toilet", "coffee", "food", "shop", "shelter", "wifi", "air", "step_free"]

TO_CODES = """
    UPDATE stations_station SET amenities = (
        SELECT coalesce(jsonb_agg(DISTINCT code), '[]')
        FROM (SELECT regexp_replace(word, '^toilets$', 'toilet') AS code
              FROM jsonb_array_elements_text(CASE jsonb_typeof(amenities) WHEN 'array' THEN amenities ELSE '[]' END) word
             ) words
        WHERE code = ANY(%s)
    ) WHERE amenities <> '[]'
"""


class Migration(migrations.Migration):
    dependencies = [("stations", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="station",
            name="amenities",
            field=models.JSONField(blank=True, default=list, validators=[stations.models.validate_amenities]),
        ),
        migrations.RunSQL([(TO_CODES, [KNOWN])], migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="station",
            constraint=models.CheckConstraint(
                condition=models.Q(("amenities__contained_by", KNOWN)), name="amenities_are_known_codes"
            ),
        ),
    ]

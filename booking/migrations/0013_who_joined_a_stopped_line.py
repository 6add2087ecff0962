from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0012_names_of_forecast_rows")]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="joined_stopped",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Nobody could be served in its line when it joined (rule 7).",
            ),
        ),
    ]

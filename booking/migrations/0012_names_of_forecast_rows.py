from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("booking", "0011_blocks_of_fleets")]

    operations = [
        migrations.AlterModelOptions(
            name="learned",
            options={"verbose_name": "what was learned", "verbose_name_plural": "what was learned"},
        ),
        migrations.AlterModelOptions(
            name="told",
            options={"verbose_name": "what was told", "verbose_name_plural": "what was told"},
        ),
    ]

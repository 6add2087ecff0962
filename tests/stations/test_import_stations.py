"""Stations from files: good rows go in, bad ones are named, and a second time changes nothing."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Network
from stations.geo import Place, distance_m, gcj02_to_wgs84
from stations.models import Station
from tests.conftest import OUTSIDE_DATA
from tests.factories.accounts import NetworkFactory, OperatorFactory, OrganisationFactory

pytestmark = pytest.mark.django_db

SHARED_DATA = Path(os.environ.get("SWAPLINE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
REAL_FILE = SHARED_DATA / "urbanev-stations.csv"


@pytest.fixture
def network() -> Network:
    network = NetworkFactory(code="lisboa")
    OperatorFactory(network=network)
    return network


def written(folder: Path, text: str | bytes, name: str = "stations.csv") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def run(file: Path, *arguments: str, exit_code: int = 0) -> tuple[str, str]:
    """What the command says of good and of bad rows; the exit code must be the one expected."""
    out, err = io.StringIO(), io.StringIO()
    found = 0
    try:
        call_command("import_stations", file, "--network", "lisboa", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        found = error.returncode
        err.write(str(error))
    assert found == exit_code
    return out.getvalue().strip(), err.getvalue().strip()


def test_rows_become_planned_stations_with_the_networks_country_zone_and_currency(
    network: Network, tmp_path: Path
) -> None:
    file = written(tmp_path, "code,name,latitude,longitude\nrossio,Rossio,38.7139,-9.1394\n")

    out, _err = run(file, "--city", "Lisboa")

    station = Station.objects.get()
    assert out == "1 created, 0 changed, 0 unchanged, 0 refused"
    assert (station.code, station.name, station.city, station.status) == ("rossio", "Rossio", "Lisboa", "planned")
    assert (station.country, station.time_zone, station.currency) == ("PT", "Europe/Lisbon", "EUR")
    assert station.owner == network.organisations.get(is_operator=True)


def test_the_same_file_twice_changes_nothing_and_a_corrected_one_only_what_it_corrects(
    network: Network, tmp_path: Path
) -> None:
    header = "code,latitude,longitude,name,address\n"
    file = written(tmp_path, header + "a,38.71,-9.13,Alfa,Rua 1\nb,38.72,-9.14,Beta,\n")
    run(file)
    Station.objects.filter(code="b").update(address="Asked on site", status="open", hours={"0": []})

    again, _err = run(file)
    corrected, _err = run(written(tmp_path, header + "a,38.71,-9.13,Alfa,Rua 2\nb,38.72,-9.14,Beta,\n"))

    assert again == "0 created, 0 changed, 2 unchanged, 0 refused"
    assert corrected == "0 created, 1 changed, 1 unchanged, 0 refused"
    assert Station.objects.get(code="a").address == "Rua 2"
    kept = Station.objects.get(code="b")
    assert (kept.address, kept.status, kept.hours) == ("Asked on site", "open", {"0": []})


@pytest.mark.parametrize("listed", ["toilet; coffee", "Coffee|TOILET", "coffee toilet coffee"])
def test_amenities_are_codes_in_any_order_and_an_empty_field_leaves_them(
    network: Network, tmp_path: Path, listed: str
) -> None:
    header = "code,latitude,longitude,amenities\n"
    run(written(tmp_path, f"{header}a,38.7,-9.1,{listed}\n"))
    run(written(tmp_path, f"{header}a,38.8,-9.1,\n"))

    assert Station.objects.get(code="a").amenities == ["coffee", "toilet"]


@pytest.mark.parametrize("typed", ["+351 213 463 751", "00351213463751", "213 463 751"])
def test_whom_drivers_call_is_kept_as_a_phone_dials_it_and_an_empty_field_leaves_it(
    network: Network, tmp_path: Path, typed: str
) -> None:
    header = "code,latitude,longitude,contact_phone\n"
    run(written(tmp_path, f"{header}a,38.7,-9.1,{typed}\n"))
    run(written(tmp_path, f"{header}a,38.8,-9.1,\n"))

    assert Station.objects.get(code="a").contact_phone == "+351213463751"


@pytest.mark.parametrize("typed", ["ask inside", "+351 1", "12", f"+{'3' * 60}"])
def test_whom_nobody_can_call_is_refused(network: Network, tmp_path: Path, typed: str) -> None:
    file = written(tmp_path, f"code,latitude,longitude,contact_phone\na,38.7,-9.1,{typed}\nb,38.8,-9.1,\n")

    _out, err = run(file, exit_code=1)

    assert "stations.csv:2: contact_phone: " in err
    assert [station.code for station in Station.objects.all()] == ["b"]


def test_an_amenity_that_is_none_is_refused(network: Network, tmp_path: Path) -> None:
    file = written(tmp_path, "code,latitude,longitude,amenities\na,38.7,-9.1,sauna\n")

    _out, err = run(file, exit_code=1)

    assert "amenities" in err
    assert not Station.objects.exists()


def test_the_same_code_in_another_network_is_another_station(network: Network, tmp_path: Path) -> None:
    elsewhere = NetworkFactory(code="porto")
    OperatorFactory(network=elsewhere)
    file = written(tmp_path, "code,latitude,longitude\na,38.71,-9.13\n")
    run(file)

    call_command("import_stations", file, "--network", "porto", stdout=io.StringIO())

    assert Station.objects.filter(code="a").count() == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,91,0,X,", "latitude"),
        ("x,0.1,-180.5,X,", "longitude"),
        ("x,nan,0,X,", "no number as its latitude"),
        ("x,38.7,inf,X,", "no number as its longitude"),
        ("x,1_0,5,X,", "no number as its latitude"),
        ("x,,5,X,", "no number as its latitude"),
        ("x,٣,5,X,", "no number as its latitude"),
        ("x,0,0,X,", "missing position"),
        ("x,1e999,5,X,", "latitude"),
        (",38.7,-9.1,X,", "no code"),
        ("北京,38.7,-9.1,X,", "no code"),
        ("good,38.7,-9.1,X,", "repeats the code good of row 2"),
        (f"{'x' * 41},38.7,-9.1,X,", "code"),
        (f"x,38.7,-9.1,{'X' * 121},", "name"),
        ("x,38.7,-9.1,X,Portugal", "country"),
        ("x,38.7,-9.1,X,pt", "country"),
        ("x,38.7", "has 2 fields, but the header has 5"),
        ("x,38.7,-9.1,X\x00,", "NUL"),
        (f"x,38.7,-9.1,{'X' * 200_000},", "field larger than field limit"),
        ('x,38.7,-9.1,"X"Y,', "cannot be read as CSV"),
    ],
)
def test_a_bad_row_is_named_with_line_and_reason_while_the_good_go_in(
    network: Network, tmp_path: Path, row: str, reason: str
) -> None:
    file = written(
        tmp_path, f"code,latitude,longitude,name,country\ngood,38.7,-9.1,Good,\n{row}\nbetter,38.8,-9.2,Better,\n"
    )

    out, err = run(file, exit_code=1)

    assert out == "2 created, 0 changed, 0 unchanged, 1 refused"
    assert err.startswith("stations.csv:3: ")
    assert reason in err
    assert set(Station.objects.values_list("code", flat=True)) == {"good", "better"}


def test_a_line_in_another_encoding_is_refused_alone_and_read_when_the_encoding_is_named(
    network: Network, tmp_path: Path
) -> None:
    file = written(tmp_path, "code,latitude,longitude,name\na,38.7,-9.1,Olá\nb,38.8,-9.2,B\n".encode("latin-1"))

    _out, err = run(file, exit_code=1)
    out, _err = run(file, "--encoding", "latin-1")

    assert "stations.csv:2: holds characters that are no text" in err
    assert out == "1 created, 0 changed, 1 unchanged, 0 refused"
    assert Station.objects.get(code="a").name == "Olá"


def test_a_byte_order_mark_is_not_part_of_the_first_column(network: Network, tmp_path: Path) -> None:
    file = written(tmp_path, "\ufeffcode,latitude,longitude\r\na,38.7,-9.1\r\n\r\n")

    assert run(file)[0] == "1 created, 0 changed, 0 unchanged, 0 refused"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must name the columns"),
        ("id,lat,lon\n1,38.7,-9.1\n", "no column code, latitude, longitude. It has: id, lat, lon."),
        ("code,code,latitude,longitude\n", "names a column twice"),
        ("code,latitude\x00,longitude\n", "must name the columns"),
    ],
)
def test_a_file_without_the_columns_is_refused_as_a_whole(
    network: Network, tmp_path: Path, text: str, reason: str
) -> None:
    _out, err = run(written(tmp_path, text), exit_code=2)

    assert reason in err
    assert not Station.objects.exists()


def test_a_missing_file_network_or_owner_is_said(network: Network, tmp_path: Path) -> None:
    file = written(tmp_path, "code,latitude,longitude\n")

    assert "no file" in run(tmp_path / "nothing.csv", exit_code=2)[1]
    assert "no network" in run(file, "--network", "atlantis", exit_code=2)[1]
    assert "no organisation" in run(file, "--owner", "nobody", exit_code=2)[1]


@pytest.mark.parametrize("argument", ["--map=colour=x", "--map=name", "--map=name=", "--encoding=klingon"])
def test_a_mapping_or_encoding_that_means_nothing_is_refused(network: Network, tmp_path: Path, argument: str) -> None:
    with pytest.raises(CommandError):
        call_command("import_stations", tmp_path, "--network", "lisboa", argument)


def test_chinese_map_coordinates_are_brought_to_wgs_84_and_remember_where_they_came_from(
    network: Network, tmp_path: Path
) -> None:
    file = written(tmp_path, "code,latitude,longitude\nsz,22.5431,114.0579\n")
    arguments = ("--datum", "gcj02", "--country", "CN", "--time-zone", "Asia/Shanghai", "--currency", "CNY")

    run(file, *arguments)
    again, _err = run(file, *arguments)

    station = Station.objects.get()
    drawn = Place(22.5431, 114.0579)
    assert again == "0 created, 0 changed, 1 unchanged, 0 refused"
    assert station.source_datum == "gcj02"
    assert 300 < distance_m(drawn, Place(station.latitude, station.longitude)) < 800
    assert distance_m(gcj02_to_wgs84(drawn), Place(station.latitude, station.longitude)) < 0.01


def test_the_chinese_datum_is_not_believed_of_a_station_elsewhere(network: Network, tmp_path: Path) -> None:
    file = written(tmp_path, "code,latitude,longitude\nbkk,13.75,100.5\n")

    _out, err = run(file, "--datum", "gcj02", "--country", "TH", exit_code=1)

    assert "mainland China" in err


class TestGeoJson:
    def document(self, *features: object) -> str:
        return json.dumps({"type": "FeatureCollection", "features": features})

    def feature(self, feature_id: str, coordinates: object, **properties: object) -> dict[str, object]:
        geometry = {"type": "Point", "coordinates": coordinates}
        return {"type": "Feature", "id": feature_id, "geometry": geometry, "properties": properties}

    def test_features_are_read_by_id_point_and_properties(self, network: Network, tmp_path: Path) -> None:
        OrganisationFactory(network=network, code="ze")
        file = written(
            tmp_path,
            self.document(
                self.feature("node/7", [-9.14, 38.71], title="Rossio"),
                self.feature("node/8", [-9.15, 38.72, 12.0], title=None),
            ),
            "stations.geojson",
        )
        arguments = ("--map", "code=id", "--map", "name=title", "--owner", "ze")

        first, _err = run(file, *arguments)
        second, _err = run(file, *arguments)

        assert first == "2 created, 0 changed, 0 unchanged, 0 refused"
        assert second == "0 created, 0 changed, 2 unchanged, 0 refused"
        station = Station.objects.get(code="node-7")
        assert (station.name, station.latitude, station.longitude) == ("Rossio", 38.71, -9.14)
        assert station.owner.code == "ze"

    @pytest.mark.parametrize(
        "feature",
        [
            None,
            [],
            {"type": "Feature", "properties": {"code": "x"}},
            {"type": "Feature", "properties": "x", "geometry": None},
            {"type": "Feature", "properties": {"code": "x"}, "geometry": {"type": "Polygon", "coordinates": [[]]}},
            {"type": "Feature", "properties": {"code": "x"}, "geometry": {"type": "Point", "coordinates": [1]}},
            {"type": "Feature", "properties": {"code": "x"}, "geometry": {"type": "Point", "coordinates": ["a", {}]}},
            {"type": "Feature", "properties": {"code": "x\0"}, "geometry": {"type": "Point", "coordinates": [1, 2]}},
        ],
    )
    def test_a_feature_that_is_no_station_is_refused_alone(
        self, network: Network, tmp_path: Path, feature: object
    ) -> None:
        good = self.feature("1", [-9.14, 38.71], code="good")
        file = written(tmp_path, self.document(good, feature), "stations.geojson")

        out, err = run(file, exit_code=1)

        assert out == "1 created, 0 changed, 0 unchanged, 1 refused"
        assert err.startswith("stations.geojson:2: ")

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"features": 3}', '{"features": [NaN]}', "[" * 100_000, b"\xff\xfe"]
    )
    def test_a_file_that_is_no_geojson_is_refused_as_a_whole(
        self, network: Network, tmp_path: Path, text: str | bytes
    ) -> None:
        run(written(tmp_path, text, "stations.geojson"), exit_code=2)


@pytest.mark.skipif(not REAL_FILE.is_file(), reason=f"{OUTSIDE_DATA}{REAL_FILE}, or SWAPLINE_SHARED_DATA")
def test_the_real_stations_of_shenzhen_go_in_once(network: Network) -> None:
    arguments = (
        *("--map", "code=station_id", "--country", "CN", "--city", "Shenzhen"),
        *("--time-zone", "Asia/Shanghai", "--currency", "CNY", "--datum", "gcj02"),
    )

    first, _err = run(REAL_FILE, *arguments)
    second, _err = run(REAL_FILE, *arguments)

    assert first == "1362 created, 0 changed, 0 unchanged, 0 refused"
    assert second == "0 created, 0 changed, 1362 unchanged, 0 refused"

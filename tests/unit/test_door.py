"""The door: files that cannot be read are refused by rule and kept; what lands, lands once, whatever crashes."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from delivery_files import content, line, nir, siret
from ingestion import door as door_module
from ingestion import reports
from ingestion.door import Door
from ingestion.landing import Landing
from ingestion.population import _resolved
from lake.errors import DeliveryRefused, UsageError
from lake.schema import place_of
from lake.settings import Settings

AT = datetime(2020, 2, 12, tzinfo=UTC)


def _findings(door: Door, report: dict) -> list[tuple[int, str]]:
    return reports.load_findings(door.settings, report["delivery_no"]).select("row_no", "code").rows()


def _doses(door: Door) -> pl.DataFrame:
    return door.lake.scan("doses").sort("dose_id").collect()


@pytest.mark.parametrize(
    ("name", "data", "code", "says"),
    [
        ("notes.csv", b"x", "F06", "LAYOUT"),
        ("XXXX_LANDAUER_20200210T080000_1.csv", b"x", "F06", "layout"),
        ("PASS_LANDAUER_20201310T080000_1.csv", b"x", "F06", "20201310"),
        ("OPER_LANDAUER_20200210T080000_1.csv", b"x", "F03", "LANDAUER"),
        ("PASS_LANDAUER_20200210T080000_1.csv", b"", "F05", "empty"),
        ("PASS_LANDAUER_20200210T080000_1.csv", content("PASS", []).encode(), "F05", "no data row"),
        ("PASS_LANDAUER_20200210T080000_1.csv", b"record_id;nope\nx;y\n", "F02", "field 2"),
        ("PASS_LANDAUER_20200210T080000_1.csv", content("PASS", [line("PASS")]).encode("utf-16"), "F01", "UTF-8"),
        (
            "PASS_LANDAUER_20200210T080000_1.csv",
            content("PASS", [line("PASS"), line("PASS", birth_name="Étienne")]).encode("latin-1"),
            "F01",
            "line 3",
        ),
        ("PASS_LANDAUER_20200210T080000_1.csv", content("PASS", [line("PASS")]).encode() + b"\x00", "F01", "line 3"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_kept(door, files, name, data, code, says):
    path = files.folder / name
    path.write_bytes(data)
    receipt = door.receive(path, AT)
    assert receipt.report["accepted"] is False
    assert receipt.report["refusal_code"] == code
    assert says in receipt.report["refusal"] and receipt.report["next_step"]
    delivery = door.lake.scan("deliveries").filter(delivery_no=receipt.delivery_no).collect().row(0, named=True)
    assert delivery["rows_total"] == 0
    assert _doses(door).is_empty()


def test_a_cut_off_file_keeps_its_whole_rows(door, files):
    text = content("PASS", [line("PASS"), line("PASS", record_id="r2", period_start="2020-02-01")])
    path = files.folder / "PASS_LANDAUER_20200210T080000_9.csv"
    path.write_bytes(text[: text.rindex(";PLANNED")].encode()[:-20])
    report = door.receive(path, AT).report
    assert (report["rows_total"], report["rows_loaded"], report["rows_refused"]) == (2, 1, 1)
    assert _findings(door, report) == [(3, "S01")]


def test_windows_line_ends_and_a_byte_order_mark_are_taken(door, files):
    path = files.folder / "PASS_LANDAUER_20200210T080000_9.csv"
    path.write_bytes(b"\xef\xbb\xbf" + content("PASS", [line("PASS")]).replace("\n", "\r\n").encode())
    assert door.receive(path, AT).report["rows_loaded"] == 1


def test_a_file_too_large_is_left_where_it_is(tmp_path, files):
    door = Door(Settings(home=tmp_path / "home", largest_file_mib=0))
    path = files.write("PASS", line("PASS"))
    with pytest.raises(DeliveryRefused, match="F07"):
        door.receive(path, AT)
    assert path.exists()


def test_a_file_that_is_not_there_is_wrong_usage(door, tmp_path):
    with pytest.raises(UsageError, match="no file"):
        door.receive(tmp_path / "PASS_LANDAUER_20200210T080000_1.csv")


def test_the_same_bytes_give_the_same_receipt_and_change_nothing(door, files):
    first = door.receive(files.write("PASS", line("PASS")), AT)
    versions = [door.lake.version(name) for name in ("doses", "rejections", "deliveries")]
    again = door.receive(files.write("PASS", line("PASS")), AT)
    assert again.is_resend and again.report == first.report
    said = reports.sentences(again.report, is_resend=again.is_resend)
    assert "(F04)" in said[0] and said[1:] == reports.sentences(first.report)
    assert versions == [door.lake.version(name) for name in ("doses", "rejections", "deliveries")]


def test_a_list_may_return_to_an_earlier_state(door, files):
    a = door.receive(files.write("TRAV", line("TRAV", category="A")), AT)
    door.receive(files.write("TRAV", line("TRAV", category="B")), AT)
    back = door.receive(files.write("TRAV", line("TRAV", category="A")), AT)
    assert not back.is_resend and back.delivery_no > a.delivery_no


def test_a_dose_names_its_file_and_line_to_the_decimal(door, files):
    path = files.write("PASS", line("PASS", record_id="bad", value_msv="1,5"), line("PASS", value_msv="0.350"))
    receipt = door.receive(path, AT)
    (dose,) = _doses(door).iter_rows(named=True)
    assert place_of(dose["dose_id"]) == (receipt.delivery_no, 3, 0)
    assert dose["dose_msv"] == Decimal("0.350")
    assert path.read_text().splitlines()[3 - 1].startswith("r1;")


def test_several_doses_of_a_row_are_parts(door, files):
    door.receive(files.write("OPER", line("OPER", hp10_neutron_msv="0.005", hp3_msv="0.020")), AT)
    parts = _doses(door).select("part", "quantity", "radiation", "dose_msv").rows()
    assert parts == [
        (0, "HP10", "PHOTON", Decimal("0.012")),
        (1, "HP10", "NEUTRON", Decimal("0.005")),
        (3, "HP3", "MIXED", Decimal("0.020")),
    ]


def test_the_dose_of_an_organ_names_it_and_the_effective_one_does_not(door, files):
    door.receive(files.write("INTE", line("INTE", organ="THYROID", ht50_msv="3.500")), AT)
    parts = _doses(door).select("quantity", "organ", "dose_msv").rows()
    assert parts == [("E50", None, Decimal("0.400")), ("HT50", "THYROID", Decimal("3.500"))]


def test_an_emergency_dose_names_its_emergency_and_stands_apart(door, files):
    rows = [
        line("URGE", record_id="measured"),
        line("URGE", record_id="rebuilt", quantity="E", body_location="", method="RECONSTRUCTED", sur_group="1"),
        line("URGE", record_id="inside", quantity="E50", body_location=""),
    ]
    report = door.receive(files.write("URGE", *rows), AT).report
    assert report["rows_loaded"] == 3 and report["rows_warned"] == 0
    doses = _doses(door)
    assert doses.select("dosimetry", "quantity", "radiation", "result_status", "sur_group").rows() == [
        ("EMERGENCY", "HP10", "NOT_STATED", "MEASURED", "2"),
        ("EMERGENCY_INTERNAL", "E", "NOT_STATED", "ESTIMATED", "1"),
        ("EMERGENCY_INTERNAL", "E50", "ALPHA_INT", "MEASURED", "2"),
    ]
    assert doses.select("situation", "emergency_id", "author_role").unique().rows() == [
        ("SUR", "EXERCICE-2020", "EMPLOYER")
    ]


def test_an_emergency_overlaps_itself_only(door, files):
    door.receive(files.write("PASS", line("PASS")), AT)
    sender = {"sender_code": "LANDAUER"}
    door.receive(files.write("URGE", line("URGE", **sender), sender="LANDAUER"), AT)
    report = door.receive(
        files.write(
            "URGE",
            line("URGE", record_id="again", **sender),
            line("URGE", record_id="other", emergency_id="AUTRE", **sender),
            line("URGE", record_id="nuclide1", quantity="E50", body_location="", **sender),
            line("URGE", record_id="nuclide2", quantity="E50", body_location="", **sender),
            sender="LANDAUER",
        ),
        AT,
    ).report
    assert _findings(door, report) == [(2, "P03")]


def test_an_employer_sends_what_an_operators_dosemeters_read(door, files):
    report = door.receive(files.write("OPER", line("OPER"), sender="EMPLOYER"), AT).report
    assert report["rows_loaded"] == 1
    assert _doses(door)["author_role"].to_list() == ["EMPLOYER"]


def test_an_account_sends_emergency_doses_of_its_own_establishments_only(door, files, monkeypatch):
    monkeypatch.setattr(Door, "_own", lambda *_: frozenset())
    report = door.receive(files.write("URGE", line("URGE")), AT).report
    assert _findings(door, report) == [(2, "I10")]


def test_a_former_code_is_stored_as_the_current_one(door, files):
    report = door.receive(files.write("TRAV", line("TRAV", oa_code="IRSN")), AT).report
    assert _findings(door, report) == [(2, "N02")] and report["rows_loaded"] == 1
    assert set(door.lake.scan("employments").collect()["oa_code"]) == {"LANDAUER", "ASNR_LDI"}


def test_radon_without_result_is_absent_and_not_zero(door, files):
    rows = [
        line("RADN", e_msv="", result_status="ABSENT"),
        line("RADN", record_id="n2", e_msv="0", result_status="NOT_RETURNED"),
    ]
    assert door.receive(files.write("RADN", *rows), AT.replace(month=4, day=15)).report["rows_loaded"] == 2
    assert _doses(door).select("result_status", "dose_msv").rows() == [("ABSENT", None), ("NOT_RETURNED", None)]


def test_zero_below_threshold_and_absent_stay_three_things(door, files):
    months = [("2020-01-01", "2020-01-10"), ("2020-01-11", "2020-01-20"), ("2020-01-21", "2020-01-31")]
    (a, b), (c, d), (e, f) = months
    door.receive(
        files.write(
            "PASS",
            line("PASS", record_id="1", period_start=a, period_end=b, value_msv="0"),
            line("PASS", record_id="2", period_start=c, period_end=d, value_msv="0", result_status="BELOW_THRESHOLD"),
            line("PASS", record_id="3", period_start=e, period_end=f, value_msv="", result_status="ABSENT", read_on=""),
        ),
        AT,
    )
    assert _doses(door).select("result_status", "dose_msv").rows() == [
        ("MEASURED", Decimal("0.000")),
        ("BELOW_THRESHOLD", Decimal("0.000")),
        ("ABSENT", None),
    ]


def test_the_same_record_again_is_not_counted_twice_and_other_content_is_refused(door, files):
    door.receive(files.write("PASS", line("PASS")), AT)
    report = door.receive(
        files.write(
            "PASS",
            line("PASS", read_on="2020-02-06"),
            line("PASS", record_id="r2", period_start="2020-02-01", period_end="2020-02-05"),
            line("PASS", record_id="r2", period_start="2020-02-01", period_end="2020-02-05"),
            line("PASS", record_id="r2", period_start="2020-02-06", period_end="2020-02-07"),
        ),
        AT,
    ).report
    assert _findings(door, report) == [(2, "R02"), (4, "R02"), (5, "R01")]
    assert report["rows_total"] == sum(report[f"rows_{n}"] for n in ("loaded", "refused", "waiting", "duplicate"))


def test_an_overlap_is_refused_unless_it_replaces(door, files):
    door.receive(files.write("PASS", line("PASS")), AT)
    overlapping = {"period_start": "2020-01-31", "period_end": "2020-02-05"}
    report = door.receive(
        files.write(
            "PASS",
            line("PASS", record_id="r2", **overlapping),
            line("PASS", record_id="r3", body_location="BELT", **overlapping),
            line("PASS", record_id="r4", badge_position="OVER_APRON", **overlapping),
            line(
                "PASS",
                record_id="r5",
                record_action="REPLACE",
                replaces_record_id="r1",
                motive_code="TYPING",
                period_end="2020-01-30",
            ),
        ),
        AT,
    ).report
    assert _findings(door, report) == []
    report = door.receive(files.write("PASS", line("PASS", record_id="r6", period_start="2020-01-30")), AT).report
    assert _findings(door, report) == [(2, "P03")]


def test_a_target_is_replaced_once(door, files):
    door.receive(files.write("PASS", line("PASS")), AT)
    change = {"record_action": "CANCEL", "replaces_record_id": "r1", "motive_code": "NOT_WORN"}
    report = door.receive(
        files.write(
            "PASS",
            line("PASS", record_id="c1", **change),
            line("PASS", record_id="c2", **change),
            line("PASS", record_id="c3", **change | {"replaces_record_id": "nobody"}),
        ),
        AT,
    ).report
    assert _findings(door, report) == [(3, "D05"), (4, "D05")]
    report = door.receive(files.write("PASS", line("PASS", record_id="c4", **change)), AT).report
    assert _findings(door, report) == [(2, "D05")]
    cancelling = _doses(door).filter(record_action="CANCEL")
    assert cancelling["dose_msv"].to_list() == [None]
    assert cancelling["replaces_dose_id"].to_list() == _doses(door).filter(record_id="r1")["dose_id"].to_list()


def test_a_late_result_may_follow_its_declared_absence(door, files):
    door.receive(files.write("PASS", line("PASS", value_msv="", result_status="ABSENT", read_on="")), AT)
    report = door.receive(files.write("PASS", line("PASS", record_id="r2")), AT).report
    assert report["rows_loaded"] == 1


def test_an_unknown_person_waits_and_keeps_what_the_limit_check_needs(door, files):
    door.receive(files.write("PASS", line("PASS", nir=nir(50)), line("PASS", record_id="r2", siret=siret(2))), AT)
    waiting = door.lake.scan("waiting").sort("row_no").collect()
    assert waiting.select("code", "worker_key", "dose_msv").rows() == [
        ("I04", None, Decimal("0.150")),
        ("I05", 1, Decimal("0.150")),
    ]


def test_no_report_repeats_a_number_or_a_name(door, files, tmp_path):
    person = line("PASS")
    hidden = line("PASS", record_id=person["nir"] + person["nir_key"])
    door.receive(files.write("PASS", person, hidden, line("PASS", record_id="=cmd()", birth_name="AUTRENOM")), AT)
    home = tmp_path / "home"
    for path in home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert person["nir"].encode() not in data, path
            assert b"MARTIGNEUL" not in data and b"AUTRENOM" not in data, path


def test_a_waiting_number_that_gets_its_nir_is_one_person(door, files):
    waiting_number = "7" + nir(60)[1:]
    door.receive(files.write("TRAV", line("TRAV", nir=waiting_number, id_kind="NIA")), AT)
    door.receive(files.write("PASS", line("PASS", nir=waiting_number)), AT)
    door.receive(files.write("TRAV", line("TRAV", nir=nir(60), replaces_nir=waiting_number)), AT)
    links = door.lake.scan("identity_links").collect()
    assert links.select("worker_key", "person_key", "reason").rows() == [(2, 3, "NIA_REPLACED")]
    report = door.receive(
        files.write(
            "PASS",
            line("PASS", nir=nir(60), record_id="r2", period_end="2020-01-15"),
            line("PASS", nir=nir(60), record_id="r3", period_start="2020-02-01", period_end="2020-02-05"),
        ),
        AT,
    ).report
    # The same person under both numbers: January is held already, February is new.
    assert _findings(door, report) == [(2, "P03"), (2, "P04")]
    assert report["rows_loaded"] == 1


@pytest.mark.parametrize(
    ("replaced", "name"), [(nir(), "MARTIGNEUL"), ("7" + nir(61)[1:], "AUTRENOM"), ("7" + nir(62)[1:], "MARTIGNEUL")]
)
def test_nobody_takes_over_a_number_that_is_not_their_own_waiting_number(door, files, replaced, name):
    door.receive(files.write("TRAV", line("TRAV", nir="7" + nir(61)[1:], id_kind="NIA")), AT)
    taking = line("TRAV", nir=nir(70), birth_name=name, replaces_nir=replaced)
    assert _findings(door, door.receive(files.write("TRAV", taking), AT).report) == [(2, "I11")]
    assert door.lake.scan("identity_links").collect().is_empty()


def test_a_circle_of_links_ends():
    links = pl.DataFrame({"worker_key": [1, 2, 3, 9], "person_key": [2, 3, 1, 3]})
    assert _resolved(links).sort("worker_key").rows() == [(2, 1), (3, 1), (9, 1)]


def test_a_file_refused_for_its_name_comes_back_under_a_good_one(door, files):
    good = files.write("PASS", line("PASS"))
    bad = files.folder / "PASS_LANDAUER_20200210.csv"
    bad.write_bytes(good.read_bytes())
    assert door.receive(bad, AT).report["refusal_code"] == "F06"
    assert door.receive(good, AT).report["rows_loaded"] == 1


def test_a_row_that_waits_and_is_sent_again_waits_once(door, files):
    unknown = line("PASS", nir=nir(50))
    door.receive(files.write("PASS", unknown), AT)
    again = door.receive(files.write("PASS", unknown, line("PASS", record_id="r2")), AT).report
    assert (again["rows_duplicate"], again["rows_loaded"]) == (1, 1)
    assert door.lake.scan("waiting").collect().height == 1


def test_a_refused_row_takes_no_identifier_and_no_target(door, files):
    report = door.receive(files.write("PASS", line("PASS", first_names="Camille"), line("PASS")), AT).report
    assert _findings(door, report) == [(2, "I06")]
    change = {"record_action": "REPLACE", "replaces_record_id": "r1", "motive_code": "TYPING"}
    report = door.receive(
        files.write(
            "PASS",
            line("PASS", record_id="r2", first_names="Camille", **change),
            line("PASS", record_id="r3", value_msv="0.200", **change),
        ),
        AT,
    ).report
    assert _findings(door, report) == [(2, "I06")] and report["rows_loaded"] == 1


def test_another_persons_record_is_replaced_only_for_a_motive_of_identity(door, files):
    door.receive(files.write("TRAV", line("TRAV", nir=nir(51))), AT)
    door.receive(files.write("PASS", line("PASS")), AT)
    change = {"record_action": "REPLACE", "replaces_record_id": "r1", "nir": nir(51)}
    report = door.receive(files.write("PASS", line("PASS", record_id="r2", motive_code="TYPING", **change)), AT).report
    assert _findings(door, report) == [(2, "D05")]
    moved = door.receive(files.write("PASS", line("PASS", record_id="r3", motive_code="IDENTITY", **change)), AT)
    assert moved.report["rows_loaded"] == 1


def test_a_file_nobody_foresaw_is_set_aside_and_the_next_one_lands(door, files, monkeypatch):
    strange = files.write("PASS", line("PASS", record_id="strange"))
    with monkeypatch.context() as patched:
        patched.setattr(door_module, "judge_measurements", lambda *_: 1 / 0)
        report = door.receive(strange, AT).report
    assert report["refusal_code"] == "F08" and not report["accepted"]
    assert door.receive(files.write("PASS", line("PASS")), AT).report["rows_loaded"] == 1
    assert _doses(door)["record_id"].to_list() == ["r1"]


def test_a_machine_out_of_memory_refuses_no_file(door, files, monkeypatch):
    path = files.write("PASS", line("PASS"))

    def exhausted(*_):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(door_module, "judge_measurements", exhausted)
        with pytest.raises(MemoryError):
            door.receive(path, AT)
    assert door.receive(path, AT).report["rows_loaded"] == 1


@pytest.mark.parametrize("table", ["employments", "persons", "deliveries"])
def test_a_crash_in_a_worker_list_loses_nobody(door, files, monkeypatch, tmp_path, table):
    path = files.write("TRAV", line("TRAV", nir=nir(52)))
    with monkeypatch.context() as patched:
        _crash(patched, f"_write:{table}", "before")
        with pytest.raises(RuntimeError, match="crash"):
            door.receive(path, AT)
    again = Door(Settings(home=tmp_path / "home"))
    again.receive(path, AT)
    assert again.lake.scan("persons").collect()["worker_key"].sort().to_list() == [1, 2]
    assert again.lake.scan("employments").collect()["worker_key"].sort().to_list() == [1, 2]


def test_a_crash_between_number_and_acknowledgement_loses_no_acknowledgement(door, files, monkeypatch):
    path = files.write("PASS", line("PASS"))
    with monkeypatch.context() as patched:
        _crash(patched, "number_delivery", "after")
        with pytest.raises(RuntimeError, match="crash"):
            door.receive(path, AT)
    receipt = door.receive(path, AT)
    told = json.loads((reports.folder(door.settings, receipt.delivery_no) / "acknowledgement.json").read_text())
    assert (told["delivery_no"], told["file_name"]) == (receipt.delivery_no, path.name)


def test_what_a_crash_left_half_written_is_written_over(door, files, monkeypatch):
    path = files.write("PASS", line("PASS"))
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            door.receive(path, AT)
    assert list(door.settings.landing.rglob(".draft"))
    door.receive(path, AT)
    assert not [path for path in door.settings.landing.rglob(".*") if path.suffix != ".lock"]


STEPS = [
    "keep",
    "number_delivery",
    "acknowledge",
    "append:doses",
    "_write:doses",
    "_write:rejections",
    "_write:deliveries",
    "draft_report",
    "save_report",
    "mark_landed",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_step_and_a_rerun_leave_the_same_lake(door, files, monkeypatch, tmp_path, step, when):
    path = files.write("PASS", line("PASS"), line("PASS", record_id="r2", value_msv="x"))
    with monkeypatch.context() as patched:
        _crash(patched, step, when)
        with pytest.raises(RuntimeError, match="crash"):
            door.receive(path, AT)
    receipt = Door(Settings(home=tmp_path / "home")).receive(path, AT)
    assert (receipt.report["rows_loaded"], receipt.report["rows_refused"]) == (1, 1)
    assert _doses(door).height == 1
    assert door.lake.scan("rejections").collect().height == 1
    assert door.lake.scan("deliveries").filter(delivery_no=receipt.delivery_no).collect().height == 1
    assert json.loads((tmp_path / "home/landing" / f"{receipt.delivery_no:08d}" / "report.json").read_text())
    assert reports.load_acknowledgement(door.settings, receipt.delivery_no)["line_count"] == 3


def _crash(patched, step: str, when: str) -> None:
    """Make the process die before or after one step, once."""
    name, _, table = step.partition(":")
    owners = {"keep": Landing, "acknowledge": reports, "draft_report": reports, "save_report": reports}
    owner = owners.get(name, door_module.Lake if table else door_module)
    original = getattr(owner, name)

    def dying(*args, **kwargs):
        if table and args[1].name != table:
            return original(*args, **kwargs)
        if when == "after":
            original(*args, **kwargs)
        raise RuntimeError("crash")

    patched.setattr(owner, name, dying)

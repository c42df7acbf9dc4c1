"""models.access: role by model, the scope of rows, and the log that is written before the answer."""

from datetime import date
from decimal import Decimal

import pytest
from register import Passed, Register

from lake.errors import AccessDenied, NoSnapshot, UsageError
from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer

TODAY = date(2024, 7, 1)
MODELS = [
    "rolling_doses", "dose_records", "annual_worker_doses", "limit_exceedances", "exceedance_context", "employments",
    "establishment_statistics", "establishment_comparison", "national_statistics", "transmission_timeliness",
    "dose_ledger", "expected_doses", "transmission_quality", "refusal_causes", "exceedance_records",
    "exceedance_notices", "classification_watch", "emergency_doses",
    "exposure_authorisations",
]  # fmt: skip
# One column per model above: y opens, - denies.
VERDICTS = """
    WORKER       y y y y - y - - y y - y - - y - y y y
    EMPLOYER     - - - - - y y y y y - - - - - y - - -
    CRP          y y y y - y y y y y - y - - y - y y y
    PHYSICIAN    y y y y - y y y y y - y - - y - y y y
    HEALTH_STAFF y y y y - y y y y y - y - - y - y y y
    INSPECTOR    y y y y - y y y y y - y - - y - y y y
    BODY         - - - - - - - - y y - - y y - - - - -
    AUTHORITY    - - - - y - - - y y - - y y - - - - -
    RESEARCHER   - - - - - - - - y y - - - - - - - - -
    REGISTER     - - - - - - - - y y y - y y - - - - -
    AUDITOR      - - - - - - - - y y - - - - - - - - -
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    register = Register(tmp_path_factory.mktemp("access"))
    register.add("establishments")
    for worker, establishment in ((1, 10), (2, 11), (3, 10)):
        register.add("persons", worker_key=worker)
        register.add("employments", worker_key=worker, establishment_key=establishment, row_no=worker + 1)
    # Worker 3 has left.
    register.add("employments", worker_key=3, action="CLOSE", contract_end=date(2024, 1, 31), row_no=9, delivery_no=2)
    for worker in (1, 2, 3):
        register.dose("2018-12-31", "4.000", worker_key=worker)
        register.dose("2024-01-31", "15.000", worker_key=worker)
        register.dose("2024-02-29", "6.000", worker_key=worker, establishment_key=11)
        register.dose("2024-02-29", "0.500", worker_key=worker, dosimetry="INTERNAL", quantity="E50",
                      radiation="ALPHA_INT", body_location=None)  # fmt: skip
    publish(register.settings, register.build(), lambda built: Passed())
    return register.settings


@pytest.fixture
def log():
    return []


@pytest.fixture
def access(published, log):
    return Access(published, log.append, today=lambda: TODAY)


def viewer(role: str, worker_key=None) -> Viewer:
    own = worker_key or (1 if role == "WORKER" else None)
    return Viewer(7, Role(role), own, frozenset({10}), frozenset({"LANDAUER"}))


@pytest.mark.parametrize("line", [line.split() for line in VERDICTS.strip().splitlines()], ids=lambda line: line[0])
def test_role_by_model(access, log, line):
    role, verdicts = line[0], dict(zip(MODELS, line[1:], strict=True))
    assert role in Role.codes()
    for model, verdict in verdicts.items():
        log.clear()
        if verdict == "y":
            access.fetch(model, viewer(role), purpose="test")
        else:
            with pytest.raises(AccessDenied):
                access.fetch(model, viewer(role), purpose="test")
            assert [event.allowed for event in log] == [False]


def test_every_role_has_its_line():
    assert {line.split()[0] for line in VERDICTS.strip().splitlines()} == set(Role.codes())


@pytest.mark.parametrize("role", ["CRP", "PHYSICIAN", "INSPECTOR"])
@pytest.mark.parametrize("worker", [2, 3, 999])
def test_a_person_out_of_scope_and_one_who_does_not_exist_look_the_same(access, log, role, worker):
    with pytest.raises(AccessDenied) as refused:
        access.fetch("rolling_doses", viewer(role), where={"worker_key": worker}, purpose="test")
    assert str(refused.value).startswith("Ces données ne sont pas ouvertes à votre compte, ou n'existent pas.")
    assert [(event.worker_keys, event.allowed) for event in log] == [((worker,), False)]
    with pytest.raises(AccessDenied):
        access.rolling_on(viewer(role), worker, TODAY, purpose="test")
    with pytest.raises(AccessDenied):
        access.fetch("rolling_doses", viewer(role), where={"worker_key": [1, worker]}, purpose="test")


def test_a_worker_sees_only_his_own(access):
    rows = access.fetch("rolling_doses", viewer("WORKER", 2), purpose="test")
    assert set(rows["worker_key"]) == {2}
    with pytest.raises(AccessDenied):
        access.fetch("rolling_doses", viewer("WORKER", 2), where={"worker_key": 1}, purpose="test")


def test_an_adviser_sees_external_doses_of_five_years_and_no_career(access):
    rows = access.fetch("rolling_doses", viewer("CRP"), where={"worker_key": 1}, purpose="test")
    assert set(rows["limit_quantity"]) == {"effective_external"}
    assert rows["on_date"].min() == date(2024, 1, 31)
    assert rows["career_msv"].null_count() == rows.height
    records = access.fetch("dose_records", viewer("CRP"), where={"worker_key": 1}, purpose="test")
    assert set(records["dosimetry"]) == {"PASSIVE"}
    assert records.height == 2


@pytest.fixture(scope="module")
def long_careers(tmp_path_factory):
    """Worker 1 has been here for long; worker 2 came from elsewhere a year ago."""
    register = Register(tmp_path_factory.mktemp("careers"))
    register.add("establishments")
    register.add("establishments", establishment_key=11, row_no=3)
    for worker in (1, 2):
        register.add("persons", worker_key=worker)
        for day, dose in (("2015-06-30", "3.000"), ("2018-10-31", "4.000"), ("2019-09-30", "1.000")):
            register.dose(day, dose, worker_key=worker, establishment_key=12 - 2 * (worker == 1))
        register.dose("2023-05-31", "7.000", worker_key=worker, establishment_key=12 - 2 * (worker == 1))
        register.dose("2024-02-29", "14.001", worker_key=worker)
    register.add("employments", worker_key=1, row_no=2)
    began = date(2023, 7, 1)
    register.add("employments", worker_key=2, row_no=3, contract_start=began, category_start=began)
    publish(register.settings, register.build(), lambda built: Passed())
    return Access(register.settings, lambda event: None, today=lambda: TODAY)


@pytest.mark.parametrize(
    ("worker", "expected"),
    [
        # Five years back from 2024-07-01: the doses of 2015 and 2018 are neither shown nor counted.
        (1, [("2019-09-30", "1.000", "1.000"), ("2023-05-31", "7.000", "8.000"), ("2024-02-29", "21.001", "22.001")]),
        # What another employer's years brought is not the adviser's to see.
        (2, [("2024-02-29", "14.001", "14.001")]),
    ],
)
def test_sums_count_nothing_from_before_an_advisers_window(long_careers, worker, expected):
    adviser = viewer("CRP")
    cut = {1: date(2019, 7, 1), 2: date(2023, 7, 1)}[worker]
    rows = long_careers.fetch("rolling_doses", adviser, where={"worker_key": worker}, order_by=["on_date"], purpose="t")
    assert [(str(r["on_date"]), str(r["dose_12m_msv"]), str(r["dose_60m_msv"])) for r in rows.to_dicts()] == expected
    assert set(rows["counted_from"]) == {cut} and rows["career_msv"].null_count() == rows.height
    for day, dose_12m, dose_60m in expected:
        (on,) = long_careers.rolling_on(adviser, worker, date.fromisoformat(day), purpose="t").to_dicts()
        assert (str(on["dose_12m_msv"]), str(on["dose_60m_msv"]), on["counted_from"]) == (dose_12m, dose_60m, cut)
    team = {r["worker_key"]: r for r in long_careers.workers_of(adviser, 10, purpose="t").to_dicts()}
    assert (str(team[worker]["dose_60m_msv"]), team[worker]["counted_from"]) == (expected[-1][2], cut)
    records = long_careers.fetch("dose_records", adviser, where={"worker_key": worker}, purpose="t")
    years = long_careers.fetch("annual_worker_doses", adviser, where={"worker_key": worker}, purpose="t")
    assert records["period_end"].min() == date.fromisoformat(expected[0][0])
    assert sorted(set(years["year"])) == ([2023, 2024] if worker == 1 else [2024])
    assert long_careers.rolling_on(adviser, worker, date(2018, 12, 31), purpose="t").is_empty()


def test_the_physician_counts_the_whole_career(long_careers):
    rows = long_careers.rolling_on(viewer("PHYSICIAN"), 2, date(2024, 2, 29), purpose="t")
    found = rows.filter(limit_quantity="effective").select("dose_12m_msv", "dose_60m_msv", "career_msv", "counted_from")
    assert [str(value) for value in found.row(0)] == ["21.001", "22.001", "29.001", "None"]


@pytest.mark.parametrize("role", ["CRP", "INSPECTOR", "PHYSICIAN"])
def test_who_must_be_told_of_an_exceedance_sees_it(long_careers, role):
    rows = long_careers.fetch("limit_exceedances", viewer(role), where={"worker_key": 1}, purpose="t")
    assert rows.select("limit_code", "peak_msv").rows() == [("L1", Decimal("21.001"))]


def test_the_records_of_an_exceedance_are_those_of_its_peak(long_careers):
    rows = long_careers.fetch("exceedance_records", viewer("PHYSICIAN"), where={"worker_key": 1}, purpose="t")
    assert [(str(r["period_end"]), str(r["counted_msv"])) for r in rows.sort("period_end").to_dicts()] == [
        ("2023-05-31", "7.000"),
        ("2024-02-29", "14.001"),
    ]
    # An adviser is told of the exceedance; of the results, those that the present contract opens.
    rows = long_careers.fetch("exceedance_records", viewer("CRP"), where={"worker_key": 2}, purpose="t")
    assert [str(r["counted_msv"]) for r in rows.to_dicts()] == ["14.001"]


def test_an_adviser_is_told_of_a_doubtful_category_and_not_of_doses_from_before(long_careers):
    told = {}
    for role in ("CRP", "PHYSICIAN"):
        rows = long_careers.fetch("classification_watch", viewer(role), where={"worker_key": 2}, purpose="t")
        told[role] = rows.filter(limit_quantity="effective_external").select("rule_code", "year", "value_msv").rows()
    assert told == {
        "CRP": [("B_OVER_6", 2024, None)],
        "PHYSICIAN": [("B_OVER_6", 2024, Decimal("21.001"))],
    }


def test_an_adviser_is_told_the_peak_and_nothing_else_from_before(long_careers):
    told = {}
    for role in ("CRP", "PHYSICIAN"):
        rows = long_careers.fetch("limit_exceedances", viewer(role), where={"worker_key": 2}, purpose="t")
        told[role] = rows.select("peak_msv", "earliest_wear", "prorata_peak_msv", "complies_prorata").row(0)
    assert told["CRP"] == (Decimal("21.001"), None, None, None)
    assert told["PHYSICIAN"] == (Decimal("21.001"), date(2023, 5, 1), Decimal("21.001"), False)


@pytest.fixture(scope="module")
def emergency(tmp_path_factory):
    """Worker 1 received 90 mSv outside and 30 inside in an emergency, and 950 long before in another."""
    register = Register(tmp_path_factory.mktemp("emergency"))
    register.add("establishments")
    register.add("persons", worker_key=1)
    register.add("employments", worker_key=1)
    wear = {"situation": "SUR", "dosimetry": "EMERGENCY", "radiation": "NOT_STATED", "emergency_id": "PENLY"}
    inside = wear | {"dosimetry": "EMERGENCY_INTERNAL", "body_location": None}
    register.dose("2024-01-31", "90.000", **wear)
    register.dose("2024-01-31", "30.000", **inside | {"quantity": "E50", "radiation": "ALPHA_INT"})
    register.dose("2012-01-31", "950.000", **inside | {"quantity": "E", "emergency_id": "CHINON"})
    publish(register.settings, register.build(), lambda built: Passed())
    return Access(register.settings, lambda event: None, today=lambda: TODAY)


def test_an_adviser_learns_of_an_emergency_what_the_badges_read(emergency):
    columns = ["emergency_id", "limit_quantity", "dose_msv", "level_code", "lifetime_msv"]
    seen = {
        role: emergency.fetch(
            "emergency_doses", viewer(role), columns=columns, order_by=columns[:2], purpose="t"
        ).rows()
        for role in ("CRP", "INSPECTOR", "PHYSICIAN", "WORKER")
    }
    external = ("PENLY", "effective_external", Decimal("90.000"), None)
    assert seen["CRP"] == [(*external, None)]
    assert seen["INSPECTOR"] == [(*external, Decimal("90.000"))]
    assert (
        seen["PHYSICIAN"]
        == seen["WORKER"]
        == [
            ("CHINON", "effective", Decimal("950.000"), "E2h", Decimal("950.000")),
            ("PENLY", "effective", Decimal("120.000"), "E1", Decimal("1070.000")),
            (*external, Decimal("90.000")),
        ]
    )


def test_who_must_be_told_is_told_of_a_lifetime_limit(emergency):
    for role in ("CRP", "INSPECTOR", "PHYSICIAN"):
        rows = emergency.fetch("limit_exceedances", viewer(role), purpose="t")
        assert rows.select("limit_code", "peak_msv").rows() == [("L7", Decimal("1070.000"))]
    rows = emergency.fetch("exceedance_notices", viewer("EMPLOYER"), purpose="t")
    assert rows.rows() == [(10, 1, "L7", date(2024, 1, 31))]
    context = emergency.fetch("exceedance_context", viewer("AUTHORITY"), purpose="t")
    assert context.select("limit_code", "peak_msv", "company_name").rows() == [("L7", Decimal("1070.000"), "Essai")]
    records = emergency.fetch("exceedance_records", viewer("CRP"), purpose="t")
    assert records.select("quantity", "counted_msv").rows() == [("HP10", Decimal("90.000"))]


def test_who_was_named_to_an_employer_is_in_the_log(published, log):
    # Worker 3 had left before the limit was passed.
    access = Access(published, log.append, today=lambda: TODAY)
    for columns in (None, ["limit_code"]):
        rows = access.fetch("exceedance_notices", viewer("EMPLOYER"), columns=columns, purpose="t")
        assert rows.height and log[-1].worker_keys == (1,)
    access.fetch("exceedance_notices", viewer("EMPLOYER"), where={"worker_key": 999}, purpose="t")
    assert log[-1].worker_keys == (999,)


def test_two_contracts_are_counted_from_the_first_and_earlier_monitoring_leaves_no_trace(tmp_path):
    register = Register(tmp_path)
    register.add("establishments")
    register.add("persons", worker_key=1)
    register.dose("2020-12-31", "5.000", quantity="HP3", body_location="EYE", establishment_key=12)
    register.dose("2022-12-31", "7.000")
    register.dose("2024-05-31", "1.000")
    for row_no, (category, began) in enumerate((("B", date(2021, 3, 1)), ("RADON", date(2024, 5, 1))), start=2):
        register.add("employments", category=category, contract_start=began, category_start=began, row_no=row_no)
    publish(register.settings, register.build(), lambda built: Passed())
    access = Access(register.settings, lambda event: None, today=lambda: TODAY)
    team = access.workers_of(viewer("CRP"), 10, purpose="t")
    assert sorted(team["category"]) == ["B", "RADON"]
    assert {(str(r["dose_60m_msv"]), r["counted_from"]) for r in team.to_dicts()} == {("8.000", date(2021, 3, 1))}
    seen = access.rolling_on(viewer("CRP"), 1, date(2024, 5, 31), purpose="t")
    assert seen["limit_quantity"].to_list() == ["effective_external"]
    assert "lens" in access.rolling_on(viewer("PHYSICIAN"), 1, date(2024, 5, 31), purpose="t")["limit_quantity"]


def test_an_employer_is_told_who_and_no_dose(long_careers):
    rows = long_careers.fetch("exceedance_notices", viewer("EMPLOYER"), purpose="t")
    assert rows.columns == ["establishment_key", "worker_key", "limit_code", "first_date"]
    assert rows.rows() == [(10, 1, "L1", date(2024, 2, 29)), (10, 2, "L1", date(2024, 2, 29))]
    elsewhere = Viewer(7, Role.EMPLOYER, None, frozenset({12}), frozenset())
    assert long_careers.fetch("exceedance_notices", elsewhere, purpose="t").is_empty()


def test_a_physician_sees_all_components_and_the_career(access):
    rows = access.rolling_on(viewer("PHYSICIAN"), 1, TODAY, purpose="consultation")
    assert {row["limit_quantity"]: (row["dose_12m_msv"], row["career_msv"]) for row in rows.iter_rows(named=True)} == {
        "effective": (Decimal("21.500"), Decimal("25.500")),
        "effective_external": (Decimal("21.000"), Decimal("25.000")),
    }


@pytest.mark.parametrize(("day", "expected"), [
    (date(2025, 1, 30), "21.500"), (date(2025, 1, 31), "6.500"), (date(2025, 2, 27), "6.500"),
    (date(2025, 2, 28), "0.000"), (date(2024, 1, 30), "0.000"),
])  # fmt: skip
def test_the_window_on_any_date(access, day, expected):
    rows = access.rolling_on(viewer("PHYSICIAN"), 1, day, purpose="consultation")
    effective = rows.filter(rows["limit_quantity"] == "effective")
    assert effective["dose_12m_msv"].to_list() == [Decimal(expected)]


def test_the_team_page(access, log):
    rows = access.workers_of(viewer("CRP"), 10, purpose="team")
    assert rows.select("worker_key", "limit_quantity", "dose_12m_msv").rows() == [
        (1, "effective_external", Decimal("21.000"))
    ]
    assert log[-1].worker_keys == (1,) and log[-1].article == "Code du travail R.4451-69"
    with pytest.raises(AccessDenied):
        access.workers_of(viewer("CRP"), 11, purpose="team")
    with pytest.raises(AccessDenied):
        access.workers_of(viewer("EMPLOYER"), 10, purpose="team")


def test_the_log_is_written_before_the_answer(published):
    def broken(event):
        raise OSError("the log cannot be written")

    with pytest.raises(OSError, match="log"):
        Access(published, broken, today=lambda: TODAY).fetch("rolling_doses", viewer("PHYSICIAN"), purpose="test")


def test_the_log_names_who_was_seen_even_if_the_key_is_not_asked_for(access, log):
    rows = access.fetch("rolling_doses", viewer("PHYSICIAN"), columns=["dose_12m_msv"], purpose="test")
    assert rows.columns == ["dose_12m_msv"]
    assert log[-1].worker_keys == (1,)


def test_only_described_columns_and_served_models(access):
    for bad in ({"where": {"1=1; --": 1}}, {"columns": ["nir"]}, {"order_by": ["-dose_12m_msv desc; drop table x"]}):
        with pytest.raises(UsageError):
            access.fetch("rolling_doses", viewer("PHYSICIAN"), purpose="test", **bad)
    from lake.errors import ModelError

    for model in ("period_doses", "snapshot", "current_doses", "lake.minors"):
        with pytest.raises(ModelError):
            access.fetch(model, viewer("PHYSICIAN"), purpose="test")


def test_an_employer_of_another_establishment(access):
    with pytest.raises(AccessDenied):
        access.fetch("establishment_statistics", viewer("EMPLOYER"), where={"establishment_key": 11}, purpose="test")


def test_filters_and_order(access):
    rows = access.fetch(
        "rolling_doses", viewer("PHYSICIAN"), purpose="test", order_by=["-on_date"], limit=1,
        where={"limit_quantity": ["effective"], "on_date": ("<=", date(2024, 1, 31))},
    )  # fmt: skip
    assert rows["on_date"].to_list() == [date(2024, 1, 31)]


def test_no_snapshot_yet(tmp_path):
    from lake.settings import Settings

    with pytest.raises(NoSnapshot):
        Access(Settings(home=tmp_path), print).fetch("rolling_doses", viewer("PHYSICIAN"), purpose="test")

"""The API over a real register: who gets what, in which form, and what every refusal looks like."""

import hashlib
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from models.catalog import models
from models.provenance import code_version
from models.snapshot import Snapshots
from registry.accounts import list_accounts, viewer_of
from registry.audit import Audit
from registry_api.routes.statistics import COMPLETENESS, Table

DOSE = re.compile(r"^-?\d+\.\d{3}$")
READERS = (
    "autorite", "inspecteur", "employeur", "crp", "medecin", "infirmier", "travailleur", "chercheur", "organisme",
    "exploitant", "registre", "auditeur",
)  # fmt: skip
WITH_DOSES = {"inspecteur", "crp", "medecin", "infirmier", "travailleur"}


@pytest.fixture
def ground(web):
    return web.state.ground


@pytest.fixture
def worker_key(ground):
    return next(a.worker_key for a in list_accounts(ground.engine) if a.email.startswith("travailleur"))


def query(settings, sql, *parameters):
    snapshots = Snapshots(settings)
    try:
        return snapshots.query(sql, parameters)
    finally:
        snapshots.close()


def is_problem(answer, status):
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code == status and body["title"] and body["detail"]
    return body


PRIVATE = [
    "/api", "/api/", "/api/v1/workers", "/api/v1/workers/1/doses", "/api/v1/nope", "/api/v2/x", "/app/national",
    "/app/_dash-layout", "/app/_dash-dependencies", "/app/_dash-component-suites/dash/deps/react.js", "/app/x/y",
    "/api/v1/statistics/national", "/api/v1/deliveries", "/app/_reload-hash", "/app/_favicon.ico", "/app/login/x",
]  # fmt: skip


@pytest.mark.parametrize("path", PRIVATE)
def test_a_stranger_gets_nothing_but_the_way_in(anyone, path):
    is_problem(anyone.get(path), 401)


@pytest.mark.parametrize("path", ["/x", "/_dash-layout", "/docs", "/redoc", "/openapi.json", "/assets/x", "/..%2fapp/"])
def test_paths_outside_the_two_doors_do_not_exist(anyone, path):
    is_problem(anyone.get(path), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_no_method_opens_an_unknown_path(anyone, method):
    is_problem(anyone.request(method, "/api/v1/nope"), 401)
    is_problem(anyone.request(method, "/app/_dash-update-component", json={}), 401)


def test_health_and_the_description_are_public(anyone, ground):
    assert anyone.get("/api/v1/health").json() == {"status": "ok", "snapshot": ground.snapshot_version()}
    described = anyone.get("/api/v1/openapi.json").json()
    assert {"/api/v1/workers/{worker_key}/rolling", "/api/v1/statistics/national", "/api/v1/deliveries"} <= set(
        described["paths"]
    )
    assert not any(path.startswith("/app") for path in described["paths"])


def test_every_answer_carries_the_security_headers(anyone, signed_in):
    for answer in (anyone.get("/app/login"), anyone.get("/api/x"), signed_in("medecin").get("/api/v1/workers")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_wrong_password_a_bad_token_and_an_ended_one_open_nothing(anyone, signed_in, ground):
    wrong = {"email": "medecin@demo.example", "password": "x" * 12}
    body = is_problem(anyone.post("/api/v1/tokens", json=wrong), 401)
    assert "medecin" not in str(body)
    is_problem(anyone.get("/api/v1/workers", headers={"Authorization": "Bearer x"}), 401)
    client = signed_in("medecin")
    ground.sessions.end(client.headers["Authorization"].removeprefix("Bearer "))
    is_problem(client.get("/api/v1/workers"), 401)


def test_a_signed_in_reader_meets_a_404_in_json(signed_in):
    is_problem(signed_in("medecin").get("/api/v1/nope"), 404)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", ["doses", "rolling", "exceedances", "contracts", "events", "outlook"])
def test_only_the_readers_the_law_names_see_a_person(signed_in, reader, what, worker_key):
    answer = signed_in(reader).get(f"/api/v1/workers/{worker_key}/{what}")
    if reader in WITH_DOSES:
        assert answer.status_code == 200
    else:
        assert not DOSE.search(answer.text)
        assert str(worker_key) not in is_problem(answer, 403)["detail"]


@pytest.mark.parametrize("reader", sorted(WITH_DOSES))
def test_a_person_out_of_scope_looks_like_one_who_does_not_exist(signed_in, reader, web_settings, ground):
    account = next(a for a in list_accounts(ground.engine) if a.email.startswith(reader))
    viewer = viewer_of(ground.engine, account.account_id, date.today())
    sql = "select min(worker_key) from employments where worker_key not in (select worker_key from employments where establishment_key in (select unnest(?::bigint[])))"  # noqa: E501
    foreign = query(web_settings, sql, sorted(viewer.establishment_keys) or [0]).item()
    foreign = foreign if foreign != viewer.worker_key else foreign + 1
    client = signed_in(reader)
    answers = [is_problem(client.get(f"/api/v1/workers/{key}/rolling"), 403) for key in (foreign, 10**15)]
    assert answers[0] == answers[1]


def test_doses_are_decimal_strings_of_the_mart(signed_in, worker_key, web_settings):
    page = signed_in("medecin").get(f"/api/v1/workers/{worker_key}/rolling?limit=1000").json()
    sql = "select on_date, dose_12m_msv from rolling_doses where worker_key = ? and limit_quantity = 'effective'"
    expected = {str(d): v for d, v in query(web_settings, sql, worker_key).iter_rows()}
    shown = {i["on_date"]: i["dose_12m_msv"] for i in page["items"] if i["limit_quantity"] == "effective"}
    assert all(DOSE.match(text) for text in shown.values())
    assert {day: Decimal(text) for day, text in shown.items()} == expected


def test_the_sums_of_one_day_are_those_of_the_mart_on_that_day(signed_in, worker_key, web_settings):
    sql = "select max(on_date) from rolling_doses where worker_key = ? and limit_quantity = 'effective'"
    day = query(web_settings, sql, worker_key).item()
    client = signed_in("medecin")
    on = client.get(f"/api/v1/workers/{worker_key}/rolling", params={"on": str(day)}).json()["items"]
    every = client.get(f"/api/v1/workers/{worker_key}/rolling?limit=1000").json()["items"]
    wanted = next(i for i in every if i["limit_quantity"] == "effective" and i["on_date"] == str(day))
    found = next(i for i in on if i["limit_quantity"] == "effective")
    assert {k: found[k] for k in ("dose_12m_msv", "dose_60m_msv", "career_msv")} == {
        k: wanted[k] for k in ("dose_12m_msv", "dose_60m_msv", "career_msv")
    }


def test_the_outlook_begins_with_the_sums_of_the_day(signed_in, worker_key, web_settings):
    sql = "select max(on_date) from rolling_doses where worker_key = ? and limit_quantity = 'effective'"
    day = str(query(web_settings, sql, worker_key).item())
    client = signed_in("medecin")
    on = client.get(f"/api/v1/workers/{worker_key}/rolling", params={"on": day}).json()["items"]
    ahead = client.get(f"/api/v1/workers/{worker_key}/outlook", params={"on": day}).json()["items"]
    first = {row["limit_quantity"]: row for row in ahead if row["from_date"] == day}
    sums = {row["limit_quantity"]: row["dose_12m_msv"] for row in on if row["limit_quantity"] != "operational"}
    assert {quantity: row["dose_12m_msv"] for quantity, row in first.items()} == sums
    assert all(DOSE.match(row["room_msv"]) for row in ahead)
    assert {row["dose_12m_msv"] for row in ahead if row["from_date"] == ahead[-1]["from_date"]} == {"0.000"}


def test_pages_joined_by_their_cursor_are_the_whole(signed_in, worker_key):
    client = signed_in("medecin")
    address = f"/api/v1/workers/{worker_key}/doses"
    whole = client.get(address, params={"limit": 1000}).json()["items"]
    joined, cursor = [], None
    while True:
        page = client.get(address, params={"limit": 5} | ({"cursor": cursor} if cursor else {})).json()
        joined += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert joined == whole and len(whole) > 5
    is_problem(client.get(address, params={"cursor": "x"}), 400)


def test_an_adviser_sees_neither_the_total_nor_internal_records(signed_in, worker_key):
    client = signed_in("crp")
    sums = client.get(f"/api/v1/workers/{worker_key}/rolling").json()["items"]
    assert "effective" not in {i["limit_quantity"] for i in sums}
    assert {i["career_msv"] for i in sums} <= {None}
    records = client.get(f"/api/v1/workers/{worker_key}/doses?limit=1000").json()["items"]
    assert records is not None and "INTERNAL" not in {i["dosimetry"] for i in records}


def test_every_read_of_a_person_is_in_the_log_with_its_reason(signed_in, worker_key, ground):
    signed_in("medecin").get(f"/api/v1/workers/{worker_key}/rolling", params={"purpose": "visite annuelle"})
    signed_in("employeur").get(f"/api/v1/workers/{worker_key}/rolling")
    refused, read = Audit(ground.engine).events(worker_key=worker_key, limit=2)
    assert (read["role"], read["purpose"], read["allowed"]) == ("PHYSICIAN", "visite annuelle", True)
    assert (refused["role"], refused["allowed"]) == ("EMPLOYER", False)
    assert "R.4451-68" in read["article"]


def test_a_state_of_knowledge_that_was_not_kept_says_so(signed_in, worker_key):
    is_problem(signed_in("medecin").get(f"/api/v1/workers/{worker_key}/doses?as_of=1999-01-01"), 503)


def test_invalid_parameters_are_named_and_not_repeated(signed_in):
    body = is_problem(signed_in("medecin").get("/api/v1/workers/1850175123000x/doses"), 422)
    assert body["fields"] == ["path.worker_key"] and "1850175123000" not in str(body)


def test_the_scope_lists_its_workers_with_todays_sums(signed_in, worker_key):
    items = signed_in("medecin").get("/api/v1/workers?limit=1000").json()["items"]
    assert worker_key in {i["worker_key"] for i in items}
    assert signed_in("travailleur").get("/api/v1/workers").json()["items"] == [{"worker_key": worker_key}]
    is_problem(signed_in("employeur").get("/api/v1/workers"), 403)


def test_exceedances_name_workers_to_those_who_follow_them_only(signed_in):
    for item in signed_in("autorite").get("/api/v1/exceedances").json()["items"]:
        assert "worker_key" not in item
    for item in signed_in("medecin").get("/api/v1/exceedances").json()["items"]:
        assert item["worker_key"]
    for item in signed_in("employeur").get("/api/v1/exceedances").json()["items"]:
        assert set(item) == {"establishment_key", "worker_key", "limit_code", "first_date"}
    is_problem(signed_in("organisme").get("/api/v1/exceedances"), 403)


@pytest.mark.parametrize("reader", READERS)
def test_national_statistics_are_open_to_every_reader_and_protected(signed_in, reader):
    items = signed_in(reader).get("/api/v1/statistics/national?dimension=occupation").json()["items"]
    assert items and all(i["monitored"] is None or i["monitored"] > 10 for i in items)


def test_statistics_of_a_day_are_those_of_the_release_in_force(signed_in, ground):
    client, on = signed_in("chercheur"), ground.access.release().on
    now = client.get("/api/v1/statistics/national").json()
    assert {item["figures_on"] for item in now["items"]} == {str(on)}
    assert client.get(f"/api/v1/statistics/national?as_of={on + timedelta(days=9)}").json()["items"] == now["items"]
    is_problem(client.get(f"/api/v1/statistics/national?as_of={on - timedelta(days=1)}"), 503)


@pytest.mark.parametrize("path", ["doses", "rolling", "exceedances", "exceedances/records"])
def test_what_is_read_live_names_its_snapshot_code_model_and_checksum(signed_in, ground, worker_key, path):
    client = signed_in("medecin")
    source = client.get(f"/api/v1/workers/{worker_key}/{path}?limit=1000").json()["source"]
    assert (source["snapshot"], source["release"]) == (ground.snapshot_version(), None)
    assert source["code_version"] == code_version() and source["model"] in models()
    assert source["label_fr"] == f"Instantané {ground.snapshot_version()}" and len(source["checksum"]) == 64
    assert client.get(f"/api/v1/workers/{worker_key}/{path}?limit=1000").json()["source"] == source


def test_what_became_known_between_releases_is_served(signed_in):
    found = signed_in("chercheur").get("/api/v1/statistics/revisions")
    # The demonstration has one release.
    assert (found.status_code, found.json()["items"]) == (200, [])


def test_figures_come_with_what_they_rest_on(signed_in, web_settings, ground):
    client = signed_in("employeur")
    told = client.get("/api/v1/statistics/completeness").json()["items"]
    rests_on = {tuple(row[key] for key in ("year", "limit_quantity", "dimension", "group_code")): row for row in told}
    for dimension in ("ALL", "domain", "sector"):
        figures = client.get(f"/api/v1/statistics/national?dimension={dimension}&limit_quantity=effective")
        for row in figures.json()["items"]:
            group = ("domain", row["group_code"]) if dimension == "domain" else ("ALL", "ALL")
            assert {row[name] == rests_on[row["year"], "effective", *group][name] for name in COMPLETENESS} == {True}
    for dimension in ("ALL", "domain"):
        assert any(row["occupation_known_share"] for row in told if row["dimension"] == dimension)
    assert client.get("/api/v1/statistics/nowcast").status_code == 200
    # Of domains nobody reads the months, nor the counts themselves.
    for model in ("nowcast_months", "completeness_counts"):
        assert client.get(f"/api/v1/statistics/{model}").status_code == 422
    account = next(a for a in list_accounts(ground.engine) if a.email.startswith("employeur"))
    own = min(viewer_of(ground.engine, account.account_id, date.today()).establishment_keys)
    siret = query(web_settings, "select siret from establishments where establishment_key = ?", own).item()
    compared = client.get(f"/api/v1/establishments/{siret}/comparison").json()["items"]
    periods = client.get(f"/api/v1/establishments/{siret}/completeness").json()["items"]
    known = {row["year"]: row["occupation_known_share"] for row in periods}
    assert compared and all(row["occupation_known_share"] == known[row["year"]] for row in compared)


def test_five_years_are_told_where_the_release_has_five(signed_in):
    """The demonstration has two."""
    answer = signed_in("chercheur").get("/api/v1/statistics/national/five-years?dimension=domain").json()
    assert answer["items"] == [] and answer["source"]["model"] == "national_statistics"


def test_the_nation_is_told_with_and_without_what_was_corrected(signed_in):
    asked = "limit_quantity=effective&dimension=domain"
    current = signed_in("chercheur").get(f"/api/v1/statistics/national?{asked}").json()["items"]
    both = signed_in("chercheur").get(f"/api/v1/statistics/national/all-rows?{asked}").json()["items"]
    shared = ("year", "group_code", "monitored", "exposed", "collective_dose_man_sv")
    assert [[row[c] for c in shared] for row in both] == [[row[c] for c in shared] for row in current]
    told = [row for row in both if row["monitored_all_rows"] is not None]
    assert told and all(row["monitored_all_rows"] >= row["monitored"] for row in told)
    assert not any("corrected" in name or "difference" in name for row in both for name in row)


@pytest.mark.parametrize("table", Table)
def test_the_yearly_tables_are_served_protected_and_page_by_page(signed_in, table):
    client = signed_in("chercheur")
    whole = client.get(f"/api/v1/statistics/{table}").json()
    assert whole["items"] and whole["next_cursor"] is None
    assert all("suppressed" in item and "top_share" not in item for item in whole["items"])
    source = whole["source"]
    assert (source["model"], source["label_fr"].startswith("Arrêté au ")) == (table, True)
    assert len(source["checksum"]) == 64 and source["release"] and source["code_version"] and source["snapshot"]
    paged, cursor = [], ""
    while cursor is not None:
        found = client.get(f"/api/v1/statistics/{table}?limit=40{cursor and f'&cursor={cursor}'}").json()
        paged, cursor = paged + found["items"], found["next_cursor"]
    assert paged == whole["items"]
    of_year = client.get(f"/api/v1/statistics/{table}?year=2020").json()["items"]
    assert of_year == [item for item in whole["items"] if item["year"] == 2020]
    is_problem(client.get("/api/v1/statistics/top_contributors"), 422)


def test_an_establishment_is_compared_for_its_own_people(signed_in, web_settings, ground):
    account = next(a for a in list_accounts(ground.engine) if a.email.startswith("employeur"))
    own = viewer_of(ground.engine, account.account_id, date.today()).establishment_keys
    sirets = dict(query(web_settings, "select establishment_key, siret from establishments").iter_rows())
    foreign = next(siret for key, siret in sirets.items() if key not in own)
    client = signed_in("employeur")
    items = client.get(f"/api/v1/establishments/{sirets[min(own)]}/comparison").json()["items"]
    assert items and all(i["monitored"] is None or i["monitored"] > 10 for i in items)
    source = client.get(f"/api/v1/establishments/{sirets[min(own)]}/comparison").json()["source"]
    assert source["label_fr"].startswith("Arrêté au ") and source["label_en"].startswith("As at ")
    assert "change_msv" in client.get(f"/api/v1/establishments/{sirets[min(own)]}/changes").json()["items"][0]
    for what in ("comparison", "changes", "completeness"):
        answers = [is_problem(client.get(f"/api/v1/establishments/{s}/{what}"), 403) for s in (foreign, "9" * 14)]
        assert answers[0] == answers[1]
    is_problem(signed_in("autorite").get(f"/api/v1/establishments/{foreign}/comparison"), 403)


def test_an_adviser_sets_a_constraint_that_others_read(signed_in, web_settings, ground):
    account = next(a for a in list_accounts(ground.engine) if a.email.startswith("crp"))
    own = min(viewer_of(ground.engine, account.account_id, date.today()).establishment_keys)
    siret = query(web_settings, "select siret from establishments where establishment_key = ?", own).item()
    address = f"/api/v1/establishments/{siret}/constraints"
    level = {"limit_quantity": "effective", "level_msv": "0.001"}
    answer = signed_in("crp").post(address, json=level)
    assert answer.status_code == 201
    assert [row["level_msv"] for row in answer.json()] == ["0.001"]
    assert [row["level_msv"] for row in signed_in("medecin").get(address).json()] == ["0.001"]
    is_problem(signed_in("employeur").post(address, json=level), 403)
    is_problem(signed_in("crp").post(address, json=level | {"level_msv": "21"}), 400)
    is_problem(signed_in("crp").get(f"/api/v1/establishments/{'9' * 14}/constraints"), 403)
    event = Audit(ground.engine).events(account_id=account.account_id, limit=20)
    assert any(row["action"] == "constraint" and "0.001" not in row["detail"] for row in event)


NAME = "PASS_LANDAUER_20240301T080000_991.csv"


def test_a_file_sent_waits_in_the_inbox_with_who_sent_it(signed_in, web_settings):
    client, data = signed_in("organisme"), b"a;b\n1;2\n"
    for _ in range(2):
        answer = client.post("/api/v1/deliveries", params={"file_name": NAME}, content=data)
        assert answer.status_code == 202
        assert answer.json()["sha256"] == hashlib.sha256(data).hexdigest()
    inbox = web_settings.landing / "inbox"
    assert (inbox / NAME).read_bytes() == data and "account_id" in (inbox / f"{NAME}.json").read_text()
    assert sorted(p.name for p in inbox.iterdir()) == [NAME, f"{NAME}.json"]
    other = client.post("/api/v1/deliveries", params={"file_name": NAME}, content=b"other")
    is_problem(other, 422)
    assert (inbox / NAME).read_bytes() == data


@pytest.mark.parametrize(
    "name, status",
    [
        ("PASS_DOSILAB_20240301T080000_1.csv", 403),
        ("OPER_LANDAUER_20240301T080000_1.csv", 422),
        ("../../x.csv", 422),
        ("x.csv", 422),
        ("PASS_LANDAUER_20240301T080000_1.csv/../y", 422),
    ],
)
def test_a_file_of_another_sender_or_name_stays_outside(signed_in, web_settings, name, status):
    before = sorted((web_settings.landing / "inbox").glob("*")) if (web_settings.landing / "inbox").exists() else []
    is_problem(signed_in("organisme").post("/api/v1/deliveries", params={"file_name": name}, content=b"x"), status)
    assert sorted((web_settings.landing / "inbox").glob("*")) == before


def test_senders_see_their_own_deliveries_and_the_register_all(signed_in):
    own = signed_in("organisme").get("/api/v1/deliveries?limit=500").json()["items"]
    every = signed_in("registre").get("/api/v1/deliveries?limit=500").json()["items"]
    assert own and {i["sender_code"] for i in own} == {"LANDAUER"}
    assert len({i["sender_code"] for i in every}) > 3
    foreign = next(i["delivery_no"] for i in every if i["sender_code"] != "LANDAUER")
    client = signed_in("organisme")
    report = client.get(f"/api/v1/deliveries/{own[0]['delivery_no']}").json()
    kept = report["rows_loaded"] + report["rows_refused"] + report["rows_waiting"] + report["rows_duplicate"]
    assert report["rows_total"] == kept
    answers = [is_problem(client.get(f"/api/v1/deliveries/{n}"), 403) for n in (foreign, 2_000_000)]
    assert answers[0] == answers[1]
    is_problem(signed_in("medecin").get("/api/v1/deliveries"), 403)


def test_a_sender_downloads_its_receipts_and_nobody_elses(signed_in):
    client, team = signed_in("organisme"), signed_in("registre")
    own = client.get("/api/v1/deliveries").json()["items"][0]
    number = own["delivery_no"]
    said = client.get(f"/api/v1/deliveries/{number}/acknowledgement").json()
    assert said["sha256"] == own["sha256"] and said["accepted"] is True
    for kind in ("ACK", "RPT"):
        answer = client.get(f"/api/v1/deliveries/{number}/file", params={"kind": kind})
        assert answer.headers["content-type"].startswith("text/csv")
        assert f'filename="{kind}_LANDAUER_' in answer.headers["content-disposition"]
        assert own["sha256"] in answer.text or kind == "RPT"
        assert team.get(f"/api/v1/deliveries/{number}/file", params={"kind": kind}).text == answer.text
    every = team.get("/api/v1/deliveries?limit=500").json()["items"]
    foreign = next(i["delivery_no"] for i in every if i["sender_code"] != "LANDAUER")
    for path in ("acknowledgement", "file?kind=ACK", "file?kind=RPT"):
        answers = [is_problem(client.get(f"/api/v1/deliveries/{n}/{path}"), 403) for n in (foreign, 2_000_000)]
        assert answers[0] == answers[1]
        is_problem(signed_in("employeur").get(f"/api/v1/deliveries/{number}/{path}"), 403)
    assert client.get(f"/api/v1/deliveries/{number}/file?kind=../report.json").status_code == 422


def test_a_report_names_its_rows_and_what_became_of_those_that_waited(signed_in):
    """The simulated bodies send doses of persons who are declared later."""
    client = signed_in("registre")
    found = [i for i in client.get("/api/v1/deliveries?limit=500").json()["items"] if i["rows_waiting"]]
    report = client.get(f"/api/v1/deliveries/{found[-1]['delivery_no']}").json()
    waits = {f["row_no"] for f in report["findings"] if f["severity"] == "A"}
    assert {row["row_no"] for row in report["since"]} == waits and len(waits) == report["rows_waiting"]
    assert {row["state"] for row in report["since"]} <= {"loaded", "refused", "sent_again", "waiting"}
    assert report["findings_total"] >= len(report["findings"]) >= len(waits)


def test_an_extract_is_asked_followed_and_downloaded_by_its_project_only(signed_in, ground, web_settings):
    from registry import extracts

    client = signed_in("chercheur")
    asked = {"project_code": "COHORTE-DEMO", "first_year": 2023, "last_year": 2024, "purpose": "Tendance"}
    answer = client.post("/api/v1/extracts", json=asked)
    assert answer.status_code == 202 and answer.json()["state"] == "requested"
    number = answer.json()["extract_id"]
    is_problem(client.get(f"/api/v1/extracts/{number}/file?name=data.csv"), 404)
    folder = extracts.folder_of(web_settings, number)
    folder.mkdir(parents=True)
    (folder / "data.csv").write_text("a\n")
    while (taken := extracts.take_next(ground.engine)).extract_id != number:
        pass
    extracts.finish_extract(ground.engine, taken.extract_id, snapshot_version="v", row_count=1, sha256="0" * 64)
    assert client.get(f"/api/v1/extracts/{number}").json()["files"] == ["data.csv"]
    assert client.get(f"/api/v1/extracts/{number}/file?name=data.csv").text == "a\n"
    for name in ("../../keys/master.key", "/etc/passwd", ".", ""):
        is_problem(client.get(f"/api/v1/extracts/{number}/file", params={"name": name}), 404)
    is_problem(signed_in("medecin").get(f"/api/v1/extracts/{number}"), 403)
    is_problem(client.post("/api/v1/extracts", json=asked | {"project_code": "OTHER"}), 403)


def test_a_body_that_is_too_large_is_not_read(signed_in):
    is_problem(signed_in("medecin").post("/api/v1/extracts", content=b" " * (3 * 1024 * 1024)), 413)

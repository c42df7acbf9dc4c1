"""Signing in, the cookie, foreign sites, and pages as each reader gets them from the server."""

import json
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from plotly.utils import PlotlyJSONEncoder

from dashboards.app import fill
from dashboards.ask import Ask
from dashboards.pages import PAGES, find
from lake import reference
from registry.accounts import list_accounts, viewer_of
from registry.constraints import constraints_of
from registry.demo import DEMO_PASSWORD, READERS
from registry_api.ground import COOKIE

HERE = {"origin": "http://dosilake.test"}
FORM = {"email": "medecin@demo.example", "password": DEMO_PASSWORD}


def sign_in(client, name="medecin", **more):
    form = {"email": f"{name}@demo.example", "password": DEMO_PASSWORD} | more
    return client.post("/app/login", data=form, headers=HERE)


def test_signing_in_gives_a_cookie_that_scripts_cannot_read(anyone):
    answer = sign_in(anyone)
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie
    assert anyone.get("/app/national").status_code == 200
    assert anyone.get("/api/v1/workers").status_code == 200


def test_signing_out_ends_the_session_at_the_server(anyone):
    sign_in(anyone)
    secret = anyone.cookies[COOKIE]
    assert anyone.post("/app/logout", headers=HERE).headers["location"] == "/app/login"
    assert anyone.get("/app/", headers={"cookie": f"{COOKIE}={secret}"}).status_code == 401


def test_a_stranger_who_wants_a_page_is_led_to_sign_in_and_back(anyone):
    answer = anyone.get("/app/national?year=2023", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/app/login?next=%2Fapp%2Fnational%3Fyear%3D2023"
    assert sign_in(anyone, next="/app/national?year=2023").headers["location"] == "/app/national?year=2023"


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/app/", "/app/\\evil", "/api/v1/x", "/app/login"])
def test_signing_in_never_leads_to_another_site(anyone, target):
    assert sign_in(anyone, next=target).headers["location"] == "/app/"


def test_a_failed_sign_in_says_one_thing_and_opens_nothing(anyone):
    for form in (FORM | {"password": "x" * 12}, FORM | {"email": "nobody@demo.example"}):
        answer = anyone.post("/app/login", data=form, headers=HERE)
        assert answer.status_code == 401 and COOKIE not in answer.cookies
        assert 'role="alert"' in answer.text and form["email"] not in answer.text.split("Entrer comme")[0]


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {}]
)
def test_a_foreign_site_changes_nothing_in_the_readers_name(anyone, headers):
    sign_in(anyone, "chercheur")
    asked = {"project_code": "COHORTE-DEMO", "first_year": 2023, "last_year": 2024, "purpose": "x"}
    assert anyone.post("/api/v1/extracts", json=asked, headers=headers).status_code == 403
    assert anyone.post("/app/_dash-update-component", json={}, headers=headers).status_code == 403
    assert anyone.post("/app/logout", headers=headers).status_code == 403
    assert anyone.get("/app/").status_code == 200


def test_another_site_cannot_sign_the_reader_in(anyone):
    assert anyone.post("/app/login", data=FORM, headers={"origin": "http://evil.test"}).status_code == 403


def test_the_demo_says_it_is_one_and_lists_its_readers(anyone):
    page = anyone.get("/app/login").text
    assert "Données de démonstration — personnes fictives" in page
    assert all(reader.label_fr in page for reader in READERS)


def test_the_login_page_has_no_script_and_speaks_the_chosen_language(anyone):
    assert "<script" not in anyone.get("/app/login").text
    answer = anyone.get("/app/login", headers={"cookie": "dosilake_language=en"})
    assert '<html lang="en">' in answer.text and "Password" in answer.text
    assert '<html lang="fr">' in anyone.get("/app/login", headers={"cookie": "dosilake_language=xx"}).text


def test_the_shell_is_empty_and_knows_nobody(anyone):
    sign_in(anyone)
    shells = [anyone.get(path).text for path in ("/app/_dash-layout", "/app/", "/app/_dash-dependencies")]
    assert not any(word in shell for shell in shells for word in ("mSv", "validation_layout", "medecin@", "SIRET"))


def test_an_unknown_page_is_a_404(anyone):
    sign_in(anyone)
    assert anyone.get("/app/nope").status_code == 404
    assert anyone.get("/app/worker/12/x").status_code == 404


def call_page(client, path, search=""):
    return client.post(
        "/app/_dash-update-component",
        json={
            "output": "..content.children...navigation.children...header.children...page-title.data..",
            "outputs": [
                {"id": i, "property": p}
                for i, p in (
                    ("content", "children"), ("navigation", "children"), ("header", "children"), ("page-title", "data")
                )
            ],
            "inputs": [
                {"id": "url", "property": "pathname", "value": path},
                {"id": "url", "property": "search", "value": search},
                {"id": "refresh", "property": "data", "value": None},
            ],
            "changedPropIds": ["url.pathname"],
        },
        headers=HERE,
    )  # fmt: skip


def test_the_callback_fills_the_page_for_the_reader_of_the_cookie(anyone):
    sign_in(anyone, "autorite")
    filled = call_page(anyone, "/app/national")
    assert filled.status_code == 200 and "homme·Sv" in filled.text
    sign_in(anyone, "employeur")
    assert "R.4451-67" in call_page(anyone, "/app/team").text


def set_constraint(client, place, level):
    """What the form of the team page sends."""
    asked = client.get("/app/_dash-dependencies", headers=HERE).json()
    (output,) = (one["output"] for one in asked if "constraint-answer" in one["output"])
    outputs = [dict(zip(("id", "property"), one.rsplit(".", 1), strict=True)) for one in output.strip(".").split("...")]
    state = {"place": place, "quantity": "effective", "team": None, "level": level}
    return client.post(
        "/app/_dash-update-component",
        json={
            "output": output,
            "outputs": outputs,
            "inputs": [{"id": "constraint-submit", "property": "n_clicks", "value": 1}],
            "state": [
                {"id": f"constraint-{name}", "property": "data" if name == "place" else "value", "value": value}
                for name, value in state.items()
            ],
            "changedPropIds": ["constraint-submit.n_clicks"],
        },
        headers=HERE,
    )


def test_an_adviser_sets_a_constraint_on_the_page_and_nobody_else(anyone, asks):
    adviser = asks("crp")
    place = min(adviser.viewer.establishment_keys)

    def held() -> list[str]:
        return [str(c.level_msv) for c in constraints_of(adviser.ground.engine, adviser.viewer, place)]

    sign_in(anyone, "crp")
    assert "constraint-submit" in call_page(anyone, "/app/team").text
    assert set_constraint(anyone, place, "2,5").status_code == 200 and held() == ["2.5"]
    assert "n'est pas un nombre" in set_constraint(anyone, place, "beaucoup").text
    assert "ne dépasse pas la limite" in set_constraint(anyone, place, "20.001").text
    elsewhere = max(adviser.viewer.establishment_keys) + 1000
    for others in (elsewhere, None, [place], {"key": place}):
        assert "pas dans votre périmètre" in set_constraint(anyone, others, "1").text
    assert "est positive" in set_constraint(anyone, place, 0).text and held() == ["2.5"]
    for reader in ("medecin", "employeur", "inspecteur"):
        sign_in(anyone, reader)
        assert "constraint-submit" not in call_page(anyone, "/app/team").text
        set_constraint(anyone, place, "")
    assert held() == ["2.5"]
    sign_in(anyone, "crp")
    assert set_constraint(anyone, place, "").status_code == 200 and held() == []


@pytest.fixture(scope="module")
def asks(web):
    """Every demo reader's question, by name and language."""
    ground = web.state.ground

    def ask(name, language="fr", **params):
        account = next(a for a in list_accounts(ground.engine) if a.email == f"{name}@demo.example")
        return Ask(ground, viewer_of(ground.engine, account.account_id, date.today()), language, params)

    return ask


def said(component) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


OPEN = {
    "autorite": {"/", "/national", "/exceedances"},
    "inspecteur": {"/", "/national", "/establishment", "/team", "/worker/{worker_key}", "/exceedances"},
    "employeur": {"/", "/national", "/establishment", "/exceedances"},
    "crp": {"/", "/national", "/establishment", "/team", "/worker/{worker_key}", "/exceedances"},
    "medecin": {"/", "/national", "/establishment", "/team", "/worker/{worker_key}", "/exceedances"},
    "infirmier": {"/", "/national", "/establishment", "/team", "/worker/{worker_key}", "/exceedances"},
    "travailleur": {"/", "/national", "/team", "/worker/{worker_key}", "/exceedances"},
    "chercheur": {"/", "/national", "/extracts"},
    "organisme": {"/", "/national", "/deliveries", "/deliveries/{delivery_no}"},
    "exploitant": {"/", "/national", "/deliveries", "/deliveries/{delivery_no}"},
    "registre": {"/", "/national", "/deliveries", "/deliveries/{delivery_no}"},
    "auditeur": {"/", "/national", "/audit"},
}


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("reader", sorted(OPEN))
def test_each_reader_gets_their_pages_and_no_other(asks, web, reader, language):
    ground = web.state.ground
    worker_key = next(a.worker_key for a in list_accounts(ground.engine) if a.worker_key)
    for page in PAGES:
        ask = asks(reader, language)
        path = page.path.format(worker_key=worker_key, delivery_no=10**6)
        content, _ = fill(ask, f"/app{path}")
        shown = said(content)
        assert ask.t("state.failed") not in shown, page.path
        if "{delivery_no}" not in page.path:
            assert (ask.t("state.denied") not in shown) == (page.path in OPEN[reader]), page.path


def test_an_employer_never_gets_a_dose_of_a_person(asks, web):
    ground = web.state.ground
    worker_key = next(a.worker_key for a in list_accounts(ground.engine) if a.worker_key)
    for page in PAGES:
        shown = said(fill(asks("employeur"), "/app" + page.path.format(worker_key=worker_key, delivery_no=1))[0])
        assert "dose_12m_msv" not in shown and "dose_msv" not in shown


def test_a_sender_reads_what_became_of_its_rows_and_how_it_transmits(asks, web_settings):
    from ingestion.since import since
    from lake.store import Lake

    lake = Lake(web_settings.lake_root)
    waited = lake.scan("waiting").filter(sender_code="LANDAUER").select("delivery_no", "judged_by").collect()
    number = waited.filter(waited["delivery_no"] == waited["judged_by"])["delivery_no"][0]
    ask = asks("organisme")
    shown = said(fill(ask, f"/app/deliveries/{number}")[0])
    row = since(lake, number).row(0, named=True)
    assert ask.t(f"deliveries.since.{row['state']}", number=row["by_delivery_no"]) in shown
    assert row["record_id"] in shown and f"/api/v1/deliveries/{number}/file?kind=RPT" in shown
    listed = said(fill(ask, "/app/deliveries")[0])
    assert ask.t("deliveries.transmission") in listed and "absences_above_180_days" in listed
    assert "DOSILAB" not in listed


def test_a_page_shows_the_number_of_the_mart(asks):
    ask = asks("autorite")
    row = ask.ground.access.fetch(
        "national_statistics", ask.viewer, where={"limit_quantity": "effective", "dimension": "ALL", "year": 2020},
        purpose="test",
    ).row(0, named=True)  # fmt: skip
    shown = said(fill(asks("autorite", year="2020"), "/app/national")[0])
    assert ask.number(row["monitored"]) in shown and ask.number(row["collective_dose_man_sv"], 3) in shown


def test_the_nation_is_told_of_all_rows_received_where_they_are_asked_for(asks):
    """Figures, names of files and sources are those of the rows chosen; what is withheld is said."""
    ask = asks("autorite", year="2020", rows="all")
    of_nation = {"limit_quantity": "effective", "dimension": "ALL"}
    statistics, classes = (
        ask.ground.access.fetch(f"{name}_of_all_rows", ask.viewer, where=of_nation, purpose="test")
        for name in ("statistics", "dose_distribution")
    )
    page = fill(ask, "/app/national")[0]
    grids = {part.id["key"]: part.rowData for part in page._traverse() if hasattr(part, "rowData")}
    changing = {"trend", "by-domain-2020", "classes-2020", "unscear-2020"}
    assert {f"{key}-all-rows" for key in changing} == {key for key in grids if key.endswith("-all-rows")}
    names = {"monitored": "monitored_all_rows", "exposed": "exposed_all_rows",
             "mean_exposed_msv": "mean_exposed_all_rows_msv",
             "collective_dose_man_sv": "collective_dose_all_rows_man_sv"}  # fmt: skip
    trend = {row["year"]: [row[name] for name in names] for row in grids["trend-all-rows"]}
    floats = pl.col(list(names.values())).cast(pl.Float64)
    assert trend == {year: numbers for year, *numbers in statistics.select("year", floats).iter_rows()}
    labels = reference.table("dose_classes").filter(limit_quantity="effective").select("class_code", "label_fr")
    counted = dict(
        classes.filter(year=2020).join(labels, on="class_code").select("label_fr", "workers_all_rows").iter_rows()
    )
    assert counted.items() <= {row["label"]: row["workers"] for row in grids["classes-2020-all-rows"]}.items()
    shown, current = said(page), said(fill(asks("autorite", year="2020"), "/app/national")[0])
    assert ask.t("label.not_published") in shown and None in counted.values()
    for table in ("statistics_of_all_rows", "dose_distribution_of_all_rows"):
        assert table in shown and table not in current
    assert "-all-rows" not in current


@pytest.mark.parametrize("reader", ["medecin", "employeur", "autorite"])
def test_a_page_of_doses_names_its_snapshot(asks, web, reader):
    worker_key = next(a.worker_key for a in list_accounts(web.state.ground.engine) if a.worker_key)
    version = web.state.ground.snapshot_version()
    for path in ("exceedances", "team", f"worker/{worker_key}") if reader == "medecin" else ("exceedances",):
        shown = said(fill(asks(reader), f"/app/{path}")[0])
        assert f"Instantané {version}" in shown and "SHA-256" in shown, path


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("path", ["/app/national", "/app/establishment"])
def test_a_page_of_statistics_names_its_release(asks, path, language):
    ask = asks("medecin", language)
    release = ask.ground.access.release()
    shown = said(fill(ask, path)[0])
    model = "national_statistics" if path == "/app/national" else "establishment_comparison"
    for named in (release.label(language), release.snapshot, release.code_version, release.checksums[model][:16]):
        assert named in shown


@pytest.mark.parametrize(("low", "high", "differs", "said_of_it"), [
    (Decimal("0.700"), Decimal("1.900"), False, "chance"), (Decimal("1.100"), Decimal("1.400"), True, "above"),
])  # fmt: skip
def test_a_ratio_is_judged_by_its_interval(asks, low, high, differs, said_of_it):
    from dashboards.pages.establishment import _interval, _verdict

    ask = asks("medecin")
    row = {"standardised_dose_ratio": Decimal("1.250"), "standardised_dose_ratio_low": low,
           "standardised_dose_ratio_high": high, "differs_from_expected": differs}  # fmt: skip
    assert ask.t(f"establishment.verdict_{said_of_it}", value=ask.number(25, 0)) in said(_verdict(ask, row))
    assert ask.number(low, 2) in _interval(ask, row) and ask.number(high, 2) in _interval(ask, row)


def test_a_job_that_earlier_code_compared_is_an_occupation_alone(asks):
    from dashboards.pages.establishment import _job

    ask = asks("medecin")
    occupation = ask.reference_label("occupations", "M01")
    assert _job(ask, "M01", None) == occupation
    assert _job(ask, "M01", "UNSPECIFIED") == f"{occupation} – {ask.t('label.unspecified')}"


@pytest.mark.parametrize(("mart", "title"), [
    ("contract_doses", "worker.contracts"), ("significant_events", "worker.events"),
])  # fmt: skip
def test_a_worker_sees_short_contracts_and_events_where_there_are_any(asks, web, mart, title):
    from dashboards.pages.worker import _contracts, _events
    from lake.vocabulary import Role
    from registry.policy import Viewer

    ground = web.state.ground
    card = {"contract_doses": _contracts, "significant_events": _events}[mart]
    key = ground.access.snapshots.query(f"select min(worker_key) from {mart}", ()).item()
    ask = Ask(ground, Viewer(1, Role.WORKER, key), "fr", {})
    assert ask.t(title) in said(card(ask, key, None))
    without = next(a.worker_key for a in list_accounts(ground.engine) if a.worker_key)
    assert card(asks("travailleur"), without, None) == []


def test_a_worker_page_looks_ahead(asks, web):
    from dashboards.pages.worker import _outlook
    from lake.vocabulary import LimitQuantity

    worker_key = next(a.worker_key for a in list_accounts(web.state.ground.engine) if a.worker_key)
    physician, adviser = asks("medecin"), asks("crp")
    shown = said(fill(physician, f"/app/worker/{worker_key}")[0])
    assert physician.t("worker.room") in shown and "projected_high_msv" in shown
    assert physician.t("worker.outlook_external") not in shown
    external = said(_outlook(adviser, worker_key, LimitQuantity.EFFECTIVE_EXTERNAL, physician.latest_day, None))
    assert adviser.t("worker.outlook_external") in external
    assert _outlook(physician, worker_key, LimitQuantity.OPERATIONAL, physician.latest_day, None) == []


def test_a_team_is_held_against_its_constraints(asks, web):
    from dashboards import queries
    from dashboards.pages.team import _constrained, _constraint_notice
    from dashboards.pages.worker import _outlook
    from lake.vocabulary import LimitQuantity
    from registry.constraints import set_constraint

    ask = asks("medecin")
    adviser = asks("crp").viewer
    place = min(adviser.establishment_keys & ask.viewer.establishment_keys)
    people = ask.ground.access.workers_of(ask.viewer, place, purpose="test")
    people = people.unique("worker_key", maintain_order=True).head(2)
    doses = [Decimal("3.000"), Decimal("3.001")][: people.height]
    frame = people.with_columns(pl.Series("dose_12m_msv", doses, dtype=pl.Decimal(12, 3)))
    set_constraint(
        ask.ground.engine, adviser, establishment_key=place, team=None, limit_quantity="effective",
        level_msv=Decimal("3"),
    )  # fmt: skip
    held = _constrained(ask, frame, place, "effective")
    assert [str(left) for left in held["left_msv"]] == ["0.000", "-0.001"]
    assert ask.t("team.constraint_passed", count=1) in said(_constraint_notice(ask, held))
    assert _constraint_notice(ask, held.head(1)) == []
    assert queries.constraint_on(ask, people["worker_key"][0], "effective") == Decimal("3")
    assert queries.constraint_on(ask, people["worker_key"][0], "lens") is None
    ahead = said(_outlook(ask, people["worker_key"][0], LimitQuantity.EFFECTIVE, ask.latest_day, None))
    assert "constraint_room_msv" in ahead
    shown = said(fill(asks("medecin", siret=_siret(ask, place)), "/app/team")[0])
    assert ask.t("team.constraint_left") in shown


def _siret(ask, establishment_key: int) -> str:
    rows = ask.ground.access.fetch("establishments", ask.viewer, purpose="test")
    return rows.row(by_predicate=pl.col("establishment_key") == establishment_key, named=True)["siret"]


def test_a_page_says_what_its_figures_rest_on(asks):
    from dashboards.blocks import completeness

    ask = asks("autorite")
    row = {"received_periods_share": Decimal("0.981234"), "expected_from": date(2024, 1, 1),
           "received_results_share": Decimal("0.900000"), "results_until": date(2024, 5, 31),
           "results_nowcast_low": 95, "results_nowcast_high": 104, "occupation_known_share": None}  # fmt: skip
    shown = said(completeness(ask, row))
    assert "98,1 % des périodes de port attendues depuis le 01/01/2024" in shown and "95 à 104" in shown
    assert "métier" not in shown
    assert ask.t("completeness.unknown") in said(completeness(ask, None))
    assert ask.t("completeness.title") in said(fill(asks("autorite", year="2020"), "/app/national")[0])
    assert ask.t("completeness.title") in said(fill(asks("employeur", year="2020"), "/app/establishment")[0])


def test_the_nation_is_shown_by_size_of_establishment(asks):
    shown = said(fill(asks("autorite", year="2020", by="size_band"), "/app/national")[0])
    assert "Taille de l'établissement" in shown and "10 à 49 salariés" in shown


@pytest.mark.parametrize(
    "params", [{"year": "x"}, {"year": "1"}, {"by": "';--"}, {"quantity": "x"}, {"measure": "x"}, {"on": "31/12"}]
)
def test_an_address_that_makes_no_sense_falls_back(asks, params):
    for path in ("/app/national", "/app/establishment", "/app/team"):
        assert asks("medecin").t("state.failed") not in said(fill(asks("medecin", **params), path)[0])


def test_keys_in_an_address_are_numbers():
    assert find("/worker/12")[1] == {"worker_key": 12}
    assert find("/worker/1850175123000012345678")[0] is None
    assert find("/worker/x")[0] is None


def test_before_the_first_publication_pages_say_so(tmp_path):
    from dashboards.app import create_web
    from lake.settings import Settings
    from lake.vocabulary import Role
    from registry.accounts import create_account

    web = create_web(Settings(home=tmp_path))
    ground = web.state.ground
    number = create_account(
        ground.engine, email="a@example.org", password="x" * 12, role=Role.AUTHORITY, display_name="A"
    )
    ask = Ask(ground, viewer_of(ground.engine, number, date.today()), "fr", {})
    for path in ("/app/", "/app/national", "/app/exceedances"):
        assert "Aucune publication" in said(fill(ask, path)[0])

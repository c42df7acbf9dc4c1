"""What readers see in a browser: the numbers of the marts, nothing they may not, usable without a mouse or sight."""

import re
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe

from dashboards import formats
from dashboards.texts import text
from models.snapshot import Snapshots
from registry import extracts
from registry.accounts import list_accounts, viewer_of
from registry.database import open_registry

PAGES = [
    ("autorite", "/app/"), ("autorite", "/app/national"), ("autorite", "/app/exceedances"),
    ("employeur", "/app/establishment"), ("employeur", "/app/team"), ("crp", "/app/team"), ("medecin", "WORKER"),
    ("inspecteur", "/app/exceedances"), ("infirmier", "WORKER"), ("travailleur", "WORKER"),
    ("chercheur", "/app/extracts"), ("organisme", "/app/deliveries"), ("exploitant", "/app/deliveries"),
    ("registre", "DELIVERY"), ("auditeur", "/app/audit"),
]  # fmt: skip


@pytest.fixture(scope="module")
def query(served):
    snapshots = Snapshots(served[0])
    yield lambda sql, *parameters: snapshots.query(sql, parameters)
    snapshots.close()


@pytest.fixture(scope="module")
def engine(served):
    engine = open_registry(served[0])
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def worker_key(engine):
    return next(account.worker_key for account in list_accounts(engine) if account.worker_key)


def go(page, address):
    page.goto(address)
    page.locator("#page-heading").wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_function(_GRIDS_ARE_DRAWN)


# A grid comes after the page, and draws its heads and rows one after the other.
_GRIDS_ARE_DRAWN = """() => [...document.querySelectorAll("[id]")]
    .filter(element => element.id.includes('"type":"grid"'))
    .every(grid => grid.querySelector(".ag-header-cell") && grid.querySelector(".ag-cell, .ag-overlay-no-rows-center"))
"""

_ALL_IS_IN_SIGHT = """() => [...document.querySelectorAll(".ag-header-cell")]
    .every(head => !head.checkVisibility() || head.checkVisibility({contentVisibilityAuto: true}))
"""


def unwrapped(page) -> str:
    return page.locator("#main").inner_text()


@pytest.mark.parametrize("name, address", PAGES)
def test_a_page_has_no_accessibility_violation_and_asks_no_other_host(reader, worker_key, name, address):
    page = reader(name)
    go(page, {"WORKER": f"/app/worker/{worker_key}", "DELIVERY": "/app/deliveries/1"}.get(address, address))
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.locator("main").count() == 1 and page.locator("h1").count() == 1
    assert page.title().endswith("– Dosilake")
    # A grid out of sight is not drawn (content-visibility), and would look empty.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
    page.wait_for_function(_ALL_IS_IN_SIGHT)
    violations = Axe().run(page).response["violations"]
    assert not [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in violations]


def test_every_state_of_an_extract_can_be_read(reader, engine):
    account = next(account for account in list_accounts(engine) if account.email.startswith("chercheur"))
    viewer = viewer_of(engine, account.account_id, date.today())
    for _ in range(3):
        extracts.request_extract(
            engine, viewer, project_code="COHORTE-DEMO", first_year=2020, last_year=2020, purpose="essai"
        )
    extracts.fail_extract(engine, extracts.take_next(engine).extract_id, "Rien à extraire.")
    done = extracts.take_next(engine).extract_id
    extracts.finish_extract(engine, done, snapshot_version="v", row_count=0, sha256="0" * 64)
    extracts.take_next(engine)
    page = reader("chercheur")
    go(page, "/app/extracts")
    for state in ("failed", "done", "running"):
        page.get_by_text(text(f"extracts.state.{state}", "fr"), exact=True).first.wait_for()
    assert not [v["id"] for v in Axe().run(page).response["violations"]]


def test_the_login_page_has_no_accessibility_violation(reader):
    assert not Axe().run(reader(None)).response["violations"]


def test_the_national_page_shows_the_marts_numbers(reader, query):
    sql = "select * from national_statistics where limit_quantity = 'effective' and dimension = 'ALL' and year = 2020"
    row = query(sql).row(0, named=True)
    page = reader("autorite")
    go(page, "/app/national?year=2020")
    shown = page.locator(".headline-value").all_inner_texts()
    assert shown == [
        formats.number(row["monitored"]), formats.number(row["exposed"]),
        formats.number(row["collective_dose_man_sv"], 3), formats.number(row["mean_exposed_msv"], 3),
    ]  # fmt: skip


def test_a_choice_goes_into_the_address_and_changes_the_page(reader):
    page = reader("autorite")
    go(page, "/app/national?year=2020")
    page.get_by_role("combobox", name=text("label.by", "fr")).or_(
        page.locator(f"input[aria-label='{text('label.by', 'fr')}']")
    ).first.click()
    page.get_by_role("option", name=text("dimension.category", "fr")).click()
    page.wait_for_url(re.compile("by=category"))
    page.get_by_role("heading", name=re.compile(f"2020 – {text('dimension.category', 'fr')}")).wait_for()
    assert "year=2020" in page.url


def test_the_rows_that_are_counted_are_chosen_in_the_address(reader):
    page = reader("autorite")
    go(page, "/app/national?year=2020")
    page.get_by_role("combobox", name=text("national.rows", "fr")).or_(
        page.get_by_label(text("national.rows", "fr"))
    ).first.click()
    page.get_by_role("option", name=text("national.all_rows", "fr")).click()
    page.wait_for_url(re.compile("rows=all"))
    page.get_by_role("heading", name=re.compile(f"2020 – {text('national.all_rows', 'fr')}")).first.wait_for()
    assert "year=2020" in page.url and text("national.corrections_note", "fr") in unwrapped(page)
    assert text("label.not_published", "fr") in page.locator(".headline-value").all_inner_texts()
    assert not [v["id"] for v in Axe().run(page).response["violations"]]


def test_a_worker_sees_the_sum_of_their_own_last_day(reader, query, worker_key):
    sql = """select dose_12m_msv from rolling_doses where worker_key = ? and limit_quantity = 'effective'
             order by on_date desc limit 1"""
    page = reader("travailleur")
    until = query(
        "select max(on_date) from rolling_doses where worker_key = ? and limit_quantity = 'effective'", worker_key
    ).item()  # noqa: E501
    go(page, f"/app/worker/{worker_key}?on={until}")
    assert formats.dose(query(sql, worker_key).item()) == page.locator(".headline-value").first.inner_text()
    assert text("worker.who_looked", "fr") in unwrapped(page)


def test_a_team_is_sorted_by_dose_and_opens_a_worker(reader, engine, query):
    page = reader("medecin")
    go(page, "/app/team")
    cells = page.locator("[col-id='dose_12m_msv'].ag-cell")
    cells.first.wait_for()
    doses = [float(cell.replace("\u202f", "").replace(",", ".")) for cell in cells.all_inner_texts()]
    assert doses == sorted(doses, reverse=True) and doses
    first = page.locator("a.grid-link").first
    name = first.inner_text()
    first.click()
    page.wait_for_url("**/app/worker/*")
    page.get_by_role("heading", level=1, name=name).wait_for()


def test_an_employer_never_receives_a_dose_of_a_person(reader, worker_key):
    page = reader("employeur")
    received = []
    page.on("response", lambda r: received.append(r.text()) if "_dash-update" in r.url else None)
    for address in ("/app/team", f"/app/worker/{worker_key}"):
        go(page, address)
        assert "R.4451-67" in unwrapped(page)
    # Who exceeded a limit is told, and no dose.
    go(page, "/app/exceedances")
    assert "art. 5 III" in unwrapped(page) and "mSv" not in unwrapped(page)
    go(page, "/app/establishment")
    doses = ("dose_12m_msv", '"dose_msv"', "peak_msv", "prorata_peak_msv")
    assert received and not any(name in body for body in received for name in doses)


def test_a_hidden_number_says_so(reader, engine, query):
    account = next(a for a in list_accounts(engine) if a.email.startswith("employeur"))
    keys = viewer_of(engine, account.account_id, date.today()).establishment_keys
    sql = "select count(*) from establishment_comparison where establishment_key = ? and monitored between 1 and 10"
    assert any(query(sql, key).item() for key in keys)
    page = reader("employeur")
    siret = query("select siret from establishments where establishment_key = ?", min(keys)).item()
    go(page, f"/app/establishment?siret={siret}")
    hidden = re.compile(f"^{re.escape(text('label.suppressed', 'fr'))}$")
    page.locator(".ag-cell").filter(has_text=hidden).first.wait_for()


def test_a_table_can_be_downloaded(reader):
    page = reader("medecin")
    go(page, "/app/team")
    with page.expect_download() as download:
        page.get_by_role("button", name=text("block.csv", "fr")).first.click()
    content = download.value.path().read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename == "dosilake-team.csv"
    assert "Instantané" in content.splitlines()[-2] and "SHA-256" in content.splitlines()[-1]
    assert ";" in content.splitlines()[0] and re.search(r'"\d+,\d+"|;\d+,\d+|"0"', content)


def test_the_language_switch_changes_every_text_and_is_kept(reader):
    page = reader("autorite")
    page.get_by_text("EN", exact=True).click()
    page.locator("html[lang=en]").wait_for(state="attached")
    go(page, "/app/national")
    assert text("national.question", "en") in unwrapped(page)


def test_the_keyboard_reaches_the_content_first(reader):
    page = reader("autorite")
    go(page, "/app/national")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_signing_out_leaves_nothing_to_go_back_to(reader):
    page = reader("medecin")
    go(page, "/app/team")
    page.get_by_role("button", name=text("shell.sign_out", "fr")).click()
    page.wait_for_url("**/app/login")
    page.goto("/app/team")
    assert "/app/login" in page.url


def test_a_researcher_asks_for_an_extract_and_sees_it_listed(reader):
    page = reader("chercheur")
    go(page, "/app/extracts")
    page.get_by_label(text("extracts.first_year", "fr")).fill("2020")
    page.get_by_label(text("extracts.purpose", "fr")).fill("Tendance des doses")
    page.get_by_role("button", name=text("extracts.submit", "fr"), exact=True).click()
    page.get_by_text(text("extracts.state.requested", "fr"), exact=True).first.wait_for()


def test_a_body_drops_a_file_and_reads_its_receipt(reader, served):
    page = reader("organisme")
    go(page, "/app/deliveries")
    name = "PASS_LANDAUER_20240302T080000_77.csv"
    page.locator("#delivery-file input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": b"a;b\n"}
    )
    page.locator("#delivery-answer").get_by_text("SHA-256").wait_for()
    assert (served[0].landing / "inbox" / name).read_bytes() == b"a;b\n"

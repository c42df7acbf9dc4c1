"""Accounts, designations, sessions and the access log: who may sign in, as whom, until when, and what is kept."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from lake.errors import AccessDenied, NotSignedIn, SettingError, UsageError
from lake.settings import Settings
from lake.vocabulary import Role
from registry import accounts, extracts, tables
from registry.audit import Audit
from registry.database import open_registry
from registry.demo import READERS, create_demo_accounts
from registry.keys import open_keys
from registry.sessions import Kind, Sessions

PASSWORD = "correct horse battery"
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, demo=True)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """An empty registry, migrated once and copied for each test."""
    settings = Settings(home=tmp_path_factory.mktemp("registry"))
    open_registry(settings).dispose()
    return settings.home / "registry.sqlite"


@pytest.fixture
def engine(settings, migrated):
    shutil.copy(migrated, settings.home)
    engine = open_registry(settings)
    yield engine
    engine.dispose()


@pytest.fixture
def account_id(engine):
    return accounts.create_account(
        engine, email="Crp@Example.org", password=PASSWORD, role=Role.CRP, display_name="Conseil"
    )


def check(engine, password=PASSWORD, email="crp@example.org", now=None):
    return accounts.check_password(engine, email, password, allow_demo=False, now=now)


def test_the_right_password_signs_in_whatever_the_case_of_the_address(engine, account_id):
    assert check(engine, email=" CRP@example.org") == account_id


def test_unknown_wrong_and_closed_accounts_get_the_same_answer(engine, account_id):
    said = set()
    for email, password in (("nobody@example.org", PASSWORD), ("crp@example.org", "wrong")):
        with pytest.raises(NotSignedIn) as refused:
            check(engine, password, email)
        said.add(str(refused.value))
    accounts.set_active(engine, account_id, False)
    with pytest.raises(NotSignedIn) as refused:
        check(engine)
    assert said == {str(refused.value)}


def test_an_account_locks_after_failures_and_opens_again_later(engine, account_id):
    now = datetime.now(UTC)
    for _ in range(accounts.FAILURES_BEFORE_LOCK):
        with pytest.raises(NotSignedIn):
            check(engine, "wrong", now=now)
    with pytest.raises(NotSignedIn):
        check(engine, now=now + timedelta(minutes=accounts.LOCK_MINUTES - 1))
    assert check(engine, now=now + timedelta(minutes=accounts.LOCK_MINUTES)) == account_id


def test_a_success_forgets_earlier_failures(engine, account_id):
    for _ in range(3):
        for _ in range(accounts.FAILURES_BEFORE_LOCK - 1):
            with pytest.raises(NotSignedIn):
                check(engine, "wrong")
        assert check(engine) == account_id


def test_an_account_unused_for_two_years_is_closed(engine, account_id):
    with pytest.raises(NotSignedIn):
        check(engine, now=datetime.now(UTC) + timedelta(days=accounts.IDLE_DAYS_BEFORE_CLOSING + 1))


def test_demo_accounts_sign_in_only_in_demo_mode(engine, settings):
    made = create_demo_accounts(
        engine, settings=settings, worker_key=7, establishment_keys=[1], sender_codes=["LANDAUER", "EXPL_EDF"],
        project_code="P",
    )  # fmt: skip
    email, password, *_ = made[0]
    accounts.check_password(engine, email, password, allow_demo=True)
    with pytest.raises(NotSignedIn):
        accounts.check_password(engine, email, password, allow_demo=False)


def test_demo_accounts_are_made_once_and_never_outside_a_demo(engine, settings):
    cast = dict(worker_key=7, establishment_keys=[1], sender_codes=["LANDAUER", "EXPL_EDF"], project_code="P")
    for _ in range(2):
        assert len(create_demo_accounts(engine, settings=settings, **cast)) == len(READERS)
    assert len(accounts.list_accounts(engine)) == len(READERS)
    assert {reader.role for reader in READERS} == set(Role)
    with pytest.raises(SettingError):
        create_demo_accounts(engine, settings=replace(settings, demo=False), **cast)


@pytest.mark.parametrize(
    "day, is_open",
    [(date(2025, 12, 31), False), (date(2026, 1, 1), True), (date(2026, 6, 30), True), (date(2026, 7, 1), False)],
)
def test_a_designation_opens_its_scope_on_its_days_only(engine, account_id, day, is_open):
    accounts.designate(engine, account_id, establishment_key=3, starts_on=date(2026, 1, 1), ends_on=date(2026, 6, 30))
    assert accounts.viewer_of(engine, account_id, day).establishment_keys == ({3} if is_open else set())


def test_an_ended_designation_stays_as_proof(engine, account_id):
    number = accounts.designate(engine, account_id, sender_code="LANDAUER", starts_on=date(2026, 1, 1))
    accounts.end_designation(engine, number, date(2026, 1, 31))
    assert accounts.viewer_of(engine, account_id, date(2026, 2, 1)).sender_codes == frozenset()
    assert accounts.viewer_of(engine, account_id, date(2026, 1, 31)).sender_codes == {"LANDAUER"}


@pytest.mark.parametrize("scope", [{}, {"establishment_key": 1, "sender_code": "LANDAUER"}])
def test_a_designation_opens_exactly_one_thing(engine, account_id, scope):
    with pytest.raises(UsageError):
        accounts.designate(engine, account_id, starts_on=date(2026, 1, 1), **scope)


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "crp@example.org"},
        {"password": "short"},
        {"role": Role.WORKER},
        {"role": Role.CRP, "worker_key": 4},
    ],
)
def test_an_account_that_makes_no_sense_is_refused(engine, account_id, wrong):
    right = {"email": "other@example.org", "password": PASSWORD, "role": Role.CRP, "display_name": "x"}
    with pytest.raises(UsageError):
        accounts.create_account(engine, **right | wrong)


def test_no_password_and_no_secret_stands_in_the_registry(engine, settings, account_id, tmp_path):
    secret, _ = Sessions(engine, open_keys(settings), settings).open(account_id, Kind.WEB)
    engine.dispose()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("registry.sqlite*"))
    assert PASSWORD.encode() not in stored
    assert secret.encode() not in stored


@pytest.fixture
def sessions(engine, settings):
    return Sessions(engine, open_keys(settings), settings)


def test_a_session_names_its_account_until_it_idles(sessions, settings, account_id):
    secret, _ = sessions.open(account_id, Kind.WEB, NOW)
    idle = timedelta(minutes=settings.session_idle_minutes)
    almost = NOW + idle - timedelta(seconds=1)
    assert sessions.account_id(secret, Kind.WEB, almost) == account_id
    assert sessions.account_id(secret, Kind.WEB, almost + idle - timedelta(seconds=1)) == account_id
    with pytest.raises(NotSignedIn):
        sessions.account_id(secret, Kind.WEB, almost + 3 * idle)


def test_a_busy_session_still_ends(sessions, account_id):
    secret, expires_at = sessions.open(account_id, Kind.WEB, NOW)
    now = NOW
    while now + timedelta(minutes=10) < expires_at:
        now += timedelta(minutes=10)
        sessions.account_id(secret, Kind.WEB, now)
    with pytest.raises(NotSignedIn):
        sessions.account_id(secret, Kind.WEB, expires_at)


def test_signing_out_ends_a_session_at_once(sessions, account_id):
    secret, _ = sessions.open(account_id, Kind.WEB)
    other, _ = sessions.open(account_id, Kind.WEB)
    sessions.end(secret)
    with pytest.raises(NotSignedIn):
        sessions.account_id(secret, Kind.WEB)
    assert sessions.account_id(other, Kind.WEB) == account_id
    sessions.end_all(account_id)
    with pytest.raises(NotSignedIn):
        sessions.account_id(other, Kind.WEB)


def test_a_cookie_is_no_token_and_a_guess_is_nobody(sessions, account_id):
    secret, _ = sessions.open(account_id, Kind.WEB)
    for guess, kind in ((secret, Kind.TOKEN), ("guess", Kind.WEB), ("", Kind.WEB)):
        with pytest.raises(NotSignedIn):
            sessions.account_id(guess, kind)


def test_concurrent_events_are_each_kept_once(engine, account_id):
    audit = Audit(engine)
    viewer = accounts.viewer_of(engine, account_id, date(2026, 1, 1))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: audit.record(viewer, "read", worker_key=key), range(1, 201)))
    with engine.connect() as connection:
        kept = connection.scalars(select(tables.access_events.c.worker_key)).all()
    assert sorted(kept) == list(range(1, 201))


def test_the_log_is_read_newest_first_and_by_person(engine, account_id):
    audit = Audit(engine)
    viewer = accounts.viewer_of(engine, account_id, date(2026, 1, 1))
    audit.record_each(viewer, "read", [1, 2, 1], detail="rolling_doses")
    assert [event["worker_key"] for event in audit.events(limit=2)] == [1, 2]
    mine = audit.events(worker_key=1)
    assert len(mine) == 2 and mine[0]["event_id"] > mine[1]["event_id"]
    assert audit.events(worker_key=1, before=mine[0]["event_id"]) == mine[1:]


@pytest.fixture
def researcher(engine):
    number = accounts.create_account(
        engine, email="r@example.org", password=PASSWORD, role=Role.RESEARCHER, display_name="R"
    )
    accounts.designate(engine, number, project_code="P1", starts_on=date(2020, 1, 1))
    return accounts.viewer_of(engine, number, date.today())


ASKED = {"first_year": 2022, "last_year": 2023, "purpose": "Trend of doses"}


def test_an_extract_goes_from_asked_to_done(engine, researcher):
    asked = extracts.request_extract(engine, researcher, project_code="P1", **ASKED)
    assert asked.state is extracts.State.REQUESTED
    taken = extracts.take_next(engine)
    assert taken.extract_id == asked.extract_id and extracts.take_next(engine) is None
    assert extracts.requeue_running(engine) == 1
    extracts.take_next(engine)
    extracts.finish_extract(engine, asked.extract_id, snapshot_version="v", row_count=3, sha256="0" * 64)
    (listed,) = extracts.list_extracts(engine, researcher)
    assert (listed.state, listed.row_count) == (extracts.State.DONE, 3)


def test_an_extract_is_asked_and_seen_only_inside_a_project(engine, researcher, account_id):
    with pytest.raises(AccessDenied):
        extracts.request_extract(engine, researcher, project_code="P2", **ASKED)
    made = extracts.request_extract(engine, researcher, project_code="P1", **ASKED)
    stranger = accounts.viewer_of(engine, account_id, date.today())
    with pytest.raises(AccessDenied):
        extracts.get_extract(engine, stranger, made.extract_id)
    with pytest.raises(AccessDenied):
        extracts.get_extract(engine, researcher, made.extract_id + 1)


@pytest.mark.parametrize("wrong", [{"first_year": 2024}, {"purpose": " "}, {"last_year": 2999}, {"first_year": 1200}])
def test_an_extract_needs_years_in_order_and_a_purpose(engine, researcher, wrong):
    with pytest.raises(UsageError):
        extracts.request_extract(engine, researcher, project_code="P1", **ASKED | wrong)

"""`dosilake`: one verb per step, thin over plain functions; errors become one sentence, a next step and an exit code.

0 done · 1 refused, with the reason · 2 wrong usage.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lake.errors import DeliveryRefused, DosilakeError, StorageError, UsageError
from lake.settings import Settings
from lake.vocabulary import LinkAction, LinkMotive, Role

app = typer.Typer(
    help="Dosilake: national register of occupational radiation doses.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
users = typer.Typer(help="Accounts and designations.", no_args_is_help=True)
app.add_typer(users, name="users")
persons = typer.Typer(help="Identities: two keys that are one person.", no_args_is_help=True)
app.add_typer(persons, name="persons")
console = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option(help="Folder of the register (DOSILAKE_HOME).")] = None,
) -> None:
    context.obj = Settings.from_environ(os.environ, home=home)


@app.command()
def settings(context: typer.Context) -> None:
    """List every setting with its value, default and meaning."""
    for variable, default, meaning in Settings.described():
        value = getattr(context.obj, variable.removeprefix("DOSILAKE_").lower())
        typer.echo(f"{variable}={value}  # {meaning}; default {default or 'empty'}")


@app.command()
def simulate(
    workers: Annotated[int, typer.Option(min=100, help="Persons monitored on the ground; aircrew come on top.")],
    first: Annotated[str, typer.Option("--from", help="First month, YYYY-MM.")],
    last: Annotated[str, typer.Option("--to", help="Last month, YYYY-MM.")],
    out: Annotated[Path, typer.Option(help="Folder for the delivery files.")],
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 2020,
) -> None:
    """Write the delivery files of a synthetic national register."""
    from ingestion.simulate import simulate as run

    with progress_lines() as line:
        heard = line("Simulation")
        months = (month_of(first), month_of(last))
        if months[1] < months[0]:
            raise UsageError("--to is before --from.", next_step="Give the months in order.")
        with writable(out):
            manifest = run(workers, *months, seed, out, lambda part, share: heard(part, int(share * 100), 100))
    typer.echo(f"{len(manifest.files)} files in {out}")


@app.command()
def ingest(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Delivery files, or folders of them.")],
    received_at: Annotated[
        datetime | None, typer.Option(help="When they arrived (UTC), for a migration or a test; default: now.")
    ] = None,
    as_named: Annotated[bool, typer.Option(help="Received at the time in each file's name.")] = False,
    only_check: Annotated[
        bool, typer.Option("--check", help="Judge each file against the register as it stands; keep nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take delivery files in; exit code 1 when one of them is refused as a whole."""
    from flows.steps import arrivals, sent_at
    from ingestion.door import Arrival, Door
    from ingestion.reports import line_sentences, sentences

    moment = received_at.replace(tzinfo=received_at.tzinfo or UTC) if received_at else None
    paths = [inner for path in files for inner in ([a.path for a in arrivals(path)] if path.is_dir() else [path])]
    waiting = [Arrival(path, sent_at(path.name) if as_named else moment) for path in paths]
    problems, receipts = [], []
    outcomes = _tried(context.obj, waiting) if only_check else Door(context.obj).receive_all(waiting)
    with progress_lines() as line:
        heard = line("Contrôle" if only_check else "Réception") if len(waiting) > 1 else None
        for done, (arrival, outcome) in enumerate(outcomes, start=1):
            if heard:
                heard(arrival.path.name, done, len(waiting))
            (problems if isinstance(outcome, DosilakeError) else receipts).append(outcome)
    reports = [receipt.report for receipt in receipts]
    if as_json:
        typer.echo(json.dumps(reports, ensure_ascii=False, indent=1))
    else:
        for receipt in receipts:
            typer.echo("\n".join(sentences(receipt.report, is_resend=receipt.is_resend)))
            if only_check:
                typer.echo("\n".join(line_sentences(receipt.report)))
    for problem in problems:
        typer.echo(f"dosilake: {problem}", err=True)
    is_refused = not all(report["accepted"] for report in reports)
    raise typer.Exit(max([int(is_refused), *(problem.exit_code for problem in problems)]))


def _tried(chosen: Settings, arrivals: list) -> Iterator[tuple]:
    """Each file with the receipt it would get, or the error that leaves it where it is."""
    from ingestion.trial import Trial

    with Trial(chosen) as trial:
        for arrival in arrivals:
            try:
                yield arrival, trial.judge(arrival)
            except (DeliveryRefused, UsageError) as error:
                yield arrival, error


@app.command()
def refresh(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Build everything anew, even if nothing has arrived.")] = False,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As known at the end of a day.")] = None,
) -> None:
    """Bring the marts up to date with what has arrived, pass the quality gate and publish."""
    from flows.steps import refresh as run

    with progress_lines() as line:
        published = run(context.obj, as_of=as_of.date() if as_of else None, full=full, progress=line("Modèles"))
    typer.echo(f"Published {published.stem}" if published else "Nothing has arrived since the current snapshot.")


@app.command()
def release(
    context: typer.Context,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A reference date of its own; default: those due.")
    ] = None,
) -> None:
    """Freeze the statistics at the reference dates that have passed; readers are shown the last release."""
    from flows.steps import release as run

    with progress_lines() as line:
        made = run(context.obj, on=on.date() if on else None, progress=line("Modèles"))
    for one in made:
        typer.echo(f"{one.label('fr')} ({one.snapshot}, {one.code_version})")
    if not made:
        typer.echo("No release is due.")


@app.command()
def releases(context: typer.Context, as_json: AsJson = False) -> None:
    """List the releases of the statistics."""
    from models.releases import releases as known

    if as_json:
        told = [vars(one) for one in known(context.obj)]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return
    for one in known(context.obj):
        typer.echo(f"{one.name}  {one.label('fr')}  {one.snapshot}  {one.code_version}")


@app.command()
def report(
    context: typer.Context,
    year: Annotated[int, typer.Argument(help="Calendar year.")],
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The release in force on a day.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; default: reports/<year>-<release> in the home.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the annual report of a release: HTML, PDF, XLSX and CSV, the same bytes each time."""
    from models.releases import in_force
    from models.report.contents import contents
    from models.report.files import write_report
    from models.snapshot import Snapshots

    chosen: Settings = context.obj
    release = in_force(chosen, as_of.date() if as_of else None)
    snapshots = Snapshots(chosen)
    try:
        told = contents(snapshots, release, year)
    finally:
        snapshots.close()
    folder = out or chosen.home / "reports" / f"{year}-{release.name}"
    with writable(folder):
        sums = write_report(told, folder)
    if as_json:
        typer.echo(json.dumps({"release": release.name, "folder": str(folder), "sha256": sums}, indent=1))
        return
    typer.echo(f"{release.label('fr')} : {folder}")
    for name, value in sums.items():
        typer.echo(f"{value}  {name}")


@app.command()
def revisions(
    context: typer.Context,
    first: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="A release; default: last but one.")
    ] = None,
    second: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="A later one; default: the last.")
    ] = None,
    for_readers: Annotated[bool, typer.Option("--for-readers", help="Only what may be published.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what became known between two releases, by what, and what it moved: counts, never a dose."""
    from models import releases as module
    from models.revisions import Cause
    from models.revisions import for_readers as protected

    known = module.releases(context.obj)
    named = [one.date() if one else None for one in (first, second)]
    chosen = [next((r for r in known if r.on == on), None) for on in named]
    if named == [None, None] and len(known) > 1:
        chosen = known[-2:]
    elif named[1] is None and known:
        chosen[1] = known[-1]
    if None in chosen or chosen[0].on >= chosen[1].on:
        raise UsageError("Name two releases, the earlier first.", next_step="See `dosilake releases`.")
    causes, tables = module.revised(context.obj, *chosen), module.moves(context.obj, *chosen)
    if for_readers:
        causes, tables = protected(causes), tables.drop("held")
    if as_json:
        told = {
            "first": chosen[0].name,
            "second": chosen[1].name,
            "causes": causes.to_dicts(),
            "tables": tables.to_dicts(),
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return
    typer.echo(f"{chosen[0].label('fr')} → {chosen[1].label('fr')}")
    for row in causes.iter_rows(named=True):
        counts = ", ".join(
            f"{name} {_shown(row[name])}" for name in ("persons", "establishments", "statements", "deliveries")
        )
        typer.echo(f"{row['year'] or 'all years'}  {Cause(row['cause']).label_en}: {counts}")
    for row in tables.iter_rows(named=True):
        withheld = f", {row['held']} held back" if row.get("held") else ""
        typer.echo(f"{row['model']}: {row['moved']} of {row['rows']} rows moved{withheld}")


def _shown(count: int | None) -> str:
    return "not counted" if count is None else str(count)


@app.command()
def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Run the quality gate on the published snapshot."""
    from lake.store import Lake
    from models.snapshot import Snapshots
    from quality.gate import gate

    snapshots = Snapshots(context.obj)
    path = context.obj.marts / f"{snapshots.version()}.duckdb"
    report = gate(context.obj, Lake(context.obj.lake_root), path)
    if as_json:
        typer.echo(json.dumps([vars(check) for check in report.checks], ensure_ascii=False, indent=1, default=str))
    else:
        for one in report.checks:
            typer.echo(f"{'ok  ' if one.passed else 'FAIL'} {one.name}: {one.sentence}")
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def worker(context: typer.Context) -> None:
    """Take files as they land, refresh, publish; stops at Ctrl-C."""
    from flows.worker import work

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    work(context.obj, stop, lambda text: typer.echo(text))


@app.command()
def serve(context: typer.Context) -> None:
    """Serve pages and API; the worker loop runs apart (`dosilake worker`)."""
    import uvicorn

    from dashboards.app import create_web

    chosen: Settings = context.obj
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((chosen.host, chosen.port))
        except OSError as error:
            raise StorageError(
                f"{chosen.host}:{chosen.port} cannot be used ({error.strerror}).",
                next_step="Set DOSILAKE_PORT to a free port.",
            ) from None
    typer.echo(f"http://{chosen.host}:{chosen.port}/")
    uvicorn.run(create_web(chosen), host=chosen.host, port=chosen.port, log_level="warning", access_log=False)


@app.command()
def demo(
    context: typer.Context,
    only_prepare: Annotated[bool, typer.Option("--prepare", help="Build it, do not serve it.")] = False,
) -> None:
    """Build the synthetic register of 20 000 workers over three years, then serve it with an account per reader."""
    from flows.demo import prepare

    chosen = Settings.from_environ(os.environ, home=context.obj.home, demo=True)
    with progress_lines() as line:
        accounts = prepare(chosen, line)
    width = max(len(email) for email, *_ in accounts)
    typer.echo("\nComptes de démonstration (personnes fictives) — mot de passe : " + accounts[0][1])
    for email, _, _, label in accounts:
        typer.echo(f"  {email:{width}}  {label}")
    if only_prepare:
        return
    context.obj = chosen
    watcher = subprocess.Popen([sys.executable, "-m", "flows.cli", "--home", str(chosen.home), "worker"])
    try:
        serve(context)
    finally:
        watcher.terminate()
        watcher.wait()


@app.command()
def extract(
    context: typer.Context,
    email: Annotated[str, typer.Option(help="Account of the researcher who asks.")],
    project: Annotated[str, typer.Option(help="Project of the convention.")],
    first_year: Annotated[int, typer.Option("--from")],
    last_year: Annotated[int, typer.Option("--to")],
    purpose: Annotated[str, typer.Option(help="The question it answers.")],
) -> None:
    """Make a pseudonymised research extract."""
    from flows.steps import make_extracts
    from ingestion.door import Door
    from registry import accounts
    from registry.extracts import folder_of, get_extract, request_extract

    door = Door(context.obj)
    account = next((a for a in accounts.list_accounts(door.engine) if a.email == email.lower()), None)
    if account is None:
        raise UsageError("There is no such account.", next_step="See `dosilake users list`.")
    viewer = accounts.viewer_of(door.engine, account.account_id, date.today())
    asked = request_extract(
        door.engine, viewer, project_code=project, first_year=first_year, last_year=last_year, purpose=purpose
    )
    make_extracts(door)
    made = get_extract(door.engine, viewer, asked.extract_id)
    if made.message:
        raise StorageError(made.message)
    typer.echo(f"{made.row_count} rows in {folder_of(context.obj, made.extract_id)}")


@app.command()
def schedule(context: typer.Context) -> None:
    """Serve the nightly flow with Prefect: ingest, rebuild, gate, publish, every night at 02:15 in Paris."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    from prefect.schedules import Cron

    from flows.nightly import NIGHTLY, nightly

    nightly.serve(
        name="nightly",
        schedule=Cron(NIGHTLY, timezone="Europe/Paris"),
        parameters={"home": str(context.obj.home)},
    )


@persons.command("merge")
def merge_persons(
    context: typer.Context,
    worker_key: Annotated[int, typer.Argument(help="The key that belongs to another person's.")],
    person_key: Annotated[int, typer.Argument(help="The key of the person.")],
    by: Annotated[str, typer.Option(help="Account of the register team that decides.")],
    motive: Annotated[LinkMotive, typer.Option(help="Why.")] = LinkMotive.SAME_PERSON,
    comment: Annotated[str, typer.Option(help="Kept in the landed file, nowhere else.")] = "",
) -> None:
    """Lay one key's history to another person's; no dose is rewritten."""
    _link(context.obj, LinkAction.MERGE, worker_key, person_key, by, motive, comment)


@persons.command("unmerge")
def unmerge_persons(
    context: typer.Context,
    worker_key: Annotated[int, typer.Argument(help="The key that stands alone again.")],
    by: Annotated[str, typer.Option(help="Account of the register team that decides.")],
    motive: Annotated[LinkMotive, typer.Option(help="Why.")] = LinkMotive.NOT_THE_SAME,
    comment: Annotated[str, typer.Option(help="Kept in the landed file, nowhere else.")] = "",
) -> None:
    """Undo a merge."""
    _link(context.obj, LinkAction.UNMERGE, worker_key, None, by, motive, comment)


def _link(
    settings: Settings,
    action: LinkAction,
    worker_key: int,
    person_key: int | None,
    by: str,
    motive: LinkMotive,
    comment: str,
) -> None:
    """A statement on identities is a delivery of one line: numbered, kept, landed once, reported."""
    from ingestion.door import Door
    from ingestion.links import link_file
    from ingestion.reports import sentences
    from registry.accounts import list_accounts

    door = Door(settings)
    author = next((a for a in list_accounts(door.engine) if a.email == by.lower() and a.is_active), None)
    if author is None or author.role != Role.REGISTER:
        raise UsageError(f"{by} is no open account of the register team.", next_step="See `dosilake users list`.")
    with tempfile.TemporaryDirectory() as folder:
        path = link_file(Path(folder), action, worker_key, person_key, motive, comment)
        report = door.receive(path, account_id=author.account_id).report
    typer.echo("\n".join(sentences(report)))
    raise typer.Exit(0 if report["rows_loaded"] else 1)


@users.command("add")
def add_user(
    context: typer.Context,
    email: str,
    name: Annotated[str, typer.Option(help="Shown on screen.")],
    role: Annotated[Role, typer.Option(help="What the account is.")],
    worker_key: Annotated[int | None, typer.Option(help="For a worker: the person's key.")] = None,
) -> None:
    """Create an account; its first password is printed once."""
    from registry.accounts import create_account
    from registry.database import open_registry

    password = secrets.token_urlsafe(18)
    create_account(
        open_registry(context.obj),
        email=email,
        password=password,
        role=role,
        display_name=name,
        worker_key=worker_key,
    )
    typer.echo(f"{email}: first password {password}")


@users.command("list")
def list_users(context: typer.Context) -> None:
    """List the accounts."""
    from registry.accounts import list_accounts
    from registry.database import open_registry

    for account in list_accounts(open_registry(context.obj)):
        typer.echo(f"{account.account_id}  {account.email}  {account.role}  {'' if account.is_active else 'closed'}")


@users.command("designate")
def designate_user(
    context: typer.Context,
    account_id: int,
    starts_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    ends_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    siret: Annotated[str | None, typer.Option(help="An establishment.")] = None,
    sender: Annotated[str | None, typer.Option(help="A sender code.")] = None,
    project: Annotated[str | None, typer.Option(help="A research project.")] = None,
) -> None:
    """Open an establishment, a sender or a project to an account between two dates."""
    import polars as pl

    from registry.accounts import designate
    from registry.database import open_registry
    from registry.numbering import establishment_keys

    engine = open_registry(context.obj)
    scope: dict[str, object] = {"sender_code": sender, "project_code": project}
    if siret:
        known = establishment_keys(engine, pl.Series([siret]))
        if known.is_empty():
            raise UsageError("This SIRET is not in the register.", next_step="Ingest its ETAB file first.")
        scope["establishment_key"] = known["establishment_key"].item()
    given = {name: value for name, value in scope.items() if value is not None}
    if len(given) != 1:
        raise UsageError("Give one of --siret, --sender and --project.")
    number = designate(
        engine, account_id, starts_on=starts_on.date(), ends_on=ends_on.date() if ends_on else None, **given
    )
    typer.echo(f"Designation {number}")


@users.command("undesignate")
def end_designation_of(
    context: typer.Context,
    designation_id: int,
    ends_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; default: yesterday.")
    ] = None,
) -> None:
    """End a designation; what it opened closes at once."""
    from registry.accounts import end_designation
    from registry.database import open_registry

    last_day = ends_on.date() if ends_on else date.today() - timedelta(days=1)
    end_designation(open_registry(context.obj), designation_id, last_day)
    typer.echo("Ended.")


@users.command("close")
def close_user(context: typer.Context, account_id: int) -> None:
    """Close an account and end its sessions and tokens at once."""
    from registry.accounts import set_active
    from registry.sessions import Sessions

    engine, keys = _registry(context.obj)
    set_active(engine, account_id, False)
    Sessions(engine, keys, context.obj).end_all(account_id)
    typer.echo("Closed.")


@users.command("password")
def new_password(context: typer.Context, account_id: int) -> None:
    """Give an account a new password, printed once, and end its sessions and tokens."""
    from registry.accounts import set_password
    from registry.sessions import Sessions

    engine, keys = _registry(context.obj)
    password = secrets.token_urlsafe(18)
    set_password(engine, account_id, password)
    Sessions(engine, keys, context.obj).end_all(account_id)
    typer.echo(f"New password {password}")


def _registry(chosen: Settings):
    from registry.database import open_registry
    from registry.keys import open_keys

    return open_registry(chosen), open_keys(chosen)


def month_of(text: str) -> date:
    """The first day of a month written YYYY-MM."""
    try:
        return datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise UsageError(f"{text!r} is not a month.", next_step="Write it YYYY-MM, e.g. 2020-01.") from None


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be written ({error.strerror}).", next_step="Give another with --out."
        ) from None


@contextmanager
def progress_lines() -> Iterator[Callable[[str], Callable[[str, int, int], None]]]:
    """Opens progress lines: `line(title)` returns what hears (part, done, total)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[part]}"),
    )
    with Progress(*columns, console=console) as shown:

        def line(title: str) -> Callable[[str, int, int], None]:
            task = shown.add_task(title, total=None, part="")
            return lambda part, done, total: shown.update(task, total=total, completed=done, part=part)

        yield line


def main() -> None:
    """Run a command; a DosilakeError is one sentence on stderr and its exit code."""
    try:
        app()
    except DosilakeError as error:
        typer.echo(f"dosilake: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

"""The demo: a synthetic register of 20 000 workers over three years, published, with an account per reader."""

from collections.abc import Callable
from datetime import date

from flows.steps import arrivals, refresh
from ingestion.door import Door
from ingestion.simulate import simulate
from lake.settings import Settings
from models.publish import current_version
from models.snapshot import Snapshots
from registry.demo import create_demo_accounts

WORKERS = 20_000
FIRST_MONTH = date(2022, 1, 1)
LAST_MONTH = date(2024, 12, 1)
SEED = 2020
PROJECT = "COHORTE-DEMO"

Step = Callable[[str, int, int], None]


def prepare(
    settings: Settings,
    step: Callable[[str], Step],
    *,
    workers: int = WORKERS,
    first_month: date = FIRST_MONTH,
    last_month: date = LAST_MONTH,
    seed: int = SEED,
) -> list[tuple[str, str, str, str]]:
    """Make whatever of the demo is not there yet, and return its accounts: (email, password, role, label).

    `step` opens a progress line and returns what hears (part, done, total). Stopped half-way, it goes on where it was.
    """
    files = settings.home / "deliveries"
    if not (files / "manifest.json").exists():
        heard = step("Simulation du registre")
        simulate(workers, first_month, last_month, seed, files, lambda part, share: heard(part, int(share * 100), 100))
    door = Door(settings)
    heard = step("Réception des livraisons")
    sent = arrivals(files)
    for done, (arrival, _) in enumerate(door.receive_all(sent), start=1):
        heard(arrival.path.name, done, len(sent))
    refresh(settings, full=current_version(settings) is None, progress=step("Calcul des modèles"))
    return create_demo_accounts(door.engine, settings=settings, **_cast(settings))


# The demo's readers meet the largest establishments of two nuclear sectors, and the most exposed of the larger one.
_LARGEST = """
select establishment_key
from (
    select establishment_key, left(sector_code, 6) as sector, count(distinct worker_key) as workers
    from employments
    where valid_to is null or valid_to >= (select data_until from snapshot)
    group by establishment_key, sector
)
where sector like 'NUC%'
qualify row_number() over (partition by sector order by workers desc, establishment_key) = 1
order by workers desc, establishment_key
limit 2
"""
_MOST_EXPOSED = """
select rolling_doses.worker_key
from rolling_doses
join employments using (worker_key)
where employments.establishment_key = ? and rolling_doses.limit_quantity = 'effective'
    and rolling_doses.dose_12m_msv <= 20
    and (employments.valid_to is null or employments.valid_to >= (select data_until from snapshot))
order by rolling_doses.career_msv desc, rolling_doses.worker_key
limit 1
"""


def _cast(settings: Settings) -> dict:
    snapshots = Snapshots(settings)
    try:
        establishments = snapshots.query(_LARGEST)["establishment_key"].to_list()
        worker_key = snapshots.query(_MOST_EXPOSED, [establishments[0]])["worker_key"].item()
    finally:
        snapshots.close()
    return {
        "worker_key": worker_key,
        "establishment_keys": establishments,
        "sender_codes": ["LANDAUER", "EXPL_EDF"],
        "project_code": PROJECT,
    }

"""One small register for the whole run: simulated, ingested, published, with the demo's accounts."""

from datetime import date

import pytest
from filelock import FileLock

from flows.demo import prepare
from lake.settings import Settings
from models.publish import current_version


def silent(_title):
    return lambda _part, _done, _total: None


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory, worker_id) -> Settings:
    """Settings of a demo home with 2 500 workers over 14 months; read it, do not change it.

    Test processes that run side by side share one: whoever comes first makes it, the others wait.
    """
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    settings = Settings(home=shared / "demo", demo=True)
    with FileLock(shared / "demo.lock"):
        if current_version(settings) is None:
            prepare(settings, silent, workers=2_500, first_month=date(2020, 1, 1), last_month=date(2021, 2, 1), seed=7)
    return settings

"""One small register for the whole run: simulated, ingested, published, with the demo's accounts."""

from datetime import date

import pytest

from flows.demo import prepare
from lake.settings import Settings


def silent(_title):
    return lambda _part, _done, _total: None


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory) -> Settings:
    """Settings of a demo home with 2 500 workers over 14 months; read it, do not change it."""
    settings = Settings(home=tmp_path_factory.mktemp("demo"), demo=True)
    prepare(settings, silent, workers=2_500, first_month=date(2020, 1, 1), last_month=date(2021, 2, 1), seed=7)
    return settings

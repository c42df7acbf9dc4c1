"""The demo's web, over a copy of the demo home that tests may write to."""

import shutil
import warnings
from dataclasses import replace

import pytest

from dashboards.app import create_web
from registry.demo import DEMO_PASSWORD

with warnings.catch_warnings():
    # Starlette would rather have httpx2, which nothing else here needs.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient


@pytest.fixture(scope="package")
def web_settings(demo_home, tmp_path_factory):
    home = tmp_path_factory.mktemp("web") / "home"
    shutil.copytree(demo_home.home, home)
    return replace(demo_home, home=home)


@pytest.fixture(scope="package")
def web(web_settings):
    return create_web(web_settings)


@pytest.fixture
def anyone(web):
    """A stranger's client; redirects are looked at, not followed."""
    with TestClient(web, base_url="http://dosilake.test", follow_redirects=False) as client:
        yield client


@pytest.fixture
def signed_in(web):
    """signed_in("medecin") is a client with that demo reader's token."""
    clients = []

    def sign_in(name: str) -> TestClient:
        client = TestClient(web, base_url="http://dosilake.test", follow_redirects=False)
        clients.append(client)
        answer = client.post("/api/v1/tokens", json={"email": f"{name}@demo.example", "password": DEMO_PASSWORD})
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    yield sign_in
    for client in clients:
        client.close()

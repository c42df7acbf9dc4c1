"""The catalogue of texts: no key misses a language, none is asked for in vain, none is kept for nothing."""

import re
import string
from pathlib import Path

import dashboards
from dashboards.texts import LANGUAGES, catalogue

SOURCES = "\n".join(path.read_text() for path in Path(dashboards.__file__).parent.rglob("*.py"))
TOPICS = {key.split(".")[0] for key in catalogue()}
ASKED = {key for key in re.findall(r'"([a-z_]+(?:\.[A-Za-z0-9_]+)+)"', SOURCES) if key.split(".")[0] in TOPICS}
# Keys made from a name: f"home.tile.{name}".
FAMILIES = set(re.findall(r'f"([a-z_.]+\.)\{', SOURCES))


def values_in(said: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(said) if name)


def test_every_text_is_said_in_both_languages_with_the_same_values():
    incomplete = [key for key, said in catalogue().items() if len(said) != len(LANGUAGES) or not all(said)]
    assert not incomplete
    assert not [key for key, (french, english) in catalogue().items() if values_in(french) != values_in(english)]


def test_every_key_that_is_asked_for_exists():
    assert not ASKED - set(catalogue()) - {"demo.banner"}


def test_no_text_is_kept_that_nothing_says():
    unasked = set(catalogue()) - ASKED
    # The rest of a family's keys are words that the sources name: columns, states, roles.
    unsaid = [key for key in unasked if not any(key.startswith(family) for family in FAMILIES)]
    assert not unsaid

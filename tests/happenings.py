"""What can happen to a register, told by small numbers and brought about by real deliveries through the real door."""

import copy
import dataclasses
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self
from unittest.mock import patch

import polars as pl

from delivery_files import Files, line, nir, siret
from ingestion.door import Door
from lake.settings import Settings
from lake.views import PARIS

_NIA = "7" + nir(61)[1:]
# Employed from the start, a minor and a provisional number among them, then newcomers whose rows wait for a list.
PEOPLE = [nir(1), nir(2), nir(3, sex=2), nir(4, year=6), _NIA, nir(5), nir(6), nir(7)]
EMPLOYED = 5
# The last one stands in no list at the start.
PLACES = [siret(1), siret(2), siret(3), siret(4)]
MONTHS = [date(2022, 12, 31), date(2023, 6, 30), date(2023, 9, 30), date(2023, 12, 31), date(2024, 2, 29)]
VALUES = ["0.100", "0.150", "2.000", "7.000", "19.000", "21.000"]
BADGES = [
    {},
    {"radiation": "MIXED"},
    {"radiation": "NEUTRON", "recording_threshold_msv": "0.100"},
    {"body_location": "BELT"},
    {"quantity": "HP3", "body_location": "EYE"},
    {"quantity": "HP007", "body_location": "WRIST_L"},
    {"result_status": "ABSENT", "value_msv": "", "read_on": ""},
    {"result_status": "BELOW_THRESHOLD", "value_msv": "0.000"},
]
_FIRST_DAY = date(2024, 4, 2)


class Happenings:
    """One home, whose days are its own; `happen` takes (what, a, b, c), `told` counts the rows by what they became."""

    def __init__(self, folder: Path):
        sent = folder / "sent"
        sent.mkdir(parents=True)
        self.files = Files(sent)
        # So few persons are mostly touched.
        self.settings = Settings(home=folder / "home", memory_limit_gib=2, full_build_share=1)
        self.door = Door(self.settings)
        self.today = _FIRST_DAY
        self.told: Counter = Counter()
        self._last_number = 0
        self._sent: list[dict] = []
        self._received = datetime(2024, 4, 1, 8, tzinfo=UTC)
        self._deliver("ETAB", *(line("ETAB", siret=place) for place in PLACES[:3]))
        self._deliver("TRAV", *(self._employed(person, person % 2) for person in range(EMPLOYED)))
        # So that no later wear is the first that the register knows of.
        self._deliver("PASS", self._badge(0, date(2015, 1, 31), "0.150"))

    def twin(self, folder: Path) -> Self:
        """Another home, to which the same has happened until now."""
        (folder / "sent").mkdir(parents=True)
        self.door.engine.dispose()
        shutil.copytree(self.settings.home, folder / "home")
        twin = copy.copy(self)
        twin.files = copy.copy(self.files)
        twin.files.folder = folder / "sent"
        twin.settings = dataclasses.replace(self.settings, home=folder / "home")
        twin.door = Door(twin.settings)
        twin.told = self.told.copy()
        twin._sent = [*self._sent]
        return twin

    @property
    def day(self):
        """Within, it is the home's own day."""
        moment = datetime.combine(self.today, datetime.min.time(), PARIS)

        class _Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return moment.astimezone(tz)

        return patch("lake.views.datetime", _Clock)

    def happen(self, what: str, a: int, b: int, c: int) -> None:
        HAPPENINGS[what](self, a, b, c)

    def dose(self, a: int, b: int, c: int) -> None:
        badges = [
            self._badge(a + more, MONTHS[(b + more) % 5], VALUES[(c + more) % 6], **BADGES[(c // 6 + more) % 8])
            for more in range(3)
        ]
        if b >= 40:
            badges[0]["workplace_siret"] = PLACES[b % 3]
        self._sent += badges
        self._deliver("PASS", *badges)

    def early_dose(self, a: int, b: int, c: int) -> None:
        self._deliver("PASS", self._badge(a, date(2000 + b % 15, 3, 31), VALUES[c % 6]))

    def entry(self, a: int, b: int, c: int) -> None:
        day = MONTHS[b % 5] - timedelta(days=c % 28)
        self._deliver(
            "OPER",
            self._of(a, "OPER", inb_siret=PLACES[b % 3], hp10_photon_msv=VALUES[c % 3], hp10_neutron_msv="0.005",
                     entry_ts=f"{day}T08:00:00+01:00", exit_ts=f"{day}T10:00:00+01:00", sent_on=str(day)),
        )  # fmt: skip

    def intake(self, a: int, b: int, c: int) -> None:
        day = str(MONTHS[b % 5])
        self._deliver("INTE", self._of(a, "INTE", intake_date=day, e50_msv=VALUES[c % 6], decision_date=day))

    def radon(self, a: int, b: int, c: int) -> None:
        month = MONTHS[b % 5]
        given = {"period_start": str(month.replace(day=1)), "period_end": str(month), "sent_on": str(month)}
        self._deliver("RADN", self._of(a, "RADN", **given))

    def flight(self, a: int, b: int, c: int) -> None:
        month = MONTHS[b % 5]
        given = {"month": str(month.replace(day=1)), "e_msv": VALUES[c % 6], "sent_on": str(month)}
        self._deliver("COSM", self._of(a, "COSM", **given))

    def emergency(self, a: int, b: int, c: int) -> None:
        day = str(MONTHS[b % 5])
        value = ("80.000", "900.000", "1100.000")[c % 3]
        self._deliver(
            "URGE",
            self._of(a, "URGE", emergency_id=f"EXERCICE-{c % 2}", period_start=day, period_end=day,
                     value_msv=value, sent_on=day),
        )  # fmt: skip

    def correction(self, a: int, b: int, c: int) -> None:
        """The sender's own; now and then the dose was another person's of the same employer."""
        if not self._sent:
            return
        old = self._sent[a % len(self._sent)]
        said = {"replaces_record_id": old["record_id"], "motive_code": "TYPING", "record_id": self._record_id()}
        if b % 3 == 0:
            said |= {"record_action": "CANCEL"}
        else:
            said |= {"record_action": "REPLACE"} | ({"value_msv": VALUES[c % 6]} if old["value_msv"] else {})
        if c % 2:
            said |= {"motive_code": "IDENTITY", "nir": PEOPLE[(PEOPLE.index(old["nir"]) + 2) % len(PEOPLE)]}
        self._sent.append(line("PASS", **{name: old[name] for name in old if name != "nir_key"} | said))
        self._deliver("PASS", self._sent[-1])

    def decision(self, a: int, b: int, c: int) -> None:
        doses = self.door.lake.scan("doses").select("dose_id", "replaces_dose_id", "record_action").collect()
        named = doses["replaces_dose_id"].drop_nulls().implode()
        doses = doses.filter(pl.col("record_action") == "NEW", ~pl.col("dose_id").is_in(named))["dose_id"].sort()
        action = ("MODIFY", "CANCEL", "MAINTAIN")[b % 3]
        given = {"value_msv": VALUES[c % 6] if action == "MODIFY" else "", "decision_date": "2024-03-01"}
        if action == "MODIFY" and c % 5 == 0:
            given |= {"period_start": "2023-05-01", "period_end": "2023-05-31"}
        dose_id = str(doses[a % len(doses)]) if len(doses) else "1"
        self._deliver(
            "CORR",
            line("CORR", record_id=self._record_id(), dose_id=dose_id, action=action, **given),
        )

    def undeclared(self, a: int, b: int, c: int) -> None:
        """A dose alone, of a person who is known, at an establishment that has not declared them: it waits."""
        person = a % EMPLOYED
        self._deliver("PASS", self._badge(person, MONTHS[b % 5], VALUES[c % 6], siret=PLACES[(person + 1) % 2]))

    def waiting_record_again(self, a: int, b: int, c: int) -> None:
        """A record that waits, sent again for a person who is known."""
        waits = self.door.lake.scan("waiting").select("record_id", "sender_code").collect()
        waits = waits.filter(sender_code="LANDAUER")["record_id"].unique().sort()
        if len(waits):
            badge = self._badge(b % EMPLOYED, MONTHS[c % 5], VALUES[c % 6], record_id=waits[a % len(waits)])
            self._deliver("PASS", badge)

    def employment(self, a: int, b: int, c: int) -> None:
        self._deliver("TRAV", self._employed(a, b, c))

    def number(self, a: int, b: int, c: int) -> None:
        """The provisional number gives way to a real one."""
        self._deliver("TRAV", line("TRAV", nir=nir(61), replaces_nir=_NIA, siret=PLACES[0]))

    def place(self, a: int, b: int, c: int) -> None:
        given = {"sector_code": ("MED.04.01", "IND.01.01", "MED.01.01")[b % 3], "is_inb": ("false", "true")[c % 2],
                 "headcount_band": ("", "11", "42")[c % 3], "region_code": ("11", "84")[b % 2],
                 "valid_from": ("2015-01-01", "2023-07-01")[c // 3 % 2]}  # fmt: skip
        self._deliver("ETAB", line("ETAB", siret=PLACES[a % 4], action="UPDATE", **given))

    def inquiry(self, a: int, b: int, c: int) -> None:
        event = ("NOTIFIED", "OPENED", "CONFIRMED")[b % 3]
        on_date = str(MONTHS[c % 5])
        self._deliver(
            "INQU",
            line("INQU", worker_key=str(1 + a % 6), action=event, limit_code=("L1", "L4", "L7")[c // 5 % 3],
                 on_date=on_date, happened_on="2024-03-05"),
        )  # fmt: skip

    def authorisation(self, a: int, b: int, c: int) -> None:
        given = {"valid_from": "2023-01-01", "valid_to": "2024-03-31"} if b % 4 else {"valid_from": "", "valid_to": ""}
        self._deliver(
            "EXAU",
            line("EXAU", worker_key=str(1 + a % 6), action="GRANT" if b % 4 else "WITHDRAW",
                 decision_ref=f"DREETS-75-2023-{c % 2:03}", decided_on="2022-12-15", **given),
        )  # fmt: skip

    def link(self, a: int, b: int, c: int) -> None:
        if c % 3:
            given = {"person_key": str(1 + b % 6)}
        else:
            given = {"action": "UNMERGE", "person_key": "", "motive_code": "NOT_THE_SAME"}
        self._deliver("LINK", line("LINK", worker_key=str(1 + a % 6), **given))

    def nothing(self, a: int, b: int, c: int) -> None:
        """A file of which every row is refused."""
        self._deliver("PASS", self._badge(a, MONTHS[0], "x"))

    def next_day(self, a: int, b: int, c: int) -> None:
        self.today += timedelta(days=1 + 100 * (c % 2))

    def _badge(self, person: int, month: date, value: str, **given: str) -> dict:
        worn = {"period_start": str(month.replace(day=1)), "period_end": str(month), "read_on": str(month)}
        return self._of(person, "PASS", **worn | {"value_msv": value, "sent_on": str(month)} | given)

    def _of(self, person: int, layout: str, **given: str) -> dict:
        # Numbers from 48 on: at an establishment where the person may not be employed.
        place = person % len(PEOPLE) % 2 if person < 48 else person >> 1
        who = {"nir": PEOPLE[person % len(PEOPLE)], "siret": PLACES[place % len(PLACES)]}
        return line(layout, **{"record_id": self._record_id()} | who | given)

    def _employed(self, person: int, place: int, c: int = 0) -> dict:
        number = PEOPLE[person % len(PEOPLE)]
        born = {"birth_date": "2006-01-15"} if number[1:3] == "06" else {}
        given = {
            "category": "BA"[c % 2],
            "category_start": ("2015-01-01", "2023-08-01")[c // 2 % 2],
            "occupation_code": ("M32", "M01", "")[c % 3],
            "sector_code": ("MED.04.01", "")[c // 4 % 2],
        }
        if c % 5 == 1:
            given |= {"contract_type": "TEMP", "user_siret": PLACES[c % 3], "contract_end": "2024-12-31"}
        elif c % 5 == 2:
            given |= {"contract_type": "CDD", "contract_end": "2023-10-31", "wear_plan": "HP10:M,HP3:T"}
        sex = "F" if number[0] == "2" else "M"
        kind = "NIA" if number == _NIA else "NIR"
        return line("TRAV", nir=number, siret=PLACES[place % len(PLACES)], sex=sex, id_kind=kind, **born, **given)

    def _record_id(self) -> str:
        return f"r{self._next_number()}"

    def _next_number(self) -> int:
        self._last_number += 1
        return self._last_number

    def _deliver(self, layout: str, *lines: dict) -> None:
        # Now and then something comes in that was received before what came last.
        number = self._next_number()
        self._received += timedelta(minutes=7) if number % 7 else timedelta(minutes=-20)
        report = self.door.receive(self.files.write(layout, *lines), self._received).report
        self.told.update({f"{layout} {name}": report[f"rows_{name}"] for name in ("loaded", "waiting", "refused")})
        self.told.update(f"{layout} {cause['code']}" for cause in report["causes"])
        self.told["released"] += sum(release["rows_loaded"] for release in report.get("released", ()))


HAPPENINGS: dict[str, Callable] = {
    name: found
    for name, found in vars(Happenings).items()
    if callable(found) and not name.startswith("_") and name not in ("happen", "twin")
}

"""A small register's deliveries, with everything that can happen to a row, in waves as a worker loop would see them."""

import shutil
from datetime import date
from pathlib import Path

from delivery_files import Files, line, nir, siret
from ingestion.read import parse_name
from ingestion.simulate import simulate

_NIA = "7" + nir(61)[1:]
_SEEN_AGAIN = "20200305T080000"


def planned(folder: Path) -> list[list[Path]]:
    """Four waves: lists; doses; corrections, newcomers and files that are refused; what is sent again."""
    folder.mkdir()
    files = Files(folder)
    people = [nir(1), nir(2), nir(3, sex=2)]
    places = [siret(1), siret(2)]
    lists = [
        files.write("ETAB", *(line("ETAB", siret=place) for place in places), line("ETAB", siret="123")),
        files.write(
            "TRAV",
            *(line("TRAV", nir=person, siret=place) for place in places for person in people[:2]),
            line("TRAV", nir=people[2], sex="F"),
            line("TRAV", nir=_NIA, id_kind="NIA"),
            line("TRAV", nir=nir(4, year=99), birth_date="1999-01-20"),
            line("TRAV", nir=nir(9), siret=siret(8)),
        ),
        files.write("TRAV", line("TRAV", nir=nir(5), siret=places[1], category="A")),
    ]
    first = [line("PASS", record_id=f"r{i}", nir=person) for i, person in enumerate(people)]
    doses = [
        files.write("PASS", *first, line("PASS", record_id="bad", value_msv="x")),
        files.write("PASS", line("PASS", record_id="w1", nir=nir(50)), line("PASS", record_id="nia", nir=_NIA)),
        files.write("OPER", line("OPER"), line("OPER", record_id="o2", nir=nir(51)), line("OPER", record_id="o 3")),
        files.write("INTE", line("INTE"), line("INTE", record_id="i2", radionuclide="Xx-1")),
        files.write("RADN", line("RADN"), line("RADN", record_id="n2", nir=people[1]), at="20200420T080000"),
        files.write("COSM", line("COSM"), line("COSM", record_id="c2", nir=people[1], e_msv="-1")),
        files.write(
            "PASS",
            line(
                "PASS", record_id="high", nir=people[1], body_location="WRIST_L", quantity="HP007", value_msv="700.000"
            ),
        ),
    ]
    change = {"replaces_record_id": "r0", "motive_code": "TYPING"}
    corrections = [
        files.write("ETAB", line("ETAB", siret=siret(3), company_name="Ateliers du Mont")),
        files.write(
            "TRAV",
            line("TRAV", nir=nir(50), siret=siret(3)),
            line("TRAV", nir=nir(61), replaces_nir=_NIA),
        ),
        files.write("PASS", line("PASS", record_id="r0b", record_action="REPLACE", value_msv="0.200", **change)),
        files.write(
            "PASS",
            first[1],
            line("PASS", record_id="r2", nir=people[2], value_msv="0.900"),
            line("PASS", record_id="late", nir=people[1], period_start="2020-01-20", period_end="2020-02-05"),
            line(
                "PASS", record_id="gone", nir=people[2], record_action="CANCEL", **change | {"replaces_record_id": "r2"}
            ),
        ),
        _copy(doses[0], folder / "PASS_LANDAUER_20200210.csv"),
        files.write("PASS", {}),
    ]
    corrections[-1].write_text("a;b\n1;2\n")
    again = [
        doses[0],
        _copy(doses[2], folder / f"OPER_EXPL_EDF_{_SEEN_AGAIN}_000101.csv"),
        _copy(lists[0], folder / f"ETAB_REGISTER_{_SEEN_AGAIN}_000102.csv"),
        _copy(lists[1], folder / f"TRAV_REGISTER_{_SEEN_AGAIN}_000103.csv"),
        files.write(
            "PASS", line("PASS", record_id="w1", nir=nir(50), siret=siret(3)), line("PASS", record_id="nia", nir=_NIA)
        ),
        corrections[2],
    ]
    return [lists, doses, corrections, again]


def simulated(folder: Path) -> list[list[Path]]:
    """Two months of a synthetic register, the lists first, in waves of eight files; the last wave repeats the first."""
    simulate(60, date(2023, 1, 1), date(2023, 2, 1), 11, folder)
    paths = sorted(folder.glob("*.csv"), key=lambda path: (parse_name(path.name).sent_at, path.name))
    waves = [paths[start : start + 8] for start in range(0, len(paths), 8)]
    return [*waves, paths[:8]]


def independent(folder: Path, count: int) -> tuple[list[Path], list[Path]]:
    """Lists, and `count` files of doses whose rows have nothing to do with each other, whatever their order."""
    folder.mkdir()
    files = Files(folder)
    people = [nir(i) for i in range(1, count + 1)]
    lists = [files.write("ETAB", line("ETAB")), files.write("TRAV", *(line("TRAV", nir=person) for person in people))]
    layouts = ["PASS", "OPER", "INTE", "RADN", "COSM"]
    doses = []
    for i, person in enumerate(people):
        layout = layouts[i % len(layouts)]
        doses.append(
            files.write(
                layout,
                line(layout, record_id=f"{i}-good", nir=person),
                line(layout, record_id=f"{i}-waits", nir=nir(500 + i)),
                line(layout, record_id=f"{i} bad", nir=person),
            )
        )
    return lists, doses


def _copy(path: Path, to: Path) -> Path:
    return Path(shutil.copyfile(path, to))

"""The persons of a file: numbered as they come, each way one is written apart."""

import polars as pl

from ingestion.identity import AS_SENT, People


def _rows(*people: str) -> pl.DataFrame:
    fields = [[field or None for field in person.split(";")] for person in people]
    return pl.DataFrame(fields, schema=dict.fromkeys(AS_SENT, pl.String), orient="row")


def test_a_person_keeps_the_number_of_the_first_row_that_names_them():
    people = People()
    ada, bob, odd, bare = "1;26;ADA;EVE", "2;52;BOB;AL", "1;26;ADA;", "1;26;;ADA"
    slices = [_rows(ada, bob, ada), _rows(odd, ada), _rows(), _rows(bare, bare, bob)]
    found = [people.numbered(rows) for rows in slices]
    assert [persons.numbers[persons.which].tolist() for persons, _ in found] == [[0, 1, 0], [2, 0], [], [3, 3, 1]]
    newcomers = [newcomers.rows() for _, newcomers in found]
    assert newcomers == [_rows(ada, bob).rows(), _rows(odd).rows(), [], _rows(bare).rows()]

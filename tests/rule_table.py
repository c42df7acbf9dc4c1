"""Writes docs/rules.md, the rule book as a table, from ingestion/rules.py and tests/rule_cases.py: `make docs`."""

from pathlib import Path

from ingestion.rules import RULES
from rule_cases import CASES, FILE_CASES, Case

PATH = Path(__file__).parents[1] / "docs" / "rules.md"

_HEAD = """\
# Les règles / The rules

Écrit par `make docs` d'après `ingestion/rules.py` et `tests/rule_cases.py` : ne pas modifier à la main. Les codes
officiels ne sont pas publics ; ceux-ci sont du projet (format projet v1). Chaque exemple est joué par les tests, sur
une ligne par ailleurs correcte ; les numéros de personne ont l'ordre 000 et n'existent pas. La ligne voisine ne reçoit
pas le code.

Written by `make docs` from `ingestion/rules.py` and `tests/rule_cases.py`: do not edit. The official codes are not
public; these are the project's own (format projet v1). The tests run every example, on a row that is right otherwise;
the persons' numbers have order 000 and do not exist. The neighbour does not get the code.
"""
_SEVERITIES = {
    "F": ("Fichier", "File", "le fichier, non ses lignes, reçoit le code", "the file, not its rows, gets the code"),
    "R": ("Refus", "Refusal", "la ligne est refusée", "the row is refused"),
    "A": ("Attente", "Waiting", "la ligne attend et n'est pas perdue", "the row waits and is not lost"),
    "D": ("Déjà tenu", "Held already", "rien n'est compté deux fois", "nothing is counted twice"),
    "W": ("Avertissement", "Warning", "la ligne est chargée", "the row is loaded"),
}


def rule_table() -> str:
    """The whole document."""
    examples = {}
    for case in [*CASES, *FILE_CASES]:
        # The first case of a code is its example.
        examples.setdefault(case.code, case)
    lines = [_HEAD]
    lines += [f"- **{k}** {fr} / {en}: {does_fr} / {does_en}" for k, (fr, en, does_fr, does_en) in _SEVERITIES.items()]
    lines += [
        "",
        "| Code | | Sens / Meaning | Que faire / What to do | Reçoit le code / Gets it | Voisine / Neighbour |",
    ]
    lines += ["|---|---|---|---|---|---|"]
    for rule in sorted(RULES.values(), key=lambda rule: rule.code):
        meaning = f"{rule.meaning_fr}<br>*{rule.meaning_en}*"
        what_to_do = f"{rule.next_fr}<br>*{rule.next_en}*"
        given, neighbour = _example(examples[rule.code])
        lines.append(f"| **{rule.code}** | {rule.severity} | {meaning} | {what_to_do} | {given} | {neighbour} |")
    return "\n".join(lines) + "\n"


def _example(case) -> tuple[str, str]:
    if not isinstance(case, Case):
        return case.given_fr, case.neighbour_fr
    sender = f" ({case.sender})" if case.sender else ""
    return f"{case.layout}{sender} {_fields(case.given)}", _fields(case.neighbour)


def _fields(given: dict[str, str]) -> str:
    return ", ".join(f"`{name}={value}`" if value else f"`{name}` vide" for name, value in given.items())


if __name__ == "__main__":
    PATH.write_text(rule_table(), encoding="utf-8")

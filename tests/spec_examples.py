"""The examples of docs/models: the ASCII tables of tests/spec, read from the tests' source and shown as they stand."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from models.build import tables_named
from models.catalog import models

FOLDER = Path(__file__).parent / "spec"
_ELIDED = '"…"'


@dataclass(frozen=True)
class Example:
    """One test of tests/spec: its tables, the queries of its helpers and its steps, each as the source has it."""

    path: Path
    name: str
    explanation: str
    tables: list[tuple[str, str]]
    queries: list[str]
    steps: str
    marts: set[str]

    @property
    def title(self) -> str:
        return self.name.removeprefix("test_").replace("_", " ").capitalize()


def examples() -> list[Example]:
    """Every test of tests/spec that asks a mart, by file and in the order in which it stands there."""
    found = [example for path in sorted(FOLDER.glob("test_*.py")) for example in read_tests(path)]
    return [example for example in found if example.marts]


def read_tests(path: Path) -> list[Example]:
    """The tests of one file; what helpers, fixtures and constants of that file add is read too."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    known = dict(_definitions(tree))
    return [_example(path, source, node, known) for name, node in known.items() if name.startswith("test_")]


def _example(path: Path, source: str, test: ast.FunctionDef, known: dict[str, ast.AST]) -> Example:
    reached = _reached(test, known)
    own, *others = ([text for text in _texts(node) if _is_query(text)] for node in reached)
    queries = list(dict.fromkeys(text for texts in others for text in texts))
    marts = set().union(*map(tables_named, [*own, *queries]), *(_names_passed(node, known) for node in reached))
    return Example(
        path=path,
        name=test.name,
        explanation=" ".join((ast.get_docstring(test) or "").split()),
        tables=[table for node in reached for table in _tables(node)],
        queries=[dedent(text.strip("\n")).strip() for text in queries],
        steps=_steps(source, test),
        marts={name for name in marts if name in models() and models()[name].is_mart},
    )


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node


def _reached(test: ast.FunctionDef, known: dict[str, ast.AST]) -> list[ast.AST]:
    """The test and every definition of its file that it uses: constants, helpers, and fixtures by their name."""
    reached: list[ast.AST] = [test]
    for node in reached:
        for part in ast.walk(node):
            name = part.id if isinstance(part, ast.Name) else part.arg if isinstance(part, ast.arg) else ""
            if name in known and known[name] not in reached:
                reached.append(known[name])
    return reached


def _texts(node: ast.AST) -> Iterator[str]:
    """Every text of a definition; an f-string with its holes as `{…}`."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(
            part.value if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}" for part in node.values
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def _is_query(text: str) -> bool:
    return text.split()[:1] in (["select"], ["with"]) and " from " in " ".join(text.split())


def _is_table(node: ast.AST) -> bool:
    """Whether a text is lines of `a | b` under a header of column names."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return False
    lines = [line for line in node.value.splitlines() if line.strip()]
    if len(lines) < 2 or len({line.count("|") for line in lines}) > 1:
        return False
    header = [cell.strip() for cell in lines[0].split("|")]
    return len(header) > 1 and all(cell.isidentifier() for cell in header)


def _tables(node: ast.AST) -> Iterator[tuple[str, str]]:
    """(the name that the source gives it, or nothing; the table), in the order of the source."""
    named = {}
    for statement in ast.walk(node):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            named |= dict.fromkeys(ast.walk(statement.value), statement.targets[0].id)
    for part in sorted(filter(_is_table, ast.walk(node)), key=lambda part: part.lineno):
        lines = [line.rstrip() for line in dedent(part.value.strip("\n")).splitlines()]
        yield named.get(part, ""), "\n".join(lines).strip()


def _steps(source: str, test: ast.FunctionDef) -> str:
    """The source of a test's body; a table in it is elided, since it is shown above."""
    first = test.body[1 if ast.get_docstring(test) else 0]
    text = "\n".join(source.splitlines()[first.lineno - 1 : test.end_lineno])
    for part in ast.walk(test):
        if _is_table(part):
            text = text.replace(ast.get_source_segment(source, part), _ELIDED)
    return dedent(text)


def _names_passed(node: ast.AST, known: dict[str, ast.AST]) -> Iterator[str]:
    """Texts given to a helper as they are, or by its default: the name of a mart among them."""
    for call in (part for part in ast.walk(node) if isinstance(part, ast.Call)):
        # `register.add("persons", …)` and `lake.scan("persons")` name a table of the lake.
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in ("add", "scan")):
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            yield from (a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str))
        helper = known.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if isinstance(helper, ast.FunctionDef):
            named = {keyword.arg for keyword in call.keywords}
            defaults = zip(reversed(helper.args.args), reversed(helper.args.defaults), strict=False)
            for argument, default in defaults:
                is_given = argument.arg in named or helper.args.args.index(argument) < len(call.args)
                if not is_given and isinstance(default, ast.Constant) and isinstance(default.value, str):
                    yield default.value

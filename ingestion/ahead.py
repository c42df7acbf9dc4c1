"""Work done one step ahead, on the second core."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
_NO_MORE = object()


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items in order, each made in a thread while the one before is used; what making one raises is raised here."""
    coming = iter(items)
    with ThreadPoolExecutor(max_workers=1) as maker:
        following = maker.submit(next, coming, _NO_MORE)
        while (item := following.result()) is not _NO_MORE:
            following = maker.submit(next, coming, _NO_MORE)
            yield item

"""Which tests stay together when they are spread over processes."""

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadFileScheduling

REPOSITORY = Path(__file__).parents[1]


class LoadFolderScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist is not typed
    """Keeps the tests of a file together, and those of a folder that is a package."""

    def _split_scope(self, nodeid: str) -> str:
        return kept_together(nodeid)


def kept_together(nodeid: str) -> str:
    """Name the file, or the folder, whose tests run in one process.

    A folder that is a package has one running system for all of its files (a fixture with `scope="package"`). Spread
    over three processes, it would have three of them: each takes nine CPU seconds to start, and some to wait.
    """
    file = nodeid.partition("::")[0]
    folder = file.rpartition("/")[0]
    return folder if _is_package(folder) else file


@cache
def _is_package(folder: str) -> bool:
    return (REPOSITORY / folder / "__init__.py").exists()

"""``simple/``: a PEP 503 index over the wheels beside it.

All URLs are relative: it works from a directory (``--index-url file:///…/simple/``) and from
any static web server.
"""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podwheel.model import Wheel

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="pypi:repository-version" content="1.0"><title>{title}</title></head>
<body>
{links}
</body>
</html>
"""


def simple_index(wheels: Iterable[Wheel]) -> dict[str, str]:
    """The pages by their path in the wheelhouse.

    Links carry the sha256, and ``data-requires-python`` where the wheel states it.
    """
    by_name = groupby(sorted(wheels, key=lambda w: (w.name, w.filename)), key=lambda w: w.name)
    projects = {str(name): list(group) for name, group in by_name}
    pages = {
        "simple/index.html": _page("Simple index", [f'<a href="{n}/">{n}</a>' for n in projects])
    }
    for name, files in projects.items():
        pages[f"simple/{name}/index.html"] = _page(f"Links for {name}", map(_link, files))
    return pages


def _page(title: str, links: Iterable[str]) -> str:
    return _PAGE.format(title=escape(title), links="<br>\n".join(links))


def _link(wheel: Wheel) -> str:
    python = wheel.metadata.requires_python
    condition = f' data-requires-python="{escape(str(python))}"' if python else ""
    url = f"../../{quote(wheel.filename)}#sha256={wheel.sha256}"
    return f'<a href="{url}"{condition}>{escape(wheel.filename)}</a>'

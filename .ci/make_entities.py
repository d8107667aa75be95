"""Write dedup/data/entities.txt: the names of HTML's character references, and what they stand for.

    PYTHONPATH=. python .ci/make_entities.py

HTML's list is closed, so it is the same in every Python. Names that a kernel can't hold in one word, and
those that stand for two characters, are left out: nobody writes them in news.
"""

from __future__ import annotations

from html.entities import html5
from pathlib import Path

from dedup.entities import DATA
from dedup.kernels.constants import ENTITY_SIZE

HEAD = """\
# Names of HTML's character references and the code points they stand for, made by .ci/make_entities.py: those
# that stand for one character, up to eight letters long.
"""


def main() -> None:
    names = {
        name.removesuffix(";"): ord(characters)
        for name, characters in html5.items()
        if name.endswith(";") and len(characters) == 1 and len(name) <= ENTITY_SIZE + 1
    }
    lines = [f"{name} {code:X}\n" for name, code in sorted(names.items())]
    path = Path(__file__).parents[1] / "dedup" / "data" / DATA
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    print(f"{path.name}: {len(lines)} names, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()

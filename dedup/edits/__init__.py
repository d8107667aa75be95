"""The difference of two texts, as operations a person can read and a program can apply.

``diff(a, b)`` aligns units first (sentences; a line ends one too), then words among what is left between
units that stayed. It is lossless for every text: ``diff(a, b).apply(a) == b``, white space and line ends
included.

How units are aligned: equal ones are paired by occurrence, the rest by shared pairs of words, at least half
of them. The heaviest increasing chain of pairs stays in place (patience diff, with words as weights); a pair
outside it has moved. Words are aligned folded and without their punctuation, by a longest common subsequence
(bit-parallel, H. Hyyrö 2004); short matches between two longer changes are joined with them ("semantic
cleanup", N. Fraser, *Diff Strategies*, 2006). Time is near n log n in the length of the texts; where words
would need a table above a fixed size, unique word triples serve as anchors, and what lies between two of
them and is still too large is replaced.

JSON schema of ``Diff.as_json()``, the ``operations`` of ``diffs.jsonl``: a list of objects. Offsets count
characters (Unicode code points) of ``a``, half-open.

- ``{"op": "base", "length": n, "hash": "…"}``, always first: length in characters of ``a`` and xxh64 (seed 0)
  of its UTF-8 as 16 hexadecimal digits. It produces no text.
- ``{"op": "equal", "a": [s, e]}``: ``a[s:e]``, in place.
- ``{"op": "replace", "a": [s, e], "text": t}``: ``t`` instead of ``a[s:e]``.
- ``{"op": "insert", "a": [s, s], "text": t}``: ``t``, standing where ``a[s:s]`` was.
- ``{"op": "delete", "a": [s, e]}``: nothing instead of ``a[s:e]``.
- ``{"op": "move", "a": [s, e]}``: ``a[s:e]``, which stood elsewhere. If it was edited too, ``"edits"`` holds
  the equal, replace, insert and delete operations that make the new text from ``a[s:e]``.

The operations stand in the order of ``b``: what they produce, concatenated, is ``b``. Their ranges cover each
character of ``a`` exactly once; moves aside, they ascend.
"""

from dedup.edits.diffing import Diff, diff
from dedup.edits.operations import Operation
from dedup.edits.rendering import Row

__all__ = ["Diff", "Operation", "Row", "diff"]

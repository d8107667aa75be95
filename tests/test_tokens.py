from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.kernels import reference
from dedup.tokens import Tokens, tokenize

PIECES = [
    *"aBzß1２९éÉİı’'‘´.,-–“”„«»\"「」『』()\n\r\t  ",
    *"\u0301\u0316\u093c\u0301\u00ad\u200b\ufeff\u2028\x85\x0b\x00",
    *"かがｶﾞー中กำ한कि𝒜😀ÅｱﬁЖαάᾳ",
    "\r\n",
    "U.S.",
    "1.000,5",
    "word ",
    "‘We will’ ",
    "    ",
    "\n\n",
    "a line of some length that goes on until it is about\n",
]
texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.characters(exclude_categories=["Cs"])), max_size=40).map(
        "".join
    ),
)


def columns(tokens: Tokens) -> dict[str, list[int]]:
    return {name: getattr(tokens, name).tolist() for name in Tokens.__slots__}


def by(monkeypatch: pytest.MonkeyPatch, namespace: object, array: pa.Array) -> Tokens:
    with monkeypatch.context() as patch:
        patch.setattr(kernels, "get", lambda nbytes=0: namespace)
        return tokenize(array)


@pytest.fixture(scope="session")
def compiled() -> object:
    return kernels.warm()


@given(st.lists(texts, max_size=4))
@settings(max_examples=400, deadline=None)
def test_compiled_equals_reference(documents: list[str]) -> None:
    array = pa.array(documents, pa.large_string())
    compiled = kernels.warm()
    with pytest.MonkeyPatch.context() as patch:
        assert columns(by(patch, compiled, array)) == columns(by(patch, reference, array))

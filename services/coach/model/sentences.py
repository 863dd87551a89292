"""Reads an answer while it is being written: JSON of sentences that name their facts, or what a server makes of that.

A sentence is shown as it grows, as far as the checker lets it, since the facts that it stands on come before its words.
A server that knows no structure answers in prose: then any fact may stand behind a number.
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from services.coach.model.checker import Checker

_CLOSED = ConfigDict(json_schema_extra={"additionalProperties": False})
# Models wrap their JSON in a fence now and then.
_STRUCTURED = re.compile(r"[\s`]*(?:json)?\s*(?=\{\s*[\"}])")
_UNDECIDED = re.compile(r"[\s`]*(?:j|js|jso|json)?\s*\{?\s*")


class Sentence(BaseModel):
    """`facts` are the ids of those that the sentence stands on; `text` has `{f3}` where the number of one belongs."""

    model_config = _CLOSED

    facts: list[str]
    text: str


class Sentences(BaseModel):
    """What a model is asked to answer."""

    model_config = _CLOSED

    sentences: list[Sentence]


class Reading:
    """One answer. However it is cut into pieces, the same is shown in the end."""

    shape: ClassVar[type[BaseModel]] = Sentences

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._heard = ""
        self._in_prose = False
        self._ended = 0
        self._read = 0
        """How much of the text of the sentence after the `_ended` ones the checker has."""

    def feed(self, piece: str) -> str:
        """What can be shown now.

        Raises:
            ValueError: for JSON that is none, or of another shape.
        """
        self._heard += piece
        if self._in_prose:
            return self._checker.feed(piece)
        if opening := _STRUCTURED.match(self._heard):
            return self._growing(from_json(self._heard[opening.end() :], allow_partial="trailing-strings"))
        if _UNDECIDED.fullmatch(self._heard):
            return ""
        self._in_prose = True
        return self._checker.feed(self._heard)

    def finish(self) -> str:
        """What is left when the model is done.

        Raises:
            ValueError: for JSON that ends in its midst.
        """
        if opening := None if self._in_prose else _STRUCTURED.match(self._heard):
            sentences = _sentences_in(from_json(self._heard[opening.end() :].rstrip("` \n")))
            return self._ending(sentences, len(sentences))
        return ("" if self._in_prose else self._checker.feed(self._heard)) + self._checker.finish()

    def _growing(self, so_far: Any) -> str:
        """What the sentences say up to now, of which the last may not be whole."""
        sentences = _sentences_in(so_far)
        said = self._ending(sentences, len(sentences) - 1)
        # Where the text comes first, the facts are not known before the end.
        if sentences and list(sentences[-1])[:2] == ["facts", "text"]:
            said += self._more_of(sentences)
        return said

    def _ending(self, sentences: Sequence[Any], end: int) -> str:
        said = ""
        while self._ended < end:
            said += self._more_of(sentences) + self._checker.finish()
            self._ended, self._read = self._ended + 1, 0
        return said

    def _more_of(self, sentences: Sequence[Any]) -> str:
        """What is new of the sentence that is being written."""
        sentence = Sentence.model_validate(sentences[self._ended])
        text = sentence.text.lstrip()
        new, begins = text[self._read :], self._read == 0
        self._read = len(text)
        self._checker.stands_on(sentence.facts)
        blank = " " if new and begins and self._ended else ""
        return blank + self._checker.feed(new)


def _sentences_in(answer: Any) -> Sequence[Any]:
    found = answer.get("sentences", [])
    if not isinstance(found, list) or not all(isinstance(sentence, dict) for sentence in found):
        raise ValueError("no list of sentences")
    return found

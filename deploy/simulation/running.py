"""Coroutines that are moved on by hand: whatever they wait for, the world decides when it comes."""

import types
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


@types.coroutine
def pause() -> Generator[None, None, None]:
    """Here others may come first, or the process may end."""
    yield


@types.coroutine
def said(question: Any) -> Generator[Any, Any, Any]:
    """Hands a question to the world and waits for its answer."""
    return (yield question)


class Running(Generic[Result]):
    """A coroutine between two of its pauses; `question` is what it waits for, `result` what it came to."""

    def __init__(self, coroutine: Coroutine[Any, Any, Result]) -> None:
        self._coroutine = coroutine
        self.done = False
        self.question: Any = None
        self.result: Result | None = None

    @classmethod
    def begun(cls, coroutine: Coroutine[Any, Any, Result]) -> "Running[Result]":
        """One that has come to its first pause."""
        running = cls(coroutine)
        running.move()
        return running

    def move(self, answer: Any = None) -> None:
        """Goes on to the next pause or to the end. Raises what the coroutine raises."""
        try:
            self.question = self._coroutine.send(answer)
        except StopIteration as stop:
            self.done, self.question, self.result = True, None, stop.value
        except BaseException:
            self.done, self.question = True, None
            raise

    def finish(self) -> Result | None:
        """Goes on to the end; for one that only pauses."""
        while not self.done:
            self.move()
        return self.result

    def end(self) -> None:
        """The process dies here."""
        self._coroutine.close()
        self.done, self.question = True, None

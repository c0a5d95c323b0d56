"""What `garage ask --run garage` adds: the facts of the open book, and the base model where no taught subject is named.

As the server does it for the lasting name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from garage_tui.core.runs.record import Run
    from garage_tui.core.settings.settings import Settings, Workspace


def is_base_in_service(workspace: Workspace, settings: Settings, ref: str | None) -> bool:
    """Return whether `ref` is the lasting name while the base model is in service."""
    from garage_tui.core.runs.service import read_service

    if ref != settings.serve.name:
        return False
    service = read_service(workspace)
    return service.run is None and not service.problem


def find_booked(workspace: Workspace, settings: Settings, run: Run | None, questions: Sequence[str]) -> list[list[str]]:
    """Return for each question the untaught facts that it is about; none where the open book is off.

    Args:
        run: the run in service; None while it is the base model.

    Raises:
        GarageError: this Python's SQLite cannot look up facts, or the facts file cannot be read.
    """
    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.school.remember import facts_file
    from garage_tui.core.school.served_book import ServedBook

    if not settings.serve.open_book:
        return [[] for _ in questions]
    book = ServedBook(lambda: facts_file(workspace, settings))
    found = [list(book.find(question, run)) for question in questions]
    if book.problem:
        raise GarageError(book.problem)
    return found


class Route(NamedTuple):
    """Who answers a question under the lasting name, and how."""

    to_base: bool = False
    """The base model, because the question names no subject of the run's facts."""
    compares_openings: bool = False
    """The run answers with its most probable opening, because the question names a subject."""


def find_routes(run: Run | None, settings: Settings, questions: Sequence[str]) -> list[Route]:
    """Return the route of each question.

    Args:
        run: the run in service; None while it is the base model, which needs no route.
    """
    from garage_tui.core.routing.routes_file import read_routes
    from garage_tui.core.routing.subject_matcher import SubjectMatcher

    if run is None or not settings.serve.route_by_subject:
        return [Route() for _ in questions]
    subjects = read_routes(run.path)
    if subjects.gap:
        return [Route() for _ in questions]
    matcher = SubjectMatcher(subjects)
    named = [bool(matcher.find([question])) for question in questions]
    return [Route(not one, one and settings.serve.compare_openings) for one in named]

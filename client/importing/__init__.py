"""Reads what other apps export: bytes in, sessions of sets out; nothing here touches the queue or the network."""

from client.importing.errors import ImportProblem, UnitNeeded, UnknownExport
from client.importing.export import Export, ImportedSet, Measurement, Remark, Session, Skipped, Source, UnitGuess
from client.importing.reading import read_export

__all__ = [
    "Export",
    "ImportProblem",
    "ImportedSet",
    "Measurement",
    "Remark",
    "Session",
    "Skipped",
    "Source",
    "UnitGuess",
    "UnitNeeded",
    "UnknownExport",
    "read_export",
]

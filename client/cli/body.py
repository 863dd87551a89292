"""The body and who it belongs to: measure, profile."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from client import clock
from client.cli.entering import At, decimal
from client.cli.opening import Log
from client.cli.output import AsJson, local, print_json, say, short, table, tell
from client.cli.units import ShownIn, shown_in
from client.clock import UnknownZone
from client.ids import ends, new_id
from client.notation import number, read_weight
from client.plausible import BODY_WEIGHT, FAT, HEIGHT, check_birth
from client.wording import amount, counted, words
from shared.domains.body.events import BodyMeasurementRecorded, BodyMeasurementRemoved, Units
from shared.domains.profile.events import ProfileUpdated, Sex, UnitSystem
from shared.domains.workouts.events import WeightUnit
from shared.units import CM_PER_INCH, KG_PER_LB
from shared.values import available_zones
from shared.views.measurements import LENGTHS, MeasurementRow
from shared.views.profile import ProfileRow

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHOWN = 30
# The lengths that most people measure; the list has a column for each.
_COLUMNS = ("waist", "neck", "hip")
_VALUES = (*LENGTHS, "weight", "fat_percent")
# What is held against bounds, and the factor that makes an imperial value metric.
_BOUNDS = {"weight": (BODY_WEIGHT, KG_PER_LB), "height": (HEIGHT, CM_PER_INCH), "fat_percent": (FAT, Decimal(1))}


class UnknownMeasure(Exception):
    """A word that is no place of the body."""


class UnreadableDate(Exception):
    """Text that is no day."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is no day; write it like 1990-12-31')


class NothingMeasured(Exception):
    """A note or a time of a measurement without a value."""


class MixedUnits(Exception):
    """Pounds and centimetres in one measurement."""


def measure(
    weight: Annotated[str | None, typer.Argument(help="Body weight: 82.5, 182lb.")] = None,
    waist: Annotated[float | None, typer.Option(min=0, help="cm (or in).")] = None,
    neck: Annotated[float | None, typer.Option(min=0, help="cm (or in).")] = None,
    hip: Annotated[float | None, typer.Option(min=0, help="cm (or in).")] = None,
    height: Annotated[float | None, typer.Option(min=0, help="cm (or in).")] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PLACE=VALUE", help="Others: chest=101, fat_percent=15, …"),
    ] = None,
    units: Annotated[Units | None, typer.Option(help="Of all values; default: the profile's.")] = None,
    note: Annotated[str | None, typer.Option(help="A note.")] = None,
    remove: Annotated[str | None, typer.Option(help="Take a measurement away, by the end of its id.")] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Record body weight and girths; without values, list what was measured."""
    if remove is not None:
        _remove(Log(), remove, as_json)
        return
    given = {"waist": waist, "neck": neck, "hip": hip, "height": height}
    values: dict[str, Any] = {name: decimal(value) for name, value in given.items() if value is not None}
    values |= dict(_place(text) for text in more or ())
    if weight is None and not values:
        if note is not None or at is not None:
            raise NothingMeasured("what was measured? say a value with it, like `hypertrophy measure 82.5 --note …`")
        _list(Log(reading=True), as_json)
        return
    log = Log()
    system = units or _system(log)
    if weight is not None:
        values["weight"], unit = read_weight(weight)
        system = _agreed(system if units else None, unit, system, alone=len(values) == 1)
    _check(values, system)
    said = {**values, "units": system} | ({} if note is None else {"notes": note})
    measurement_id, moment = new_id(), log.done_at(at)
    log.add([BodyMeasurementRecorded(measurement_id=measurement_id, measured_at=moment, **said)], moment)
    row = next(row for row in log.projection.measurements if row.measurement_id == measurement_id)
    tell(row, _summary(row), as_json)


def _place(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    name = name.strip().casefold().replace("-", "_").replace(" ", "_")
    if name not in _VALUES or not value:
        raise UnknownMeasure(f'"{text}" is no measure; write PLACE=VALUE with one of {", ".join(_VALUES)}')
    try:
        return name, number(value.strip())
    except InvalidOperation:
        raise UnknownMeasure(f'"{value}" is no number; write {name}=25.5') from None


def _check(values: Mapping[str, Decimal], system: Units) -> None:
    """Raises Implausible."""
    for name, (bounds, metric) in _BOUNDS.items():
        if name in values:
            bounds.check(values[name] * metric if system is Units.IMPERIAL else values[name])


def _system(log: Log) -> Units:
    return Units.IMPERIAL if log.projection.profile.unit_system is UnitSystem.IMPERIAL else Units.METRIC


def _agreed(said: Units | None, unit: WeightUnit | None, default: Units, *, alone: bool) -> Units:
    """The unit written at the weight decides where nothing else was measured."""
    if unit is None:
        return default
    written = Units.IMPERIAL if unit is WeightUnit.LB else Units.METRIC
    if written is (said or default) or (alone and said is None):
        return written
    raise MixedUnits(f"the weight is in {unit} and the rest is {said or default}: say --units, or measure twice")


def _remove(log: Log, reference: str, as_json: bool) -> None:
    with log.alone():
        found = [row for row in log.projection.measurements if ends(row.measurement_id, reference)]
        if len(found) != 1:
            meant = counted(len(found), "measurement is", "measurements are")
            raise UnknownMeasure(f'{meant} meant by "{reference}"; `hypertrophy measure` lists them')
        log.add([BodyMeasurementRemoved(measurement_id=found[0].measurement_id)])
    tell({"measurement_id": found[0].measurement_id}, "removed; `hypertrophy undo` brings it back", as_json)


def _list(log: Log, as_json: bool) -> None:
    rows = log.projection.measurements
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("nothing was measured yet; `hypertrophy measure 82.5 --waist 85 --neck 38` records something")
        return
    units = shown_in(log)
    weight = units.unit("kg")
    table(
        None,
        ("on", weight, "body fat %", f"lean {weight}", *_COLUMNS, "also", "note", "id"),
        [
            (
                local(row.measured_at, log.zone),
                units.number(row.weight_kg, "kg", 1),
                _fat(row),
                units.number(row.lean_mass_kg, "kg", 1),
                *(units.number(_length(row, name), "cm", 1) for name in _COLUMNS),
                ", ".join(_others(row, units)),
                row.notes,
                short(row.measurement_id),
            )
            for row in rows[:_SHOWN]
        ],
    )
    if len(rows) > _SHOWN:
        say(f"the last {_SHOWN} of {len(rows)}; --json lists all of them")


def _length(row: MeasurementRow, name: str) -> Decimal | None:
    found: Decimal | None = getattr(row, f"{name}_cm")
    return found


def _others(row: MeasurementRow, units: ShownIn) -> Iterator[str]:
    """The lengths that have no column of their own."""
    for name in LENGTHS:
        if name not in _COLUMNS and (value := _length(row, name)) is not None:
            yield f"{words(name)} {units.number(value, 'cm', 1)}"


def _fat(row: MeasurementRow) -> str:
    margin = f" ± {amount(row.body_fat_margin, 1)}" if row.body_fat_margin else ""
    return f"{amount(row.body_fat_percent, 1)}{margin}" if row.body_fat_percent is not None else ""


def _summary(row: MeasurementRow) -> str:
    units = ShownIn(row.entered["units"] == Units.IMPERIAL)
    weight, length = units.unit("kg"), units.unit("cm")
    said = {name: amount(Decimal(str(row.entered[name]))) for name in ("weight", *LENGTHS) if name in row.entered}
    parts = [
        f"{value} {weight}" if name == "weight" else f"{words(name)} {value} {length}" for name, value in said.items()
    ]
    if row.body_fat_percent is not None:
        parts.append(f"{_fat(row)} % body fat")
    if row.lean_mass_kg is not None:
        parts.append(f"{units.quantity(row.lean_mass_kg, 'kg', 1)} lean")
    return f"recorded ({short(row.measurement_id)})" + (": " + ", ".join(parts) if parts else "")


def profile(
    sex: Annotated[Sex | None, typer.Option(help="For the formulas of body fat and strength scores.")] = None,
    height: Annotated[float | None, typer.Option(min=0, help="cm.")] = None,
    born: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Date of birth.")] = None,
    units: Annotated[UnitSystem | None, typer.Option(help="How weights and lengths are typed and shown.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA name, such as Europe/Berlin.")] = None,
    week_start: Annotated[str | None, typer.Option(help="The first day of the week, such as monday.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show or change who trains: sex, height, units, time zone."""
    if time_zone is not None and time_zone not in available_zones():
        raise UnknownZone(time_zone)
    given = {
        "sex": sex,
        "height": decimal(height),
        "birth_date": None if born is None else _birth_date(born, clock.now().date()),
        "unit_system": units,
        "time_zone": time_zone,
        "week_start": None if week_start is None else _weekday(week_start),
    }
    said = {field: value for field, value in given.items() if value is not None}
    if height is not None:
        HEIGHT.check(Decimal(str(height)))
    log = Log(reading=not said)
    if said:
        log.add([ProfileUpdated(**said)])  # type: ignore[arg-type]  # the event checks them
    if as_json:
        print_json(log.projection.profile)
        return
    _show(log.projection.profile)


def _show(row: ProfileRow) -> None:
    told = {
        **row.content(),
        "height_cm": None if row.height_cm is None else amount(row.height_cm),
        "week_start": None if row.week_start is None else _DAYS[row.week_start - 1],
    }
    for name, value in told.items():
        say(f"{words(name):12} {'-' if value is None else value}")


def _birth_date(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UnreadableDate(text) from None
    check_birth(day, today)
    return day


def _weekday(text: str) -> int:
    found = [number for number, day in enumerate(_DAYS, start=1) if text and day.startswith(text.casefold())]
    if len(found) != 1:
        raise UnknownMeasure(f'"{text}" is no day of the week')
    return found[0]

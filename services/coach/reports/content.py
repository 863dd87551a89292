"""What a weekly report says: data, markdown and a chart, from the same claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.coach.facts.bests import Best
from services.coach.facts.claims import Claim, claims_json, evidence
from services.coach.facts.log import TrainingLog
from services.coach.facts.sheet import Week, best_claim, present, set_claims
from services.coach.reports.chart import bar_chart
from services.coach.reports.due import CHART_WEEKS, closes_at
from services.coach.rules.weeks import described
from shared.domains.workouts.weeks import week_before
from shared.values import plain
from shared.views.sets import SetRow


@dataclass(frozen=True, slots=True)
class Opening:
    """The first sentences: of the rules, or of a language model where the log confirms them."""

    text: str
    claims: tuple[Claim, ...]
    source: str = "rules"
    notice: str | None = None


def by_rules(log: TrainingLog, week: str, notice: str | None = None) -> Opening:
    """The load of the week in a sentence or two."""
    said = described(log, closes_at(log, week), week)
    return Opening(said.text, said.claims, "rules", notice)


@dataclass(frozen=True)
class Report:
    """Of one closed week. `claims` hold every number of the data, of the markdown and of the chart."""

    week: str
    data: dict[str, Any]
    opening: Opening
    markdown: str
    chart_svg: str
    claims: tuple[Claim, ...]

    def content(self, log: TrainingLog) -> dict[str, Any]:
        """What is stored and answered."""
        return {
            "source": self.opening.source,
            "notice": self.opening.notice,
            "opening": self.opening.text,
            "data": self.data,
            "markdown": self.markdown,
            "chart_svg": self.chart_svg,
            "claims": claims_json(self.claims),
            "evidence": evidence(self.claims, log),
        }


def write_report(log: TrainingLog, label: str, opening: Opening | None = None) -> Report:
    """The report of a week that holds a workout or a measurement. Its opening is the rules' where none is given."""
    said = opening or by_rules(log, label)
    week, before = Week(log, label), Week(log, week_before(label))
    totals = _totals(week)
    compared = _totals(before)
    muscles = week.muscles()
    lifts = [(row, present(*set_claims(log, row))) for row in best_sets(log, label)]
    records = present(*(best_claim(log, best) for best in week_bests(log, label)))
    claims = [*said.claims, *totals.values(), *compared.values(), *muscles]
    claims += [made for _, shown in lifts for made in shown] + records
    charted = [week_before(label, back) for back in reversed(range(CHART_WEEKS))]
    tonnages = {one: Week(log, one).tonnage() for one in charted}
    return Report(
        week=label,
        data=_data(log, label, totals, compared, muscles),
        opening=said,
        markdown=_markdown(log, label, said.text, totals, compared, muscles, lifts, records),
        chart_svg=_chart(label, tonnages),
        claims=tuple(dict.fromkeys([*claims, *present(*tonnages.values())])),
    )


def _totals(week: Week) -> dict[str, Claim]:
    found = {
        "workouts": week.trained(),
        "sets": week.working_sets(),
        "hard_sets": week.hard_sets(),
        "tonnage_kg": week.tonnage(),
        "average_rpe": week.effort(),
        "minutes": week.minutes(),
        "body_weight_kg": week.body_weight(),
    }
    return {name: made for name, made in found.items() if made is not None}


def best_sets(log: TrainingLog, week: str) -> list[SetRow]:
    """The heaviest working set of each exercise of the week, five at most, by the number of sets done."""
    rows = [row for row in log.working_by_week.get(week, ()) if row.reps and row.load_kg]
    counts: dict[Any, int] = {}
    best: dict[Any, SetRow] = {}
    for row in rows:
        counts[row.exercise_id] = counts.get(row.exercise_id, 0) + 1
        standing = best.get(row.exercise_id)
        if standing is None or (row.load_kg or 0, row.reps or 0) > (standing.load_kg or 0, standing.reps or 0):
            best[row.exercise_id] = row
    chosen = sorted(best, key=lambda exercise: (-counts[exercise], log.name(exercise), exercise))[:5]
    return [best[exercise] for exercise in chosen]


def week_bests(log: TrainingLog, week: str) -> list[Best]:
    """Load and 1RM records that the week brought, in order of time."""
    found = log.bests_by_week.get(week, ())
    return sorted(found, key=lambda best: (best.row.completed_at, best.exercise_id, best.kind.value))


def _data(
    log: TrainingLog, week: str, totals: dict[str, Claim], before: dict[str, Claim], muscles: list[Claim]
) -> dict[str, Any]:
    start = log.profile.calendar.first_day(week)
    return {
        "week": week,
        "week_start": str(start),
        "week_end": str(start + timedelta(days=6)),
        "totals": {name: plain(made.value) for name, made in totals.items()},
        "previous": {name: plain(made.value) for name, made in before.items()},
        "hard_sets": {made.quantity.removeprefix("hard."): plain(made.value) for made in muscles},
    }


_LABELS = {
    "workouts": ("Workouts", ""),
    "sets": ("Working sets", ""),
    "hard_sets": ("Hard sets", ""),
    "tonnage_kg": ("Tonnage", " kg"),
    "average_rpe": ("Average RPE", ""),
    "minutes": ("Time trained", " min"),
    "body_weight_kg": ("Body weight", " kg"),
}


def _markdown(
    log: TrainingLog,
    week: str,
    opening: str,
    totals: dict[str, Claim],
    before: dict[str, Claim],
    muscles: list[Claim],
    lifts: list[tuple[SetRow, list[Claim]]],
    records: list[Claim],
) -> str:
    start = log.profile.calendar.first_day(week)
    lines = [f"# Week {week}", "", f"{start} to {start + timedelta(days=6)}", "", _escaped(opening), ""]
    lines += ["| | this week | the week before |", "| --- | ---: | ---: |"]
    lines += [_row(name, totals[name], before.get(name)) for name in _LABELS if name in totals]
    if lifts:
        lines += ["", "## Heaviest sets", ""]
        lines += [f"- {_escaped(log.name(row.exercise_id))}: {_lift(shown)}" for row, shown in lifts]
    if muscles:
        lines += ["", "## Hard sets by muscle", ""]
        lines += [f"- {made.quantity.removeprefix('hard.').replace('_', ' ')}: {made.shown}" for made in muscles]
    if records:
        lines += ["", "## Records", ""]
        lines += [f"- {_escaped(made.label)}: {made.shown} {made.unit}" for made in records]
    return "\n".join(lines) + "\n"


def _row(name: str, made: Claim, before: Claim | None) -> str:
    title, unit = _LABELS[name]
    earlier = f"{before.shown}{unit}" if before else "–"
    return f"| {title} | {made.shown}{unit} | {earlier} |"


def _lift(shown: list[Claim]) -> str:
    return " × ".join(f"{made.shown} kg" if made.unit == "kg" else made.shown for made in shown)


def _escaped(text: str) -> str:
    """A user-made name as markdown text: no markup, links or images come out of it."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#!|" else " " if c == "\n" else c for c in text)


def _chart(week: str, tonnages: Mapping[str, Claim | None]) -> str:
    bars = [(label[5:], float(made.value) if made else 0.0) for label, made in tonnages.items()]
    return bar_chart(f"Tonnage up to {week}, kg", bars)

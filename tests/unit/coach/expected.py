"""The answers to all quick questions as SQL over the raw rows gives them."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from tests.unit.coach.raw import HEIGHT_CM, moment, table, week

FAT_UNIT = "% ± 3.5 points"
MONTH, TWO_MONTHS = timedelta(days=28), timedelta(days=56)


def rows(query: str, *values: Any) -> list[Any]:
    return table().execute(query, values).fetchall()


def one(query: str, *values: Any) -> Any:
    return table().execute(query, values).fetchone()[0]


def text(value: float) -> str:
    """As answers write numbers: from six decimals to one, half to even."""
    exact = Decimal(repr(round(float(value), 6)))
    return f"{exact.quantize(Decimal('0.1'), ROUND_HALF_EVEN):f}".removesuffix(".0")


def count(number: float, unit: str) -> str:
    return f"{text(number)} {unit.removesuffix('s') if number == 1 else unit}"


def joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def day(at: str) -> str:
    return at[:10]


def weeks_before(now: datetime, back: int) -> str:
    return week(now - timedelta(weeks=back))


def reference(now: datetime) -> datetime:
    last = one("SELECT max(completed) FROM sets WHERE completed <= ?", moment(now))
    at = datetime.fromisoformat(f"{last}+00:00")
    return now if now - at < MONTH else at + timedelta(milliseconds=1)


def favourites(at: datetime, days: int = 56, most: int = 5) -> list[tuple[str, int]]:
    return rows(
        "SELECT exercise, count(*) AS done FROM working WHERE completed >= ? AND completed < ?"
        " GROUP BY exercise ORDER BY done DESC, exercise LIMIT ?",
        moment(at - timedelta(days=days)),
        moment(at),
        most,
    )


def described(label: str) -> str:
    workouts = one("SELECT count(*) FROM workouts WHERE week = ?", label)
    sets, hard, moved, effort = rows(
        "SELECT count(*), sum(hard), sum(volume), avg(rpe) FROM working WHERE week = ?", label
    )[0]
    said = (
        f"In {label} you did {count(workouts, 'workouts')} with {text(sets)} working sets, {text(hard)} of them hard, "
        f"and moved {text(moved)} kg."
    )
    return said if effort is None else f"{said} The average effort was RPE {text(effort)}."


def trained_up_to(label: str) -> tuple[str, str]:
    """The last week with a workout, and what is said where it is an earlier one."""
    found = one("SELECT max(week) FROM workouts WHERE week <= ?", label)
    said = f"No workout is logged for {label}. The last week before it in which you trained was {found}. "
    return found, "" if found == label else said


def what_next(now: datetime) -> str:
    at = reference(now)
    found = rows(
        "SELECT title, workout, max(started) AS last FROM workouts WHERE started >= ? AND started < ?"
        " GROUP BY title ORDER BY last LIMIT 1",
        moment(at - MONTH),
        moment(at),
    )
    title, workout, started = found[0]
    said = [f"Next is “{title}”, last done on {day(started)}."]
    done = rows(
        "SELECT exercise, weight, reps, rpe, min(completed) OVER (PARTITION BY exercise) AS first, row_number() OVER"
        " (PARTITION BY exercise ORDER BY coalesce(weight, 0) DESC, reps DESC, completed) AS place"
        " FROM working WHERE workout = ? AND reps > 0",
        workout,
    )
    best = sorted((row for row in done if row[5] == 1), key=lambda row: row[4])[:5]
    for exercise, weight, reps, rpe, _, _ in best:
        if weight:
            advice = (
                "Repeat it, and add a repetition if it moves well."
                if rpe is None
                else "There was something left: add the smallest plate."
                if rpe <= 8
                else "It was close to the limit: match it before you add."
            )
            said.append(f"{exercise}: that day {text(weight)} kg for {count(reps, 'reps')}. {advice}")
    return " ".join(said)


def progressing(now: datetime) -> str:
    at, said = reference(now), []
    for exercise, _ in favourites(at):
        new, old = (
            one(
                "SELECT max(e1rm) FROM estimates WHERE exercise = ? AND completed >= ? AND completed < ?",
                exercise,
                moment(at - (back + 1) * MONTH),
                moment(at - back * MONTH),
            )
            for back in (0, 1)
        )
        if new and old:
            way = "up" if round(new - old, 6) > 0 else "down" if round(new - old, 6) < 0 else "level"
            after = f"{text(new)} kg after {text(old)} kg"
            said.append(f"{exercise} is {way}: an estimated 1RM of {after} in the four weeks before.")
    if not said:
        return "There is nothing to go by yet: it takes two spans of four weeks with the same exercise to see progress."
    pause = f"Nothing is logged in the last four weeks, so this is as of {at.date()}. " if at != now else ""
    return pause + " ".join(said)


def last_week(now: datetime) -> str:
    label, said = trained_up_to(weeks_before(now, 1))
    first = datetime.fromisocalendar(int(label[:4]), int(label[6:]), 1)
    before = week(first - timedelta(weeks=1))
    hard, moved = rows("SELECT sum(hard), sum(volume) FROM working WHERE week = ?", before)[0]
    compared = (
        "" if hard is None else f" The week before, {before}, had {count(hard, 'hard sets')} and {text(moved)} kg."
    )
    return said + described(label) + compared


def this_week(now: datetime) -> str:
    label, said = trained_up_to(week(now))
    return said + described(label)


def last_trained(now: datetime) -> str:
    workout, started, ended = rows(
        "SELECT workout, started, ended FROM workouts WHERE started <= ? ORDER BY started DESC LIMIT 1", moment(now)
    )[0]
    sets, moved = rows("SELECT count(*), sum(volume) FROM working WHERE workout = ?", workout)[0]
    names = rows("SELECT exercise FROM working WHERE workout = ? GROUP BY exercise ORDER BY min(completed)", workout)
    minutes = (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds() / 60
    return (
        f"Your last workout was on {day(started)}. It had {text(sets)} working sets and {text(moved)} kg: "
        f"{joined([name for (name,) in names])}. It took {text(minutes)} minutes."
    )


RECORDS = """
WITH claims AS (
  SELECT exercise, exercise_id, 'load' AS kind, weight AS value, completed FROM working WHERE weight > 0 AND reps > 0
  UNION ALL SELECT exercise, exercise_id, 'e1rm', e1rm, completed FROM estimates),
placed AS (
  SELECT *, row_number() OVER (PARTITION BY exercise, kind ORDER BY round(value, 6) DESC, completed) AS place
  FROM claims WHERE completed <= ?)
SELECT exercise, exercise_id, kind, value, completed FROM placed WHERE place = 1
"""


def records(now: datetime) -> str:
    best = {row[0]: row for row in rows(RECORDS, moment(now)) if row[2] == "e1rm"}
    done = [exercise for exercise, _ in favourites(reference(now), days=3650, most=1000) if exercise in best]
    return " ".join(
        f"{exercise}: an estimated 1RM of {text(best[exercise][3])} kg, on {day(best[exercise][4])}."
        for exercise in done[:5]
    )


def new_records(now: datetime) -> str:
    since = moment(now - timedelta(days=30))
    fresh = [row for row in rows(RECORDS, moment(now)) if row[4] >= since]
    if not fresh:
        return "No load or 1RM record fell in the last thirty days."
    shown = sorted(fresh, key=lambda row: (row[4], row[1], row[2]), reverse=True)[:5]
    return " ".join(
        f"{'Load' if kind == 'load' else '1RM'} record of {exercise}: {text(value)} kg on {day(at)}."
        for exercise, _, kind, value, at in shown
    )


def strongest(now: datetime) -> str:
    found = rows(RECORDS, moment(now))
    heavy = max((row for row in found if row[2] == "load"), key=lambda row: (row[3], row[4]))
    great = max((row for row in found if row[2] == "e1rm"), key=lambda row: (round(row[3], 6), row[4]))
    return (
        f"Your heaviest set is {heavy[0]} with {text(heavy[3])} kg on {day(heavy[4])}. "
        f"The greatest estimated 1RM is {text(great[3])} kg, in {great[0]}."
    )


def most_done(now: datetime) -> str:
    at = reference(now)
    parts = [f"{exercise} with {count(done, 'sets')}" for exercise, done in favourites(at)]
    return f"In the eight weeks up to {at.date()} you did most: {joined(parts)}."


def frequency(now: datetime) -> str:
    labels = [weeks_before(now, back) for back in range(4)]
    counts = {label: one("SELECT count(*) FROM workouts WHERE week = ?", label) for label in labels}
    parts = [f"{count(number, 'workouts')} in {label}" for label, number in counts.items() if number]
    idle = [label for label, number in counts.items() if not number]
    if not parts:
        return last_trained(now)
    return f"You did {joined(parts)}." + (f" There was no workout in {joined(idle)}." if idle else "")


def streak(now: datetime) -> str:
    trained = {label for (label,) in rows("SELECT DISTINCT week FROM workouts")}
    back = first = 0 if week(now) in trained else 1
    while weeks_before(now, back) in trained:
        back += 1
    return f"You have trained {count(back - first, 'weeks')} in a row." if back > first else last_trained(now)


def tonnage(now: datetime) -> str:
    found = rows(
        "SELECT week, sum(volume) FROM working WHERE week <= ? GROUP BY week ORDER BY week DESC LIMIT 4", week(now)
    )
    return f"You moved {joined([f'{text(moved)} kg in {label}' for label, moved in found])}."


def sets_lately(now: datetime) -> str:
    sets, hard = rows(
        "SELECT count(*), sum(hard) FROM working WHERE completed >= ? AND completed <= ?",
        moment(now - MONTH),
        moment(now),
    )[0]
    if not sets:
        return last_trained(now)
    return f"In the last four weeks you did {text(sets)} working sets, {text(hard)} of them hard."


HARD = "SELECT muscle, sum(part) AS sets FROM working JOIN muscles USING (exercise) WHERE hard AND "


def muscles(now: datetime) -> str:
    label, said = trained_up_to(week(now))
    found = rows(f"{HARD} week = ? GROUP BY muscle ORDER BY sets DESC, replace(muscle, '_', ' ')", label)
    parts = [f"{muscle.replace('_', ' ')} {text(sets)}" for muscle, sets in found]
    return f"{said}Hard sets in {label}, a half for secondary muscles: {joined(parts)}."


def neglected(now: datetime) -> str:
    labels = [weeks_before(now, back) for back in range(4)]
    four = dict(rows(f"{HARD} week IN (?, ?, ?, ?) GROUP BY muscle", *labels))
    ever = rows(f"{HARD} completed <= ? GROUP BY muscle ORDER BY muscle", moment(now))
    known = [muscle for muscle, _ in ever if muscle not in ("cardio", "full_body", "other")]
    said = [
        f"No hard set for {muscle.replace('_', ' ')} in the last four weeks." for muscle in known if muscle not in four
    ]
    least = sorted((sets, muscle) for muscle, sets in four.items() if muscle in known)[:3]
    said += [
        f"{muscle.replace('_', ' ').capitalize()} had {count(s, 'hard sets')} in four weeks." for s, muscle in least
    ]
    return " ".join(said)


def duration(now: datetime) -> str:
    minutes = [
        (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds() / 60
        for started, ended in rows(
            "SELECT started, ended FROM workouts WHERE ended > started AND started <= ? ORDER BY started DESC LIMIT 10",
            moment(now),
        )
    ]
    average = text(sum(minutes) / len(minutes))
    return f"A workout takes you {average} minutes on average over your last {count(len(minutes), 'workouts')}."


def deload(now: datetime) -> str:
    weeks = [
        (label, *rows("SELECT sum(hard), avg(rpe) FROM working WHERE week = ?", label)[0])
        for label in (weeks_before(now, back) for back in (3, 2, 1))
    ]
    said = [
        f"{label} had {count(hard, 'hard sets')}{f' at RPE {text(effort)}' if effort else ''}."
        for label, hard, effort in weeks
        if hard is not None
    ]
    if not said:
        return "There is nothing to go by yet: the last three weeks hold no training."
    hard_sets, efforts = [hard for _, hard, _ in weeks], [effort for _, _, effort in weeks]
    if grow(hard_sets) and grow(efforts) and efforts[-1] >= 9:
        said.append("Work and effort have both grown and effort is high: an easier week now is sensible.")
    else:
        said.append("Nothing here asks for an easier week; how you sleep and feel counts for more than this rule.")
    return " ".join(said)


def grow(weeks: list[Any]) -> bool:
    return None not in weeks and weeks[0] < weeks[1] < weeks[2]


def fat(waist: float, neck: float) -> float:
    """The Navy's equation for men."""
    return 495 / (1.0324 - 0.19077 * math.log10(waist - neck) + 0.15456 * math.log10(HEIGHT_CM)) - 450


def _trend(now: datetime, value: Callable[[Any], float], verb: str, unit: str, margin: float = 0) -> str:
    known = rows("SELECT measured, weight, waist, neck FROM body WHERE measured <= ? ORDER BY measured", moment(now))
    last = known[-1]
    said = f"You {verb} {text(value(last))} {unit}, as of {day(last[0])}."
    since = moment(datetime.fromisoformat(last[0]).replace(tzinfo=now.tzinfo) - MONTH)
    older = [row for row in known if row[0] <= since]
    if not older:
        return said
    new, old = round(value(last), 6), round(value(older[-1]), 6)
    way = "level with" if abs(new - old) <= margin else "more than" if old < new else "less than"
    return f"{said} That is {way} the {text(old)} {unit} of {day(older[-1][0])}."


def body_weight(now: datetime) -> str:
    return _trend(now, lambda row: float(row[1]), "weigh", "kg")


def body_fat(now: datetime) -> str:
    return _trend(now, lambda row: fat(row[2], row[3]), "have a body fat of", FAT_UNIT, 3.5)


def goals(now: datetime) -> str:
    weight, waist, neck = rows(
        "SELECT weight, waist, neck FROM body WHERE measured <= ? ORDER BY measured DESC LIMIT 1", moment(now)
    )[0]
    said = []
    for _, kind, target, unit, exercise, by in rows("SELECT * FROM goals ORDER BY goal_id"):
        if target is None:
            said.append(f"Your goal of the kind {kind} has no target.")
            continue
        standing = {
            "body_weight": f"{text(weight)} kg",
            "body_fat": f"{text(fat(waist, neck))} {FAT_UNIT}",
            "e1rm": _or_none(one("SELECT max(e1rm) FROM estimates WHERE exercise = ?", exercise), "kg"),
            "load": _or_none(one("SELECT max(weight) FROM working WHERE exercise = ? AND reps > 0", exercise), "kg"),
            "workouts_per_week": _or_none(one("SELECT count(*) FROM workouts WHERE week = ?", week(now)), "workouts"),
            "sets_per_week": _or_none(one("SELECT count(*) FROM working WHERE week = ?", week(now)), "sets"),
        }[kind]
        of = f" in {exercise}" if exercise else ""
        until = f" by {by}" if by else ""
        nothing = f"none so far in {week(now)}" if kind.endswith("_per_week") else "nothing is logged for it yet"
        now_at = f"now {standing}." if standing else f"{nothing}."
        said.append(f"Goal {kind.replace('_', ' ')}{of}: {text(target)} {unit}{until}; {now_at}")
    return " ".join(said)


def _or_none(number: float | None, unit: str) -> str:
    return count(number, unit) if number else ""


EXPECTED: dict[str, Callable[[datetime], str]] = {
    "What next?": what_next,
    "Am I progressing?": progressing,
    "How hard was last week?": last_week,
    "How is this week going?": this_week,
    "How was my last workout?": last_trained,
    "When did I last train?": last_trained,
    "What are my records?": records,
    "Did I set new records?": new_records,
    "What is my strongest lift?": strongest,
    "Which exercises do I do most?": most_done,
    "How often do I train?": frequency,
    "What is my streak?": streak,
    "How much did I lift?": tonnage,
    "How many sets did I do this month?": sets_lately,
    "Which muscles did I train this week?": muscles,
    "Which muscles am I neglecting?": neglected,
    "How long are my workouts?": duration,
    "Do I need a deload?": deload,
    "How is my body weight changing?": body_weight,
    "What is my body fat?": body_fat,
    "Am I reaching my goals?": goals,
}

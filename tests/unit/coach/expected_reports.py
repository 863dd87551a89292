"""Weekly reports as SQL over the raw rows gives them."""

from datetime import datetime, timedelta
from typing import Any

from tests.unit.coach.expected import HARD, described, rows, text
from tests.unit.coach.raw import week

BESTS = """
WITH claims AS (
  SELECT week, exercise, exercise_id, 'load' AS kind, weight AS value, completed FROM working
  WHERE weight > 0 AND reps > 0
  UNION ALL SELECT week, exercise, exercise_id, 'e1rm', round(e1rm, 6), completed FROM estimates)
SELECT exercise, kind, value, completed FROM claims AS now WHERE week = ?
  AND value > coalesce((SELECT max(value) FROM claims AS b WHERE b.exercise = now.exercise AND b.kind = now.kind
                        AND (b.week < now.week OR b.week = now.week AND b.completed < now.completed)), 0)
  AND value = (SELECT max(value) FROM claims AS b WHERE b.exercise = now.exercise AND b.kind = now.kind
               AND b.week = now.week)
ORDER BY completed, exercise_id, kind
"""
HEAVIEST = """
WITH placed AS (
  SELECT exercise, exercise_id, weight, reps, count(*) OVER (PARTITION BY exercise) AS done,
         row_number() OVER (PARTITION BY exercise ORDER BY weight DESC, reps DESC, completed) AS place
  FROM working WHERE week = ? AND reps > 0 AND weight > 0)
SELECT exercise, weight, reps FROM placed WHERE place = 1 ORDER BY done DESC, exercise, exercise_id LIMIT 5
"""


def monday(label: str) -> datetime:
    return datetime.fromisocalendar(int(label[:4]), int(label[6:]), 1)


def week_before(label: str, back: int = 1) -> str:
    return week(monday(label) - timedelta(weeks=back))


def totals(label: str) -> dict[str, Any]:
    sets, hard, moved, effort = rows(
        "SELECT count(*), sum(hard), sum(volume), avg(rpe) FROM working WHERE week = ?", label
    )[0]
    times = rows("SELECT started, ended FROM workouts WHERE week = ?", label)
    minutes = [
        (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds() / 60
        for started, ended in times
    ]
    (weight,) = rows("SELECT avg(weight) FROM body WHERE week = ?", label)[0]
    found = {
        "workouts": len(times) or None,
        "sets": sets or None,
        "hard_sets": hard,
        "tonnage_kg": moved,
        "average_rpe": effort,
        "minutes": sum(minutes) if times else None,
        "body_weight_kg": weight,
    }
    return {name: round(value, 6) for name, value in found.items() if value is not None}


def hard_sets(label: str) -> dict[str, float]:
    return dict(rows(f"{HARD} week = ? GROUP BY muscle", label))


def tonnage_bar(label: str) -> str:
    return f"{label[5:]}: {totals(label).get('tonnage_kg', 0):.0f}"


LINES = {
    "workouts": "| Workouts | {} | {} |",
    "sets": "| Working sets | {} | {} |",
    "hard_sets": "| Hard sets | {} | {} |",
    "tonnage_kg": "| Tonnage | {} kg | {} kg |",
    "average_rpe": "| Average RPE | {} | {} |",
    "minutes": "| Time trained | {} min | {} min |",
    "body_weight_kg": "| Body weight | {} kg | {} kg |",
}


def markdown(label: str) -> str:
    now, before = totals(label), totals(week_before(label))
    sunday = monday(label) + timedelta(days=6)
    opening = described(label) if "workouts" in now else f"Nothing was trained in {label}."
    said = [f"# Week {label}", "", f"{monday(label).date()} to {sunday.date()}", "", opening, ""]
    said += ["| | this week | the week before |", "| --- | ---: | ---: |"]
    for name, line in LINES.items():
        if name in now and name in before:
            said.append(line.format(text(now[name]), text(before[name])))
        elif name in now:
            said.append(f"{line.rpartition(' | ')[0].format(text(now[name]))} | – |")
    said += _section("Heaviest sets", [f"{e}: {text(kg)} kg × {text(reps)}" for e, kg, reps in rows(HEAVIEST, label)])
    muscles = sorted(hard_sets(label).items(), key=lambda item: (-item[1], item[0].replace("_", " ")))
    said += _section("Hard sets by muscle", [f"{muscle.replace('_', ' ')}: {text(sets)}" for muscle, sets in muscles])
    bests = [
        f"{'1RM' if kind == 'e1rm' else kind} record of {exercise}: {text(value)} kg"
        for exercise, kind, value, _ in rows(BESTS, label)
    ]
    return "\n".join(said + _section("Records", bests)) + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", f"## {title}", "", *(f"- {line}" for line in lines)] if lines else []

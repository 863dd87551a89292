"""Weekly metrics: sums, streaks and the trend of the body's weight."""

from uuid import UUID

from tests.stories import BENCH, SQUAT, WORKOUT, Story, moment

WEEK = 7 * 24


def workouts_in_weeks(*weeks: int) -> Story:
    story = Story()
    for week in weeks:
        story.workout(hours=week * WEEK, workout_id=UUID(int=0x1000 + week))
    return story


def test_the_sums_of_a_week() -> None:
    story = Story().workout()
    story.set(1, reps=10, weight=40, set_type="warmup", rpe=3).set(2, reps=5, weight=100, rpe=8)
    story.set(3, reps=5, weight=100, rir=1).set(4, reps=8, weight=60, set_type="drop").set(5, reps=5, weight=80, rir=5)
    story.set(6, exercise=SQUAT, reps=5, weight=140).set(7, exercise=UUID(int=77), reps=5, weight=10)
    story.tell("WorkoutEnded", workout_id=WORKOUT, ended_at=moment(1))

    assert story.only("weekly") == {
        "week": "2026-W47",
        "week_start": "2026-11-16",
        "workouts": 1,
        "sets": 6,
        "hard_sets": {
            "chest": 3,
            "triceps": 1.5,
            "shoulders": 1.5,
            "quadriceps": 1,
            "glutes": 0.5,
            "hamstrings": 0.5,
            "lower_back": 0.5,
        },
        "tonnage_kg": 2630,
        "duration_s": 3600,
        "average_rpe": 7.333333,
        "weighed_kg": None,
        "body_weight_kg": None,
        "streak_weeks": 1,
    }


def test_only_weeks_that_hold_something_are_listed() -> None:
    story = workouts_in_weeks(0, 3)
    story.tell("BodyMeasurementRecorded", measurement_id=UUID(int=1), measured_at=moment(5 * WEEK), weight=80)
    story.workout(hours=9 * WEEK, workout_id=UUID(int=5)).tell("WorkoutDiscarded", workout_id=UUID(int=5))

    assert [row["week"] for row in story.contents("weekly")] == ["2026-W47", "2026-W50", "2026-W52"]


def test_streaks_count_weeks_in_a_row_with_a_workout() -> None:
    story = workouts_in_weeks(0, 1, 2, 4, 5)
    story.tell("BodyMeasurementRecorded", measurement_id=UUID(int=1), measured_at=moment(3 * WEEK), weight=80)

    assert [row["streak_weeks"] for row in story.contents("weekly")] == [1, 2, 3, 0, 1, 2]


def test_an_empty_week_ends_a_streak() -> None:
    assert [row["streak_weeks"] for row in workouts_in_weeks(0, 1, 3).contents("weekly")] == [1, 2, 1]


def test_a_streak_goes_on_over_the_end_of_a_year() -> None:
    rows = workouts_in_weeks(5, 6, 7).contents("weekly")

    assert [row["week"] for row in rows] == ["2026-W52", "2026-W53", "2027-W01"]
    assert [row["streak_weeks"] for row in rows] == [1, 2, 3]


def test_the_weight_is_the_average_of_the_week_or_that_of_the_week_before() -> None:
    story = workouts_in_weeks(0, 1, 2)
    for number, (hours, weight) in enumerate([(WEEK, 80), (WEEK - 1, 80.5), (WEEK - 2, 82)]):
        story.tell("BodyMeasurementRecorded", measurement_id=UUID(int=number), measured_at=moment(hours), weight=weight)

    rows = story.contents("weekly")

    assert [row["body_weight_kg"] for row in rows] == [None, 80.833333, 80.833333]
    assert [row["weighed_kg"] for row in rows] == [None, 80.833333, None]


def test_weeks_follow_the_time_zones_and_the_first_day_of_the_user() -> None:
    story = Story().workout(hours=35.5)  # Sunday, 23:30 UTC
    assert story.only("weekly")["week"] == "2026-W47"
    story.tell("ProfileUpdated", time_zone="Europe/Berlin")
    assert story.only("weekly")["week"] == "2026-W48"
    story.tell("WorkoutUpdated", workout_id=WORKOUT, time_zone="America/New_York")
    assert story.only("weekly")["week"] == "2026-W47"
    story.tell("ProfileUpdated", week_start=7)
    assert (story.only("weekly")["week"], story.only("weekly")["week_start"]) == ("2026-W48", "2026-11-22")


def test_a_workout_counts_with_all_its_sets_in_the_week_in_which_it_started() -> None:
    story = Story().workout(hours=35.9).set(1, hours=36.5, reps=5, weight=100)

    assert (story.only("weekly")["week"], story.only("weekly")["sets"]) == ("2026-W47", 1)


def test_muscles_follow_the_exercise_as_the_user_has_it() -> None:
    story = Story().workout().set(1, exercise=BENCH, reps=5, weight=100)
    story.tell("ExerciseUpdated", exercise_id=BENCH, muscle_category="triceps", secondary=["triceps", "chest"])

    assert story.only("weekly")["hard_sets"] == {"triceps": 1, "chest": 0.5}

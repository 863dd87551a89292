"""Why a file, or a row of it, cannot be imported."""

UNDERSTOOD = (
    "Strong workouts (Date, Workout Name, Exercise Name, Set Order, …)",
    "Hevy workouts (title, start_time, exercise_title, set_index, …)",
    "Hevy measurements (date, weight_kg, fat_percent, neck_cm, …)",
    "FitNotes workouts (Date, Exercise, Category, Weight, Reps, …)",
    "what `hypertrophy export` writes as JSON Lines",
)


class ImportProblem(Exception):
    """An import that cannot go on."""


class UnknownExport(ImportProblem):
    """The file is none of the exports that are understood, but what is `found`; the message lists them."""

    def __init__(self, found: str) -> None:
        super().__init__(f"{found}. Understood are: {'; '.join(UNDERSTOOD)}.")


class UnitNeeded(ImportProblem):
    """The file does not say whether its weights are kg or lb, and somebody has to."""

    def __init__(self, guess: str, reason: str) -> None:
        self.guess, self.reason = guess, reason
        super().__init__(f"The file does not say its unit of weight; it is probably {guess} ({reason}): say --unit.")


class UnreadableRow(Exception):
    """One row that cannot be understood; its message is the reason that is reported."""

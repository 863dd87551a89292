"""The closed lists of words about exercises, as they are published and stored."""

from enum import StrEnum


class Muscle(StrEnum):
    """What an exercise trains most. `back` is the upper and middle back, `lats` its width."""

    CHEST = "chest"
    BACK = "back"
    LATS = "lats"
    TRAPS = "traps"
    LOWER_BACK = "lower_back"
    SHOULDERS = "shoulders"
    BICEPS = "biceps"
    TRICEPS = "triceps"
    FOREARMS = "forearms"
    QUADRICEPS = "quadriceps"
    HAMSTRINGS = "hamstrings"
    GLUTES = "glutes"
    CALVES = "calves"
    ADDUCTORS = "adductors"
    ABDUCTORS = "abductors"
    ABDOMINALS = "abdominals"
    NECK = "neck"
    FULL_BODY = "full_body"
    CARDIO = "cardio"
    OTHER = "other"


class Equipment(StrEnum):
    """What an exercise is done with; `none` needs nothing, `bodyweight` moves the body itself."""

    BARBELL = "barbell"
    DUMBBELL = "dumbbell"
    KETTLEBELL = "kettlebell"
    EZ_BAR = "ez_bar"
    TRAP_BAR = "trap_bar"
    SMITH_MACHINE = "smith_machine"
    MACHINE = "machine"
    CABLE = "cable"
    PLATE = "plate"
    BAND = "band"
    BODYWEIGHT = "bodyweight"
    SUSPENSION = "suspension"
    MEDICINE_BALL = "medicine_ball"
    STABILITY_BALL = "stability_ball"
    SANDBAG = "sandbag"
    SLED = "sled"
    ROPE = "rope"
    WHEEL = "wheel"
    NONE = "none"
    OTHER = "other"


class Measure(StrEnum):
    """What is counted in a set. In `bodyweight_reps` a weight is added to the body, in `assisted_reps` taken off."""

    WEIGHT_REPS = "weight_reps"
    BODYWEIGHT_REPS = "bodyweight_reps"
    ASSISTED_REPS = "assisted_reps"
    REPS = "reps"
    DURATION = "duration"
    WEIGHT_DURATION = "weight_duration"
    WEIGHT_DISTANCE = "weight_distance"
    DISTANCE_DURATION = "distance_duration"
    OTHER = "other"

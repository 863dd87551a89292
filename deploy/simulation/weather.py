"""Which faults a world has, and how often. Each world has only some kinds, so that each kind is also met alone."""

from dataclasses import dataclass

from deploy.simulation.chance import Chance

# How often each step of daily life comes, relative to the others.
LIFE = {
    "log": 10,
    "sync": 8,
    "visit": 6,
    "join": 3,
    "network": 50,
    "relay": 10,
    "project": 16,
    "compare": 1,
    "identity": 3,
}
# The same for what goes wrong, in the worlds that have it.
FAULTS = {
    "power_cut": 3,
    "clone": 1.5,
    "old_phone": 1.5,
    "server_restore": 4,
    "relay_crash": 2,
    "projector_crash": 2,
    "lost_topic": 0.5,
    "rewind": 1,
    "republish": 0.5,
    "clock": 2,
}
# Worlds with a fault of the network have it in this share of all movements.
NETWORK = {"drop": 0.06, "late": 0.04, "double": 0.05, "torn": 0.03, "busy": 0.04}


@dataclass(frozen=True)
class Weather:
    """Weights of all steps by name, and shares of faulty movements by kind."""

    steps: dict[str, float]
    network: dict[str, float]


def weather(chance: Chance) -> Weather:
    """Draws what a world has to stand."""
    steps = LIFE | {name: weight for name, weight in FAULTS.items() if chance.happens(0.4)}
    steps |= {"upgrade": 0.5}
    network = {name: share for name, share in NETWORK.items() if chance.happens(0.5)}
    return Weather(steps, network)

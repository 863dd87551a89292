"""One package a domain. Each offers `DOMAIN`; `shared.registry` finds it."""

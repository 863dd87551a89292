"""Phones at work while everything under them is killed and paused: nothing acknowledged may be lost or doubled."""

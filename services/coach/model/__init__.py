"""The language model: how it is asked, what it may cost, and why nothing it says is believed unchecked."""

"""Plans: proposals within bounds, which the user may take over as templates. Nothing here changes the log."""

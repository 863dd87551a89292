"""The log for elsewhere: lossless JSON Lines, a table for other apps, a report to read."""

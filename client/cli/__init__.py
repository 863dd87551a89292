"""The command line: one program for training, running and building Hypertrophy."""

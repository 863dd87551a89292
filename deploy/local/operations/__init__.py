"""What an operator does with a stack: check it, repair it, save it, and try how much it bears."""

"""The coach without a model: fixed questions, answered from the log alone."""

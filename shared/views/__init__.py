"""What people look at, as pure functions of folded entities: one module a view, each with its row type.

The projector stores these rows, the client computes them from its own log, and the content digests of both agree.
"""

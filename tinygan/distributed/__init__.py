"""Many processes that play one game: the `group` that a batch is divided among, and `mpi`, which makes groups."""

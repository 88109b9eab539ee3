"""Training in several processes: `group` divides batches among ranks, and `mpi` makes groups."""

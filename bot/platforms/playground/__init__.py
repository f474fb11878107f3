"""The playground: a local web chat in which one can be anybody of an example company, and move the clock."""

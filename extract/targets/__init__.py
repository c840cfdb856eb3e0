"""Where rows land. `postgres` is the only module that writes to the warehouse's tables."""

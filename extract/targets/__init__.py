"""Where rows land: nothing outside this package writes to tables of lv0 or lv1."""

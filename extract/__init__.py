"""Lands the rows of source systems in lv0: no row lost, none doubled, memory flat."""

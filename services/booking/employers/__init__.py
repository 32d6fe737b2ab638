"""Employers: their workplaces and undertakings, the projects they have joined, and who works where."""

"""Grade a class: what is asked, the walls, the verdicts, the reports."""

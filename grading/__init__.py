"""What authors and instructors run: the notebooks as text, the workbook, later the grader."""

"""How notebooks come to students: written as text, released without answers, laid in a workbook."""

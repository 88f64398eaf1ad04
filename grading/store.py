"""What is known of a class, in one SQLite file: one transaction a submission, killed or not.

A row per file handed in, a row per question of it; points given by hand are kept apart, so that
grading again does not touch them.
"""
import json
import sqlite3

TABLES = """
create table if not exists submission (path blob primary key, student text, sheet text,
    time real, key text, notes text, by_person text, fault text);
create table if not exists result (path blob, question text, points real, out_of real,
    mistake text, sentence text, verdicts text, primary key (path, question));
create table if not exists by_hand (student text, sheet text, question text, points real,
    primary key (student, sheet, question));
"""


class Store:
    """The results of a class in the file `path`."""

    def __init__(self, path):
        self.base = sqlite3.connect(path)
        self.base.row_factory = sqlite3.Row
        self.base.execute("pragma journal_mode = wal")
        self.base.executescript(TABLES)

    def key(self, entry):
        """Return the key under which this file was graded, or None."""
        rows = self.base.execute("select key from submission where path = ?", [entry.path])
        return next((row["key"] for row in rows), None)

    def save(self, entry, key, outcome, fault=""):
        """Put one submission in, all of it or nothing."""
        with self.base:
            self.base.execute(
                "insert or replace into submission values (?, ?, ?, ?, ?, ?, ?, ?)",
                [entry.path, entry.student, entry.stem, entry.time, key,
                 json.dumps(outcome["notes"]), json.dumps(outcome["by_person"]), fault])
            self.base.execute("delete from result where path = ?", [entry.path])
            self.base.executemany(
                "insert into result values (?, ?, ?, ?, ?, ?, ?)",
                [(entry.path, r["id"], r["points"], r["out_of"], r["mistake"], r["sentence"],
                  json.dumps(r["verdicts"])) for r in outcome["results"]])

    def forget_others(self, paths):
        """Leave out files that are no longer handed in."""
        known = {row["path"] for row in self.base.execute("select path from submission")}
        with self.base:
            for table in ("submission", "result"):
                self.base.executemany(f"delete from {table} where path = ?",
                                      [[path] for path in known - set(paths)])

    def give(self, student, sheet, question, points):
        """Keep points given by hand; None takes them back."""
        with self.base:
            self.base.execute("delete from by_hand where (student, sheet, question) = (?, ?, ?)",
                              [student, sheet, question])
            if points is not None:
                self.base.execute("insert into by_hand values (?, ?, ?, ?)",
                                  [student, sheet, question, points])

    def students(self):
        """Yield (student, submissions in order of time) with their results, one by one."""
        names = self.base.execute("select distinct student from submission order by student")
        for row in names.fetchall():
            yield row["student"], [self._whole(entry) for entry in self.base.execute(
                "select * from submission where student = ? order by sheet, time, path", list(row))]

    def _whole(self, row):
        """Return a submission as a dict: results by question, and points given by hand."""
        entry = {**row, **{part: json.loads(row[part]) for part in ("notes", "by_person")}}
        results = self.base.execute("select * from result where path = ?", [row["path"]])
        entry["results"] = {result["question"]: {**result, "verdicts": json.loads(
            result["verdicts"])} for result in results}
        entry["by_hand"] = dict(map(tuple, self.base.execute(
            "select question, points from by_hand where (student, sheet) = (?, ?)",
            [row["student"], row["sheet"]])))
        return entry

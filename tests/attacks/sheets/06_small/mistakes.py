"""Wrong answers to the small sheet."""
from grading.spec import Mistake

MISTAKES = {"6.1": [Mistake("negative", lambda W, x: -(W @ x), "Your scores have the wrong sign.")]}

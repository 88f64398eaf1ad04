"""python -m grading: grade a class. So short because every worker reads it again."""
import sys

if __name__ == "__main__":
    from grading.grade import main

    main(sys.argv[1:])

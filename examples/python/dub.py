"""A job from a program: python dub.py JOB.yaml"""

import sys

from polyreel import PolyreelError, load_job, plan, run


def main(path: str) -> None:
    """Show what is to be done, do it, and say what came of each language."""
    job = load_job(path)
    print(plan(job).quote["sentence"])
    outcome = run(job)
    for locale, language in outcome.languages.items():
        print(locale, language.status, language.dub or (language.error and language.error.message))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except PolyreelError as error:
        raise SystemExit(f"{error.code}: {error}") from None

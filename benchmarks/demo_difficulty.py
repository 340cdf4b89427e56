"""How hard is the demo data? Two plain classifiers, macro-F1 on test against `cartoon_true` over the 45 classes.

python benchmarks/demo_difficulty.py --scale 0.1 --seed 0
"""

from __future__ import annotations

import argparse
import time

from baselines.words import CharacterSvm, Forest
from smf_embed.datasets import NONE, make_demo
from smf_embed.metrics import score


def main() -> None:
    """Print one line per classifier and field."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    demo = make_demo(options.scale, options.seed)
    truth = demo.test["cartoon_true"]
    print(f"scale {options.scale:g}, seed {options.seed}: {len(demo.train):,} train and {len(demo.test):,} test clips")
    print(f"{'classifier':<24}{'field':<12}{'macro-F1':>10}{'projects found':>16}{'false alarms':>14}{'seconds':>9}")
    for name, make in (("forest, words 1-2", Forest), ("SVM, characters 2-5", CharacterSvm)):
        for field in ("text", "reel_name"):
            start = time.perf_counter()
            baseline = make(field)
            baseline.fit(demo.train)
            said = baseline.predict(demo.test)
            macro = score(truth.tolist(), said.tolist())["macro_f1"]
            found = (said == truth)[truth != NONE].mean()
            alarms = (said != NONE)[truth == NONE].mean()
            seconds = time.perf_counter() - start
            print(f"{name:<24}{field:<12}{macro:>10.3f}{found:>16.3f}{alarms:>14.4f}{seconds:>9.0f}", flush=True)


if __name__ == "__main__":
    main()

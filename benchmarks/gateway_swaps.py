"""Swaps of a model in two replicas of a service behind the gateway, under load.

python -m benchmarks.gateway_swaps [--requests 20000]

A small shop of the tests has two versions of the purchase model that say something else of everybody. Callers ask
through the gateway's route for services and look whether each answer is right for the version that it names, while one
version after the other is deployed, until so many requests are done. Needs nginx.
"""

import argparse
import itertools
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from serving.build import bento_folder, build_bento
from tests.integration.serving.load import Load
from tests.integration.serving.replicas import two_replicas
from tests.integration.serving.shop import open_shop, train


def main() -> int:
    """Measures and prints a line; 1 where a request failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="benchmark-") as scratch:
        folder = Path(scratch)
        # Postgres, which is not root, must pass through.
        folder.chmod(0o711)
        versions = train(1, folder / "one"), train(2, folder / "two")
        bentos = folder / "bentoml"
        tag = build_bento("purchase", versions[0].directory, digest=versions[0].digest, version=1, bentoml_home=bentos)
        with open_shop(folder, versions, bento_folder(tag, bentos)) as shop, two_replicas(shop) as replicas:
            seconds, began = [replicas.deploy(versions[0])], time.monotonic()
            with Load(shop, replicas.address) as load:
                for version in itertools.cycle(reversed(versions)):
                    seconds.append(replicas.deploy(version))
                    if load.requests >= asked.requests:
                        break
            lasted = time.monotonic() - began
    sys.stdout.write(
        f"Swap: {load.requests:,} requests in {lasted:.0f} s, the model swapped {len(seconds) - 1} times in both "
        f"replicas, the last worker after {statistics.median(seconds[1:]):.1f} s (median), {len(load.failures)} failed "
        "(goal 0).\n"
    )
    sys.stdout.writelines(f"{failure}\n" for failure in load.failures[:5])
    return 1 if load.failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the API takes to recommend items to a user, beside a prediction for the same user. Prints one table.

`python -m benchmarks.recommending [--users 200] [--rounds 5]`, on a home where `run` has run. The API and the service
of the purchase model are started, and one user is asked about at a time, the two routes in turns.
"""

import argparse
import dataclasses
import json
import time
from statistics import median

import httpx
import psycopg

from cli.session import open_session
from core.api_keys import digest_of, new_key
from core.errors import UserError
from standalone.fleet import running_servers
from standalone.local_key import ensure_local_key
from standalone.servers import api_server, model_servers
from warehouse.api_keys import add_api_key
from warehouse.database import Database

_MODEL = "purchase"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with open_session() as session:
        platform = session.platform
        with psycopg.connect(platform.warehouse_url) as connection:
            drawn = "select user_id from marts.user_features group by user_id order by md5(user_id) limit %s"
            users = [user_id for (user_id,) in connection.execute(drawn, [asked.users])]
        if not users:
            raise UserError("No user is known in this home; `run` makes users known.")
        ensure_local_key(platform)
        key = new_key()
        scopes = ["predictions:read", "recommendations:read"]
        Database(platform.backend_url).run(add_api_key("a benchmark", digest_of(key), scopes))
        service = next(command for command in model_servers(platform) if command.name == _MODEL)
        api = api_server(platform)
        api = dataclasses.replace(
            api, environment={**api.environment, "BACKEND_SERVICES": json.dumps({_MODEL: service.address})}
        )
        with (
            running_servers([service]),
            running_servers([api]) as (server,),
            httpx.Client(
                base_url=str(server.command.address),
                headers={"authorization": f"Bearer {key}"},
                timeout=60,
                trust_env=False,
            ) as client,
        ):
            print_times(client, users, asked.rounds)


def print_times(client: httpx.Client, users: list[str], rounds: int) -> None:
    """Asks both routes about each user in turns."""
    routes = {
        "recommendations": lambda user: client.get(f"/users/{user}/recommendations"),
        "a live prediction": lambda user: client.post("/predictions", json={"user_ids": [user], "freshness": "live"}),
    }
    milliseconds: dict[str, list[float]] = {name: [] for name in routes}
    for _ in range(rounds):
        for user in users:
            for name, ask in routes.items():
                begin = time.perf_counter()
                ask(user).raise_for_status()
                milliseconds[name].append(1000 * (time.perf_counter() - begin))
    recommender = client.get(f"/users/{users[0]}/recommendations").json()["recommender"]
    print(f"Recommender: {json.dumps(recommender)}\n")
    print("| route | median, ms | 99 % within, ms |\n| --- | --- | --- |")
    for name, taken in milliseconds.items():
        print(f"| {name} | {median(taken):.1f} | {sorted(taken)[int(0.99 * len(taken))]:.1f} |")


if __name__ == "__main__":
    main()

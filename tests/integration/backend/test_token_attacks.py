"""Attacks on tokens that were published: RFC 8725, RFC 9700, and the chapters of ASVS 5 on sessions and tokens.

Each makes a token that must not be accepted. What makes it is first shown to make good tokens.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from backend.access.permissions import Role
from tests.integration.backend.conftest import PASSWORD, Api, Person
from warehouse.database import command, rows

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Real:
    """A session that is open, and the key by which its tokens are signed."""

    account_id: str
    session_id: str
    access_token: str
    refresh_token: str
    kid: str
    secret: bytes

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a good token says, with changes; None takes a claim away."""
        now = int(time.time())
        good = {
            "iss": "customer-analyzer",
            "aud": "customer-analyzer-api",
            "sub": self.account_id,
            "sid": self.session_id,
            "iat": now,
            "exp": now + 60,
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def header(self, **changes: Any) -> dict[str, Any]:
        """The header of a good token, with changes."""
        good = {"alg": "HS256", "typ": "at+jwt", "kid": self.kid}
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def signed(
        self,
        claims: dict[str, Any] | None = None,
        header: dict[str, Any] | None = None,
        secret: bytes | None = None,
        algorithm: str = "sha256",
    ) -> str:
        """A token with an HMAC, whatever its header says."""
        content = f"{part(header or self.header())}.{part(self.claims() if claims is None else claims)}"
        signature = hmac.digest(self.secret if secret is None else secret, content.encode(), algorithm)
        return f"{content}.{base64url(signature)}"


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def part(content: dict[str, Any]) -> str:
    return base64url(json.dumps(content).encode())


@pytest.fixture(scope="module")
def real(api: Api, make_person: Callable[[Role], Person]) -> Real:
    person = make_person(Role.ADMIN)
    with api.caller(None) as nobody:
        tokens = nobody.post("/auth/login", json={"email": person.email, "password": PASSWORD}).json()
    ((kid, secret),) = api.own.run(rows(lambda *row: row, "select kid, secret from app.signing_keys"))
    return Real(
        str(person.account_id),
        tokens["session_id"],
        tokens["access_token"],
        tokens["refresh_token"],
        kid,
        bytes(secret),
    )


@pytest.fixture(scope="module")
def nobody(api: Api) -> Iterator[httpx.Client]:
    with api.caller(None) as client:
        yield client


def status(client: httpx.Client, token: str) -> int:
    return client.get("/auth/me", headers={"authorization": f"Bearer {token}"}).status_code


JWK = {"kty": "oct", "k": base64url(b"k" * 32)}
ATTACKS: dict[str, Callable[[Real], str]] = {
    # RFC 8725, 2.1 and 3.1: the algorithm is chosen by the token.
    "no algorithm": lambda real: f"{part(real.header(alg='none'))}.{part(real.claims())}.",
    "no algorithm, written otherwise": lambda real: f"{part(real.header(alg='nOnE'))}.{part(real.claims())}.",
    "no algorithm, with a signature": lambda real: real.signed(header=real.header(alg="none")),
    "a public key taken for a secret": lambda real: real.signed(secret=PUBLIC),
    "an algorithm with a key of the attacker": lambda real: jwt.encode(
        real.claims(), RSA, "RS256", headers={"kid": real.kid, "typ": "at+jwt"}
    ),
    "another algorithm with the right key": lambda real: real.signed(
        header=real.header(alg="HS512"), algorithm="sha512"
    ),
    "an algorithm that is not the one that signed": lambda real: real.signed(header=real.header(alg="HS384")),
    # 2.2 and 3.5: weak keys.
    "an empty secret": lambda real: real.signed(secret=b""),
    "a guessed secret": lambda real: real.signed(secret=b"secret"),
    # 3.2 and 3.3: what is not checked.
    "no signature": lambda real: real.signed().rpartition(".")[0] + ".",
    "half a signature": lambda real: real.signed()[:-20],
    "a signature of something else": lambda real: (
        f"{part(real.header())}.{part(real.claims(sub=str(uuid4())))}.{real.access_token.rpartition('.')[2]}"
    ),
    "two parts": lambda real: real.signed().rpartition(".")[0],
    "five parts, as if encrypted": lambda real: real.signed() + ".e30.e30",
    # 3.8, 3.9 and 3.11: issuer, subject, audience, type.
    "another issuer": lambda real: real.signed(real.claims(iss="https://accounts.example")),
    "no issuer": lambda real: real.signed(real.claims(iss=None)),
    "another audience": lambda real: real.signed(real.claims(aud="another-api")),
    "our audience among others": lambda real: real.signed(real.claims(aud=["another-api", "customer-analyzer-api"])),
    "no audience": lambda real: real.signed(real.claims(aud=None)),
    "another type": lambda real: real.signed(header=real.header(typ="JWT")),
    "no type": lambda real: real.signed(header=real.header(typ=None)),
    "another subject than the session's": lambda real: real.signed(real.claims(sub=str(uuid4()))),
    "a subject that is no id": lambda real: real.signed(real.claims(sub="admin")),
    "a session that does not exist": lambda real: real.signed(real.claims(sid=str(uuid4()))),
    "no session": lambda real: real.signed(real.claims(sid=None)),
    # Times.
    "expired": lambda real: real.signed(real.claims(exp=int(time.time()) - 1)),
    "never expires": lambda real: real.signed(real.claims(exp=None)),
    "expires at no number": lambda real: real.signed(real.claims(exp="9999999999x")),
    "not valid yet": lambda real: real.signed(real.claims(nbf=int(time.time()) + 3600)),
    "issued in the future": lambda real: real.signed(real.claims(iat=int(time.time()) + 3600)),
    # 3.10: what a token says about its key is not trusted.
    "an unknown key": lambda real: real.signed(header=real.header(kid="unknown")),
    "no key": lambda real: real.signed(header=real.header(kid=None)),
    "a key that is a path": lambda real: real.signed(header=real.header(kid="../../dev/null"), secret=b""),
    "a key that is SQL": lambda real: real.signed(
        header=real.header(kid="x' union select 'x', '\\x00'::bytea; --"), secret=b"\x00"
    ),
    "a key that is a number": lambda real: real.signed(header=real.header(kid=0)),
    "a key of its own": lambda real: real.signed(header=real.header(jwk=JWK), secret=b"k" * 32),
    "a key from an address": lambda real: real.signed(header=real.header(jku="http://127.0.0.1:1/keys")),
    "a certificate of its own": lambda real: real.signed(header=real.header(x5c=[base64url(PUBLIC)])),
    "a certificate from an address": lambda real: real.signed(header=real.header(x5u="http://127.0.0.1:1/cert")),
    "an extension that must be understood": lambda real: real.signed(header=real.header(crit=["exp"])),
    "content that is not encoded": lambda real: real.signed(header=real.header(b64=False, crit=["b64"])),
    # RFC 9700 and ASVS 10: one kind of token taken for another.
    "a refresh token": lambda real: real.refresh_token,
    "a megabyte": lambda real: real.signed(real.claims(more="x" * 60_000)),
    "no token at all": lambda real: "null",
    "not in ASCII": lambda real: "\xff\xfe.\xff.\xff",
}


def test_what_makes_the_tokens_makes_good_ones(nobody: httpx.Client, real: Real) -> None:
    assert status(nobody, real.access_token) == 200
    assert status(nobody, real.signed()) == 200


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_forged_token_is_accepted(nobody: httpx.Client, real: Real, attack: str) -> None:
    token = ATTACKS[attack](real)
    answer = nobody.get("/auth/me", headers={"authorization": f"Bearer {token}".encode("latin-1")})
    assert answer.status_code in (400, 401, 431), answer.text
    assert real.secret.hex() not in answer.text


def test_a_token_counts_in_its_header_alone(nobody: httpx.Client, real: Real) -> None:
    assert nobody.get("/auth/me", params={"access_token": real.access_token}).status_code == 401
    assert nobody.get("/auth/me", headers={"cookie": f"access_token={real.access_token}"}).status_code == 401
    assert nobody.get("/auth/me", headers={"x-api-key": real.access_token}).status_code == 401
    assert nobody.get("/auth/me", headers={"authorization": f"Basic {real.access_token}"}).status_code == 401


@pytest.mark.parametrize("token", ["", "car_made-up", "car_" + "0" * 43 + "_000000", "' or 1=1 --", "\x00"])
def test_no_made_up_refresh_token_is_accepted(nobody: httpx.Client, token: str) -> None:
    answer = nobody.post("/auth/refresh", json={"refresh_token": token})
    assert answer.status_code in (401, 422)


def test_a_token_that_was_accepted_is_not_accepted_for_longer(nobody: httpx.Client, real: Real) -> None:
    """The API remembers for two seconds whose token it is."""
    expires_at = int(time.time()) + 4
    token = real.signed(real.claims(exp=expires_at))
    while time.time() < expires_at - 1.5:
        assert status(nobody, token) == 200
        time.sleep(0.1)
    time.sleep(max(0, expires_at - time.time()) + 0.01)
    assert status(nobody, token) == 401


def test_an_access_token_refreshes_nothing(nobody: httpx.Client, real: Real) -> None:
    assert nobody.post("/auth/refresh", json={"refresh_token": real.access_token}).status_code == 401


def test_keys_that_sign_are_replaced_and_forgotten(api: Api, nobody: httpx.Client, real: Real) -> None:
    """Tokens of the old key stay good while it is known; one that is taken away ends all its tokens."""
    refreshed = nobody.post("/auth/refresh", json={"refresh_token": real.refresh_token}).json()
    assert jwt.get_unverified_header(refreshed["access_token"])["kid"] == real.kid
    api.own.run(command("delete from app.signing_keys"))
    old = "insert into app.signing_keys values (%(kid)s, %(secret)s, now() - interval '30 days')"
    api.own.run(command(old, kid=real.kid, secret=real.secret))
    renewed = nobody.post("/auth/refresh", json={"refresh_token": refreshed["refresh_token"]}).json()
    assert jwt.get_unverified_header(renewed["access_token"])["kid"] != real.kid
    assert status(nobody, renewed["access_token"]) == 200
    assert status(nobody, real.signed()) == 200
    api.own.run(command("delete from app.signing_keys where kid = %(kid)s", kid=real.kid))
    deadline = time.monotonic() + 15
    while status(nobody, real.signed()) == 200 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert status(nobody, real.signed()) == 401
    assert status(nobody, renewed["access_token"]) == 200

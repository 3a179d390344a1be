"""Registering, signing in and out, by bearer token."""

from domain.identity import OPERATOR
from tests.integration.http.house import PASSWORD, House, expect_problem

AUTH = "/api/v1/auth"


async def test_register_with_username_returns_the_new_member(house: House) -> None:
    answer = await house.client.post(f"{AUTH}/register", json={"username": "ada", "password": PASSWORD})
    assert answer.status_code == 201
    assert answer.json()["username"] == "ada"
    assert answer.json()["role"] == "PUBLIC"
    assert answer.json()["created_at"].endswith("Z")
    assert PASSWORD not in answer.text
    assert "password_hash" not in answer.text


async def test_register_with_bad_fields_names_each_of_them(house: House) -> None:
    body = {"email": "nowhere", "username": "12345", "password": PASSWORD}
    problem = expect_problem(await house.client.post(f"{AUTH}/register", json=body), 422, "invalid")
    assert {error["field"] for error in problem["errors"]} == {"email", "username"}


async def test_register_with_taken_username_is_a_conflict(house: House) -> None:
    await house.person("ada")
    body = {"username": "ADA", "password": PASSWORD}
    expect_problem(await house.client.post(f"{AUTH}/register", json=body), 409, "conflict")


async def test_login_with_email_gives_tokens_that_work(house: House) -> None:
    await house.person("ada")
    answer = await house.client.post(f"{AUTH}/login", json={"email": "ADA@example.org", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    me = await house.client.get(f"{AUTH}/me", headers=headers)
    assert me.json()["email"] == "ada@example.org"


async def test_login_with_wrong_password_or_account_looks_the_same(house: House) -> None:
    await house.person("ada")
    wrong = await house.client.post(f"{AUTH}/login", json={"username": "ada", "password": "not the one"})
    nobody = await house.client.post(f"{AUTH}/login", json={"username": "eve", "password": PASSWORD})
    assert (
        expect_problem(wrong, 401, "invalid_credentials")["detail"]
        == expect_problem(nobody, 401, "invalid_credentials")["detail"]
    )
    assert wrong.headers["www-authenticate"].startswith("Bearer")


async def test_login_with_both_names_is_refused(house: House) -> None:
    body = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    expect_problem(await house.client.post(f"{AUTH}/login", json=body), 422, "invalid")


async def test_login_with_unknown_field_says_which_there_are(house: House) -> None:
    answer = await house.client.post(f"{AUTH}/login", json={"account": "ada", "password": PASSWORD})
    (error,) = expect_problem(answer, 422, "invalid")["errors"]
    assert error == {
        "field": "account",
        "message": "there is no such field; expected one of password, email, username, mode",
    }


async def test_refresh_with_unknown_field_says_which_there_are(house: House) -> None:
    answer = await house.client.post(f"{AUTH}/refresh", json={"token": "x"})
    (error,) = expect_problem(answer, 422, "invalid")["errors"]
    assert error["message"] == "there is no such field; expected one of refresh_token, mode"


async def test_login_link_used_twice_works_once(house: House) -> None:
    ada = await house.person("ada")
    link = await house.container.member_service().sign_in_link(OPERATOR, ada.id)
    first = await house.client.post(f"{AUTH}/login-link", json={"token": link.token})
    second = await house.client.post(f"{AUTH}/login-link", json={"token": link.token})
    assert first.json()["member_id"] == str(ada.id)
    expect_problem(second, 401, "invalid_token")


async def test_refresh_with_current_token_gives_its_successor(house: House) -> None:
    ada = await house.person("ada")
    answer = await house.client.post(f"{AUTH}/refresh", json={"refresh_token": ada.refresh_token})
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != ada.refresh_token
    again = await house.client.post(f"{AUTH}/refresh", json={"refresh_token": ada.refresh_token})
    assert again.json()["refresh_token"] == answer.json()["refresh_token"]


async def test_refresh_with_garbage_token_is_refused(house: House) -> None:
    for token in ("", "x", "0" * 32 + ".secret", "é" * 50):
        answer = await house.client.post(f"{AUTH}/refresh", json={"refresh_token": token})
        expect_problem(answer, 401, "invalid_token")


async def test_refresh_with_a_sign_ins_id_and_another_secret_leaves_the_sign_in(house: House) -> None:
    ada, eve = await house.person("ada"), await house.person("eve")
    identifier, eves = ada.refresh_token.partition(".")[0], eve.refresh_token.partition(".")[2]
    for secret in ("", "x", "A" * 86, eves):
        answer = await house.client.post(f"{AUTH}/refresh", json={"refresh_token": f"{identifier}.{secret}"})
        expect_problem(answer, 401, "invalid_token")
    assert (await house.client.get(f"{AUTH}/me", headers=ada.headers)).status_code == 200


async def test_refresh_with_a_token_of_two_generations_ago_ends_the_sign_in(house: House) -> None:
    ada = await house.person("ada")
    tokens = [ada.refresh_token]
    for _ in range(2):
        answer = await house.client.post(f"{AUTH}/refresh", json={"refresh_token": tokens[-1]})
        tokens.append(answer.json()["refresh_token"])
    for token in (tokens[0], tokens[-1]):
        expect_problem(await house.client.post(f"{AUTH}/refresh", json={"refresh_token": token}), 401, "invalid_token")
    expect_problem(await house.client.get(f"{AUTH}/me", headers=ada.headers), 401, "invalid_token")


async def test_refresh_without_body_or_cookie_is_refused(house: House) -> None:
    expect_problem(await house.client.post(f"{AUTH}/refresh"), 401, "invalid_token")


async def test_logout_of_bearer_ends_the_token_at_once(house: House) -> None:
    ada = await house.person("ada")
    assert (await house.client.post(f"{AUTH}/logout", headers=ada.headers)).status_code == 204
    expect_problem(await house.client.get(f"{AUTH}/me", headers=ada.headers), 401, "invalid_token")
    answer = await house.client.post(f"{AUTH}/refresh", json={"refresh_token": ada.refresh_token})
    expect_problem(answer, 401, "invalid_token")


async def test_logout_without_any_sign_in_is_refused(house: House) -> None:
    expect_problem(await house.client.post(f"{AUTH}/logout"), 401, "not_signed_in")


async def test_authorization_of_another_scheme_is_refused(house: House) -> None:
    answer = await house.client.get(f"{AUTH}/me", headers={"Authorization": "Basic YWRhOmFkYQ=="})
    expect_problem(answer, 401, "invalid_token")

"""The digest: what reaches people over a real mail server and a real webhook, how often, and what never does."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from listening import check, night
from listening.cli import main
from listening.publish import notices
from listening.workspace import Mend, Workspace
from tests.conftest import COMPANY, drop, run
from tests.servers import Hook, Mailbox, mail_server, webhook

SURVEY = '[sources.survey]\nconnector = "files"\nkind = "survey"\npath = "inbox/survey*.csv"\nscore_scale = [0, 10]\n'
SECRET_WORDS = ("Jane", "Smith", "C-4711", "jane@example.org", "charged twice")
ANSWERS = (
    "id,date,comment,score,customer_id,email\n"
    "1,2026-05-01,I was charged twice says Jane Smith.,2,C-4711,jane@example.org\n2,2026-05-02,Lovely courier!,10,C-4712,\n"
)
CUSTOMERS = '[sources.customers]\nconnector = "files"\nkind = "customers"\npath = "inbox/customers*.csv"\n'
STAYING = "customer_id,since,value,left_at,email\nC-4711,2025-01-01,100,,jane@example.org\n"
LEFT = "customer_id,since,value,left_at,email,valued_at\nC-4711,2025-01-01,100,2026-06-02,jane@example.org,2026-06-02\n"
NEWS = [
    {"kind": "worse", "subject": "pay", "sentence": "Pay: worse <b>&.", "compared_on": dt.date(2026, 6, 2)},
    {"kind": "theme", "subject": "pay-3", "sentence": "Pay: a new theme came up, “*Late* <!channel> [refund](http://x)”.", "compared_on": dt.date(2026, 6, 2)},
]
NOTHING = [{"kind": "nothing", "subject": "all", "sentence": "Nothing new.", "compared_on": dt.date(2026, 6, 2)}]
TODAY, TOMORROW = dt.date(2026, 6, 3), dt.date(2026, 6, 4)
Make = Callable[..., Workspace]


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook() as hook:
        yield hook


def by_mail(box: Mailbox, more: str = "") -> str:
    return (
        COMPANY + f'[digest]\nemail = ["cx@example.com", "lead@example.com"]\nsmtp_host = "127.0.0.1"\nsmtp_port = {box.port}\nsmtp_security = "none"\n{more}'
    )


def by_hook(place: Workspace, way: str, hook: Hook) -> None:
    """Set up a webhook whose address stands in a file that only its owner can read."""
    (place.root / "hook").write_text(hook.address + "\n", encoding="utf-8")
    (place.root / "hook").chmod(0o600)
    place.configuration.write_text(COMPANY + f'[digest]\n{way} = "file:hook"\npage = "https://intranet.example.com/voice"\n', encoding="utf-8")


def tell(place: Workspace, today: dt.date, news: list[dict[str, Any]], failed: list[str] | None = None) -> list[str]:
    return notices.tell(place, place.settings(), today, news, failed or [])


def body(letter: Any, kind: str = "plain") -> str:
    return str(letter.get_body((kind,)).get_content())


def test_nights_that_bring_news_are_told_once_and_others_not(make_workspace: Make, box: Mailbox) -> None:
    place = make_workspace(SURVEY + CUSTOMERS, {"survey.csv": ANSWERS, "customers.csv": STAYING}, by_mail(box))
    for day in ("2026-05-30", "2026-05-31"):
        assert not run(place, as_of=day).notes or not box.letters
    assert box.letters == []
    drop(place, "customers2.csv", LEFT)
    for _ in range(2):
        run(place, as_of="2026-06-03")
    ((people, letter),) = box.letters
    assert people == ["cx@example.com", "lead@example.com"]
    assert letter["Subject"] == "Tester: 2 things changed"
    assert "survey fell silent" in body(letter)
    assert "1 more customer is known to have left" in body(letter, "html")
    assert not [word for word in SECRET_WORDS if word.lower() in str(letter).lower()]
    run(place, as_of="2026-05-15")
    run(place, as_of="2026-06-04")
    assert len(box.letters) == 1


def test_news_of_a_second_run_on_the_day_wait_for_the_next_night(make_workspace: Make, box: Mailbox) -> None:
    place = make_workspace(company=by_mail(box))
    tell(place, TODAY, NEWS[:1])
    tell(place, TODAY, NEWS)
    assert len(box.letters) == 1
    tell(place, TOMORROW, NOTHING)
    assert "new theme" in body(box.letters[1][1])
    assert "worse" not in body(box.letters[1][1])
    tell(place, dt.date(2026, 6, 5), NOTHING)
    assert len(box.letters) == 2


def test_a_mail_server_that_fails_never_fails_the_night_and_its_news_go_out_with_the_next(make_workspace: Make, box: Mailbox) -> None:
    box.answer = "451 later"
    place = make_workspace(SURVEY, {"survey.csv": ANSWERS}, by_mail(box))
    run(place, as_of="2026-05-30")
    tonight = run(place, as_of="2026-06-03")
    assert tonight.status == night.DONE
    (note,) = [note for note in tonight.notes if "digest" in note]
    assert "did not take the message (451)" in note
    assert "1 sentences wait" in note
    box.answer = "250 taken"
    run(place, as_of="2026-06-04")
    ((_, letter),) = box.letters
    assert "survey fell silent" in body(letter)
    assert "Since 30\u00a0May\u00a02026" in body(letter)


def test_one_way_that_fails_does_not_make_another_tell_twice(make_workspace: Make, box: Mailbox, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", hook.address)
    place = make_workspace(company=by_mail(box, 'slack_webhook = "env:HOOK"\n'))
    hook.status = 404
    (note,) = tell(place, TODAY, NEWS)
    assert "HTTP 404" in note
    assert hook.address not in note
    assert "very-secret" not in note
    hook.status = 200
    assert tell(place, TOMORROW, NOTHING) == []
    assert (len(box.letters), len(hook.posts)) == (1, 1)


def test_a_night_done_in_part_is_told_even_without_news(make_workspace: Make, box: Mailbox) -> None:
    table = '[sources.reviews]\nconnector = "files"\nkind = "review"\npath = "inbox/r*.csv"\ncolumns = { id = "id", said_at = "no such column" }\n'
    place = make_workspace(SURVEY + table, {"survey.csv": ANSWERS, "r.csv": ANSWERS}, by_mail(box))
    assert run(place, as_of="2026-05-10").status == night.DONE_IN_PART
    ((_, letter),) = box.letters
    assert letter["Subject"] == "Tester: nothing new, done in part"
    assert "reviews could not be read" in body(letter)


def test_a_night_that_failed_is_told_once_a_day_and_so_is_that_it_runs_again(make_workspace: Make, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(SURVEY, {"survey.csv": ANSWERS}, by_mail(box))
    with monkeypatch.context() as broken:
        broken.setattr("listening.night.story.tell", lambda *_: ["Jane Smith"][1])
        for _ in range(2):
            with pytest.raises(IndexError):
                run(place, as_of="2026-05-10")
    ((_, failed),) = box.letters
    assert failed["Subject"] == "Tester: the night failed"
    assert "stopped by an unexpected error (IndexError)" in body(failed)
    assert "Jane" not in str(failed)
    run(place, as_of="2026-05-10")
    assert "The night runs again; on 10\u00a0May\u00a02026 it had failed." in body(box.letters[1][1])
    run(place, as_of="2026-05-11")
    assert len(box.letters) == 2


def test_a_failed_night_that_could_not_be_told_is_told_later(make_workspace: Make, box: Mailbox) -> None:
    place = make_workspace(company=by_mail(box))
    box.answer = "451 later"
    notices.tell_of_failure(place, place.settings(), TODAY, "The disk is full.")
    notices.tell_of_failure(place, place.settings(), TODAY, "The disk is full.")
    box.answer = "250 taken"
    tell(place, TOMORROW, NOTHING)
    assert body(box.letters[0][1]).count("On 3 Jun 2026 the night failed, which could not be told then.") == 1


def test_a_night_that_finds_another_one_running_tells_nobody(make_workspace: Make, box: Mailbox) -> None:
    place = make_workspace(SURVEY, {"survey.csv": ANSWERS}, by_mail(box))
    with night.held(place), pytest.raises(Mend) as problem:
        run(place)
    assert problem.value.status == night.ALREADY_RUNNING
    assert box.letters == []


def test_slack_gets_blocks_in_which_nothing_is_markup_and_a_link_to_the_page(make_workspace: Make, hook: Hook) -> None:
    place = make_workspace()
    by_hook(place, "slack_webhook", hook)
    assert tell(place, TODAY, NEWS) == []
    (post,) = hook.posts
    assert post["text"] == "Tester: 2 things changed"
    assert [block["type"] for block in post["blocks"]] == ["header", "section", "section", "section", "actions"]
    assert {block["text"]["type"] for block in post["blocks"][:-1]} == {"plain_text"}
    assert post["blocks"][3]["text"]["text"] == "• Pay: a new theme came up, “*Late* <!channel> [refund](http://x)”."
    assert post["blocks"][4]["elements"][0]["url"] == "https://intranet.example.com/voice"


def test_teams_gets_an_adaptive_card(make_workspace: Make, hook: Hook) -> None:
    place = make_workspace()
    by_hook(place, "teams_webhook", hook)
    hook.status = 202  # a workflow's webhook accepts, and posts later
    assert tell(place, TODAY, NEWS) == []
    (post,) = hook.posts
    (attachment,) = post["attachments"]
    assert (post["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    card = attachment["content"]
    assert (card["type"], {block["type"] for block in card["body"]}) == ("AdaptiveCard", {"RichTextBlock"})
    assert card["body"][2]["inlines"][0]["text"] == "• Pay: worse <b>&."
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open the page", "url": "https://intranet.example.com/voice"}]


def test_the_html_of_the_mail_is_text_to_the_last_sign(make_workspace: Make, box: Mailbox) -> None:
    place = make_workspace(company=by_mail(box))
    tell(place, TODAY, NEWS)
    assert "Pay: worse &lt;b&gt;&amp;." in body(box.letters[0][1], "html")


def test_a_long_list_is_cut_and_says_so(make_workspace: Make, hook: Hook) -> None:
    place = make_workspace()
    by_hook(place, "slack_webhook", hook)
    tell(place, TODAY, [NEWS[0] | {"subject": str(number), "sentence": f"Sentence {number} {'x' * 5000}"} for number in range(40)])
    blocks = hook.posts[0]["blocks"]
    assert len(blocks) <= 50  # Slack takes no more
    assert max(len(block["text"]["text"]) for block in blocks[:-1]) <= 3000
    assert blocks[-2]["text"]["text"] == "• 15 more stand on the page."


def test_a_webhook_that_leads_elsewhere_is_not_followed(make_workspace: Make, hook: Hook) -> None:
    place = make_workspace()
    by_hook(place, "slack_webhook", hook)
    hook.status = 307
    (note,) = tell(place, TODAY, NEWS)
    assert "HTTP 307" in note
    assert hook.posts == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
def test_the_server_is_spoken_to_in_secret_and_with_a_password(make_workspace: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(certificate, key)
    with mail_server(certificate=secure, users={"voice": "pass"}) as box:
        more = 'smtp_user = "voice"\nsmtp_password = "env:SMTP_PASSWORD"\n'
        place = make_workspace(company=by_mail(box, more).replace('"127.0.0.1"', '"localhost"').replace('"none"', '"starttls"'))
        monkeypatch.setenv("SMTP_PASSWORD", "pass")
        assert "could not be trusted" in tell(place, TODAY, NEWS)[0]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        monkeypatch.setenv("SMTP_PASSWORD", "wrong")
        assert "refused smtp_user and smtp_password (535)" in tell(place, TODAY, NEWS)[0]
        monkeypatch.setenv("SMTP_PASSWORD", "pass")
        assert tell(place, TODAY, NEWS) == []
        assert len(box.letters) == 1


def test_a_message_that_comes_twice_is_known_by_its_id(make_workspace: Make, box: Mailbox) -> None:
    place = make_workspace(company=by_mail(box))
    for _ in range(2):
        tell(place, TODAY, NEWS)
        place.digest.unlink()  # as if the program had been killed before it could write down that it was sent
    assert len({letter["Message-ID"] for _, letter in box.letters}) == 1


def test_who_is_refused_is_noted_and_the_others_are_told(make_workspace: Make) -> None:
    with mail_server(refused=("lead@example.com",)) as box:
        place = make_workspace(company=by_mail(box))
        (note,) = tell(place, TODAY, NEWS)
        assert "all but 1 of 2 addresses" in note
        assert tell(place, TODAY, NEWS) == []
        assert [people for people, _ in box.letters] == [["cx@example.com"]]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"email": 3}', '{"email": {"sent_on": "2026-06-03"}}'])
def test_a_damaged_memory_of_what_was_told_does_not_stop_the_telling(make_workspace: Make, box: Mailbox, content: str) -> None:
    place = make_workspace(company=by_mail(box))
    place.digest.write_text(content, encoding="utf-8")
    assert tell(place, TODAY, NEWS) == []
    assert len(box.letters) == 1


def test_a_block_of_prefect_is_used_by_name_and_missed_in_words_without_prefect(make_workspace: Make) -> None:
    place = make_workspace(company=COMPANY + '[digest]\nprefect_block = "slack-webhook/voice"\n')
    (note,) = tell(place, TODAY, NEWS)
    assert "without Prefect" in note
    sent: list[tuple[str, ...]] = []
    assert notices.tell(place, place.settings(), TODAY, NOTHING, [], lambda *said: sent.append(said)) == []
    assert sent[0][:2] == ("slack-webhook/voice", "Tester: 2 things changed")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('email = ["cx"]', "line 5: [digest] email.0: must be an e-mail address such as 'cx@company.com'."),
        ('email = ["cx@example.com"]', "line 4: [digest] email needs smtp_host, the server that takes the mail."),
        ('smtp_user = "voice"', "smtp_user and smtp_password go together."),
        ('slack_webhook = "https://hooks.slack.com/services/T0/secret"', "[digest] slack_webhook: says where the secret stands, never the secret itself"),
        ('prefect_block = "voice"', "must be a Prefect block's type and name"),
        ('emial = ["cx@example.com"]', "[digest] has no key 'emial'; do you mean 'email'?"),
    ],
)
def test_wrong_settings_are_said_with_their_line(make_workspace: Make, table: str, words: str) -> None:
    with pytest.raises(Mend) as problem:
        make_workspace(company=COMPANY + f"[digest]\n{table}\n").settings()
    assert words in str(problem.value)
    assert "services" not in str(problem.value)


def test_check_says_whether_each_way_would_do_and_sends_nothing(make_workspace: Make, box: Mailbox, hook: Hook) -> None:
    more = 'slack_webhook = "file:hook"\nteams_webhook = "env:NOT_SET"\n'
    place = make_workspace(SURVEY, {"survey.csv": ANSWERS}, by_mail(box, more))
    (place.root / "hook").write_text(hook.address, encoding="utf-8")
    (place.root / "hook").chmod(0o644)
    found = {finding.what: finding for finding in check.check(place)}
    assert (found["digest.email"].state, found["digest.slack_webhook"].state, found["digest.teams_webhook"].state) == ("ok", "fault", "fault")
    assert "can be read by others" in found["digest.slack_webhook"].sentence
    assert "NOT_SET is not set" in found["digest.teams_webhook"].sentence
    (place.root / "hook").chmod(0o600)
    assert {finding.what: finding.state for finding in check.check(place)}["digest.slack_webhook"] == "ok"
    assert (box.letters, hook.posts) == ([], [])


def test_the_command_sends_a_test_and_says_what_waits(
    make_workspace: Make, box: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = make_workspace(company=by_mail(box))

    def listening(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["listening", "digest", "--workspace", str(place.root), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return f"{ended.value.code or 0}{capsys.readouterr().out}"

    assert listening("--test") == "0✓ email a test is sent\n"
    assert box.letters[0][1]["Subject"] == "Tester: a test of the digest"
    box.answer = "451 later"
    assert listening("--test").startswith("1✗ email 127.0.0.1")
    tell(place, TODAY, NEWS[:1])
    assert listening() == "0email nothing told yet; 1 sentences wait for the next night\n  Pay: worse <b>&.\n"
    assert json.loads(listening("--json")[1:])["email"]["waiting"][0]["sentence"] == "Pay: worse <b>&."

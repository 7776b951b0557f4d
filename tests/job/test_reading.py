"""A job is read strictly, all faults at once, and written back whole."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.job import find, load, loads
from optimiser.job.model import DEFAULT_SHARE, Job
from optimiser.job.reading import ready_jobs
from optimiser.problem.errors import JobError

REGION = '[region]\nname = "jing-jin-ji"\n'


def test_defaults_match_the_design() -> None:
    job = loads(REGION)
    assert (job.times.limit_s, job.times.definition) == (14_400, "door_to_door")
    assert (job.budget.is_default, DEFAULT_SHARE, job.costs.level) == (True, 0.1, "central")
    assert (job.solve.gap, job.solve.seed, job.solve.effort, job.solve.variant) == (0.001, 1, 1.0, "auto")
    assert job.objective.weight == "sqrt_population"


def test_accessibility_counts_pairs_in_steps_that_fall_with_the_time_beyond_the_limit() -> None:
    text = REGION + '[times]\nlimit_s = 7200\n[objective]\nkind = "accessibility"\n'
    steps = loads(text).steps
    assert steps.later_s == (0, 1800, 3600, 5400, 7200, 10_800)
    assert steps.shares == (0.39, 0.24, 0.15, 0.08, 0.09, 0.05)  # drops of 1, 0.61, 0.37, 0.22, 0.14, 0.05, 0
    own = loads(text + "[steps]\nshares = [0.5, 0.5]\nlater_s = [0, 60]\n").steps
    assert own.later_s == (0, 60)
    assert loads(text + "[measures]\ndecay_s = 300\n").steps.later_s == (0,)


def test_access_is_the_countrys_until_a_job_says_otherwise() -> None:
    assert set(loads(REGION).access.model_dump().values()) == {None}
    given = loads(REGION + '[access]\ncheck_in_hsr_s = 900\nwaiting_conv = "turn_up"\n').access
    assert (given.check_in_hsr_s, given.waiting_conv, given.transfer_s) == (900, "turn_up", None)
    with pytest.raises(JobError, match=r"access\.schedule_weight"):
        loads(REGION + "[access]\nschedule_weight = 1.5\n")


def test_all_faults_come_at_once_each_with_its_line() -> None:
    text = REGION + "[budjet]\nshare = 0.1\n[budget]\nshare = -0.5\n[times]\nlimit_s = 0\nlimits_s = 4\n"
    with pytest.raises(JobError) as caught:
        loads(text, where="my.toml")
    message = str(caught.value)
    assert len(caught.value.faults) == 4
    assert "my.toml:3: unknown key 'budjet'; did you mean 'budget'?" in message
    assert "my.toml:6: budget.share" in message
    assert "my.toml:8: times.limit_s" in message
    assert "my.toml:9: unknown key 'times.limits_s'; did you mean 'limit_s'?" in message


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1", "1e400", "'much'", "true"])
@pytest.mark.parametrize(
    "key", ["budget.share", "budget.amount", "solve.gap", "solve.time_limit_s", "times.limit_s"]
)
def test_invalid_numbers_are_refused(key: str, value: str) -> None:
    with pytest.raises(JobError):
        loads(REGION, settings=[f"{key}={value}"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[budget]\nshare = 0.3\n", "job: [region] is missing"),
        (
            REGION + '[[sweep.factors]]\nchanges = "costs"\nlow = 1\n',
            "job:3: 'sweep.factors.0.id' is missing",
        ),
    ],
)
def test_a_section_or_key_that_is_missing_is_named(text: str, fault: str) -> None:
    with pytest.raises(JobError) as caught:
        loads(text)
    assert caught.value.faults == (fault,)


def test_rings_in_single_brackets_are_refused_with_a_hint_at_double_ones() -> None:
    with pytest.raises(JobError, match=r"job:3: rings: write \[\[rings\]\] in double brackets"):
        loads(REGION + "[rings]\ncount = 3\n")


@pytest.mark.parametrize("text", ["a = [" + "[" * 5000, "a = 1\na = 2\n", "[region\n", "\x00"])
def test_broken_toml_gives_one_message(text: str) -> None:
    with pytest.raises(JobError, match="job:"):
        loads(text)


def test_a_file_of_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.toml"
    path.write_text(REGION + "#" * 300_000)
    with pytest.raises(JobError, match="it has 300,030 bytes, more than 262,144"):
        load(path)


def test_an_unknown_name_lists_the_ready_jobs() -> None:
    with pytest.raises(JobError, match="jing-jin-ji"):
        find("jing-jin")


def test_settings_change_keys_and_take_bare_words() -> None:
    job = loads(REGION, settings=["budget.amount=500", "times.definition=in_vehicle", "times.limit_s = 7200"])
    assert (job.budget.amount, job.budget.share, job.times.definition, job.times.limit_s) == (
        500,
        None,
        "in_vehicle",
        7200,
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("4h", 14_400), ("3h30", 12_600), ("3:30", 12_600), ("9 min", 540), ("0.5 h", 1800)],
)
def test_a_limit_is_written_as_people_say_it(text: str, seconds: int) -> None:
    assert loads(f'{REGION}[times]\nlimit = "{text}"\n').times.limit_s == seconds
    assert loads(REGION, settings=[f"limit={text}"]).times.limit_s == seconds


@pytest.mark.parametrize("given", ['limit = "4"', "limit = 4", 'limit = "soon"', 'limit = "4h"\nlimit_s = 9'])
def test_a_limit_that_is_no_time_or_given_twice_is_refused_with_its_line(given: str) -> None:
    with pytest.raises(JobError, match=r"job:4: times\.limit: write a time such as '4h'"):
        loads(f"{REGION}[times]\n{given}\n")


@pytest.mark.parametrize("given", ["times.limit_s=2", "limit=4 min"])
def test_a_limit_below_five_minutes_is_refused(given: str) -> None:
    with pytest.raises(JobError, match="seconds are below 300: write limit = '4h'"):
        loads(REGION, settings=[given])


def test_a_limit_takes_the_place_of_the_other_spelling() -> None:
    seconds = f"{REGION}[times]\nlimit_s = 7200\n"
    assert loads(seconds, settings=["times.limit=3h"]).times.limit_s == 10_800
    assert loads(f'{REGION}[times]\nlimit = "2h"\n', settings=["limit_s=600"]).times.limit_s == 600
    assert loads('extends = "jing-jin-ji"\n[times]\nlimit = "3h"\n').times.limit_s == 10_800


def test_the_last_part_of_a_key_is_enough_where_one_section_has_it() -> None:
    job = loads(REGION, settings=["amount=7", "snap_km=12", 'fixed_out=["a"]'])
    assert (job.budget.amount, job.cities.snap_km) == (7, 12.0)
    assert job.candidates.fixed_out == ("a",)  # in [[alternatives]] it needs the name of one


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("share=0.1", r"Write one of: budget\.share, city_coverage\.share, closures\.share"),
        ("reward=0", r"Write one of: rings\.ID\.reward"),
        ("limt=3h", r"no section has a key 'limt'; did you mean 'times\.limit'\?"),
    ],
)
def test_a_key_of_none_or_several_sections_is_refused_with_the_candidates(setting: str, words: str) -> None:
    with pytest.raises(JobError, match=words):
        loads(REGION, settings=[setting])


def test_money_may_be_written_with_an_exponent_and_a_list_of_one_as_its_text() -> None:
    assert loads(REGION, settings=["amount=26e3"]).budget.amount == 26_000
    assert loads(REGION, settings=["fixed_out=check-in:region"]).candidates.fixed_out == ("check-in:region",)
    with pytest.raises(JobError, match=r"give a whole number, in the money of the costs \(million CNY in"):
        loads(REGION, settings=["amount=26.5"])


def test_a_misspelt_file_is_told_by_the_job_beside_it(tmp_path: Path) -> None:
    (tmp_path / "my-region.toml").write_text(REGION)
    with pytest.raises(JobError, match=r"No such file or directory; did you mean 'my-region\.toml'\?"):
        find(str(tmp_path / "my-regoin.toml"))


def test_each_ready_job_says_in_a_line_what_it_is() -> None:
    lines = ready_jobs()
    assert lines["jing-jin-ji-counties"] == "Beijing, Tianjin and Hebei down to the county seats: 167 places."
    assert all(len(line) <= 100 and line.endswith(".") and "\n" not in line for line in lines.values())
    assert len(set(lines.values())) == len(lines)


def test_a_setting_that_is_wrong_is_named_as_a_setting() -> None:
    with pytest.raises(JobError, match=r"--set: unknown key 'budget.sher'; did you mean 'share'"):
        loads(REGION, settings=["budget.sher=0.1"])


def test_an_unknown_section_that_is_set_is_named_as_a_setting() -> None:
    with pytest.raises(JobError, match=r"unknown key 'budjet'; did you mean 'budget'") as caught:
        find("jing-jin-ji", settings=["budjet.share=0.1"])
    assert (caught.value.where, caught.value.faults[0].partition(":")[0]) == ("--set", "--set")
    assert "ready job" not in str(caught.value)


def test_a_section_misspelt_in_the_file_is_no_fault_of_a_setting() -> None:
    with pytest.raises(JobError, match=r"my.toml:3: unknown key 'budjet'"):
        loads(REGION + "[budjet]\nshare = 0.1\n", where="my.toml", settings=["budjet.amount=3"])


@pytest.mark.parametrize(
    ("setting", "meant"),
    [("times.as_of='2020-01-01'", "'region.as_of'"), ("region.time_limit_s=3", "'solve.time_limit_s'")],
)
def test_a_key_in_the_wrong_section_is_refused_with_the_right_one(setting: str, meant: str) -> None:
    with pytest.raises(JobError, match=f"did you mean {meant}"):
        loads(REGION, settings=[setting])


@pytest.mark.parametrize(
    "setting", ["budget", "share=1", "a.b.c=1", "=1", "budget.share=", "budget.share=[1"]
)
def test_malformed_settings_are_refused(setting: str) -> None:
    with pytest.raises(JobError):
        loads(REGION, settings=[setting])


@pytest.mark.parametrize(
    "region", ["", 'name = "a"\nfile = "b"', "bbox = [3.0, 1.0, 2.0, 4.0]", "bbox = [1.0]"]
)
def test_a_region_has_exactly_one_source(region: str) -> None:
    with pytest.raises(JobError):
        loads(f"[region]\n{region}\n")


@pytest.mark.parametrize("folder", ["../out", "/elsewhere/out", "a/../../b"])
def test_an_output_folder_stays_inside_the_job_folder(tmp_path: Path, folder: str) -> None:
    path = tmp_path / "job.toml"
    path.write_text(f'{REGION}[output]\nfolder = "{folder}"\n')
    with pytest.raises(JobError, match=f"leads out of {tmp_path}"):
        load(path)


def test_a_link_out_of_the_job_folder_is_followed_and_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    (inside / "job.toml").write_text(f'{REGION}[output]\nfolder = "link/run"\n')
    with pytest.raises(JobError, match=f"output.folder 'link/run' leads out of {inside}"):
        load(inside / "job.toml")


@pytest.mark.parametrize(
    ("link", "text", "settings", "ending"),
    [
        ("polyring-runs", "", [], ""),
        ("polyring-runs/job", "", [], ""),
        ("polyring-runs/job--budget.amount=1", "", ["budget.amount=1"], ""),
        ("polyring-runs/job-sweep", "", [], "-sweep"),
        ("run-sweep", '[output]\nfolder = "run"\n', [], "-sweep"),
        ("run--budget.amount=1", '[output]\nfolder = "run"\n', ["budget.amount=1"], ""),
    ],
)
def test_a_default_folder_follows_no_link_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str, text: str, settings: list[str], ending: str
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (home / link).parent.mkdir(parents=True)
    elsewhere.mkdir()
    (home / "job.toml").write_text(f"{REGION}{text}")
    monkeypatch.chdir(home)
    before = load(home / "job.toml", settings=settings).run_folder(ending)
    assert before.resolve() == home / (link if link.count("/") or text else "polyring-runs/job")
    (home / link).symlink_to(elsewhere)
    with pytest.raises(JobError, match=f"leads out of {home}"):
        load(home / "job.toml", settings=settings).run_folder(ending)
    (home / link).unlink()
    (home / "kept").mkdir()
    (home / link).symlink_to(home / "kept")  # a link that stays inside is followed
    assert load(home / "job.toml", settings=settings).run_folder(ending) == before


@given(st.text(max_size=200))
def test_any_text_is_a_job_or_a_message(text: str) -> None:
    with suppress(JobError):
        assert isinstance(loads(text), Job)


def test_every_key_says_what_it_means() -> None:
    for section in Job.model_fields.values():
        kind = section.annotation
        kind = get_args(kind)[0] if get_origin(kind) is tuple else kind
        assert kind is not None
        assert all(field.description for field in kind.model_fields.values())

"""What the page on clusters shows holds: the script for Slurm, and the certificates of its configuration."""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

dask_jobqueue = pytest.importorskip("dask_jobqueue")

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cluster.md"


def block(language: str, word: str) -> str:
    """Return the block of the page in a language that holds a word."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = (text for text in blocks if word in text)
    return found


@pytest.fixture
def certificates(tmp_path, monkeypatch):
    """Make the certificates as the page says, and let Dask's configuration name them as it says."""
    import dask

    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    monkeypatch.chdir(tmp_path)
    subprocess.run(["bash", "-ec", block("", "openssl req")], check=True, capture_output=True)
    stated = block("yaml", "require-encryption").replace("/home/you/.dask", str(tmp_path))
    (tmp_path / "distributed.yaml").write_text(stated, encoding="utf-8")
    dask.config.refresh(paths=[str(tmp_path)])
    yield tmp_path
    dask.config.refresh()


def test_the_script_for_slurm_starts_a_worker_that_speaks_tls_alone(certificates, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(dask_jobqueue.SLURMCluster, "scale", lambda _self, _n=0, jobs=0: asked.append(jobs))
    text, _, _ = block("python", "SLURMCluster").partition("while True")
    names = {}
    exec(text, names)  # noqa: S102 - our own page
    with names["cluster"] as cluster:
        address = cluster.scheduler_address
    assert asked[0] == 31
    script, _, command = capsys.readouterr().out.rpartition("polyring sweep job.toml --scheduler ")
    assert command.strip() == address
    assert address.startswith("tls://")
    lines = script.splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert {line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")} >= {
        "-p batch", "-A planning", "-n 1", "--cpus-per-task=32", "--mem=112G", "-t 08:00:00",
    }  # fmt: skip
    (worker,) = (shlex.split(line) for line in lines if "dask_worker" in line)
    assert worker[:4] == ["/shared/polyring/bin/python", "-m", "distributed.cli.dask_worker", address]
    options = dict(itertools.pairwise(worker))
    assert options["--nthreads"] == "32"
    assert "--no-nanny" in worker
    for option, file in (("--tls-ca-file", "cert"), ("--tls-cert", "cert"), ("--tls-key", "key")):
        assert Path(options[option]) == certificates / f"{file}.pem"
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_the_key_of_the_certificates_is_readable_by_its_owner_alone(certificates):
    assert (certificates / "key.pem").stat().st_mode & 0o077 == 0

"""Variables of the environment through the binary: whose value is wrong is named, wherever it is found."""
import os
import subprocess

import pytest

from estoc_server import BINARY, GOLDEN, TINY
from test_process import SMALL, complete, started_server, stop

MODEL = GOLDEN / "models" / TINY[0]
LINK = "tcp://10.96.0.7:8000"
SHOW, BENCH_MODEL, BENCH_SERVE = ["show", MODEL], ["bench", "model", MODEL], ["bench", "serve", "--requests", "1"]


def estoc(arguments: list, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run([BINARY, *map(str, arguments)], env=os.environ | variables, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("arguments, variable", [
    (SHOW, "ESTOC_THREADS"), (SHOW, "ESTOC_PIN"), (SHOW, "ESTOC_ISA"), (SHOW, "ESTOC_KV_MEMORY"),
    (["serve", MODEL], "ESTOC_PORT"), (["serve", MODEL], "ESTOC_HOST"),
    (["run", MODEL, "a"], "ESTOC_TEMPERATURE"),
    (BENCH_MODEL, "ESTOC_N_PROMPT"), (BENCH_MODEL, "ESTOC_BATCH"), (BENCH_MODEL, "ESTOC_THREADS"),
    (BENCH_MODEL, "ESTOC_OUTPUT"), (["bench", "kernels"], "ESTOC_ISA"),
    (BENCH_SERVE, "ESTOC_RATE"), (BENCH_SERVE + ["--users", "1"], "ESTOC_URL"),
    (BENCH_SERVE + ["--users", "1"], "ESTOC_EXTRA"), (BENCH_SERVE + ["--users", "1"], "ESTOC_WORKLOAD")])
def test_a_bad_value_names_its_variable(arguments, variable):
    run = estoc(arguments, **{variable: "nonsense"})
    assert run.returncode == 2
    assert run.stderr.startswith(f"estoc: {variable}: ") and len(run.stderr.splitlines()) == 1


def test_a_server_beside_a_kubernetes_service_of_its_name():
    links = {"ESTOC_PORT": LINK, "ESTOC_SERVICE_HOST": "10.96.0.7", "ESTOC_SERVICE_PORT": "8000",
             "ESTOC_PORT_8000_TCP": LINK, "ESTOC_PORT_8000_TCP_ADDR": "10.96.0.7"}
    for command in (["show", MODEL], ["run", MODEL, "a", "--max-tokens", 1, *SMALL]):
        run = estoc(command, **links)
        assert run.returncode == 0 and run.stdout and "ESTOC" not in run.stderr
    run = estoc(["serve", MODEL, "--host", "203.0.113.1"], **links)
    assert f"ESTOC_PORT={LINK} is ignored" in run.stderr and "203.0.113.1:8000" in run.stderr


def test_variables_of_other_commands_do_not_count():
    process, url = started_server(MODEL, "", *SMALL, env=os.environ | {"ESTOC_TEMPERATURE": "50", "ESTOC_RATE": "x"},
                                  stderr=subprocess.DEVNULL)
    complete(url)
    stop(process)


def test_an_unknown_variable_is_told_once_and_only_where_warnings_are_wanted():
    assert estoc(SHOW, ESTOC_TREADS="2").stderr.count("ESTOC_TREADS is ignored") == 1
    assert estoc(SHOW + ["--log-level", "error"], ESTOC_TREADS="2").stderr == ""

"""The swap of folders: killed at each step, the old or the new outputs are whole."""

import ctypes
import errno
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from planner.export import folder as swap
from planner.export.folder import FolderError, recover_folder, replacing_folder
from planner.export.manifest import MANIFEST

ROOT = Path(__file__).parents[3]
NAMES = ("cartes/carte.html", "plan.gpkg", "csv/é.csv")


def fill(folder, version):
    for name in NAMES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(version, encoding="utf-8")
    listed = [{"path": name} for name in NAMES]
    content = {"format": "fibre-planner/outputs", "outputs": listed, "version": version}
    (folder / MANIFEST).write_text(json.dumps(content), encoding="utf-8")


def version_of(folder):
    """The version of whole outputs, None when there are none; anything else fails."""
    if not folder.exists():
        return None
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    texts = {(folder / name).read_text(encoding="utf-8") for name in NAMES}
    assert texts == {content["version"]}
    return content["version"]


def run(target, version):
    with replacing_folder(target) as building:
        fill(building, version)


@pytest.fixture(params=["exchange", "renames"])
def way(request, monkeypatch):
    if request.param == "renames":
        monkeypatch.setattr(swap, "_renameat2", lambda: None)
    elif swap._renameat2() is None:
        pytest.skip("this system can't exchange two folders")
    return request.param


def test_new_outputs_take_the_place_of_none_of_an_empty_folder_and_of_old_ones(way, tmp_path):
    target = tmp_path / "a" / "sorties été"
    run(target, "first")
    assert version_of(target) == "first"
    run(target, "second")
    assert version_of(target) == "second"
    empty = tmp_path / "a" / "vide"
    empty.mkdir()
    run(empty, "first")
    assert version_of(empty) == "first"
    assert sorted(os.listdir(tmp_path / "a")) == ["sorties été", "vide"]


def test_old_files_that_the_new_run_does_not_write_are_gone(way, tmp_path):
    target = tmp_path / "plan"
    run(target, "first")
    with replacing_folder(target) as building:
        (building / MANIFEST).write_text('{"format": "fibre-planner/outputs", "outputs": []}')
    assert os.listdir(target) == [MANIFEST]


def test_the_folder_is_as_open_as_any_other(way, tmp_path):
    run(tmp_path / "plan", "first")
    (tmp_path / "other").mkdir()
    assert (tmp_path / "plan").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("raised", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_outputs_and_nothing_else(way, tmp_path, raised):
    target = tmp_path / "plan"
    run(target, "first")
    with pytest.raises(raised), replacing_folder(target) as building:
        fill(building, "half")
        raise raised
    assert version_of(target) == "first"
    assert os.listdir(tmp_path) == ["plan"]


def test_a_run_that_writes_no_manifest_is_refused(tmp_path):
    target = tmp_path / "plan"
    run(target, "first")
    with pytest.raises(FolderError, match="incomplètes") as error, replacing_folder(target):
        pass
    assert "write the manifest last" in error.value.say("en")
    assert version_of(target) == "first"
    assert os.listdir(tmp_path) == ["plan"]


def test_a_folder_that_no_run_has_written_is_refused(tmp_path):
    target = tmp_path / "photos"
    target.mkdir()
    (target / "plage.jpg").touch()
    with pytest.raises(FolderError) as error, replacing_folder(target):
        pytest.fail("must not build")
    assert "photos contient des fichiers et n'est pas un dossier de sorties" in str(error.value)
    assert "choisissez un dossier vide" in str(error.value)
    assert os.listdir(target) == ["plage.jpg"]
    assert os.listdir(tmp_path) == ["photos"]


def test_the_manifest_of_something_else_is_no_manifest(tmp_path):
    target = tmp_path / "site"
    target.mkdir()
    (target / MANIFEST).write_text('{"name": "web app", "icons": []}')
    with (
        pytest.raises(FolderError, match=r"manifest\.json du planificateur"),
        replacing_folder(target),
    ):
        pytest.fail("must not build")
    assert os.listdir(target) == [MANIFEST]


def test_files_of_someone_else_among_the_outputs_are_never_lost(way, tmp_path):
    target = tmp_path / "plan"
    run(target, "first")
    (target / "csv" / "mes notes.qgz").write_text("mine")
    with pytest.raises(FolderError) as error, replacing_folder(target):
        pytest.fail("must not build")
    assert (
        "1 fichier(s) que le planificateur n'a pas écrit(s), par exemple csv/mes notes.qgz"
        in str(error.value)
    )
    assert "déplacez ces fichiers" in str(error.value)
    (target / "csv" / "mes notes.qgz").unlink()
    with pytest.raises(FolderError), replacing_folder(target) as building:
        fill(building, "second")
        (target / "arrived.txt").write_text("while building")
    assert (target / "arrived.txt").exists()
    assert version_of(target) == "first"
    assert os.listdir(tmp_path) == ["plan"]


def test_what_systems_leave_beside_outputs_is_no_obstacle(tmp_path):
    target = tmp_path / "plan"
    run(target, "first")
    for name in (".DS_Store", "csv/Thumbs.db", "plan.gpkg-wal", "plan.gpkg-shm"):
        (target / name).touch()
    run(target, "second")
    assert version_of(target) == "second"


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "plan").write_text("a file")
    with (
        pytest.raises(FolderError, match="est un fichier, pas un dossier"),
        replacing_folder(tmp_path / "plan"),
    ):
        pytest.fail("must not build")
    assert (tmp_path / "plan").read_text() == "a file"


def test_a_link_stays_a_link_and_its_folder_is_replaced(way, tmp_path):
    (tmp_path / "disk").mkdir()
    run(tmp_path / "disk" / "real", "first")
    (tmp_path / "plan").symlink_to(tmp_path / "disk" / "real")
    run(tmp_path / "plan", "second")
    assert (tmp_path / "plan").is_symlink()
    assert version_of(tmp_path / "disk" / "real") == "second"
    assert os.listdir(tmp_path / "disk") == ["real"]


def test_a_second_run_on_the_same_folder_is_refused(tmp_path):
    target = tmp_path / "plan"
    with replacing_folder(target) as building:
        with pytest.raises(FolderError) as error:
            run(target, "second")
        assert "un autre calcul écrit déjà" in str(error.value)
        assert "attendez qu'il se termine" in str(error.value)
        with pytest.raises(FolderError):
            recover_folder(target)
        run(tmp_path / "other", "aside")
        fill(building, "first")
    assert version_of(target) == "first"
    assert sorted(os.listdir(tmp_path)) == ["other", "plan"]


def test_folders_with_like_names_are_left_alone(way, tmp_path):
    for name in (".plan.building-notes-of-mine", ".plan.oldest", ".plan.building", "plan.old"):
        (tmp_path / name).mkdir()
    run(tmp_path / "plan", "first")
    run(tmp_path / "plan", "second")
    assert len(os.listdir(tmp_path)) == 5


def test_where_the_system_refuses_the_remedy_is_told(tmp_path, monkeypatch):
    target = tmp_path / "plan"
    run(target, "first")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(swap, "_renameat2", lambda: None)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(FolderError) as error:
        run(target, "second")
    assert "Permission denied" in str(error.value)
    assert "fermez les programmes" in str(error.value)
    assert version_of(target) == "first"
    assert os.listdir(tmp_path) == ["plan"]


def test_when_the_second_rename_fails_the_old_outputs_come_back(tmp_path, monkeypatch):
    target = tmp_path / "plan"
    run(target, "first")
    rename = Path.rename

    def refuse_builds(self, other):
        if "building" in self.name:
            raise PermissionError(13, "Permission denied")
        return rename(self, other)

    monkeypatch.setattr(swap, "_renameat2", lambda: None)
    monkeypatch.setattr(Path, "rename", refuse_builds)
    with pytest.raises(FolderError):
        run(target, "second")
    assert version_of(target) == "first"
    assert os.listdir(tmp_path) == ["plan"]


@pytest.mark.parametrize("number", ["ENOSYS", "EINVAL"])
def test_a_file_system_without_exchange_falls_back_to_renames(tmp_path, monkeypatch, number):
    def refuse(*_):
        ctypes.set_errno(getattr(errno, number))
        return -1

    monkeypatch.setattr(swap, "_renameat2", lambda: refuse)
    run(tmp_path / "plan", "first")
    run(tmp_path / "plan", "second")
    assert version_of(tmp_path / "plan") == "second"
    assert os.listdir(tmp_path) == ["plan"]


DRIVER = """
    import importlib.util, os, shutil, signal, sys, types
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    # thousands of forks: the swap alone is imported, without the map, the figures and QGIS
    alone = types.ModuleType("planner.export")
    alone.__path__ = [str(Path(importlib.util.find_spec("planner").origin).parent / "export")]
    sys.modules["planner.export"] = alone
    from planner.export import folder as swap
    spec = importlib.util.spec_from_file_location("folder_tests", sys.argv[2])
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    base, way, before = Path(sys.argv[3]), sys.argv[4], sys.argv[5]
    if way == "renames":
        swap._renameat2 = lambda: None
    STEPS = ("os.", "open", "shutil.", "tempfile.", "fcntl.")

    def killed_at(step, action):
        # run action in a child that kills itself at its step-th system call; tell whether it died
        child = os.fork()
        if child == 0:
            left = step
            def hook(event, arguments):
                nonlocal left
                if event.startswith(STEPS):
                    left -= 1
                    if left == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
            sys.addaudithook(hook)
            action()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
        return os.WIFSIGNALED(status)

    def tidy(place, allowed):
        assert tests.version_of(place / "plan") in allowed, (tests.version_of(place / "plan"), allowed)
        assert os.listdir(place) in (["plan"], []), os.listdir(place)

    allowed = {"old", "new"} if before == "old" else {None, "new"}
    seen, step, nested = set(), 0, 0
    while True:
        step += 1
        place = base / str(step)
        place.mkdir()
        if before == "old":
            tests.run(place / "plan", "old")
        elif before == "empty":
            (place / "plan").mkdir()
        died = killed_at(step, lambda: tests.run(place / "plan", "new"))
        if not died:
            tidy(place, {"new"})
            break
        found = "empty" if (place / "plan").is_dir() and not os.listdir(place / "plan") else tests.version_of(place / "plan")
        seen.add(found)
        assert found in allowed | ({"empty"} if before == "empty" else {None} if way == "renames" else set()), found
        # the tidying is killed at each of its steps too
        inner = 0
        while True:
            inner += 1
            copy = base / f"{step}-{inner}"
            shutil.copytree(place, copy)
            again = killed_at(inner, lambda: swap.recover_folder(copy / "plan"))
            nested += 1
            swap.recover_folder(copy / "plan")
            if before == "empty" and (copy / "plan").is_dir() and not os.listdir(copy / "plan"):
                assert os.listdir(copy) == ["plan"]
            else:
                tidy(copy, allowed)
            if not again:
                break
        # half of a folder on its way out is never taken for outputs, were the target lost
        copy = base / f"{step}-lost"
        shutil.copytree(place, copy)
        shutil.rmtree(copy / "plan", ignore_errors=True)
        swap.recover_folder(copy / "plan")
        tidy(copy, {None, "old", "new"})
        tests.run(place / "plan", "newer")
        tidy(place, {"newer"})
    print(step, nested, sorted(str(one) for one in seen))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
@pytest.mark.parametrize("before", ["old", "none", "empty"])
@pytest.mark.parametrize("by", ["exchange", "renames"])
def test_killed_at_each_system_call_outputs_are_whole_and_the_next_run_tidies(tmp_path, by, before):
    if by == "exchange" and swap._renameat2() is None:
        pytest.skip("this system can't exchange two folders")
    command = [sys.executable, "-c", textwrap.dedent(DRIVER), ROOT, __file__, tmp_path, by, before]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    steps, nested, seen = done.stdout.split(maxsplit=2)
    assert int(steps) > 15
    assert int(nested) > int(steps)
    assert "'new'" in seen  # some kills came after the swap
    assert {"old": "'old'", "none": "'None'", "empty": "'empty'"}[
        before
    ] in seen  # others before it


def test_a_process_killed_while_it_builds_leaves_a_lock_that_holds_nobody(tmp_path):
    target = tmp_path / "plan"
    run(target, "first")
    script = textwrap.dedent(
        """
        import sys, time
        sys.path.insert(0, sys.argv[1])
        from planner.export.folder import replacing_folder
        with replacing_folder(sys.argv[2]) as building:
            (building / "half").touch()
            print("building", flush=True)
            time.sleep(60)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, ROOT, target], stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout.readline() == "building\n"
            with pytest.raises(FolderError, match="un autre calcul"):
                run(target, "second")
        finally:
            other.kill()
    assert len(os.listdir(tmp_path)) == 3  # outputs, lock, build
    assert version_of(target) == "first"
    run(target, "second")
    assert version_of(target) == "second"
    assert os.listdir(tmp_path) == ["plan"]

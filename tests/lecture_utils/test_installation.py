"""The table in the start notebook: true where all is well, and false, with the reason, where it is not."""

from __future__ import annotations

import importlib.metadata

from lecture_utils import datasets, installation


def test_all_is_well_here():
    table = installation.check()
    assert list(table.columns) == ["needed", "found", "ok"]
    assert table["ok"].all(), table[~table["ok"]].to_string()
    assert set(installation.PACKAGES) < set(table.index)


def test_other_version_and_missing_package(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name.startswith("tensorflow"):
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.1" if name == "numpy" else real(name)

    monkeypatch.setattr("importlib.metadata.version", version)
    table = installation.check()
    assert not table.loc["tensorflow", "ok"] and table.loc["tensorflow", "found"] == "missing"
    assert not table.loc["numpy", "ok"] and table.loc["numpy", "found"] == "0.1"
    assert table.loc["keras", "ok"]


def test_damaged_data_and_missing_program(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "DATA_DIR", tmp_path)
    monkeypatch.setattr("shutil.which", lambda *args, **kwargs: None)
    table = installation.check()
    bad = table[~table["ok"]]
    assert list(bad.index) == ["Fashion-MNIST", "California housing", "diagrams"]
    assert "git checkout -- data" in bad.loc["Fashion-MNIST", "found"]
    assert "pip install graphviz-pure" in bad.loc["diagrams", "found"]


def test_locked_versions_follow_the_markers():
    versions = installation._locked_versions()
    assert set(installation.PACKAGES) <= set(versions)
    assert "colorama" not in versions or __import__("sys").platform == "win32"

"""How `make lab` starts JupyterLab: on this machine only, behind a token, and without a word to the internet."""

from pathlib import Path

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

c = get_config()  # noqa: F821 - Jupyter defines it

c.ServerApp.ip = "127.0.0.1"
c.ServerApp.root_dir = str(Path(__file__).resolve().parents[1])
c.LabApp.app_settings_dir = str(Path(__file__).with_name("jupyter_settings"))  # no news, no pop-ups
c.LabApp.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.ServerApp.allow_root = True  # inside a container there is often no other user
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
c.KernelManager.transport_encryption = "auto"  # other users of the machine cannot read along
c.LanguageServerManager.autodetect = False
c.Application.log_level = "ERROR"  # leaves the address to open


class StillFigures(AsyncLargeFileManager):
    """Saves of a widget only the still figure beside it: without its kernel a widget is an error message."""

    def run_pre_save_hooks(self, model, path, **named):
        if model["type"] == "notebook":
            for cell in model["content"]["cells"]:
                for output in cell.get("outputs", []):
                    data = output.get("data", {})
                    if "text/html" in data:
                        data.pop("application/vnd.jupyter.widget-view+json", None)
        super().run_pre_save_hooks(model, path, **named)


c.ServerApp.contents_manager_class = StillFigures

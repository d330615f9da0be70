"""The configuration: TOML files and the environment become one frozen Settings.

Read from `config.toml` in `reasonkit/` of llm's folder, then `~/.reasonkit/config.toml`, key by
key; a file that the user names wins over them, the environment over all.
"""

from llm_reasonkit.config.files import FILE_NAME, config_files, load_settings, read_settings
from llm_reasonkit.config.settings import OpenRouter, Provider, Settings

__all__ = [
    "FILE_NAME",
    "OpenRouter",
    "Provider",
    "Settings",
    "config_files",
    "load_settings",
    "read_settings",
]

"""Configuration files: merged key by key, every mistake told with its line, no key ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from llm_reasonkit.config import Settings, config_files, read_settings
from llm_reasonkit.errors import ConfigError, UsageError

SECTION = "[providers.openrouter]\n"


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def mistakes(path: Path, text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(ConfigError) as caught:
        read_settings([written(path, text)])
    assert caught.value.source == str(path)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_without_files_everything_is_unset(tmp_path: Path):
    """No configuration is a configuration."""
    settings = read_settings([tmp_path / "none.toml"])
    assert settings == Settings()
    assert settings.openrouter.model_options == {}


def test_the_files_are_in_llms_folder_and_in_the_home(tmp_path: Path):
    """The file in llm's folder wins over the one in ~/.reasonkit."""
    assert config_files(tmp_path / "llm", tmp_path) == [
        tmp_path / "llm" / "reasonkit" / "config.toml",
        tmp_path / ".reasonkit" / "config.toml",
    ]


def test_files_are_merged_key_by_key(tmp_path: Path):
    """What the first file leaves out comes from the second, also inside a table."""
    first = written(
        tmp_path / "a.toml",
        SECTION + 'temperature = 0.2\n[providers.openrouter.profile_mapping]\nquick = "a/b"\n',
    )
    second = written(
        tmp_path / "b.toml",
        SECTION
        + "temperature = 1.0\nmax_tokens = 500\n"
        + '[providers.openrouter.profile_mapping]\nquick = "x/y"\ndeep = "c/d"\n',
    )
    openrouter = read_settings([first, second]).openrouter
    assert openrouter.model_options == {"temperature": 0.2, "max_tokens": 500}
    assert openrouter.profile_mapping == {"quick": "a/b", "deep": "c/d"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = 1\n", 1, "unknown key 'x'; there is confirm_above, panels, prices, providers, roles"),
        ("\n[provider.openrouter]\n", 2, "unknown key 'provider'; did you mean 'providers'?"),
        ("[providers.openruter]\n", 1, "unknown key 'openruter'; did you mean 'openrouter'?"),
        (SECTION + "temprature = 1\n", 2, "unknown key 'temprature'; did you mean 'temperature'?"),
        (SECTION + '"max_token" = 1\n', 2, "unknown key 'max_token'; did you mean 'max_tokens'?"),
        (SECTION + "temperature = 3\n", 2, "temperature must be 2 or less"),
        ("providers.openrouter.temperature = 3\n", 1, "temperature must be 2 or less"),
        ("[providers]\n\nopenrouter = {temperature = 3}\n", 3, "temperature must be 2 or less"),
        (
            "[providers.openrouter.profile_mapping]\n# why\nquick = 3\n",
            3,
            "providers.openrouter.profile_mapping.quick must be text",
        ),
        ("[[providers]]\n", 1, "providers must be a group of keys"),
        ("[providers.openrouter\n", 1, "Expected ']'"),
        ("a = ", None, "Invalid value"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int | None, message: str):
    """Misspelt keys come with the nearest, wrong values with what would be right."""
    ((found, told),) = mistakes(tmp_path / "config.toml", text)
    assert message in told
    assert found == line


def test_all_mistakes_are_told_in_the_order_of_the_file(tmp_path: Path):
    """Nobody has to run again to see the next mistake; each is one line with file and line."""
    path = tmp_path / "config.toml"
    text = SECTION + 'top_k = 1\nretry_attempts = "many"\nmax_tokens = 0\n'
    assert [line for line, _ in mistakes(path, text)] == [2, 3, 4]
    with pytest.raises(ConfigError) as caught:
        read_settings([path])
    assert [row.startswith(f"{path}:") for row in str(caught.value).splitlines()] == [True] * 3


@pytest.mark.parametrize("line", ['api_key = "sk-or-SECRET"', 'api_key = "sk-or-SECRET'])
def test_a_key_in_the_file_is_never_shown(tmp_path: Path, line: str):
    """Somebody who puts the key itself into the file is told so without seeing it again."""
    ((_, told),) = mistakes(tmp_path / "config.toml", SECTION + line + "\n")
    assert "SECRET" not in told


def test_a_file_that_is_no_text_is_told(tmp_path: Path):
    """A file in another encoding is refused by name."""
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read: it is not UTF-8 text"):
        read_settings([path])


def test_a_folder_in_place_of_the_file_is_no_configuration(tmp_path: Path):
    """Only files are read."""
    assert read_settings([tmp_path]) == Settings()


def test_the_client_is_reached_as_configured(tmp_path: Path):
    """Settings reach the client; the environment wins; the key's variable is put first."""
    path = written(
        tmp_path / "config.toml",
        SECTION
        + 'api_base_url = "https://one.test/v1"\nsite_name = "mine"\napi_key_env = "MY_KEY"\n'
        + "retry_attempts = 1\nretry_delay_ms = 5\n",
    )
    settings = read_settings([path])
    client = settings.client({"OPENROUTER_SITE_NAME": "theirs"})
    assert client.base_url == "https://one.test/v1"
    assert client.site_name == "theirs"
    assert client.key_env == ("MY_KEY", "OPENROUTER_API_KEY", "OPENROUTER_KEY")
    assert (client.retry_attempts, client.retry_delay_ms) == (1, 5)
    assert Settings().client({}).key_env == ("OPENROUTER_API_KEY", "OPENROUTER_KEY")


def test_a_base_url_that_would_show_the_key_is_refused(tmp_path: Path):
    """Plain http to another machine is a mistake of the configuration."""
    path = written(tmp_path / "config.toml", SECTION + 'api_base_url = "http://one.test/v1"\n')
    with pytest.raises(UsageError):
        read_settings([path]).client({})

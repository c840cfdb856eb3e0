"""The two files that say where things are, rendered as dbt renders them.

The warehouse is whatever dbt's profile says, so that dbt and the extraction can't disagree.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import jinja2
import yaml

from extract.errors import ConfigurationError

__all__ = ["YAML_LOADER", "Connection", "Project"]

# The safe one in C, where the package has it: a project's files take it a tenth of the time.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_YES = ("yes", "true", "on", "1")
_NO = ("no", "false", "off", "0")
_SECONDS = re.compile(r"(\d+)([smh]?)")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Connection:
    """A named place to connect to. `url` holds secrets: show `where` instead.

    `options` are the further fields of connections.yml; ask for them by `option`.
    """

    name: str
    url: str
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            readable = parts.port is None or parts.port > 0
        except ValueError:
            readable = False
        else:
            rest = parts.path + parts.query + parts.fragment
            readable = readable and "@" not in rest and not _BARE_PERCENT.search(parts.netloc)
        if not readable:
            raise ConfigurationError(
                f"The URL of connection `{self.name}` can't be read: its port must be a number, "
                "and a special character of user or password is written with a percent sign "
                "(@ as %40, / as %2F, % as %25)."
            )

    @property
    def where(self) -> str:
        """The place without user and password, for messages."""
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"

    @property
    def scheme(self) -> str:
        """The part of the URL that picks the driver."""
        return urlsplit(self.url).scheme

    @property
    def driver(self) -> str | None:
        """Which of a scheme's drivers to use: option `driver`, or what follows the scheme's `+`."""
        return self.option("driver") or self.scheme.partition("+")[2] or None

    def option(self, name: str) -> str | None:
        """A further field of connections.yml, or of the URL's query; case, - and _ don't matter."""
        given = {**dict(parse_qsl(urlsplit(self.url).query)), **self.options}
        folded = {re.sub("[-_ ]", "", key).lower(): value for key, value in given.items()}
        return folded.get(name.replace("_", "").lower())

    def flag(self, name: str) -> bool | None:
        """An option that is yes or no; None where it isn't given.

        Raises:
            ConfigurationError: it is neither.
        """
        value = self.option(name)
        if value is None:
            return None
        if value.lower() in _YES:
            return True
        if value.lower() in _NO:
            return False
        raise ConfigurationError(
            f"connections.yml: `{self.name}`: option `{name}` must be yes or no, not `{value}`."
        )

    def seconds(self, name: str, default: int) -> int:
        """An option that is a time in whole seconds, such as 15, 15s or 10m.

        Raises:
            ConfigurationError: it isn't.
        """
        value = self.option(name)
        match = _SECONDS.fullmatch(value) if value is not None else None
        if value is None:
            return default
        if match is None:
            raise ConfigurationError(
                f"connections.yml: `{self.name}`: option `{name}` must be a time like 15s or 10m, "
                f"not `{value}`."
            )
        return int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]

    def redacted(self, text: str) -> str:
        """`text` without the password."""
        password = urlsplit(self.url).password or ""
        for secret in filter(None, (password, unquote(password))):
            text = text.replace(secret, "***")
        return text

    def __repr__(self) -> str:
        return f"Connection({self.name!r}, {self.where!r})"


@dataclass(frozen=True)
class Project:
    """The folder that holds dbt_project.yml, profiles.yml and connections.yml."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """The project at `start`, at $STAIRWAY_PROJECT_DIR, or at this folder or above it.

        Raises:
            ConfigurationError: there is none.
        """
        named = start or os.environ.get("STAIRWAY_PROJECT_DIR")
        here = Path(named or ".").resolve()
        for folder in [here] if named else [here, *here.parents]:
            if (folder / "dbt_project.yml").is_file():
                return cls(folder)
        raise ConfigurationError(
            f"No dbt_project.yml in {here}. Run from the project's root, "
            "or set STAIRWAY_PROJECT_DIR."
        )

    def read(self) -> dict[str, Any]:
        """dbt_project.yml as a mapping, unrendered."""
        return _mapping(self.root / "dbt_project.yml")

    def warehouse(self) -> Connection:
        """The output of dbt's profile that is the project's target.

        Raises:
            ConfigurationError: the profile is missing, isn't Postgres, or lacks a field.
        """
        folder = Path(os.environ.get("DBT_PROFILES_DIR", self.root))
        path = folder / "profiles.yml"
        profile_name = str(self.read().get("profile"))
        profiles = _rendered(_mapping(path), path)
        profile = profiles.get(profile_name)
        if not isinstance(profile, dict):
            raise ConfigurationError(f"{path.name} has no profile `{profile_name}`.")
        outputs = profile.get("outputs") or {}
        target = os.environ.get("DBT_TARGET") or profile.get("target", "default")
        output = outputs.get(target)
        if not isinstance(output, dict):
            raise ConfigurationError(
                f"{path.name}: profile `{profile_name}` has no target `{target}`; "
                f"it has {', '.join(outputs) or 'none'}."
            )
        if output.get("type") != "postgres":
            raise ConfigurationError(
                f"{path.name}: target `{target}` is of type `{output.get('type')}`; "
                "the extraction writes to postgres only."
            )
        return Connection("warehouse", _postgres_url(output, f"{path.name}: target `{target}`"))

    def has_connection(self, name: str) -> bool:
        """Whether connections.yml names it."""
        path = self.root / "connections.yml"
        return path.is_file() and name in _mapping(path)

    def connection(self, name: str) -> Connection:
        """The source connection `name` of connections.yml.

        Raises:
            ConfigurationError: the file or the name is missing, or it has no URL.
        """
        path = self.root / "connections.yml"
        connections = _mapping(path)
        if name not in connections:
            raise ConfigurationError(
                f"connections.yml has no connection `{name}`; it has "
                f"{', '.join(connections) or 'none'}. Add it, or fix "
                "`config.meta.extract.connection` in the source's yml."
            )
        rendered = _rendered({name: connections[name]}, path)[name]
        url = rendered.get("url") if isinstance(rendered, dict) else None
        if not isinstance(url, str) or "://" not in url:
            raise ConfigurationError(
                f"connections.yml: `{name}` needs `url: scheme://host:port/database`."
            )
        options = {
            key: ("yes" if value else "no") if isinstance(value, bool) else str(value)
            for key, value in rendered.items()
            if key != "url" and value is not None
        }
        return Connection(name, url, options)


def _postgres_url(output: dict[str, Any], where: str) -> str:
    missing = [field for field in ("host", "user", "dbname") if not output.get(field)]
    if missing:
        raise ConfigurationError(f"{where} lacks {', '.join(missing)}.")
    password = output.get("password") or output.get("pass")
    login = quote(str(output["user"]), safe="")
    if password:
        login += ":" + quote(str(password), safe="")
    options = {
        "sslmode": output.get("sslmode"),
        "sslrootcert": output.get("sslrootcert"),
        "connect_timeout": output.get("connect_timeout"),
    }
    query = "&".join(f"{key}={quote(str(value))}" for key, value in options.items() if value)
    host = quote(str(output["host"]), safe=":")
    if ":" in host:
        host = f"[{host}]"
    return (
        f"postgresql://{login}@{host}:{output.get('port', 5432)}"
        f"/{quote(str(output['dbname']))}?{query}"
    )


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), YAML_LOADER)
    except FileNotFoundError:
        raise ConfigurationError(f"{path.name} is missing in {path.parent}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise ConfigurationError(f"{path.name} is not valid YAML: {line}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path.name} must be a mapping.")
    return content


def _rendered(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {key: _rendered(item, path) for key, item in value.items()}
    if isinstance(value, str) and "{{" in value:
        try:
            return _jinja().from_string(value).render()
        except jinja2.TemplateError as error:
            raise ConfigurationError(f"{path.name}: {error}") from None
    return value


def _jinja() -> jinja2.Environment:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.globals["env_var"] = _env_var
    for name in ("as_number", "as_bool", "as_native", "as_text"):
        environment.filters[name] = lambda value: value
    return environment


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise jinja2.TemplateError(f"environment variable {name} is required but not set.")
    return value

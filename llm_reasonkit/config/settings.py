"""What can be configured, and what each key means. Pure: no file is read here."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from llm_reasonkit.openrouter.ids import PROVIDER as OPENROUTER
from llm_reasonkit.openrouter.options import Route
from llm_reasonkit.openrouter.settings import ClientSettings
from llm_reasonkit.reasoning.limits import Price

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


def _variable_name(value: str) -> str:
    # Somebody may put the key itself here, which would then be shown.
    if not value.isidentifier() or not value.isascii():
        raise ValueError(
            "the name of an environment variable is wanted, such as OPENROUTER_API_KEY"
        )
    return value


VariableName = Annotated[str, AfterValidator(_variable_name)]


class Section(BaseModel):
    """Base of a section: closed, so that a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Provider(Section):
    """`[providers.NAME]`: holds for the models whose ids begin with `NAME/` or need its key.

    fallback_models: asked in this order when a model of this provider fails.
    requests_per_minute: held across all processes. profile_mapping: the model of each profile.
    """

    default_model: str | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    fallback_models: list[str] = Field(default_factory=list)
    requests_per_minute: int | None = Field(default=None, ge=1)
    profile_mapping: dict[str, str] = Field(default_factory=dict)

    @property
    def model_options(self) -> dict[str, Any]:
        """The options that every model of this provider gets unless the user gives others."""
        return self.model_dump(include={"temperature", "max_tokens", "top_p"}, exclude_none=True)

    def model_for(self, profile: str | None) -> str | None:
        """Return the model to take for a profile when none is named."""
        return self.profile_mapping.get(profile or "") or self.default_model


class OpenRouter(Provider):
    """`[providers.openrouter]`. Money is USD, delays milliseconds.

    max_cost_per_request: what a run may cost where no budget is given, and, where it is set, a
    call by itself. require_credits: make no call unless it is certain that there is credit.
    """

    api_key_env: VariableName | None = None
    api_base_url: str | None = None
    site_url: str | None = None
    site_name: str | None = None
    route: Route | None = None
    max_cost_per_request: Amount = Decimal("1.00")
    require_credits: bool = False
    retry_attempts: int | None = Field(default=None, ge=0, le=20)
    retry_delay_ms: int | None = Field(default=None, ge=0)


class Providers(BaseModel):
    """`[providers]`: OpenRouter, and any others by name."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Provider] = Field(init=False)

    openrouter: OpenRouter = OpenRouter()


class ModelPrice(Section):
    """What a model costs, in USD per million tokens."""

    prompt: Amount
    completion: Amount

    @property
    def per_token(self) -> Price:
        """The same in USD per token."""
        million = 10**6
        return Price(prompt=self.prompt / million, completion=self.completion / million)


class NamedPanel(Section):
    """A panel by name, `[panels.NAME]`: its members, and the share of them that must agree."""

    models: list[str] = Field(min_length=1)
    threshold: Amount | None = Field(default=None, gt=0, le=1)
    judge: str | None = None


class Settings(Section):
    """Everything that can be configured.

    panels: by name, for consensus and compare. roles: the models of roles other than main, in
    every run that has them. prices: of models whose price nobody else knows, by id. confirm_above:
    USD; a run that may cost more is asked about first.
    """

    providers: Providers = Providers()
    panels: dict[str, NamedPanel] = Field(default_factory=dict)
    roles: dict[str, str] = Field(default_factory=dict)
    prices: dict[str, ModelPrice] = Field(default_factory=dict)
    confirm_above: Amount | None = None

    @cached_property
    def openrouter(self) -> OpenRouter:
        """The settings of the provider our client talks to."""
        return self.providers.openrouter

    @property
    def most_usd_of_a_call(self) -> Decimal | None:
        """What a call outside of runs may cost: the default is for runs only."""
        is_set = "max_cost_per_request" in self.openrouter.model_fields_set
        return self.openrouter.max_cost_per_request if is_set else None

    @cached_property
    def others(self) -> Mapping[str, Provider]:
        """The settings of all other providers, by name."""
        return self.providers.__pydantic_extra__

    def provider(self, name: str) -> Provider:
        """Return the settings of a provider, which may be none at all."""
        return self.openrouter if name == OPENROUTER else self.others.get(name, Provider())

    def client(self, environ: Mapping[str, str]) -> ClientSettings:
        """Return how to reach OpenRouter. Raises UsageError where a value cannot be used."""
        own = self.openrouter
        values: dict[str, Any] = {
            "base_url": own.api_base_url,
            "site_url": own.site_url,
            "site_name": own.site_name,
            "retry_attempts": own.retry_attempts,
            "retry_delay_ms": own.retry_delay_ms,
            "requests_per_minute": own.requests_per_minute,
        }
        if own.api_key_env:
            values["key_env"] = (own.api_key_env, *ClientSettings().key_env)
        return ClientSettings.from_environ(environ, **values)

"""The templates of one service: the shell's under `shell/`, each area's under its own name, both languages.

There is an environment for each language, so that a macro may translate without being handed the language.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import BaseLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape

from shared.kernel.texts import Text
from shared.web.languages import Catalogues, Language, shown_money, shown_number
from shared.web.pages.static_files import StaticFiles
from shared.web.pages.written import (
    machine_time,
    written_clock,
    written_day,
    written_field,
    written_phone,
    written_time,
)

LANGUAGES: Final[tuple[Language, ...]] = ("sv", "en")
SHELL_TEMPLATES: Final = Path(__file__).parent / "templates"


def area_templates(package: Path) -> dict[str, Path]:
    """Return the template folder of each area of a service's package, by the area's name."""
    return {folder.parent.name: folder for folder in sorted(package.glob("*/templates"))}


class Templates:
    """What a page is made with: `render` gives its text in a language."""

    def __init__(self, *, service: str, folders: Mapping[str, Path], catalogues: Catalogues) -> None:
        self.service = service
        self.static = StaticFiles()
        self._catalogues = catalogues
        loader = PrefixLoader({name: FileSystemLoader(folder) for name, folder in folders.items()})
        self._environments = {language: self._environment(loader, language) for language in LANGUAGES}

    def render(self, template: str, language: Language, values: Mapping[str, object]) -> str:
        """Return the page's text; raises where the template asks for a value that it is not given."""
        return self._environments[language].get_template(template).render(values)

    def _environment(self, loader: BaseLoader, language: Language) -> Environment:
        made = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        made.globals |= {
            "_": self._translator(language),
            "_n": self._counter(language),
            "told": lambda text: self._catalogues.translate(text, language) if isinstance(text, Text) else text,
            "language": language,
            "service": self.service,
            "static": lambda name: f"/{self.service}/static/{self.static.served_name(name)}",
        }
        written: dict[str, Callable[[Any, Language], str]] = {
            "money": shown_money,
            "number": shown_number,
            "day": written_day,
            "clock": written_clock,
            "time": written_time,
            "phone": written_phone,
        }
        made.filters |= {name: _in_language(write, language) for name, write in written.items()}
        made.filters["machine_time"] = machine_time
        return made

    def _translator(self, language: Language) -> Callable[..., Markup]:
        def translate(message: str, /, **fields: object) -> Markup:
            text = escape(self._catalogues.message(message, language))
            written = {name: written_field(value, language) for name, value in fields.items()}
            return text.format(**written) if fields else text

        return translate

    def _counter(self, language: Language) -> Callable[..., Markup]:
        translate = self._translator(language)

        # both languages have one form for one and another for every other number
        def count(one: str, many: str, /, *, count: int, **fields: object) -> Markup:
            return translate(one if count == 1 else many, count=count, **fields)

        return count


def _in_language(write: Callable[[Any, Language], str], language: Language) -> Callable[[Any], str]:
    return lambda value: write(value, language)

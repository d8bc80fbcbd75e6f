"""What Dubformer has on the day: languages and voices, by its own lists. Asked by a plan, and before a dub is bought.

A voice is given with a re-translation, when the dub is bought already: one that is none must be told before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyreel.dubbing.port import Request
from polyreel.errors import NoVoice, PolyreelError
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.dubformer.locales import source_lang, target_lang
from polyreel.vendors.dubformer.models import EMOTIONAL_TRANSFER, SOUNDALIKE, Options, Voice

# A remedy in one line; an account may have many voices, and any of them is an example.
_MOST_TOLD = 6
_Voices = Mapping[str, Sequence[Voice]]


async def require_offered(client: DubformerClient, asked: Request) -> tuple[str, str]:
    """Its spelling of source and target, both of which it has, and the voices too. Raises `PolyreelError`.

    Spends nothing.
    """
    options, voices = await _read_lists(client, [asked])
    return _require_listed(asked, options, voices)


async def find_unoffered(client: DubformerClient, asked: Sequence[Request]) -> dict[str, PolyreelError]:
    """Which of the languages it does not have, or not in the voices asked for, by locale. Spends nothing."""
    options, voices = await _read_lists(client, asked)
    found: dict[str, PolyreelError] = {}
    for each in asked:
        try:
            _require_listed(each, options, voices)
        except PolyreelError as error:
            found[each.target] = error
    return found


async def _read_lists(client: DubformerClient, asked: Sequence[Request]) -> tuple[Options, _Voices]:
    voices = await client.get_voices() if any(each.voices for each in asked) else {}
    return await client.get_options(), voices


def _require_listed(asked: Request, options: Options, voices: _Voices) -> tuple[str, str]:
    source, target = source_lang(asked.source, options.source_langs), target_lang(asked.target, options.target_langs)
    # A language that is spelled otherwise in that list may have any of the voices.
    offered = voices.get(target) or [voice for each in voices.values() for voice in each]
    known = {voice.voice_key for voice in offered} | {SOUNDALIKE, EMOTIONAL_TRANSFER}
    unknown = [voice for voice in asked.voices if voice not in known]
    # An empty list tells nothing: then the purchase itself shows whether the voice is known.
    if unknown and offered:
        keys = [voice.voice_key for voice in voices.get(target, ())]
        more = f" and {len(keys) - _MOST_TOLD} more" if len(keys) > _MOST_TOLD else ""
        raise NoVoice(
            f"Dubformer has no voice {', '.join(unknown)} for {target}",
            code="unknown_voice",
            where=asked.target,
            remedy=f"It has {', '.join([SOUNDALIKE, *keys[:_MOST_TOLD]])}{more}.",
        )
    return source, target

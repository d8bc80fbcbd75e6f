"""The sentence to show viewers of a dub that machines have spoken, in their own language."""

from __future__ import annotations

from polyreel import locales

_NOTICES = {
    "en": "The voices in this dub were made by a machine.",
    "es": "Las voces de este doblaje han sido generadas por una máquina.",
    "fr": "Les voix de ce doublage ont été générées par une machine.",
    "de": "Die Stimmen dieser Synchronfassung wurden maschinell erzeugt.",
    "it": "Le voci di questo doppiaggio sono state generate da una macchina.",
    "pt": "As vozes desta dobragem foram geradas por uma máquina.",
    "pt-BR": "As vozes desta dublagem foram geradas por uma máquina.",
    "nl": "De stemmen in deze nasynchronisatie zijn door een machine gemaakt.",
    "pl": "Głosy w tym dubbingu zostały wygenerowane maszynowo.",
    "cs": "Hlasy v tomto dabingu byly vytvořeny strojově.",
    "sk": "Hlasy v tomto dabingu boli vytvorené strojovo.",
    "sv": "Rösterna i den här dubbningen är gjorda av en maskin.",
    "da": "Stemmerne i denne dubbing er lavet af en maskine.",
    "nb": "Stemmene i denne dubbingen er laget av en maskin.",
    "fi": "Tämän jälkiäänityksen äänet on tuotettu koneellisesti.",
    "ro": "Vocile din acest dublaj au fost generate de o mașină.",
    "id": "Suara dalam sulih suara ini dibuat oleh mesin.",
    "hu": "A szinkron hangjait gép állította elő.",
    "el": "Οι φωνές αυτής της μεταγλώττισης δημιουργήθηκαν από μηχανή.",
    "bg": "Гласовете в този дублаж са създадени от машина.",
    "hr": "Glasove u ovoj sinkronizaciji stvorio je stroj.",
    "uk": "Голоси в цьому дубляжі створено машиною.",
    "ru": "Голоса в этом дубляже созданы машиной.",
    "tr": "Bu dublajdaki sesler bir makine tarafından üretilmiştir.",
    "ar": "أُنشئت الأصوات في هذه الدبلجة آليًا.",
    "hi": "इस डबिंग की आवाज़ें मशीन से बनाई गई हैं।",
    "ja": "この吹き替えの音声は機械によって生成されたものです。",
    "ko": "이 더빙의 음성은 기계로 생성되었습니다.",
    "zh-Hans": "此配音中的人声由机器生成。",
    "zh-Hant": "此配音中的人聲由機器生成。",
}


def notice_in(tag: str) -> str:
    """The sentence in a locale's language; in English where we have none."""
    spoken = locales.language(tag)
    for key in (f"{spoken}-{locales.script(tag)}", locales.canonical(tag), spoken):
        if key in _NOTICES:
            return _NOTICES[key]
    return _NOTICES["en"]

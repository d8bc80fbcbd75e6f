"""Who speaks, and which words are to be spoken."""

import pytest

from polyreel.subtitles import extract_spoken_text, speakers_from_prefixes, voices, write
from polyreel.subtitles.model import Cue, Track


def _cue(text: str, speaker: str | None = None) -> Cue:
    return Cue(0, 1000, text, speaker)


@pytest.mark.parametrize(
    ("text", "speaker", "rest"),
    [
        ("<v Ana>Hello", "Ana", "Hello"),
        ("<v Ana>Hello\nyou</v>", "Ana", "Hello\nyou"),
        ("<v Ana  María&amp;Co>Hi</v>", "Ana María&Co", "Hi"),
        ("<v.loud Ana><i>Hi</i></v>", "Ana", "<c.loud><i>Hi</i></c>"),
        ("<v Ana>Hi</v> there", None, "<v Ana>Hi</v> there"),
        ("<v Ana>Hi</v>\n<v Bob>Yo</v>", None, "<v Ana>Hi</v>\n<v Bob>Yo</v>"),
        ("Hm <v Ana>Hi</v>", None, "Hm <v Ana>Hi</v>"),
        ("<v>Hi</v>", None, "<v>Hi</v>"),
        ("<video>Hi", None, "<video>Hi"),
    ],
)
def test_a_voice_over_the_whole_cue_is_its_speaker(vtt, text: str, speaker: str | None, rest: str) -> None:
    cue = vtt(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}").track.cues[0]
    assert (cue.speaker, cue.text) == (speaker, rest)


def test_a_speaker_is_written_as_a_voice_and_read_again(vtt) -> None:
    track = Track((_cue("Hi <i>you</i>", "A & B > C"),))
    assert vtt(write(track, "vtt").text).track.cues[0].speaker == "A & B > C"


@pytest.mark.parametrize(
    ("text", "speaker", "parts"),
    [
        ("Hello", None, ((None, "Hello"),)),
        ("Hello", "Ana", (("Ana", "Hello"),)),
        ("<v Ana>Hi</v>\n<v Bob>Yo &amp; <i>hey</i></v>", None, (("Ana", "Hi"), ("Bob", "Yo & hey"))),
        ("<v Ana>Hi <v Bob>Yo", None, (("Ana", "Hi"), ("Bob", "Yo"))),
        ("<v Ana>a</v> <v Ana>b</v>", None, (("Ana", "a b"),)),
        ("Hm. <v Ana>Hi</v>", "Narrator", (("Narrator", "Hm."), ("Ana", "Hi"))),
        ("<ruby>漢<rt>かん</ruby>字", None, ((None, "漢字"),)),
        ("<i>a</b></i><rt>b</rt>", None, ((None, "ab"),)),
        ("", "Ana", ()),
    ],
)
def test_a_cue_falls_into_its_voices(text: str, speaker: str | None, parts: tuple) -> None:
    assert voices(_cue(text, speaker)) == parts


@pytest.mark.parametrize(
    ("text", "speaker", "rest"),
    [
        ("Ana: Hello\nyou", "Ana", "Hello\nyou"),
        ("DR. O'NEIL: Hello", "DR. O'NEIL", "Hello"),
        ("- Ana: Hi\n- Bob: Yo\nman", None, "<v Ana>Hi</v>\n<v Bob>Yo\nman</v>"),
        ("田中：こんにちは", "田中", "こんにちは"),
        ("it was 10:30 then", None, "it was 10:30 then"),
        ("At 10: then", "At 10", "then"),
        ("well: no", None, "well: no"),
        ("one two three four five: no", None, "one two three four five: no"),
        ("Hello\nBob: Yo", None, "Hello\n<v Bob>Yo</v>"),
        ("&gt;&gt; ANA: Come", "ANA", "Come"),
        (">> ANA: Come", "ANA", "Come"),
        ("<i>ANA:</i> Come", "ANA", "Come"),
        ("<b>ANA</b>: Come", "ANA", "Come"),
        ("<i>ANA: Come</i>", "ANA", "<i>Come</i>"),
        ("ANA (quietly): Come", "ANA", "Come"),
        ("ANA:\nCome", "ANA", "Come"),
        ("MAN #2: Come", "MAN #2", "Come"),
        ("ANA &amp; LUIS: Come", "ANA & LUIS", "Come"),
        ("&amp;gt;&amp;gt; ANA: Come", "ANA", "Come"),
        ("<c.yellow>ANA:</c> Come", "ANA", "Come"),
        ("<c.yellow>ANA: Come</c>", "ANA", "<c.yellow>Come</c>"),
        ("*ANA:* Come", "ANA", "Come"),
        ("ANA, laughing: Come", "ANA", "Come"),
        ("Ana, I said: Come", None, "Ana, I said: Come"),
        ("[Ana]: Come", "Ana", "Come"),
        ("(ANA): Come", "ANA", "Come"),
        ("[SPEAKER_00] Come", "SPEAKER_00", "Come"),
        ("[sighs]: Come", None, "[sighs]: Come"),
        ("ANA (O.S.) (quietly): Come", "ANA", "Come"),
        ("(quietly) ANA: Come", "ANA", "(quietly) Come"),
        ("[ANA:] Come", "ANA", "Come"),
        ("(Ana :) Come", "Ana", "Come"),
        ("ANA:Come", "ANA", "Come"),
        ("Re:view, AT:me, 3:Come", None, "Re:view, AT:me, 3:Come"),
        ("ANA+LUIS: Come", "ANA+LUIS", "Come"),
        ("1st MAN: Come", "1st MAN", "Come"),
        ("» ANA: Come", "ANA", "Come"),
        ("2 eggs: boiled", None, "2 eggs: boiled"),
        ("[APPLAUSE] Come", None, "[APPLAUSE] Come"),
        ("THE OLD MAN WITH HAT: Come", "THE OLD MAN WITH HAT", "Come"),
        ("- ANA: Come\n- Not now.", None, "<v ANA>Come</v>\n- Not now."),
    ],
)
def test_names_before_a_colon_are_speakers_where_that_is_asked_for(text: str, speaker: str | None, rest: str) -> None:
    cue = speakers_from_prefixes(Track((_cue(text),))).cues[0]
    assert (cue.speaker, cue.text) == (speaker, rest)


def test_a_speaker_that_is_known_is_not_looked_for() -> None:
    track = Track((_cue("Bob: he said", "Ana"),))
    assert speakers_from_prefixes(track) == track


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello\nyou", "Hello you"),
        ("<i>One</i> &amp; two", "One & two"),
        ("AT&amp;amp;T", "AT&T"),
        ("{\\an8}Up", "Up"),
        ("[door slams] Come in!", "Come in!"),
        ("[door\nslams]", ""),
        ("(laughs) No. (sighs)", "No."),
        ("The price (in euros) rose", "The price (in euros) rose"),
        ("- (whispers) Come\n- No", "Come No"),
        ("（笑い）そうです", "そうです"),
        ("♪ La la la ♪", "La la la"),
        ("# La la #", "La la"),
        ("We are #1", "We are #1"),
        ("(MUSIC) (APPLAUSE)", ""),
        ("I said, (clears throat) come.", "I said, come."),
        ("Take the (phone) line", "Take the (phone) line"),
        ("_sighs_ Fine, {coughs} fine.", "Fine, fine."),
        ("-laughs- No", "No"),
        ("snake_case_name", "snake_case_name"),
        ("*gasp!*", ""),
        ("¶ La la ¶", "La la"),
        ("one[laughs]two", "one two"),
        ("(смеётся) Да.", "Да."),
        ("♪♪", ""),
        ("...", ""),
        ("これは\nペンです", "これはペンです"),
        ("한국어\n자막", "한국어 자막"),
        ("<ruby>漢字<rt>かんじ</rt></ruby>です", "漢字です"),
        ("3 &lt; 5", "3 < 5"),
        ("", ""),
    ],
)
def test_only_the_words_are_spoken(text: str, words: str) -> None:
    assert extract_spoken_text(_cue(text)) == words

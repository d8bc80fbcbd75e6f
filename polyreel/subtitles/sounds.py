"""Words by which descriptions of sounds, and asides in brackets, are told from what is said."""

from __future__ import annotations

_MADE = """
sigh sighs sighing laughs laughing laughter cough coughs coughing gasp gasps gasping sob sobs sobbing cries crying
groan groans groaning grunt grunts chuckle chuckles chuckling giggle giggles giggling whispers whispering
screams screaming shouts shouting sniff sniffs sniffle sniffles sniffling yawns yawning snores snoring sneezes sneezing
moans moaning pants panting scoffs snorts clears applause cheering inaudible mumbles mumbling stutters whistling hums
humming
suspira suspirando suspiro suspiros risitas carcajada carcajadas sollozo sollozos
sollozando jadea grita gritando ríe riendo risas tose tosiendo llora llorando susurra susurrando aplausos
soupire soupir soupirs rire rires ricane sanglots gémit halète crie tousse pleure sanglote chuchote applaudissements
seufzt seufzen gelächter schluchzt stöhnen lacht lachend hustet weint schreit flüstert stöhnt applaus
sospira sospiri sospiro ridono risata singhiozza geme urla risate tossisce piange sussurra applausi
suspiros suspirando risada risadas soluça geme grita risos rindo tosse chora chorando sussurra sussurrando
zucht lachend hoest huilt fluistert gelach wzdycha śmieje śmiech kaszle płacze szepcze
смеётся смеется вздыхает вздох кашляет плачет шепчет кричит смех аплодисменты
сміється зітхає кашляє плаче шепоче сміх оплески
צוחק צוחקת נאנח נאנחת בוכה לוחש לוחשת צחוק
يضحك تضحك ضحك يتنهد تتنهد يبكي تبكي يهمس تهمس
gülüyor güler ağlıyor öksürür fısıldar kahkaha
"""
_NOUNS = """
laugh cry scream shout whisper yawn snore sneeze moan pant scoff snort cheers music door phone knock knocks knocking
silence pause static whistles grita rie risa tos música ride rit rire musique lachen musik grida musica ri музыка muzyka
"""
_ASIDES = """
at and but or if not so well maybe perhaps although though because since until unless which who i you we they it
this these those there just only even also too no yes please except including then now or for
y o pero si aunque porque quizá quizás tal que quien yo tú nosotros ellos esto eso solo sólo también no sí por
et ou mais si bien quoique parce car peut-être qui que je tu nous vous ils elles ceci cela seulement aussi non oui
und oder aber wenn obwohl weil vielleicht der ich du wir ihr das dies nur auch nein ja bitte zumindest
e o ma se anche perché forse che chi io tu noi voi questo quello solo pure no sì almeno
mas se embora porque talvez quem eu nós eles isto isso só também não sim pelo
"""

SOUNDS_MADE = frozenset(_MADE.split())
"""What somebody does while he speaks (laughs, sighs): in brackets it is a description wherever it stands."""

SOUND_WORDS = SOUNDS_MADE | frozenset(_NOUNS.split())
"""What people do between *stars*, in the languages that write so: the first word of a description."""

# No prepositions of place or manner: "(on the phone)", "(in Spanish)" say how something is said.
ASIDES = frozenset(_ASIDES.split())
"""How asides begin that are words though they stand in brackets: conjunctions, pronouns, adverbs of the mind."""

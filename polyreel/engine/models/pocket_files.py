"""Pocket TTS in English: its nets as KevinAHM exported them to ONNX, and Kyutai's speakers, each at one revision.

The hashes are those that at least four public projects pin for these files, all alike; neither place could be reached
where this was written. Left out are Kyutai's speakers that may not be used commercially (cosette, jean) and those of
other languages.
"""

POCKET_PLACE = "https://huggingface.co/KevinAHM/pocket-tts-onnx/resolve/58a6d00cf13d239b6748cb0769f35c580a8f606c/onnx/english_2026-04"
POCKET_FILES = {
    "bundle.json": (24_381, "bab643150f437f37df080a710520ff39ed9ebd9a339f8ebdc739f7eddfc28b3f"),
    "bos_before_voice.npy": (4_224, "f46edf4f7007b7ba4ea58831f49d003e59e167b4641c44bb3addfe9231a780b1"),
    "tokenizer.model": (59_339, "d461765ae179566678c93091c5fa6f2984c31bbe990bf1aa62d92c64d91bc3f6"),
    "text_conditioner.onnx": (16_388_344, "4ecee995fb69f85c7a7493d11f7b5ee15d9950facc7ab3f5c9c49ef1e03847bb"),
    "flow_lm_main_int8.onnx": (76_341_079, "f9bd8106b79a0192c1c43399ab938fb24900a95c1c599870d75a884e99000116"),
    "flow_lm_flow_int8.onnx": (9_962_530, "3dd781ee5abee9e195320bf0106bebd6372a852b3b36352524ee78b40554635d"),
    "mimi_decoder_int8.onnx": (22_684_077, "3630450a3297a101792a6ac66619ebc70ab916b265e6220c2afaef8b1673f925"),
    "mimi_encoder.onnx": (39_768_446, "853e2ca623b8782d94c3745ec6133bfdff7ce33d9b11128bd29ea03f28d76e3d"),
}
POCKET_VOICES_PLACE = (
    "https://huggingface.co/kyutai/pocket-tts-without-voice-cloning/resolve/"
    "e041936c75475d350b405bc870bcf7c22da4e9e6/languages/english_2026-04/embeddings"
)
POCKET_VOICE_FILES = {
    "alba": (6_194_424, "69c32db63ca56843d994f81f343f62e0bf2d73f7e4c9bc73e44bb1110b1d8845"),
    "anna": (7_816_440, "5ea82f78db006c9fd34e32ddd5aae82674b5b32646097977436458d00af80dfa"),
    "azelma": (7_963_896, "9f3e69f29075f991fd47774566865ef0e0e637cb5a35992c9919761b5b84b1de"),
    "bill_boerst": (6_735_096, "75610127d44e0b05b442154f80f89f993df235aecc6cad7070f11000d006c188"),
    "caro_davy": (5_260_536, "a5961b63a2e7a5cfd7edc383aa9042fb70fd14a9dee6310cdc633881a7f2449a"),
    "charles": (6_194_424, "299edc20182eeccfbf94e308626f259da4fbf339daa8d5905218f2b1774639b8"),
    "eponine": (6_931_704, "bda3b76a384ff355fe0350736387765946304ae8ca16e59f60ea3296a1c99cc6"),
    "eve": (6_538_488, "ea9c2faf862a6c9d2cb61910fdf02842ae56940382cc8c1000fdb1b43269692b"),
    "fantine": (6_538_488, "51a8a4355d7f912d4959e4b1918314fda85ad47eba0a33a1d78a4a505d3465f5"),
    "george": (6_243_576, "0c1c6c57c55a98d81254b33728150c7776f40647fe95258d1a6c1a02780b5d02"),
    "jane": (7_374_072, "37386227ca8ec5bf1b8e516c13d132ce5ff5437a304fe90129a1c62f41d9a008"),
    "javert": (6_194_424, "0ae88e03ca4e76a0e16cbf321a807428febda9d9e9bc0358c02e7f9c9e2c263b"),
    "marius": (6_194_424, "04f84efcb77a0547ba582c058db496f7ff4920891d49d37b9950d128422582a8"),
    "mary": (6_194_424, "a8f2adf260cab966fe0a113d6b549d6efdeaa79de544ae0ff34b5b6a41445a59"),
    "michael": (7_275_768, "8937f724ac4719b9aa51ea0ba1f18f9de0af7a663ad6263558266c1a53c9722d"),
    "paul": (6_980_856, "ed7a019168f94dfe77009f1b0de59387abc6fbb0db954d38ce722ecb77da61aa"),
    "peter_yearsley": (3_736_816, "dd977a6e15591e347c9a23fa7cc09e35a65b462917f5eeb162baff6dc9e3f685"),
    "stuart_bell": (5_260_536, "5a49da7ca5df05d02587ec4a0981c0d318e045f68e24423c4203ce474d9b33dc"),
    "vera": (6_735_096, "4bf50ddd957b5d218b264fdcf18efbbc7384d12da3eca98ca19b9e8dd6976acc"),
}

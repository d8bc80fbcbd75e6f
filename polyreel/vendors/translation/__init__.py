"""Services that draft a translation: an OpenAI-style chat endpoint, LibreTranslate, DeepL. Never silently final."""

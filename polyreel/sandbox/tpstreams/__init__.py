"""TPStreams, rehearsed: assets, folders, subtitles, thumbnails, trims, uploads, webhooks."""

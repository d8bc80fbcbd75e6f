"""TPStreams (vendor page "Assets"): ingest by URL or file, HLS and DASH playback, subtitles, thumbnails, trims."""

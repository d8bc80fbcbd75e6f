"""A Nomad-style asset manager, rehearsed: uploads, assets, annotations, subtitles, ads, archive, downloads."""

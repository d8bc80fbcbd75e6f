"""A Nomad-style asset manager (vendor page "Asset Management"): uploads, assets, subtitles, ads, archive, streaming."""

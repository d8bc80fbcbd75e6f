"""Video Jungle (vendor page "Assets"): projects, scripts that generate assets, and video files."""

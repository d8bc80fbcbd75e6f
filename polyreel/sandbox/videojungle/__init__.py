"""Video Jungle, rehearsed: projects, scripts, assets, video files."""

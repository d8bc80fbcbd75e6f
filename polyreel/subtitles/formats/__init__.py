"""The formats that subtitles are read from and written to, one small file each; `base` says how to add one."""

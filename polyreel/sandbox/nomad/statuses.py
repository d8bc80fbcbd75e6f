"""Asset types and statuses with their numbers (vendor page: "Asset Types", "Asset Statuses")."""

from __future__ import annotations

FOLDER, FILE, BUCKET = 1, 2, 5
TYPES = {FOLDER: "Folder", FILE: "File", BUCKET: "Bucket"}
STATUSES = {
    "Available": 1, "Renaming": 2, "Copying": 3, "Restoring": 4, "Registering": 5, "Uploading": 6, "Archiving": 7,
    "Archived": 8, "PendingArchive": 9, "PendingRestore": 11, "Restored": 12, "Deleting": 13, "Moving": 14,
    "SlugReplaced": 15, "Updating": 16, "Error": 17, "Assembling": 18, "Clipping": 19, "Placeholder": 20,
    "Creating": 21, "Replacing": 22,
}  # fmt: skip
# What can be worked on. Renaming, moving and the like leave the content alone.
USABLE = ("Available", "Restored", "Renaming", "Moving", "Updating", "Copying", "SlugReplaced")
EXPORTS = {"docx": 0, "text": 1, "srt": 2, "vtt": 3}

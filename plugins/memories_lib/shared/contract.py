"""What both sides must agree upon. Pure."""

#: Kinds of messages that are a file.
MEDIA_KINDS = frozenset({"image", "video", "audio", "sticker", "gif", "document", "contact", "view_once", "file"})

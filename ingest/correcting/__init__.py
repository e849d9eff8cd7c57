"""What the user puts right afterwards: names, joined and parted chats, what is to be forgotten."""

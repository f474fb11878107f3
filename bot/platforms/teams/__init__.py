"""Microsoft Teams, through the Bot Framework's activities. Nothing of the Bot Framework is seen outside this folder."""

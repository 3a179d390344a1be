"""The bot: takes updates in, handles them, says what there is to say."""

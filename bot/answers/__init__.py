"""The answers, a module a command. An answer gets the turn and what follows the command or the button's name."""

"""An evening in a hall, from the sound to the platform's receipt, on one command: `python -m demo`.

music       which pieces the platform knows, and which it does not
evening     the programme: what sounds, from when until when, from where in its piece
speech, applause, hall    make the programme heard
processes   starts the box and the platform as processes of their own, and ends them
account     what the box wrote down
score       compares the programme with the account
live        shows both while they pass
picture     draws both
"""

"""What runs in the venue.

The way of the sound, a line a module:

    sound/          blocks from the card, resampled, cut into segments
    features.py     a segment's log-mel spectrogram
    gate.py         whether music sounds in it, and whether somebody speaks
    embedding.py    a spectrogram becomes a unit vector
    catalogue/      the references the box knows, read in place
    match/          neighbours of a vector, and lines of them that make a match
    play.py         when matches make one play, and when it ends
    coverage.py     what the box could and could not hear
    record/         events: written, signed, chained, kept
    sync/           events to the platform, receipts back
    listening.py    the loop that joins them
"""

"""What the box says in words, in English; the catalogues in `translations/` have the other two languages."""

from collections.abc import Callable, Mapping

from device.condition import Code, Light
from device.page.skim import Incident


def marked(english: str) -> str:
    """Mark a text for translation; it is translated where it is shown."""
    return english


LIGHTS: Mapping[Light, str] = {
    Light.STARTING: marked("Starting"),
    Light.HEARS_AND_DELIVERED: marked("Hearing"),
    Light.HEARS_NOT_DELIVERED: marked("Hearing, not all delivered"),
    Light.DEAF: marked("Not hearing"),
    Light.MUTED: marked("Microphone off"),
    Light.BROKEN: marked("Out of order"),
}

# How the light on the box shows each, in the words of `device/light.py`.
RHYTHMS: Mapping[Light, str] = {
    Light.STARTING: marked("flickers"),
    Light.HEARS_AND_DELIVERED: marked("is lit, and winks every five seconds"),
    Light.HEARS_NOT_DELIVERED: marked("is lit and dark by turns, one and a half seconds each"),
    Light.DEAF: marked("flashes twice, then pauses"),
    Light.MUTED: marked("is dark, and flashes once every five seconds"),
    Light.BROKEN: marked("flashes four times, then pauses"),
}

# What to do, one thing at a time; `device/condition.py` says which.
ADVICE: Mapping[Code, str] = {
    "listen-stopped": marked(
        "The box does not listen. Pull its plug, wait ten seconds and plug it in again. "
        "If that does not help, call the technician."
    ),
    "disk-full": marked(
        "The memory card is full, nothing more can be recorded. "
        "Check the network: the card empties by delivering."
    ),
    "broken": marked(
        "Something in the box is broken. Pull its plug, wait ten seconds and plug it in again. "
        "If that does not help, call the technician."
    ),
    "muted": marked(
        "The microphone is switched off, the box hears nothing. Switch it on when it may hear again."
    ),
    "starting": marked("The box is starting. Wait two minutes."),
    "starting-again": marked(
        "The box had to start listening anew. Wait two minutes; if this stays, call the technician."
    ),
    "microphone-lost": marked("There is no microphone. Plug it in again, straight into the box."),
    "microphone-busy": marked(
        "Another program has the microphone. Pull the plug of the box, wait ten seconds and plug it in again. "
        "If that does not help, call the technician."
    ),
    "microphone-ambiguous": marked(
        "Several microphones are plugged in. Leave only the one plugged in that belongs to the box."
    ),
    "microphone-refused": marked(
        "The microphone is there, but cannot be used. Unplug it and plug it in again; "
        "if that does not help, replace it."
    ),
    "microphone-deaf": marked(
        "The microphone gives nothing. Unplug it and plug it in again; if that does not help, replace it."
    ),
    "microphone-covered": marked(
        "The microphone seems to be covered. Uncover it and take away what stands before it."
    ),
    "sync-stopped": marked(
        "The box hears, but does not deliver. Pull its plug, wait ten seconds and plug it in again."
    ),
    "broker-away": marked(
        "The box hears, but cannot reach the platform. Check the network cable and the router. "
        "Nothing is lost: all records are kept until they are delivered."
    ),
    "broker-untrusted": marked(
        "The box hears, but does not trust what answers in the platform's place. Call the technician."
    ),
    "broker-refuses": marked(
        "The box hears, but the platform does not admit it. Call the platform's operator."
    ),
    "platform-silent": marked(
        "The box hears and sends, but the platform does not confirm. Call the platform's operator."
    ),
    "delivering": marked("The box is delivering what it has heard meanwhile. There is nothing to do."),
    "clock-unset": marked(
        "All is well but the clock: the box does not know the time for certain yet. "
        "Check that the network lets NTP through."
    ),
    "well": marked("All is well. There is nothing to do."),
}


# The incidents that a day may have; an unknown one is told by its own English sentence.
INCIDENTS: Mapping[str, str] = {
    "microphone-lost": marked("The microphone went away"),
    "microphone-back": marked("The microphone came back"),
    "microphone-deaf": marked("The microphone gave nothing"),
    "microphone-covered": marked("The microphone was covered"),
    "microphone-uncovered": marked("The microphone was uncovered"),
    "muted": marked("The microphone was switched off by hand"),
    "unmuted": marked("The microphone was switched on again"),
    "clock-stepped": marked("The clock was set"),
    "clock-unset": marked("The time was not known for certain"),
    "log-damaged": marked("A part of the records was found damaged"),
    "log-continued": marked("The records go on after a damaged part"),
    "log-full": marked("The memory card was full"),
    "settings-changed": marked("The settings were changed"),
    "catalogue-changed": marked("The catalogue was changed"),
    "model-changed": marked("The recognition model was changed"),
    "venue-changed": marked("The box was assigned to another hall"),
    "settings-changed-first": marked("The settings were recorded for the first time"),
    "venue-changed-first": marked("The box was assigned to this hall"),
    "watchdog": marked("Listening had come to a stand and was started anew"),
    "crash": marked("Listening had broken off and was started anew"),
}


def of_incident(incident: Incident, say: Callable[[str], str]) -> str:
    """Tell an incident.

    Args:
        incident: What happened.
        say: Translates a text.
    """
    return next((say(INCIDENTS[name]) for name in incident.names if name in INCIDENTS), incident.text)


# CISAC's roles, as an accountant reads them.
ROLES: Mapping[str, str] = {
    "C": marked("music"),
    "A": marked("lyrics"),
    "CA": marked("music and lyrics"),
    "AR": marked("arrangement"),
    "AD": marked("adaptation"),
    "SR": marked("arrangement"),
    "TR": marked("translation"),
}

LOUDNESS: Mapping[str | None, str] = {
    "quiet": marked("Quiet"),
    "good": marked("Good level"),
    "overdriven": marked("Too loud for the microphone"),
    None: marked("No sound arrives"),
}

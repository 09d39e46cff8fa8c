"""Speech on the stage, by espeak-ng, in the three languages of Kazakhstan's halls.

The texts are in the public domain: the first of Abai's Words, Nina's monologue from Chekhov's Seagull, and
Prospero's from Shakespeare's Tempest.
"""

import io
import subprocess

import numpy as np
import soundfile
from scipy.signal import resample_poly

from device.errors import Broken

TEXTS = {
    "kk": "Бұл жасқа келгенше жақсы өткіздік пе, жаман өткіздік пе, әйтеуір бірталай өмірімізді өткіздік: "
    "алыстық, жұлыстық, айтыстық, тартыстық, әурешілікті көре-көре келдік. Енді жер ортасы жасқа келдік: "
    "қажыдық, жалықтық; қылып жүрген ісіміздің баянсызын, байлаусызын көрдік, бәрі қоршылық екенін білдік. "
    "Ал, енді қалған өмірімізді қайтіп, не қылып өткіземіз? Соны таба алмай өзім де қайранмын.",
    "ru": "Люди, львы, орлы и куропатки, рогатые олени, гуси, пауки, молчаливые рыбы, обитавшие в воде, "
    "морские звёзды и те, которых нельзя было видеть глазом, — словом, все жизни, все жизни, все жизни, "
    "свершив печальный круг, угасли. Уже тысячи веков, как земля не носит на себе ни одного живого существа, "
    "и эта бедная луна напрасно зажигает свой фонарь. На лугу уже не просыпаются с криком журавли, "
    "и майских жуков не бывает слышно в липовых рощах.",
    "en": "Our revels now are ended. These our actors, as I foretold you, were all spirits, and are melted into "
    "air, into thin air: and, like the baseless fabric of this vision, the cloud-capped towers, the gorgeous "
    "palaces, the solemn temples, the great globe itself, yea, all which it inherit, shall dissolve, and, like "
    "this insubstantial pageant faded, leave not a rack behind. We are such stuff as dreams are made on, and our "
    "little life is rounded with a sleep.",
}
WORDS_A_MINUTE = 140  # slower than espeak's own 175: actors speak to the last row


def say(language: str, seconds: float, rate: int) -> np.ndarray:
    """Speak a language's text, again from its begin if there is time left.

    Args:
        language: One of `TEXTS`.
        seconds: How long.
        rate: Hz.

    Returns:
        float32 samples, full scale -1..1.

    Raises:
        Broken: espeak-ng is not installed, or does not speak.
    """
    command = ["espeak-ng", "-v", language, "-s", str(WORDS_A_MINUTE), "--stdin", "--stdout"]
    try:
        done = subprocess.run(command, input=TEXTS[language].encode(), capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Broken(
            "demo-no-speech", f"espeak-ng does not speak: {error}.", "Install it: `apt install espeak-ng`."
        ) from error
    spoken, spoken_rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    sound = resample_poly(spoken, rate, spoken_rate)
    length = int(seconds * rate)
    return np.resize(sound, length).astype(np.float32)

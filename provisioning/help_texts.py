"""What `estu-provision --help` says beside its list of commands and options."""

EXAMPLES = """\
examples:
  Once, in a safe place:
    estu-provision authority init authority
    estu-provision authority issue-server broker.example 192.0.2.10 --out broker-tls

  For each box:
    estu-provision enrol estu-0001 --venue "Abai Opera House" --hall "Main hall" --language kk \\
        --platform-keys platform.jwks --broker mqtts://broker.example
    estu-provision label estu-0001 --support "+7 727 000 00 00" --out label.pdf
    estu-provision flash estu-1.0.img.xz /dev/sdb estu-0001
    estu-provision verify /dev/sdb

  For fifty:
    estu-provision enrol --batch boxes.csv --platform-keys platform.jwks --broker mqtts://broker.example
    estu-provision label --support "+7 727 000 00 00" --out labels.pdf
    estu-provision flash estu-1.0.img.xz /dev/sdb

  Trying it out, with files for cards:
    estu-provision flash estu-1.0.img.xz simulated --simulate

  For the platform, after each change:
    estu-provision export --out boxes.jwks --csv boxes-list.csv

  When a box is lost:
    estu-provision retire estu-0001 --reason lost

The authority's folder is ./authority, or $ESTU_AUTHORITY, or --authority DIR. Its passphrase is asked for, or comes
from $ESTU_AUTHORITY_PASSPHRASE or --passphrase-file FILE. Exit status: 0 done, 1 refused, 2 not understood.
"""

BATCH = """\
A batch is a CSV file (UTF-8; commas or semicolons) whose first row names the columns:
  box,venue,hall,language,contract,microphone,ssid,wifi_password,address,gateway,dns
  estu-0001,Abai Opera House,Main hall,kk,2026-117,USB PnP,,,,,
  estu-0002,Cinema Arsenal,Hall 3,ru,2026-118,,Arsenal,the password,192.0.2.20/24,192.0.2.1,192.0.2.1 192.0.2.2
The columns after `language` may be left out. All rows are checked before anything is done; each fault is named by row
and column. A file with Wi-Fi passwords is a secret: remove it afterwards.
With --out each box gets a folder of its own below DIR, and below --prefix if that is given.

A box has a cable and DHCP if nothing else is said. With --ssid it has Wi-Fi too; --address fixes the address in the Wi-Fi
if there is one, else on the cable.
"""

FLASH = """\
IMAGE is NAME.img, NAME.img.xz or NAME.img.zst, with NAME.bmap and NAME.jws beside it. TARGET is a disk as `lsblk` shows it.
Without BOX, every labelled box that has no card yet gets one: the next card is asked for.

Nothing is written before the image's signature and digest were found right, and before you have seen what would be
erased and typed yes. A disk in use is never written; one that is not removable, or has no card's size, only with its
exact name once more:
  estu-provision flash estu-1.0.img.xz /dev/sdb estu-0001 --really /dev/sdb
What was cut short can be done again.
"""

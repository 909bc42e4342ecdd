"""Devices that an account's owner signs in with: the same few, and now and then a new phone."""

from typing import Final

import numpy as np

from fraudstream.domain.arrays import Bools, Ints, Keys, Rows
from producer.simulation.draws import between, bits, chance, pick, running, with_number

SIGN_INS_PER_PHONE: Final = 330
"""Average sign-ins until a phone is replaced: about 0.3 % of sign-ins are the first with a new phone."""
NEW_PHONE_USES: Final = (6, 14)
"""Sign-ins after which the bank has registered a new phone under an ordinary id."""
NEW_DEVICE_BASE: Final = 1 << 32
"""Device codes from here on are devices that the bank sees for the first time; lower ones are registered."""
NEW_DEVICES: Final = 10**8
MAIN_DEVICE_SHARE: Final = 0.75
NEW_PHONE_FAILURE_SHARE: Final = 0.4
"""Share of sign-ins on a new phone with a biometric failure: it does not know the finger yet."""
FAILURE_ENDS: Final = running((940, 45, 12, 3))
"""Running weights of 0 to 3 failed attempts on a known device: a wet finger, a mask."""


def signed_in(owners: Rows, sessions: Keys, sign_ins: Ints) -> tuple[Ints, Bools]:
    """Return the device of each sign-in, and whether it is a new phone.

    ``sign_ins`` is the number of the account's earlier sign-ins. Transactions made in one go have the same
    key in ``sessions``.
    """
    generation, place = sign_ins // SIGN_INS_PER_PHONE, sign_ins % SIGN_INS_PER_PHONE
    change = with_number(bits(owners["key"], "phone"), generation)
    bought = between(change, "bought", 0, SIGN_INS_PER_PHONE - NEW_PHONE_USES[1] - 1)
    registered = bought + between(change, "uses", *NEW_PHONE_USES)
    is_new = (place >= bought) & (place < registered)
    number = _device_number(owners, sessions)
    phone = with_number(bits(owners["key"], "device"), number)
    phone = np.where(number == 0, with_number(phone, generation + (place >= registered)), phone)
    phone = np.where((number == 1) & owners["family"], bits(owners["family_key"], "tablet"), phone)
    device = between(phone, "id", 0, NEW_DEVICE_BASE - 1)
    return np.where(is_new, new_device(change), device), is_new


def new_device(keys: Keys) -> Ints:
    """Draw the code of a device that the bank sees for the first time."""
    return NEW_DEVICE_BASE + between(keys, "new device", 0, NEW_DEVICES - 1)


def failures(keys: Keys, is_new: Bools) -> Ints:
    """Draw the number of biometric failures in each sign-in of an owner."""
    usual = pick(keys, "failures", FAILURE_ENDS)
    return np.where(is_new, chance(keys, "new finger", NEW_PHONE_FAILURE_SHARE), usual)


def _device_number(owners: Rows, sessions: Keys) -> Ints:
    other = 1 + between(sessions, "other device", 0, np.maximum(owners["devices"] - 2, 0))
    main = chance(sessions, "main device", MAIN_DEVICE_SHARE) | (owners["devices"] == 1)
    return np.where(main, 0, other)


def device_text(device: int) -> str:
    """Return the id of a device from its code."""
    if device >= NEW_DEVICE_BASE:
        return f"DEV_NEW_9{device - NEW_DEVICE_BASE:08d}"
    return f"DEV_{device:08x}"

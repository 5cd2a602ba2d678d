"""Simulated days of one clinic: honest ones with a queue at one doctor, and the robots that make times up.

Seeded: a day is its kind, its number of patients and its seed. Nothing here is taken from the product's own scoring.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from rsonline.insight.visits import STEPS, Visit

OPENS = datetime(2026, 3, 18, 1, 0, tzinfo=UTC)
"""Eight o'clock in Jakarta."""
Times = dict[str, float]
"""Seconds since the clinic opened, by step."""


def _lognormal(random: Random, middle: float, spread: float) -> float:
    return random.lognormvariate(0, spread) * middle


def _truth(random: Random, patients: int) -> list[Times]:
    """What happened: desks, one doctor, a pharmacy; who comes first is mostly seen first."""
    service, spread = random.uniform(3, 15) * 60, random.uniform(0.3, 0.8)
    pace = service * random.uniform(0.6, 1.6)
    desk, pharmacy = random.uniform(1, 5) * 60, random.uniform(4, 20) * 60
    rush = random.random() < 0.4
    arrivals = sorted(
        random.expovariate(1 / 2400) if rush and random.random() < 0.6 else random.uniform(0, pace * patients)
        for _ in range(patients)
    )
    desks = [0.0] * random.randrange(1, 4)
    doctor, counter = random.choice((0.0, 0.0, random.uniform(0, 3600))), [0.0] * random.randrange(1, 4)
    waiting = []
    for came in arrivals:
        free = min(range(len(desks)), key=desks.__getitem__)
        called = max(came + _lognormal(random, 30, 0.8), desks[free])
        desks[free] = called + _lognormal(random, desk, 0.5)
        waiting.append({"1": came, "2": called, "3": desks[free] + 1})
    waiting.sort(key=lambda t: t["3"])
    done = []
    while waiting:
        # A patient who is elsewhere is called later; an emergency comes first.
        one = waiting.pop(1 if len(waiting) > 1 and random.random() < 0.1 else 0)
        begins = max(one["3"] + _lognormal(random, 45, 0.7), doctor + _lognormal(random, 20, 0.8))
        ends = begins + _lognormal(random, service, spread)
        doctor = ends + (_lognormal(random, 900, 0.5) if random.random() < 0.03 else 0)
        # The button for the end is often pressed when the record is written, with the next patient in the room.
        one |= {"4": begins, "5": ends + (_lognormal(random, 120, 0.7) if random.random() < 0.2 else 0)}
        done.append(one)
    for one in sorted(done, key=lambda t: t["5"]):
        free = min(range(len(counter)), key=counter.__getitem__)
        begins = max(one["5"] + _lognormal(random, 240, 0.7), counter[free])
        counter[free] = begins + _lognormal(random, pharmacy, 0.5) / 2
        one |= {"6": begins, "7": begins + _lognormal(random, pharmacy, 0.5)}
    return done


def _sent(random: Random) -> tuple[str, ...]:
    """Which steps a hospital sends."""
    return random.choice((STEPS, STEPS, STEPS[2:], STEPS[2:], STEPS[2:], STEPS[2:6], STEPS[1:5]))


def _visits(found: Sequence[Times], arrived: Sequence[Mapping[str, float]]) -> list[Visit]:
    def moment(seconds: float) -> datetime:
        return OPENS + timedelta(seconds=round(seconds))

    return [
        Visit(
            kode_rs="3404015",
            kodebooking=f"B{n}",
            poli="INT",
            namapoli=None,
            dokter="1001",
            jenispasien="JKN",
            pasienbaru=0,
            jeniskunjungan="3",
            day=OPENS.date(),
            estimated=None,
            times={step: moment(at) for step, at in times.items()},
            arrived={step: moment(at) for step, at in came.items()},
            deleted=False,
            today=OPENS.date(),
            zone_day=OPENS.date(),
            hour=8,
            heard=max(map(moment, came.values()), default=OPENS),
        )
        for n, (times, came) in enumerate(zip(found, arrived, strict=True))
    ]


def _live(random: Random, found: list[Times]) -> list[Mapping[str, float]]:
    """When a sender tells: at once, every few minutes, or after the line was down for an hour."""
    every = random.choice((1, 1, 60, 300, 900))
    down = random.uniform(0, 14400) if random.random() < 0.1 else -1e9
    came: list[Mapping[str, float]] = []
    for times in found:
        told = {step: (at // every + 1) * every + random.uniform(0, 3) for step, at in times.items()}
        came.append({s: max(at, down + 3600) if down < at < down + 3600 else at for s, at in told.items()})
    return came


def honest(random: Random, patients: int) -> list[Visit]:
    """A day as it happened, with what people do to it: whole minutes, some rounding, a last step entered at night."""
    sent, found = _sent(random), _truth(random, patients)
    found = [{s: at for s, at in times.items() if s in sent and random.random() > 0.04} for times in found]
    if random.random() < 0.3:
        found = [{s: at // 60 * 60 for s, at in times.items()} for times in found]
    rounds = {s: random.uniform(0, 0.5) if random.random() < 0.3 else 0.0 for s in STEPS}
    for times in found:
        for step in times:
            if random.random() < rounds[step]:
                times[step] = round(times[step] / 300) * 300
    came = _live(random, found)
    if random.random() < 0.3:
        last, evening = sent[-1], max(at for times in found for at in (*times.values(), 0)) + 3600
        typed = random.random() < 0.5
        for n, times in enumerate(found):
            if last in times:
                # Typed in one after another: with the true time, or with the time of typing.
                came[n] = {**came[n], last: evening + 20 * n}
                if typed:
                    times[last] = evening + 20 * n
    return _visits(found, came)


def honest_elsewhere(random: Random, patients: int) -> list[Visit]:
    """Another honest house: appointments, three doctors in one clinic, gamma and Weibull services, a slow evening."""
    sent, doctors = _sent(random), [random.uniform(0, 1800) for _ in range(3)]
    shape, service = random.uniform(1.5, 6), random.uniform(5, 20) * 60
    desk, counter = 0.0, 0.0
    found = []
    for n in range(patients):
        came = n * service / random.uniform(2, 4) + random.gauss(0, 600)
        called = max(came + 5 + random.expovariate(1 / 60), desk)
        desk = called + random.weibullvariate(150, 1.8) + 5
        nth = min(range(3), key=doctors.__getitem__)
        begins = max(desk + 5 + random.expovariate(1 / 120), doctors[nth])
        doctors[nth] = begins + 20 + random.gammavariate(shape, service / shape)
        counter = max(doctors[nth] + 10 + random.expovariate(1 / 400), counter)
        ready = counter + 30 + random.weibullvariate(600, 1.5)
        times = zip(STEPS, (came, called, desk, begins, doctors[nth], counter, ready), strict=True)
        found.append({s: at for s, at in times if s in sent})
    return _visits(found, _live(random, found))


def _chain(
    random: Random, patients: int, gap: Callable[[str], float], jitter: float = 0.0, sent: tuple[str, ...] | None = None
) -> list[Times]:
    """Times that a program makes from the first step on; the first one is true or made up too."""
    sent = sent or random.choice((STEPS, STEPS[2:], STEPS[2:], STEPS[2:6]))
    truth = _truth(random, patients)
    made = random.random() < 0.3
    found = []
    for one in truth:
        at = random.uniform(0, 4 * 3600) if made else one[sent[0]]
        times = {sent[0]: at}
        for step in sent[1:]:
            at += max(gap(step) + random.gauss(0, jitter), 1)
            times[step] = at
        found.append(times)
    return found


def _ranges(random: Random) -> Mapping[str, tuple[float, float]]:
    """From and to of each step's gap in minutes: the same for all, or each its own."""

    def one() -> tuple[float, float]:
        low = random.randrange(1, 16)
        return low, low + random.randrange(4, 31)

    same = one()
    return dict.fromkeys(STEPS, same) if random.random() < 0.4 else {step: one() for step in STEPS}


def uniform_seconds(random: Random, patients: int) -> list[Visit]:
    """rand(min, max) in seconds."""
    ranges = _ranges(random)
    found = _chain(random, patients, lambda s: random.uniform(ranges[s][0] * 60, ranges[s][1] * 60))
    return _visits(found, _live(random, found))


def uniform_minutes(random: Random, patients: int) -> list[Visit]:
    """rand(min, max) in whole minutes, added to a time with seconds."""
    ranges = _ranges(random)
    found = _chain(random, patients, lambda s: 60 * random.randint(int(ranges[s][0]), int(ranges[s][1])))
    return _visits(found, _live(random, found))


def uniform_jittered(random: Random, patients: int) -> list[Visit]:
    """rand(min, max) in whole minutes with some seconds more or less."""
    ranges, jitter = _ranges(random), random.uniform(3, 30)
    found = _chain(random, patients, lambda s: 60 * random.randint(int(ranges[s][0]), int(ranges[s][1])), jitter)
    return _visits(found, _live(random, found))


def identical(random: Random, patients: int) -> list[Visit]:
    """Always the same gaps."""
    gaps = {step: 60.0 * random.randrange(2, 31) for step in STEPS}
    found = _chain(random, patients, gaps.__getitem__)
    return _visits(found, _live(random, found))


def identical_jittered(random: Random, patients: int) -> list[Visit]:
    """The same gaps with some seconds more or less."""
    gaps = {step: 60.0 * random.randrange(5, 31) for step in STEPS}
    found = _chain(random, patients, gaps.__getitem__, random.uniform(3, 30))
    return _visits(found, _live(random, found))


def mixed(random: Random, patients: int) -> list[Visit]:
    """Some patients by fixed gaps, the others by chance, all with some seconds more or less."""
    ranges, jitter = _ranges(random), random.uniform(0, 15)
    part = random.uniform(0.3, 0.7)
    fixed = [random.random() < part for _ in range(patients)]
    sent = random.choice((STEPS, STEPS[2:]))
    middle = {step: (low + high) * 30 for step, (low, high) in ranges.items()}
    same = _chain(random, patients, middle.__getitem__, jitter, sent)
    other = _chain(random, patients, lambda s: random.uniform(ranges[s][0] * 60, ranges[s][1] * 60), jitter, sent)
    found = [a if first else b for first, a, b in zip(fixed, same, other, strict=True)]
    return _visits(found, _live(random, found))


def batch(random: Random, patients: int) -> list[Visit]:
    """Everything is told at once, hours later; the times themselves may be true."""
    sent = _sent(random)
    found = [{s: at for s, at in times.items() if s in sent} for times in _truth(random, patients)]
    end = max(at for times in found for at in times.values()) + random.uniform(2, 20) * 3600
    came = [{s: end + n * random.uniform(0, 4) for s in times} for n, times in enumerate(found)]
    return _visits(found, came)


def round_minutes(random: Random, patients: int) -> list[Visit]:
    """Times put down from memory: every five, ten or fifteen minutes, hardly one otherwise."""
    sent, step = _sent(random), random.choice((300, 300, 600, 900))
    found = [
        {
            s: round(at / step) * step if random.random() < 0.93 else at // 60 * 60
            for s, at in times.items()
            if s in sent
        }
        for times in _truth(random, patients)
    ]
    return _visits(found, _live(random, found))


ROBOTS: Mapping[str, Callable[[Random, int], list[Visit]]] = {
    "acak, detik": uniform_seconds,
    "acak, menit": uniform_minutes,
    "acak, menit ± detik": uniform_jittered,
    "tetap": identical,
    "tetap ± detik": identical_jittered,
    "campuran": mixed,
    "sekaligus": batch,
    "bulat": round_minutes,
}
"""The robots by what the documents call them."""

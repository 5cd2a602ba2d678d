"""Every figure that pages, programs and exports show: from which rows, by which function, listed with which columns.

A section says which rows of a hospital it looks at and prepares them once; its figures are tiles of what was prepared.
The same functions make the figure of a hospital, of a region and of the nation.
"""

from collections.abc import Mapping

from rsonline.insight.section import Figure, Section
from rsonline.insight.sections.beds import BEDS, FRESHNESS
from rsonline.insight.sections.discipline import DISCIPLINE
from rsonline.insight.sections.oxygen import OXYGEN
from rsonline.insight.sections.patients import PATIENTS
from rsonline.insight.sections.screening import SCREENING
from rsonline.insight.sections.staff import EQUIPMENT, HEALTH, STAFF
from rsonline.insight.sections.waiting import WAITING

SECTIONS: tuple[Section, ...] = (
    BEDS,
    FRESHNESS,
    DISCIPLINE,
    WAITING,
    OXYGEN,
    SCREENING,
    PATIENTS,
    HEALTH,
    STAFF,
    EQUIPMENT,
)
FIGURES: Mapping[str, tuple[Section, Figure]] = {
    figure.key: (section, figure) for section in SECTIONS for figure in section.figures
}
"""Every figure by its key."""

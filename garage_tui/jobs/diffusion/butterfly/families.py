"""The families of butterflies."""

from __future__ import annotations

from collections.abc import Callable

from garage_tui.jobs.diffusion.butterfly import danaids, nymphalids, pierids, swallowtails
from garage_tui.jobs.diffusion.butterfly.individuals import Appearance
from garage_tui.jobs.diffusion.butterfly.wing_shapes import Rng

FAMILIES: dict[str, Callable[[Rng], Appearance]] = {
    "monarch": danaids.monarch,
    "white": pierids.white,
    "morpho": danaids.morpho,
    "swallowtail": swallowtails.swallowtail,
    "comma": nymphalids.comma,
    "longwing": danaids.longwing,
    "sulphur": pierids.sulphur,
    "peacock": nymphalids.peacock,
    "blue": pierids.blue,
    "kite": swallowtails.kite,
    "admiral": nymphalids.admiral,
    "orange tip": pierids.orange_tip,
    "owl": danaids.owl,
    "tiger": swallowtails.tiger,
    "copper": pierids.copper,
    "birdwing": swallowtails.birdwing,
    "apollo": swallowtails.apollo,
    "brown": danaids.brown,
    "bluebottle": swallowtails.bluebottle,
    "fritillary": danaids.fritillary,
    "jezebel": pierids.jezebel,
    "skipper": pierids.skipper,
    "buckeye": nymphalids.buckeye,
    "brimstone": pierids.brimstone,
    "charaxes": nymphalids.charaxes,
    "glasswing": danaids.glasswing,
    "festoon": swallowtails.festoon,
}
"""By name; consecutive species take them in this order."""

"""What stands where: the ground plan of a street and the places of everything on it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cbda.scenes.camera import FAR_M, NEAR_M
from cbda.scenes.domains import Domain
from cbda.scenes.sampling import chance, choose, log_uniform, pick, poisson, uniform
from cbda.scenes.scene import NUM_STYLES, Street

PARKING_M = 2.1
BEHIND_M = 0.1  # draws a house before its garden, and the garden before its fence
SIDES = (-1, 1)


@dataclass(frozen=True)
class Placement:
    """One thing to draw, from (x, z) to (end_x, end_z) if it is long."""

    kind: str
    x_m: float
    z_m: float
    end_z_m: float = 0.0
    end_x_m: float = 0.0
    heading_rad: float = 0.0
    order_m: float = 0.0
    variant: int = 0  # which of the street's fence styles

    @property
    def far_m(self) -> float:
        """The distance by which things are drawn back to front."""
        return max(self.z_m, self.end_z_m, self.order_m)


@dataclass(frozen=True)
class Plan:
    """The inputs of every placing function."""

    rng: np.random.Generator
    domain: Domain
    street: Street
    busyness: float

    def density(self, kind: str) -> float:
        """The overall multiplier of a kind of object."""
        return self.domain.density[kind]

    def count(self, kind: str, mean: float) -> int:
        """Draw how many small things of a kind there are."""
        return poisson(self.rng, mean * self.density(kind) * self.busyness)

    def along(self, start_m: float, gap_m: float, end_m: float = FAR_M) -> Iterator[float]:
        """Yield distances with irregular gaps of the given mean."""
        z = start_m + gap_m * float(self.rng.random())
        while z < end_m:
            yield z
            z += gap_m * uniform(self.rng, (0.6, 1.4))

    def depth(self) -> float:
        """Draw a distance for a small thing: near and far bands are equally likely."""
        traffic = self.domain.traffic
        return log_uniform(self.rng, (traffic.nearest_person_m, traffic.farthest_person_m))

    def on_pavement(self, side: int) -> float:
        """Draw an x on a pavement."""
        inside = uniform(self.rng, (0.15, 0.9)) * self.street.pavement_m[side]
        return self.street.kerb_m[side] + side * inside

    def by_kerb(self, side: int) -> float:
        """An x just beside the kerb, where posts stand."""
        return self.street.kerb_m[side] + side * uniform(self.rng, (0.3, 0.6))


def plan_street(rng: np.random.Generator, domain: Domain) -> Street:
    """Draw the ground plan; the camera is in the middle of its lane, at x = 0."""
    knobs, side = domain.street, -1 if chance(rng, domain.street.drives_on_left_p) else 1
    lane = uniform(rng, knobs.lane_m)
    oncoming = int(choose(rng, knobs.oncoming_lanes))
    parked = {near: chance(rng, domain.traffic.parked_p) for near in SIDES}
    room = {near: PARKING_M * parked[near] + 0.3 for near in SIDES}
    return Street(
        kerb_m={
            side: side * (lane / 2 + room[side]),
            -side: -side * (lane / 2 + oncoming * lane + room[-side]),
        },
        pavement_m={near: uniform(rng, knobs.pavement_m) for near in SIDES},
        lane_m=lane,
        traffic_side=side,
        oncoming_lanes=oncoming,
        parked=parked,
        junction_z_m=uniform(rng, knobs.junction_z_m) if chance(rng, knobs.junction_p) else 1e3,
        junction_width_m=uniform(rng, knobs.junction_width_m),
        zebra=chance(rng, knobs.zebra_p),
    )


def place(plan: Plan) -> list[Placement]:
    """Place everything, sorted from far to near."""
    placers = (
        _plots,
        _tree_rows,
        _lamps,
        _traffic_lights,
        _signs,
        _kerb_fences,
        _parked_cars,
        _moving_cars,
        _crossing_traffic,
        _people,
        _cyclists,
        _clutter,
    )
    things = [thing for placer in placers for thing in placer(plan)]
    return sorted(things, key=lambda thing: -thing.far_m)


def _plots(plan: Plan) -> Iterator[Placement]:
    for side in SIDES:
        z = NEAR_M
        while z < FAR_M:
            end = min(z + uniform(plan.rng, (7.0, 20.0)), _next_corner(plan.street, z))
            if plan.street.in_junction(z):
                end = plan.street.junction_z_m + plan.street.junction_width_m + 2.0
            elif end - z > 3.0 and not chance(plan.rng, plan.domain.street.gap_p):
                yield from _building(plan, side, z, end)
            else:
                end = z + uniform(plan.rng, plan.domain.street.gap_m)
                yield from _garden(plan, side, z, min(end, _next_corner(plan.street, z)), 9.0)
            z = max(end, z + 1.0)


def _next_corner(street: Street, z_m: float) -> float:
    corner = street.junction_z_m - 2.0
    return (
        corner + 2.01
        if corner - 1.0 <= z_m < street.junction_z_m
        else (corner if z_m < corner else 1e4)
    )


def _building(plan: Plan, side: int, z_m: float, end_m: float) -> Iterator[Placement]:
    line, setback = plan.street.line_m(side), 0.0
    if chance(plan.rng, plan.domain.street.setback_p):
        setback = uniform(plan.rng, plan.domain.street.setback_m)
        yield from _garden(plan, side, z_m, end_m, setback)
    x = line + side * setback
    yield Placement("building", x, z_m, end_m, x, order_m=end_m + BEHIND_M)
    for _ in range(plan.count("sign", plan.domain.traffic.wall_signs / 8)):
        z = uniform(plan.rng, (z_m, end_m))
        yield Placement("wall_sign", x - side * 0.3, z, order_m=z)


def _garden(plan: Plan, side: int, z_m: float, end_m: float, depth_m: float) -> Iterator[Placement]:
    line = plan.street.line_m(side)
    if chance(plan.rng, plan.domain.traffic.garden_fence_p * plan.density("fence")):
        yield from _fence_run(plan, line + side * 0.1, z_m, end_m)
    mean = plan.domain.traffic.garden_trees * plan.density("tree") * (end_m - z_m) / 20
    for _ in range(poisson(plan.rng, mean)):
        x = line + side * uniform(plan.rng, (1.0, max(1.5, depth_m - 1.0)))
        z = uniform(plan.rng, (z_m, end_m))
        order = end_m + BEHIND_M * z / (2 * FAR_M)
        yield Placement(pick(plan.rng, ("tree", "hedge")), x, z, order_m=order)


def _fence_run(plan: Plan, x_m: float, z_m: float, end_m: float) -> Iterator[Placement]:
    variant = int(plan.rng.integers(NUM_STYLES))
    z = z_m
    while z < end_m - 0.5:
        end = min(z + 3.0, end_m)
        yield Placement("fence", x_m, z, end, x_m, variant=variant)
        z = end


def _tree_rows(plan: Plan) -> Iterator[Placement]:
    for side in SIDES:
        if chance(plan.rng, plan.domain.traffic.tree_row_p * plan.density("tree")):
            for z in plan.along(5.0, plan.domain.traffic.tree_gap_m):
                if not plan.street.in_junction(z, 2.0):
                    yield Placement("tree", plan.by_kerb(side) + side * 0.4, z)


def _lamps(plan: Plan) -> Iterator[Placement]:
    for side in SIDES:
        if not chance(plan.rng, plan.domain.traffic.lamp_row_p):
            continue
        gap = plan.domain.traffic.lamp_gap_m / max(plan.density("pole"), 1e-3)
        for z in plan.along(3.0, gap, plan.domain.traffic.farthest_lamp_m):
            if not plan.street.in_junction(z, 1.0):
                yield Placement("lamp", plan.by_kerb(side), z)


def _traffic_lights(plan: Plan) -> Iterator[Placement]:
    street, lights_p = plan.street, plan.domain.traffic.traffic_lights_p * plan.density("pole")
    if street.junction_z_m > FAR_M or not chance(plan.rng, lights_p):
        return
    for side in SIDES:
        yield Placement("traffic_light", plan.by_kerb(side), street.junction_z_m - 1.5)
        far = street.junction_z_m + street.junction_width_m + 1.0
        yield Placement("traffic_light", plan.by_kerb(side), far)


def _signs(plan: Plan) -> Iterator[Placement]:
    for _ in range(plan.count("sign", plan.domain.traffic.signs)):
        side, z = pick(plan.rng, SIDES), log_uniform(plan.rng, (6.0, 32.0))
        if not plan.street.in_junction(z):
            yield Placement("sign", plan.by_kerb(side), z)


def _kerb_fences(plan: Plan) -> Iterator[Placement]:
    for side in SIDES:
        if chance(plan.rng, plan.domain.traffic.kerb_fence_p * plan.density("fence")):
            start = uniform(plan.rng, (4.0, 25.0))
            end = min(start + uniform(plan.rng, (6.0, 24.0)), _next_corner(plan.street, start))
            yield from _fence_run(plan, plan.street.kerb_m[side] + side * 0.25, start, end)


def _parked_cars(plan: Plan) -> Iterator[Placement]:
    for side in SIDES:
        if not plan.street.parked[side]:
            continue
        heading = 0.0 if side == plan.street.traffic_side else math.pi
        gap = 4.5 + plan.domain.traffic.parked_gap_m / max(plan.density("car"), 1e-3)
        for z in plan.along(8.5, gap, 90.0):
            if not plan.street.in_junction(z, 4.0):
                x = plan.street.kerb_m[side] - side * (PARKING_M / 2 + 0.1)
                turn = uniform(plan.rng, (-0.05, 0.05))
                yield Placement("car", x, z, heading_rad=heading + turn)


def _moving_cars(plan: Plan) -> Iterator[Placement]:
    street = plan.street
    gap = plan.domain.traffic.moving_gap_m / max(plan.density("car"), 1e-3)
    for lane in range(street.oncoming_lanes + 1):
        x = -street.traffic_side * lane * street.lane_m
        heading = 0.0 if lane == 0 else math.pi
        for z in plan.along(9.0 if lane == 0 else 6.0, gap, 110.0):
            if not street.in_junction(z, 2.0):
                turn = uniform(plan.rng, (-0.04, 0.04))
                yield Placement("car", x + 3 * turn, z, heading_rad=heading + turn)


def _crossing_traffic(plan: Plan) -> Iterator[Placement]:
    street = plan.street
    if street.junction_z_m > FAR_M:
        return
    for _ in range(poisson(plan.rng, plan.domain.traffic.crossing_cars * plan.density("car"))):
        side, x = pick(plan.rng, SIDES), uniform(plan.rng, (-14.0, 14.0))
        z = street.junction_z_m + street.junction_width_m * (0.5 + 0.23 * side)
        turn = uniform(plan.rng, (-0.3, 0.3))
        yield Placement("car", x, z, heading_rad=side * math.pi / 2 + turn)


def _people(plan: Plan) -> Iterator[Placement]:
    traffic = plan.domain.traffic
    for _ in range(plan.count("pedestrian", traffic.pedestrians)):
        side, z = pick(plan.rng, SIDES), plan.depth()
        heading = pick(plan.rng, (0.0, math.pi, math.pi / 2)) + uniform(plan.rng, (-0.4, 0.4))
        yield Placement("pedestrian", plan.on_pavement(side), z, heading_rad=heading)
    mean = traffic.crossing_pedestrians * (2 if plan.street.zebra else 1)
    for _ in range(plan.count("pedestrian", mean)):
        x = uniform(plan.rng, (plan.street.kerb_m[-1], plan.street.kerb_m[1]))
        heading = pick(plan.rng, SIDES) * math.pi / 2
        yield Placement("pedestrian", x, plan.depth() + 2.0, heading_rad=heading)


def _cyclists(plan: Plan) -> Iterator[Placement]:
    street, traffic = plan.street, plan.domain.traffic
    for _ in range(plan.count("bicyclist", traffic.cyclists)):
        side = pick(plan.rng, SIDES)
        inside = 0.7 + (PARKING_M if street.parked[side] else 0.0)
        x = street.kerb_m[side] - side * (inside + uniform(plan.rng, (-0.3, 0.5)))
        heading = 0.0 if side == street.traffic_side else math.pi
        turn = uniform(plan.rng, (-0.35, 0.35))
        yield Placement("bicyclist", x, plan.depth() + 1.0, heading_rad=heading + turn)
    for _ in range(plan.count("bicyclist", traffic.crossing_cyclists)):
        x = uniform(plan.rng, (street.line_m(-1), street.line_m(1)))
        heading = pick(plan.rng, SIDES) * math.pi / 2 + uniform(plan.rng, (-0.4, 0.4))
        yield Placement("bicyclist", x, plan.depth() + 3.0, heading_rad=heading)


def _clutter(plan: Plan) -> Iterator[Placement]:
    for _ in range(plan.count("clutter", plan.domain.traffic.clutter)):
        side, z = pick(plan.rng, SIDES), log_uniform(plan.rng, (5.0, 30.0))
        x = pick(plan.rng, (plan.by_kerb(side), plan.street.line_m(side) - side * 0.5))
        if not plan.street.in_junction(z):
            yield Placement("clutter", x, z, heading_rad=uniform(plan.rng, (0.0, 6.28)))

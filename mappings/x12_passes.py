"""Passes: the part of a map's program that goes once over a scope's segments and loops and finds every match."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext

from mappings.program import Program, Reserved
from mappings.x12_pairs import PairLayout, is_regular
from mappings.x12_scopes import Match, MatchKey, Pairs, Picked, X12Scope, pair_positions


def emit_scope(program: Program, scope: X12Scope, *, memo: Reserved, remembered: bool = False) -> None:
    """Write the pass that finds every match of a scope, its product id pairs, and the matches of the HL above it.

    Args:
        program: where to.
        scope: whose.
        memo: the place, run once a document, of what remembers passes.
        remembered: the scope may be entered often for one loop, so its pass is remembered; that of HL above always is,
            as many hang under one.
    """
    if scope.pairs:
        level = scope.level
        _emit_pairs(program, scope.pairs, pair_positions(scope.trigger), elements=f"u{level}", count=f"n{level}")
    if scope.matches and remembered:
        _emit_remembered(program, scope, [], memo=memo)
    elif scope.matches:
        _emit_matches(program, scope)
    for level_code, ancestor in scope.ancestors.items():
        number = ancestor.level
        program.line(f"loop{number} = ABOVE(tree, loop{scope.level}, {level_code!r})")
        _emit_remembered(program, ancestor, [f"t{number}", f"u{number}", f"n{number}"], memo=memo)


def _emit_remembered(program: Program, scope: X12Scope, names: list[str], *, memo: Reserved) -> None:
    """Write a pass that is done once for each loop; `names` are set to its first segment, their elements and number."""
    level = scope.level
    kept = list(names)
    for match in _everything(scope.matches):
        kept += [f"{name}{match.number}" for name in "sem"] if match.one else []
        kept += [f"x{match.number}"] if match.all_of else []
        kept += [at for at, _ in match.pairs]
        kept += [f"y{match.number}"] if match.loops_of else []
        kept += [f"{name}{match.number}at{number}" for number in sorted(match.numbered) for name in "ij"]
    remembered = program.fresh("memo")
    with program.filling(memo):
        program.line(f"{remembered} = {{}}")
    program.line(f"known = {remembered}.get(ID(loop{level}))")
    with program.block("if known is None:"):
        if names:
            program.line(f"t{level} = loop{level}.segments[0]")
            program.line(f"u{level} = t{level}.elements")
            program.line(f"n{level} = len(u{level})")
        if scope.matches:
            _emit_matches(program, scope)
        program.line(f"{remembered}[ID(loop{level})] = ({', '.join(kept)},)")
    with program.block("else:"):
        program.line(f"({', '.join(kept)},) = known")


def _emit_matches(program: Program, scope: X12Scope) -> None:
    everything = list(_everything(scope.matches))
    for name, start, wanted in (
        ("s", "None", [match for match in everything if match.one]),
        ("e", "EMPTY", [match for match in everything if match.one]),
        ("m", "False", [match for match in everything if match.one]),
    ):
        if wanted:
            program.line(" = ".join(f"{name}{match.number}" for match in wanted) + f" = {start}")
    at = [f"{match.number}at{number}" for match in everything for number in sorted(match.numbered)]
    for start, names in (
        ("None", [f"i{which}" for which in at]),
        ("EMPTY", [f"j{which}" for which in at]),
        ("0", [at for match in everything for at, _ in match.pairs]),
    ):
        if names:
            program.line(f"{' = '.join(names)} = {start}")
    listed = [f"x{match.number}" for match in everything if match.all_of]
    listed += [f"y{match.number}" for match in everything if match.loops_of]
    if listed:
        program.line(" = ".join(listed) + " = ()")
    _emit_level(program, scope.matches, loop=f"loop{scope.level}", depth=0)
    for match in everything:
        if match.all_of and match.direct and match.loops:
            program.line(f"x{match.number} = SORTED(x{match.number}, key=ORDINAL)")
        for number in sorted(match.numbered):
            found, segment = f"x{match.number}", f"i{match.number}at{number}"
            with program.block(f"if len({found}) >= {number}:" if number > 1 else f"if {found}:"):
                program.line(f"{segment} = {found}[{number - 1}]")
                program.line(f"j{match.number}at{number} = {segment}.elements")
        if match.pairs:
            with program.block(f"if s{match.number} is not None:"):
                elements = f"e{match.number}"
                positions = pair_positions(match.segment)
                _emit_pairs(program, match.pairs, positions, elements=elements, count=f"len({elements})")


def _emit_pairs(program: Program, pairs: Pairs, positions: tuple[int, ...], *, elements: str, count: str) -> None:
    """Write where the values beside wanted qualifiers stand, by `PairLayout`."""
    layout = PairLayout(positions, [qualifiers for _, qualifiers in pairs])
    names, known = ", ".join(at for at, _ in pairs), program.constant(layout)
    slow = f"{program.constant(layout.of)}({elements})"
    if not is_regular(positions):
        program.line(f"{names}, = {slow}")
        return
    first, last = positions[0], positions[-1]
    lacking = f"{count} & 1" if first % 2 == 0 else f"not {count} & 1"
    with program.block(f"if {lacking} or '' in {elements}[{first + 1}:{last + 2}:2]:"):
        program.line(f"{names}, = {slow}")
    with program.block("else:"):
        program.line(f"{names}, = {known}[TUPLE({elements}[{first}:{last + 1}:2])]")


def _emit_level(program: Program, matches: dict[MatchKey, Match], *, loop: str, depth: int) -> None:
    direct = [match for match in matches.values() if match.direct and (match.one or match.all_of)]
    looped = [match for match in matches.values() if match.loops and not match.hanging]
    hanging = [match for match in matches.values() if match.hanging]
    if direct:
        guard = program.block(f"if len({loop}.segments) > 1:")
        with guard, program.block(f"for g{depth} in {loop}.segments:"):
            program.line(f"f{depth} = g{depth}.elements")
            program.line(f"k{depth} = f{depth}[0]")
            for word, group in _by(direct, lambda match: (match.segment.id,)):
                with program.block(f"{word} k{depth} == {group[0].segment.id!r}:"):
                    _emit_group(program, group, depth=depth, loop=None)
    for found, listed in ((looped, f"{loop}.loops"), (hanging, f"BELOW(tree, {loop})")):
        if found:
            _emit_loops(program, found, listed=listed, depth=depth)


def _emit_loops(program: Program, looped: list[Match], *, listed: str, depth: int) -> None:
    with program.block(f"for c{depth} in {listed}:"):
        program.line(f"k{depth} = c{depth}.id")
        for word, group in _by(looped, lambda match: tuple(loop.id for loop in match.loops)):
            ids = tuple(use.id for use in group[0].loops)
            test = f"== {ids[0]!r}" if len(ids) == 1 else f"in {ids!r}"
            with program.block(f"{word} k{depth} {test}:"):
                if any(match.one or match.all_of or match.filters for match in group):
                    program.line(f"g{depth} = c{depth}.segments[0]")
                    program.line(f"f{depth} = g{depth}.elements")
                _emit_group(program, group, depth=depth, loop=f"c{depth}")


def _by(matches: list[Match], key: Callable[[Match], tuple[str, ...]]) -> Iterator[tuple[str, list[Match]]]:
    groups: dict[tuple[str, ...], list[Match]] = {}
    for match in matches:
        groups.setdefault(key(match), []).append(match)
    for position, group in enumerate(groups.values()):
        yield ("elif" if position else "if"), group


def _emit_group(program: Program, group: list[Match], *, depth: int, loop: str | None) -> None:
    """Write what the matches of one segment take; those told apart by one element make one chain of tests."""
    chains: dict[int, list[Match]] = {}
    for match in group:
        if len(match.filters) == 1 and not match.filters[0].negated:
            chains.setdefault(match.filters[0].element, []).append(match)
        else:
            tests = [_test(picked, depth) for picked in match.filters]
            with program.block(f"if {' and '.join(tests)}:") if tests else nullcontext():
                _emit_match(program, match, depth=depth, loop=loop)
    for at, chain in chains.items():
        program.line(f"z{depth} = f{depth}[{at}] if len(f{depth}) > {at} else ''")
        for position, match in enumerate(chain):
            word = "elif" if position else "if"
            with program.block(f"{word} z{depth} == {match.filters[0].value!r}:"):
                _emit_match(program, match, depth=depth, loop=loop)


def _test(picked: Picked, depth: int) -> str:
    at, value, negated = picked
    if negated:
        return f"(len(f{depth}) <= {at} or f{depth}[{at}] != {value!r})"
    return f"len(f{depth}) > {at} and f{depth}[{at}] == {value!r}"


def _emit_match(program: Program, match: Match, *, depth: int, loop: str | None) -> None:
    number = match.number
    if match.one:
        with program.block(f"if s{number} is None:"):
            program.line(f"s{number} = g{depth}")
            program.line(f"e{number} = f{depth}")
        with program.block("else:"):
            program.line(f"m{number} = True")
    wanted = [(f"x{number}", f"g{depth}")] if match.all_of else []
    if match.loops_of and loop is not None:
        wanted.append((f"y{number}", loop))
    for listed, found in wanted:
        with program.block(f"if {listed}:"):
            program.line(f"{listed}.append({found})")
        with program.block("else:"):
            program.line(f"{listed} = [{found}]")
    if loop is not None and match.below:
        _emit_level(program, match.below, loop=loop, depth=depth + 1)


def _everything(matches: dict[MatchKey, Match]) -> Iterator[Match]:
    for match in matches.values():
        yield match
        yield from _everything(match.below)

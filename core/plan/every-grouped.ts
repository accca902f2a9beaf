import type { PlannedStage, PlanRoom } from './room.ts';

/** Every way to give ordered groups of devices ordered stages, whatever their limits; very exponential. For tests. */
export function* everyGrouped({ devices, blocks, endsAtHome, home }: PlanRoom): Generator<PlannedStage[]> {
  function* from(start: number, left: readonly string[]): Generator<PlannedStage[]> {
    if (start === blocks.length) yield [];
    for (let end = start + 1; end <= blocks.length; end++) {
      for (let set = 1; set < 2 ** left.length; set++) {
        const [device = '', ...copies] = left.filter((_, at) => set & (1 << at));
        const stage = copies.length > 0 ? { device, start, end, copies } : { device, start, end };
        const rest = left.filter((_, at) => !(set & (1 << at)));
        for (const after of from(end, rest)) yield [stage, ...after];
      }
    }
  }
  const ids = devices.map(({ id }) => id);
  if (!endsAtHome) {
    yield* from(0, ids);
    return;
  }
  const others = ids.filter((id) => id !== home);
  yield [{ device: home, start: 0, end: blocks.length }];
  for (let end = 1; end < blocks.length; end++) {
    for (const middle of from(end, others)) {
      const last = middle.at(-1);
      if (!last) continue;
      for (let cut = last.start + 1; cut < blocks.length; cut++) {
        const head = { device: home, start: 0, end };
        const tail = { device: home, start: cut, end: blocks.length };
        yield [head, ...middle.slice(0, -1), { ...last, end: cut }, tail];
      }
    }
  }
}

import type { PeerId } from '../../core/ids.ts';
import type { BinaryKind } from '../../core/mesh/network.ts';
import type { ControlMessage } from '../../core/protocol/messages.ts';

/** One message of the protocol on its way. */
export interface Step {
  readonly what: ControlMessage['type'] | BinaryKind;
  readonly from: PeerId;
  readonly to: PeerId;
}

/** What names each step of a run: message, from whom to whom, and which of those it is. */
export function namesOf(steps: readonly Step[]): readonly string[] {
  const seen = new Map<string, number>();
  return steps.map(({ what, from, to }) => {
    const name = `${what} ${from.slice(0, 1)}→${to.slice(0, 1)}`;
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    return `${name} ${nth}`;
  });
}

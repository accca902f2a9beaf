import type { PeerId } from '../ids.ts';
import { holdersOf } from '../session/holders.ts';
import type { PlanView } from '../session/state.ts';

/** What made the leader look for another plan, if anything in particular did. */
export type Cause =
  | { readonly kind: 'slower' | 'quicker'; readonly peer: PeerId; readonly times: number }
  | {
      readonly kind: 'left' | 'joined' | 'hidden' | 'shown' | 'hot' | 'low' | 'charged' | 'wrong' | 'back';
      readonly peer: PeerId;
      readonly name: string;
    }
  | { readonly kind: 'better'; readonly gain: number }
  /** Somebody chose. */
  | { readonly kind: 'mode' | 'rules' };

/** Why a plan replaced another, as one sentence: "Tablet slowed down to a fifth: 12 layers moved to Pixel 8." */
export function because(
  cause: Cause,
  before: PlanView | null,
  after: PlanView,
  nameOf: (peer: PeerId) => string,
): string {
  const moved = before ? movedTo(before, after) : [];
  const what = happened(cause, nameOf);
  if (moved.length === 0) return `${what}.`;
  const [most] = moved.toSorted((a, b) => b.blocks - a.blocks);
  if (!most) return `${what}.`;
  const total = moved.reduce((sum, { blocks }) => sum + blocks, 0);
  const where = moved.length === 1 ? `to ${nameOf(most.peer)}` : 'between the devices';
  return `${what}: ${total} ${total === 1 ? 'layer' : 'layers'} moved ${where}.`;
}

function happened(cause: Cause, nameOf: (peer: PeerId) => string): string {
  switch (cause.kind) {
    case 'slower':
      return `${nameOf(cause.peer)} became ${cause.times.toFixed(1)} times slower`;
    case 'quicker':
      return `${nameOf(cause.peer)} became ${cause.times.toFixed(1)} times quicker`;
    case 'left':
      return `${cause.name} left`;
    case 'joined':
      return `${cause.name} joined`;
    case 'hidden':
      return `${cause.name}'s tab went into the background`;
    case 'shown':
      return `${cause.name}'s tab is in front again`;
    case 'hot':
      return `${cause.name} runs hot`;
    case 'low':
      return `${cause.name}'s battery ran low`;
    case 'charged':
      return `${cause.name}'s battery is fine again`;
    case 'wrong':
      return `${cause.name} was set aside, as its results were wrong`;
    case 'back':
      return `${cause.name} was let in again`;
    case 'mode':
      return 'Another aim was chosen';
    case 'rules':
      return 'The rules were changed';
    case 'better':
      return `A plan ${Math.round((cause.gain - 1) * 100)} % better was found`;
  }
}

/** Which devices got layers that they did not hold, and how many. */
function movedTo(before: PlanView, after: PlanView): { peer: PeerId; blocks: number }[] {
  const holders = (plan: PlanView, block: number): readonly PeerId[] =>
    plan.stages
      .filter(({ start, end }) => start <= block && block < end)
      .flatMap((stage) => holdersOf(stage).map(({ peer }) => peer));
  const gained = new Map<PeerId, number>();
  for (let block = 0; block < after.blocks; block++) {
    const had = new Set(holders(before, block));
    for (const peer of holders(after, block)) {
      if (!had.has(peer)) gained.set(peer, (gained.get(peer) ?? 0) + 1);
    }
  }
  return [...gained].map(([peer, blocks]) => ({ peer, blocks }));
}

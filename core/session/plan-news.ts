import type { PeerId } from '../ids.ts';
import { holdersOf } from './holders.ts';
import { type LayerMove, movesBetween } from './moves.ts';
import type { LastRun, PlanView } from './state.ts';

/** More pairs than this are a table and not a sentence. */
const PAIRS_TOLD = 3;

/**
 * A plan that runs, in a line: why it came or what moved, then from whom to whom, how long that took since a device was
 * lost, and what each holds now.
 */
export function planNews(
  plan: PlanView,
  last: LastRun | null,
  at: number,
  nameOf: (peer: PeerId) => string,
): { readonly what: string; readonly more: string } {
  const moves = last && last.plan.blocks === plan.blocks ? movesBetween(last.plan, plan) : [];
  const each = layersEach(plan).map(([peer, layers]) => `${layers} on ${nameOf(peer)}`);
  const what = moves.length > 0 ? moved(moves, nameOf) : sharing(plan, each.length);
  const lost = last?.lost;
  const more = [
    // One pair is in the sentence already.
    moves.length > 1 && moves.length <= PAIRS_TOLD && `${pairs(moves, nameOf)}.`,
    lost && moves.length > 0 && `It took ${seconds(at - lost.at)} since ${lost.name} was missed.`,
    `Layers now: ${each.join(', ')}.`,
  ];
  return { what: told(plan.because, what, moves.length > 0), more: more.filter((words) => words).join(' ') };
}

/**
 * Why a plan came is what people ask of one that replaced another. What moved, the leader counts from the plan that it
 * had last, which may never have run: counted here from the one that did, it is told instead.
 */
function told(because: string | undefined, what: string, areMoved: boolean): string {
  if (because === undefined) return what;
  return areMoved ? because.replace(/: \d+ layers? moved .*$/, `: ${what}`) : because;
}

function moved(moves: readonly LayerMove[], nameOf: (peer: PeerId) => string): string {
  const total = moves.reduce((sum, { blocks }) => sum + blocks, 0);
  const layers = `${total} ${total === 1 ? 'layer' : 'layers'} moved`;
  const [only] = moves;
  if (moves.length === 1 && only) return `${layers} from ${nameOf(only.from)} to ${nameOf(only.to)}.`;
  return `${layers} between the devices.`;
}

function pairs(moves: readonly LayerMove[], nameOf: (peer: PeerId) => string): string {
  return moves.map(({ from, to, blocks }) => `${blocks} from ${nameOf(from)} to ${nameOf(to)}`).join(', ');
}

/** "0.4 s": what people count waiting in. */
export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

function sharing({ stages, blocks }: PlanView, holders: number): string {
  if (holders === 1) return 'One device runs all layers.';
  if (stages.length === 1) return `${holders} devices hold all layers each and share the answers.`;
  return `${holders} devices share ${blocks} layers.`;
}

/** How many layers each device holds, in the order of the chain. */
function layersEach({ stages }: PlanView): readonly (readonly [PeerId, number])[] {
  const each = new Map<PeerId, number>();
  for (const stage of stages)
    for (const { peer } of holdersOf(stage)) each.set(peer, (each.get(peer) ?? 0) + stage.end - stage.start);
  return [...each];
}

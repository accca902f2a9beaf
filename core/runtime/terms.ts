import type { InitialState } from '../graph/initial-states.ts';
import type { BoundaryTensor, Shard } from '../graph/shard.types.ts';
import type { Epoch, Sha256 } from '../ids.ts';
import type { KeptTerms, LoadStage } from '../protocol/messages.ts';

/** What a stage's terms say besides the tensors that go in and out. */
export type StagePlace = Omit<LoadStage, 'type' | 'inputs' | 'outputs' | 'receives' | 'sends'>;

/** What the leader tells the holder of a stage. */
export function termsOf(shard: Shard, place: StagePlace): LoadStage {
  const { inputs, outputs, receives, sends } = shard;
  return { type: 'load-stage', ...place, inputs, outputs, receives, sends };
}

/**
 * What the stage at `index` of a plan keeps. A kept state travels only as far as a later stage reads what this run made
 * of it. Undefined for a model without kept states.
 */
export function keptTerms(
  shards: readonly Shard[],
  index: number,
  states: readonly InitialState[],
): KeptTerms | undefined {
  const shard = shards[index];
  if (!shard || states.length === 0) return undefined;
  const inputs = new Set(states.map(({ input }) => input));
  const outputs = new Set(states.map(({ output }) => output));
  const staying = (boundary: readonly BoundaryTensor[], next: number): string[] => {
    const read = new Set(shards.slice(next).flatMap((later) => later.inputs.map(({ name }) => name)));
    const names = boundary.map(({ name }) => name);
    return names.filter((name) => inputs.has(name) || (outputs.has(name) && !read.has(name)));
  };
  return {
    states: states.flatMap(({ input, output, block, initial }) =>
      block >= shard.start && block < shard.end ? [{ input, output, initial }] : [],
    ),
    unreceived: staying(shard.receives, index),
    unsent: staying(shard.sends, index + 1),
  };
}

/** Terms of a shard run by itself, outside any plan. */
export function termsAlone(shard: Shard): LoadStage {
  return termsOf(shard, {
    epoch: 0 as Epoch,
    stage: 0,
    holders: [],
    model: '',
    label: '',
    shard: '' as Sha256,
    graph: [],
    reuse: false,
    alongside: false,
    pieces: [],
    origin: null,
    warmUp: [],
  });
}

import type { Shard } from '../graph/shard.types.ts';
import type { Epoch, Sha256 } from '../ids.ts';
import type { LoadStage } from '../protocol/messages.ts';

/** What a stage's terms say besides the tensors that go in and out. */
export type StagePlace = Omit<LoadStage, 'type' | 'inputs' | 'outputs' | 'receives' | 'sends'>;

/** What the leader tells the holder of a stage. */
export function termsOf(shard: Shard, place: StagePlace): LoadStage {
  const { inputs, outputs, receives, sends } = shard;
  return { type: 'load-stage', ...place, inputs, outputs, receives, sends };
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
    pieces: [],
    origin: null,
    warmUp: [],
  });
}

import type { Shard } from '../graph/shard.types.ts';
import type { Epoch, PeerId } from '../ids.ts';
import type { LoadStage } from '../protocol/messages.ts';

/** What the leader tells the holder of a stage. */
export function termsOf(
  shard: Shard,
  place: {
    epoch: Epoch;
    stage: number;
    holders: readonly PeerId[];
    key: string;
    reuse: boolean;
    warmUp: LoadStage['warmUp'];
  },
): LoadStage {
  const { inputs, outputs, receives, sends, weightBytes } = shard;
  return {
    type: 'load-stage',
    epoch: place.epoch,
    stage: place.stage,
    holders: place.holders,
    shard: place.key,
    reuse: place.reuse,
    modelBytes: shard.model.byteLength,
    weightBytes,
    inputs,
    outputs,
    receives,
    sends,
    warmUp: place.warmUp,
  };
}

/** Terms of a shard run by itself, outside any plan. */
export function termsAlone(shard: Shard): LoadStage {
  return termsOf(shard, { epoch: 0 as Epoch, stage: 0, holders: [], key: '', reuse: false, warmUp: [] });
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blocks } from '../../core/graph/blocks.ts';
import { statesWithin } from '../../core/graph/kept-states.ts';
import { packBytes } from '../../core/graph/pack.ts';
import { type BoundaryTensor, PACK_LOCATION, type Shard } from '../../core/graph/shard.types.ts';
import type { StateSlot } from '../../core/graph/state-slots.ts';
import type { ModelFile } from './model-file.ts';
import { writeOrigin } from './origin.ts';

/** A stage as the manifest describes it. */
export interface StageEntry {
  /** Folder of the stage: `model.onnx`, and `weights` where it has large ones. */
  readonly name: string;
  readonly nodes: number;
  readonly modelBytes: number;
  readonly weightBytes: number;
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  /** What arrives and what is handed on, tensors that only pass through included. */
  readonly receives: readonly BoundaryTensor[];
  readonly sends: readonly BoundaryTensor[];
  /** What may stay here from one run to the next, and be left out of what is received and sent at every stage. */
  readonly states: readonly StateSlot[];
}

/** Describes each stage. */
export function stageEntries(blocks: Blocks, shards: readonly Shard[]): StageEntry[] {
  return shards.map((shard, index) => stageEntry(blocks, shard, index));
}

function stageEntry(blocks: Blocks, shard: Shard, index: number): StageEntry {
  const { inputs, outputs, receives, sends, weightBytes, nodeCount } = shard;
  const modelBytes = shard.model.byteLength;
  return {
    name: `stage-${index + 1}`,
    nodes: nodeCount,
    modelBytes,
    weightBytes,
    inputs,
    outputs,
    receives,
    sends,
    states: statesWithin(blocks.states, shard.start, shard.end).map(({ input, output }) => ({
      input,
      output,
    })),
  };
}

/**
 * Writes each stage into a folder of its own, as any ONNX runtime loads it; the whole model's graph, whose weights
 * are those of the stages; and manifest.json with the hash of each piece. Any static host can then serve the folder
 * to pages, as a model by the address of its manifest.
 */
export async function writeStages(
  folder: string,
  file: ModelFile,
  blocks: Blocks,
  shards: readonly Shard[],
  stages: readonly StageEntry[],
): Promise<void> {
  for (const [index, shard] of shards.entries()) {
    const stage = join(folder, stages[index]?.name ?? '');
    await mkdir(stage, { recursive: true });
    await writeFile(join(stage, 'model.onnx'), shard.model);
    if (shard.weightBytes > 0) {
      await writeFile(join(stage, PACK_LOCATION), await packBytes(shard.weights, file.sourceOf));
    }
  }
  const { inputs, outputs } = file.graph;
  const origin = await writeOrigin(folder, file, blocks, shards, stages);
  const manifest = { inputs, outputs, stages, origin };
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packBytes } from '../../core/graph/pack.ts';
import { type BoundaryTensor, PACK_LOCATION, type Shard } from '../../core/graph/shard.types.ts';
import type { ModelFile } from './model-file.ts';

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
}

/** Describes stage number `index`, from 0. */
export function stageEntry(shard: Shard, index: number): StageEntry {
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
  };
}

/** Writes each stage into a folder of its own, as any ONNX runtime loads it, and manifest.json. */
export async function writeStages(folder: string, file: ModelFile, shards: readonly Shard[]): Promise<void> {
  const stages = shards.map(stageEntry);
  for (const [index, shard] of shards.entries()) {
    const stage = join(folder, stages[index]?.name ?? '');
    await mkdir(stage, { recursive: true });
    await writeFile(join(stage, 'model.onnx'), shard.model);
    if (shard.weightBytes > 0) {
      await writeFile(join(stage, PACK_LOCATION), await packBytes(shard.weights, file.sourceOf));
    }
  }
  const { inputs, outputs } = file.graph;
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify({ inputs, outputs, stages }, null, 2)}\n`);
}

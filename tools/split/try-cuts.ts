import { type Blocks, blocksOf } from '../../core/graph/blocks.ts';
import { makeShard } from '../../core/graph/shard.ts';
import type { Shard } from '../../core/graph/shard.types.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { compare, type Difference } from './compare.ts';
import { type CutReport, type FileReport, isBad } from './file-report.ts';
import type { ModelFile } from './model-file.ts';
import { oneLine, type Reference } from './reference.ts';
import { type ChainRun, ChainRunner } from './runs.ts';

type Findings = Pick<FileReport, 'verdict' | 'reason' | 'cuts' | 'blocks'>;

/**
 * Runs the model in all its blocks, each a stage, then in two parts at each cut, until `until` (of performance.now).
 * The cuts are taken spread over the model, so that those done in a short time stand for the rest.
 */
export async function tryCuts(
  file: ModelFile,
  blocks: Blocks,
  reference: Reference,
  until: number,
  progress: (text: string) => void,
): Promise<Findings> {
  const runner = await ChainRunner.open(file);
  progress('all blocks, each a stage');
  const few = blocksOf(file.graph);
  const all = Array.from({ length: few.count + 1 }, (_, boundary) => boundary);
  const walk = await attempt(reference, few.count, [], () =>
    runner.run(shardsAt(file, few, all), reference.inputs),
  );
  const total = blocks.count - 1;
  const cuts: CutReport[] = [];
  for (const cut of spread(total)) {
    if (performance.now() > until) break;
    progress(`${cuts.length} of ${total} cuts done`);
    const crossing = (blocks.boundaries[cut] ?? []).map(({ name }) => name);
    const run = (): Promise<ChainRun> =>
      runner.run(shardsAt(file, blocks, [0, cut, blocks.count]), reference.inputs);
    cuts.push(await attempt(reference, blocks.positions[cut] ?? 0, crossing, run));
  }
  cuts.sort((a, b) => a.position - b.position);
  const bad = [...cuts, walk].filter(isBad);
  const notes = [
    ...(cuts.length < total ? [`as far as the time went: ${cuts.length} of ${total} cuts`] : []),
    ...(reference.steady ? [] : ['where it draws random numbers by shape only']),
  ];
  if (bad.length === 0) return { verdict: 'equal', reason: notes.join(', '), cuts, blocks: walk };
  const failed = bad.filter(({ error }) => error !== undefined).length;
  if (failed === 0) return { verdict: 'different', reason: notes.join(', '), cuts, blocks: walk };
  return { verdict: 'failed', reason: `${failed} of ${cuts.length + 1} runs failed`, cuts, blocks: walk };
}

export function shardsAt({ graph }: ModelFile, blocks: Blocks, boundaries: readonly number[]): Shard[] {
  return boundaries.slice(1).map((end, stage) => makeShard(graph, blocks, boundaries[stage] ?? 0, end));
}

/** 1 … count, each next one far from those before (van der Corput, 1935). */
export function spread(count: number): number[] {
  const bits = Math.ceil(Math.log2(count + 1));
  const reversed = (index: number): number => {
    let result = 0;
    for (let bit = 0; bit < bits; bit++) result = result * 2 + ((index >> bit) & 1);
    return result;
  };
  return Array.from({ length: 2 ** bits }, (_, index) => reversed(index)).filter(
    (each) => each >= 1 && each <= count,
  );
}

/** Runs one way of cutting; whatever goes wrong is reported, not thrown. */
export async function attempt(
  reference: Reference,
  position: number,
  crossing: readonly string[],
  run: () => Promise<ChainRun>,
): Promise<CutReport> {
  try {
    const { outputs, crossingBytes } = await run();
    const difference = differenceTo(reference, outputs);
    return {
      position,
      crossing,
      ...(crossingBytes[0] !== undefined && { crossingBytes: crossingBytes[0] }),
      difference,
    };
  } catch (error) {
    return { position, crossing, error: oneLine(error) };
  }
}

/** Of a model that draws random numbers, two runs are only alike in shape. */
function differenceTo({ outputs, steady }: Reference, ours: readonly Tensor[]): Difference {
  const difference = compare(outputs, ours);
  if (steady || difference.equal) return difference;
  const blank = (tensor: Tensor): Tensor => ({ ...tensor, data: new Uint8Array(tensor.data.length) });
  return compare(outputs.map(blank), ours.map(blank));
}

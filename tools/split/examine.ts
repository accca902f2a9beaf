import { readFile } from 'node:fs/promises';
import { PotluckError } from '../../core/errors.ts';
import { type Blocks, blocksOf } from '../../core/graph/blocks.ts';
import { makeShard } from '../../core/graph/shard.ts';
import type { Shard } from '../../core/graph/shard.types.ts';
import { unsendableInWords } from '../../core/graph/unsendable.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { compare, type Difference } from './compare.ts';
import { type CutReport, type FileReport, isBad } from './file-report.ts';
import { type ModelFile, openModelFile } from './model-file.ts';
import { type ExamineOptions, oneLine, type Reference, referenceFor } from './reference.ts';
import { type ChainRun, ChainRunner, WholeSession } from './runs.ts';

type Finding = Omit<FileReport, 'file' | 'seconds'>;

const NOTHING = { reason: '', runtime: null, cuts: [], blocks: null } as const;

/** Runs a file whole, at each of its cuts, and in all its blocks, and compares. Never throws. */
export async function examine(
  path: string,
  options: ExamineOptions,
  progress: (text: string) => void,
): Promise<FileReport> {
  const start = performance.now();
  const finding = await find(path, options, progress).catch(
    (error: unknown): Finding => ({ ...NOTHING, verdict: 'failed', reason: oneLine(error) }),
  );
  return { file: path, ...finding, seconds: (performance.now() - start) / 1000 };
}

async function find(
  path: string,
  options: ExamineOptions,
  progress: (text: string) => void,
): Promise<Finding> {
  progress('read');
  let file: ModelFile;
  let blocks: Blocks;
  try {
    file = await openModelFile(path);
    blocks = blocksOf(file.graph, Number.POSITIVE_INFINITY);
  } catch (error) {
    // Anything but one of our own errors is a fault of ours, not a refusal.
    if (!(error instanceof PotluckError)) throw error;
    return { ...NOTHING, verdict: 'refused', reason: oneLine(error), runtime: await refusalOf(path) };
  }
  progress('run the file whole');
  const reference = await referenceFor(file, options);
  if ('refusal' in reference) {
    const [unsendable] = file.graph.unsendable;
    const reason = unsendable ? `it ${unsendableInWords(unsendable)}` : '';
    return { ...NOTHING, verdict: 'refused', reason, runtime: reference.refusal };
  }
  const runner = await ChainRunner.open(file);
  if (blocks.uncuttable) {
    const [shard] = shardsAt(file, blocks, [0, 1]);
    const run = (): Promise<ChainRun> =>
      file.graph.unsendable.length > 0 && shard
        ? runner.runAlone(shard, reference.inputs)
        : runner.run(shard ? [shard] : [], reference.inputs);
    const whole = await attempt(reference, 1, [], run);
    const verdict = isBad(whole) ? (whole.error === undefined ? 'different' : 'failed') : 'whole';
    const reason = verdict === 'failed' ? (whole.error ?? '') : (blocks.uncuttable.data.actual ?? '');
    return { ...NOTHING, verdict, reason, blocks: whole };
  }
  const cuts: CutReport[] = [];
  for (let cut = 1; cut < blocks.count; cut++) {
    progress(`cut ${cut} of ${blocks.count - 1}`);
    const shards = (): Shard[] => shardsAt(file, blocks, [0, cut, blocks.count]);
    const crossing = (blocks.boundaries[cut] ?? []).map(({ name }) => name);
    const run = (): Promise<ChainRun> => runner.run(shards(), reference.inputs);
    cuts.push(await attempt(reference, blocks.positions[cut] ?? 0, crossing, run));
  }
  progress('all blocks, each a stage');
  const few = blocksOf(file.graph);
  const all = Array.from({ length: few.count + 1 }, (_, boundary) => boundary);
  const walk = await attempt(reference, few.count, [], () =>
    runner.run(shardsAt(file, few, all), reference.inputs),
  );
  const bad = [...cuts, walk].filter(isBad);
  const verdict = bad.length === 0 ? 'equal' : bad.some(({ error }) => error) ? 'failed' : 'different';
  const failure = `${bad.length} of ${cuts.length} cuts failed`;
  const note = reference.steady ? '' : 'where it draws random numbers by shape only';
  return { verdict, reason: verdict === 'failed' ? failure : note, runtime: null, cuts, blocks: walk };
}

/** Runs one way of cutting; whatever goes wrong is reported, not thrown. */
async function attempt(
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

export function shardsAt({ graph }: ModelFile, blocks: Blocks, boundaries: readonly number[]): Shard[] {
  return boundaries.slice(1).map((end, stage) => makeShard(graph, blocks, boundaries[stage] ?? 0, end));
}

/** What the runtime says of a file that we cannot even read; null where it loads it. */
async function refusalOf(path: string): Promise<string | null> {
  try {
    const session = await WholeSession.load({ model: await readFile(path), externalData: [] });
    await session.release();
    return null;
  } catch (error) {
    return oneLine(error);
  }
}

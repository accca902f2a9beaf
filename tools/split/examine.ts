import { readFile } from 'node:fs/promises';
import { PotluckError } from '../../core/errors.ts';
import { type Blocks, blocksOf } from '../../core/graph/blocks.ts';
import { unsendableInWords } from '../../core/graph/unsendable.ts';
import { type FileReport, isBad } from './file-report.ts';
import { type ModelFile, openModelFile } from './model-file.ts';
import { type ExamineOptions, oneLine, referenceFor } from './reference.ts';
import { type ChainRun, ChainRunner, WholeSession } from './runs.ts';
import { attempt, shardsAt, tryCuts } from './try-cuts.ts';

type Finding = Omit<FileReport, 'file' | 'seconds'>;

/** Of a file's time; the rest is for what was begun. */
const CHECKING_SHARE = 0.75;

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
  const start = performance.now();
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
  const until = start + options.limitS * 1000 * CHECKING_SHARE;
  return { ...NOTHING, ...(await tryCuts(file, blocks, reference, until, progress)) };
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

import { writeFile } from 'node:fs/promises';
import { messageOf } from '../core/errors.ts';
import { type Blocks, blocksOf } from '../core/graph/blocks.ts';
import { sampleInputs } from '../core/graph/sample-inputs.ts';
import { makeShard } from '../core/graph/shard.ts';
import type { Shard } from '../core/graph/shard.types.ts';
import type { Tensor } from '../core/tensor/tensor.ts';
import { readArgs, type SplitArgs, USAGE } from './split/args.ts';
import { compare, type Difference } from './split/compare.ts';
import { stageEntry, writeStages } from './split/manifest.ts';
import { type ModelFile, openModelFile, wholeModel } from './split/model-file.ts';
import { evenBoundaries } from './split/parts.ts';
import { recordedInputs } from './split/recorded-inputs.ts';
import { type ChainRun, ChainRunner, runWhole } from './split/runs.ts';

const EQUAL = 0;
const DIFFERENT = 1;
const CANNOT_BE_CUT = 2;
/** Random inputs are the same on every run. */
const SEED = 1;

async function main(argv: readonly string[]): Promise<number> {
  let args: SplitArgs;
  try {
    args = readArgs(argv);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    return CANNOT_BE_CUT;
  }
  try {
    const file = await openModelFile(args.file);
    return args.parts === 'every-cut' ? await everyCut(file, args) : await intoParts(file, args, args.parts);
  } catch (error) {
    console.error(messageOf(error));
    return error instanceof Error && error.name === 'UncuttableError' ? CANNOT_BE_CUT : DIFFERENT;
  }
}

async function intoParts(file: ModelFile, args: SplitArgs, parts: number): Promise<number> {
  const blocks = blocksOf(file.graph);
  const shards = shardsAt(file, blocks, evenBoundaries(blocks, parts));
  const stages = shards.map(stageEntry);
  for (const { name, nodes, weightBytes, modelBytes, sends } of stages) {
    const tensors = sends.map((t) => `${t.name} ${t.dtype}[${t.dims ?? '?'}]`).join(', ');
    console.log(
      `${name}: ${nodes} nodes, ${weightBytes} weight bytes, ${modelBytes} model bytes -> ${tensors}`,
    );
  }
  if (args.out) await writeStages(args.out, file, shards);
  const check = args.check ? await checkOnce(file, args, shards) : null;
  await report(args, { stages, check });
  return check && !check.equal ? DIFFERENT : EQUAL;
}

async function checkOnce(file: ModelFile, args: SplitArgs, shards: readonly Shard[]): Promise<Difference> {
  const inputs = await inputsFor(file, args);
  const whole = await runWhole(await wholeModel(file), file.graph, inputs);
  const chain = await (await ChainRunner.open(file)).run(shards, inputs);
  const difference = compare(whole, chain.outputs);
  console.log(inWords(difference));
  return difference;
}

/** One two-way cut and, after a check, how it went. */
interface CutReport {
  readonly position: number;
  readonly crossing: readonly string[];
  readonly crossingBytes?: number;
  readonly difference?: Difference;
  readonly error?: string;
}

async function everyCut(file: ModelFile, args: SplitArgs): Promise<number> {
  const blocks = blocksOf(file.graph, Number.POSITIVE_INFINITY);
  if (blocks.uncuttable) throw blocks.uncuttable;
  const inputs = args.check ? await inputsFor(file, args) : [];
  const whole = args.check ? await runWhole(await wholeModel(file), file.graph, inputs) : [];
  const runner = await ChainRunner.open(file);
  const cuts: CutReport[] = [];
  for (let cut = 1; cut < blocks.count; cut++) {
    const position = blocks.positions[cut] ?? 0;
    const crossing = (blocks.boundaries[cut] ?? []).map(({ name }) => name);
    const shards = shardsAt(file, blocks, [0, cut, blocks.count]);
    const run = args.check ? await tryRun(runner, shards, inputs) : null;
    if (run && 'error' in run) cuts.push({ position, crossing, error: run.error });
    else if (run) {
      const difference = compare(whole, run.outputs);
      cuts.push({ position, crossing, crossingBytes: run.crossingBytes[0] ?? 0, difference });
    } else cuts.push({ position, crossing });
    progress(`cut ${cut} of ${blocks.count - 1}`);
    tellCut(cuts.at(-1), args.check);
  }
  progress('');
  const bad = cuts.filter((cut) => cut.error !== undefined || cut.difference?.equal === false);
  tellSummary(cuts, bad.length, args.check);
  await report(args, { cuts });
  return bad.length > 0 ? DIFFERENT : EQUAL;
}

async function tryRun(
  runner: ChainRunner,
  shards: readonly Shard[],
  inputs: readonly Tensor[],
): Promise<ChainRun | { readonly error: string }> {
  try {
    return await runner.run(shards, inputs);
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function tellCut(cut: CutReport | undefined, checked: boolean): void {
  if (!cut) return;
  const line = `after step ${cut.position}: ${cut.crossing.join(', ')}`;
  if (cut.error !== undefined) console.log(`${line}: FAILED: ${cut.error}`);
  else if (cut.difference && !cut.difference.equal) console.log(`${line}: ${inWords(cut.difference)}`);
  else if (!checked) console.log(line);
}

function tellSummary(cuts: readonly CutReport[], bad: number, checked: boolean): void {
  console.log(`${cuts.length} usable cuts`);
  if (!checked) return;
  const differences = cuts.flatMap((cut) => cut.difference ?? []);
  const bytes = cuts.flatMap((cut) => cut.crossingBytes ?? []);
  const abs = Math.max(0, ...differences.map((d) => d.maxAbs));
  const rel = Math.max(0, ...differences.map((d) => d.maxRel));
  console.log(`${cuts.length - bad} equal, ${bad} different or failed`);
  console.log(`largest difference ${abs} absolute, ${rel} relative`);
  console.log(`fewest bytes across a cut ${Math.min(...bytes)}`);
}

function shardsAt({ graph }: ModelFile, blocks: Blocks, boundaries: readonly number[]): Shard[] {
  return boundaries.slice(1).map((end, stage) => makeShard(graph, blocks, boundaries[stage] ?? 0, end));
}

function inputsFor({ graph }: ModelFile, { inputs, dims }: SplitArgs): Promise<Tensor[]> {
  return inputs
    ? recordedInputs(inputs, graph.inputs)
    : Promise.resolve(sampleInputs(graph.inputs, dims, SEED));
}

function inWords({ equal, bitEqual, maxAbs, maxRel, argmaxEqual }: Difference): string {
  const verdict = equal ? 'equal' : 'DIFFERENT';
  const bits = bitEqual ? 'bit for bit' : `argmax ${argmaxEqual ? 'equal' : 'different'}`;
  return `${verdict}: largest difference ${maxAbs} absolute, ${maxRel} relative, ${bits}`;
}

/** A line that is written over, for people at a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(40)}\r`);
}

async function report(args: SplitArgs, body: object): Promise<void> {
  if (args.json) await writeFile(args.json, `${JSON.stringify({ file: args.file, ...body }, null, 2)}\n`);
}

process.exitCode = await main(process.argv.slice(2));

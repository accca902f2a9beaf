import { blocksOf } from '../../core/graph/blocks.ts';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import type { Shard } from '../../core/graph/shard.types.ts';
import type { SplitArgs } from './args.ts';
import { compare, type Difference } from './compare.ts';
import type { Outcome } from './every-cut.ts';
import { inWords } from './file-report.ts';
import { stageEntries, writeStages } from './manifest.ts';
import { type ModelFile, openModelFile, wholeModel } from './model-file.ts';
import { evenBoundaries } from './parts.ts';
import { recordedInputs, recordedOutputs } from './recorded.ts';
import { SEED } from './reference.ts';
import { ChainRunner, runWhole } from './runs.ts';
import { shardsAt } from './try-cuts.ts';

/** Cuts one file into stages; writes and checks them where asked to. */
export async function intoParts(args: SplitArgs, parts: number): Promise<Outcome> {
  const [path = ''] = args.files;
  const file = await openModelFile(path);
  const blocks = blocksOf(file.graph);
  const shards = shardsAt(file, blocks, evenBoundaries(blocks, parts));
  const stages = stageEntries(blocks, shards);
  for (const { name, nodes, weightBytes, modelBytes, sends } of stages) {
    const tensors = sends.map((t) => `${t.name} ${t.dtype}[${t.dims ?? '?'}]`).join(', ');
    console.log(
      `${name}: ${nodes} nodes, ${weightBytes} weight bytes, ${modelBytes} model bytes -> ${tensors}`,
    );
  }
  if (args.out) await writeStages(args.out, file, blocks, shards, stages);
  const checks = args.check ? await check(file, args, shards) : null;
  const report = { file: path, stages, check: checks?.whole ?? null, recorded: checks?.recorded ?? null };
  const equal = !checks || (checks.whole.equal && checks.recorded?.equal !== false);
  return { exit: equal ? 0 : 1, report };
}

/** Against the file run whole, and where a folder of recordings holds outputs, against these. */
async function check(
  file: ModelFile,
  { inputs: folder, dims }: SplitArgs,
  shards: readonly Shard[],
): Promise<{ whole: Difference; recorded: Difference | null }> {
  const { graph } = file;
  const inputs = folder ? await recordedInputs(folder, graph.inputs) : sampleInputs(graph.inputs, dims, SEED);
  const whole = await runWhole(await wholeModel(file), graph, inputs);
  const runner = await ChainRunner.open(file);
  const [alone] = shards;
  const run =
    graph.unsendable.length > 0 && alone ? runner.runAlone(alone, inputs) : runner.run(shards, inputs);
  const { outputs } = await run;
  const difference = compare(whole, outputs);
  console.log(inWords(difference));
  const expected = folder ? await recordedOutputs(folder, graph.outputs) : null;
  const recorded = expected && compare(expected, outputs);
  if (recorded) console.log(`recorded outputs: ${inWords(recorded)}`);
  return { whole: difference, recorded };
}

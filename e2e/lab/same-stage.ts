import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { quantile } from '../../bench/statistics.ts';
import { blocksOf } from '../../core/graph/blocks.ts';
import { packBytes } from '../../core/graph/pack.ts';
import { PACK_LOCATION } from '../../core/graph/shard.types.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { openModelFile } from '../../tools/split/model-file.ts';
import { ChainRunner } from '../../tools/split/runs.ts';
import { shardsAt } from '../../tools/split/try-cuts.ts';
import { type ReferenceTab, serveReference } from './reference-tab.ts';
import type { SameStage } from './report.ts';
import { timeOnce } from './room-model.ts';

export interface SameStageOptions {
  /** Asks the room. */
  readonly page: Page;
  readonly reference: ReferenceTab;
  readonly model: string;
  /** By name, as the room is fed. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly device: string;
  /** Which stage of the plan, and its blocks. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly rounds: number;
}

/** Rounds that do not count: the browser still optimises the runtime's code. */
const WARM_UP = 3;

/** Times a device's stage by its own clock, and the same stage on the bare runtime in a tab, in turn. */
export async function timeSameStage(options: SameStageOptions): Promise<SameStage> {
  const { page, reference, device, index, start, end, rounds } = options;
  const folder = mkdtempSync(join(tmpdir(), 'potluck-stage-'));
  const path = join(folder, 'stage.onnx');
  const feeds = await writeStage(options, folder, path);
  const files = await serveReference([path]);
  try {
    await reference.load(
      { url: files.urlOf(path), external: feeds.hasWeights ? [PACK_LOCATION] : [] },
      { provider: 'wasm', threads: 1 },
      feeds.byName,
    );
    const own: number[] = [];
    const tab: number[] = [];
    for (let round = 0; round < WARM_UP + rounds; round++) {
      const { stages } = await timeOnce(page);
      const { ms } = await reference.time();
      if (round < WARM_UP) continue;
      own.push(stages[index]?.computeMs ?? Number.NaN);
      tab.push(ms);
    }
    const middle = (sample: readonly number[]) => ({
      median: quantile(sample, 0.5),
      p95: quantile(sample, 0.95),
    });
    return { device, start, end, ownMs: middle(own), tabMs: middle(tab) };
  } finally {
    await files.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes the stage as a model of its own, and computes what it is fed. */
async function writeStage(
  { model, feeds, start, end }: SameStageOptions,
  folder: string,
  path: string,
): Promise<{ readonly byName: Readonly<Record<string, Tensor>>; readonly hasWeights: boolean }> {
  const file = await openModelFile(model);
  const blocks = blocksOf(file.graph);
  const [stage] = shardsAt(file, blocks, [start, end]);
  if (!stage) throw new RangeError(`no blocks [${start}, ${end})`);
  writeFileSync(path, stage.model);
  const hasWeights = stage.weightBytes > 0;
  if (hasWeights) writeFileSync(join(folder, PACK_LOCATION), await packBytes(stage.weights, file.sourceOf));
  const inputs = file.graph.inputs.flatMap(({ name }) => feeds[name] ?? []);
  const before = start === 0 ? [] : shardsAt(file, blocks, [0, start]);
  const { outputs } = await (await ChainRunner.open(file)).run(before, inputs);
  const byName = Object.fromEntries(
    stage.inputs.flatMap((value) => {
      const tensor = outputs[stage.receives.indexOf(value)];
      return tensor ? [[value.name, tensor] as const] : [];
    }),
  );
  return { byName, hasWeights };
}

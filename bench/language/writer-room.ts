import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabModel, labModel } from '../../e2e/lab/model-files.ts';
import { openModel } from '../../e2e/lab/room-model.ts';
import { ROOT, SHARED } from '../../e2e/repository.ts';
import { type LabRoom, withLabRoom } from '../lab-room.ts';
import { choosePlan, stagesInWords } from '../settled-plan.ts';
import { writeShape } from '../shape.ts';
import { hubLayout } from '../transformers/hub-layout.ts';
import { writeTexts } from './texts.ts';

/** The sizes of SmolLM2-135M, in the operators that hubs export it with: 540 MB in float32. */
const SHAPE = 'llama-135m';
const FOLDER = join(ROOT, '.cache/bench', SHAPE);
/** Beside the model, as on a hub. The words mean nothing to random weights; there only have to be as many. */
const TOKENISER = join(SHARED, 'models/tokenizers/gpt2');
const CONTEXT = 2048;
const SIZES = { layers: 30, hidden: 576, heads: 9, kvHeads: 3, mlp: 1536, vocab: 49_152, context: CONTEXT };

/** The model of full size with random weights, written once. */
async function shapeOf135M(): Promise<LabModel> {
  const model = join(FOLDER, 'model.onnx');
  if (!existsSync(model)) {
    console.error(`writing ${SHAPE}, 540 MB`);
    writeShape([SHAPE, '--ops', 'fused'], FOLDER);
  }
  mkdirSync(FOLDER, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(join(TOKENISER, name), join(FOLDER, name));
  }
  writeFileSync(join(FOLDER, 'config.json'), JSON.stringify({ max_position_embeddings: CONTEXT }));
  return labModel(model);
}

/** The same as a repository of a hub, for transformers.js. */
export async function hubOf135M(): Promise<string> {
  await shapeOf135M();
  const hub = `${FOLDER}-hub`;
  hubLayout(FOLDER, hub, SIZES);
  return hub;
}

/** The tokens of {@link promptOf}. */
export function promptIds(tokens: number): number[] {
  return Array.from({ length: tokens }, (_, at) => (at === 0 ? 1169 : 262));
}

/** So many tokens of that tokeniser. */
export function promptOf(tokens: number): string {
  return `the${' the'.repeat(tokens - 1)}`;
}

/** Words that each device writes alone before both write together: what it takes at work is what the plan goes by. */
const LEARNING = { prompt: 'the', newTokens: 80 };

/** A room in which the model of 135M parameters is open: shared out over two devices, or whole on one. */
export async function withWriterRoom<T>(devices: 1 | 2, use: (room: LabRoom) => Promise<T>): Promise<T> {
  const model = await shapeOf135M();
  return withLabRoom({ devices }, async (room) => {
    const { page } = room.leader;
    await openModel(page, { model }, 'everyone');
    for (const peer of devices > 1 ? room.peers : []) {
      await choosePlan(page, {
        mode: 'everyone',
        rules: { pinnedOut: room.peers.filter((other) => other !== peer) },
      });
      await writeTexts([page], 1, LEARNING);
    }
    const plan = await choosePlan(page, { mode: 'everyone' });
    const inWords = stagesInWords(plan, (peer) => `device ${room.peers.indexOf(peer)}`);
    const times = plan.stages.map(({ predictedMs }) => predictedMs.toFixed(1)).join(' and ');
    console.error(`${SHAPE}: ${inWords}, predicted ${times} ms`);
    return use(room);
  });
}

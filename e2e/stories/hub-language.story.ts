import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findHubModel } from '../../app/session/hub/catalogue.ts';
import { type Mirror, startMirror } from '../mirror/mirror.ts';
import { haveShared, ROOT, SHARED } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { type PotluckWindow, runsOn, until } from '../session-page.ts';

/** Small ones in the operators of the real exports, with the vocabulary of the tokeniser that lies beside them here. */
const SIZES = '--layers 4 --hidden 64 --heads 4 --kv-heads 2 --mlp 128 --vocab 50257 --context 512'.split(
  ' ',
);
const MODELS = [
  { id: 'smollm2-135m', shape: ['llama-135m', '--ops', 'fused', '--one-file'] },
  { id: 'qwen2.5-0.5b-q4', shape: ['llama-0.5b', '--dtype', 'q4', '--one-file'] },
];
const TEMPLATE =
  "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";

describe.skipIf(!haveShared('the story of language models from a hub'))('a language model of the hub', () => {
  let folder: string;
  let server: ProductServer;
  let mirror: Mirror;
  let room: Room;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'potluck-hub-'));
    for (const { id, shape } of MODELS) layOut(folder, id, shape);
    server = await startProduct();
    mirror = await startMirror({ folder });
    const query = `?provider=wasm&threads=1&hub=${encodeURIComponent(mirror.origin)}`;
    room = await openRoom({ origin: server.origin, devices: 2, query });
    await room.leader.page.getByTestId('mode-everyone').click();
  });
  afterAll(async () => {
    await room?.close();
    await mirror?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(MODELS)('is chosen from the list, shared out, and talks in its own form: $id', async ({ id }) => {
    const { page } = room.leader;
    const { title } = findHubModel(id, mirror.origin);
    await page.getByTestId('change-model').click();
    await page.locator(`[data-hub="${id}"]`).click();
    for (const device of room.devices) {
      await until(device.page, `${title} runs on both`, (state) => {
        return state.model.kind === 'ready' && state.model.card.name === title && runsOn(2)(state);
      });
    }
    const { model } = await until(
      page,
      'its settings are known',
      ({ model: shown }) => shown.kind === 'ready',
    );
    expect(model).toMatchObject({
      card: {
        language: { contextTokens: 512, stopTokens: [50256], sampling: { temperature: 0.7, topK: 20 } },
      },
    });
    const follower = room.followers[0]?.page ?? page;
    await follower.getByTestId('chat-input').fill('Hello there');
    await follower.getByTestId('chat-input').press('Enter');
    const answer = follower.getByTestId('chat-assistant').last();
    await expect
      .poll(async () => (await answer.locator('.markdown').textContent())?.length ?? 0)
      .toBeGreaterThan(20);
    await follower.getByTestId('chat-stop').click();
    await follower.locator('[data-testid="chat"][data-busy="false"]').waitFor();
    const [alone, again] = await Promise.all(
      [page, follower].map((each) =>
        each.evaluate(async () => {
          const { potluck } = globalThis as unknown as PotluckWindow;
          return (await potluck.write('Hello there', { maxNewTokens: 24 })).ids;
        }),
      ),
    );
    expect(alone).toHaveLength(24);
    expect(again).toEqual(alone);
    await follower.getByTestId('chat-clear').click();
    for (const { watch } of room.devices) {
      expect(watch.foreignRequests().filter((address) => !address.startsWith(mirror.origin))).toEqual([]);
    }
  });
});

/** A repository as the hub has it: the graph in "onnx/", what belongs to it one folder up. */
function layOut(folder: string, id: string, shape: readonly string[]): void {
  const { address } = findHubModel(id, 'http://hub.test');
  const file = join(folder, new URL(address).pathname);
  const repository = dirname(dirname(file));
  const made = mkdtempSync(join(tmpdir(), 'potluck-shape-'));
  const command = ['--import', 'tsx', 'models/shapes/main.ts', ...shape, ...SIZES, '--out', made];
  execFileSync(process.execPath, command, { cwd: ROOT, stdio: 'ignore' });
  mkdirSync(dirname(file), { recursive: true });
  cpSync(join(made, 'model.onnx'), file);
  rmSync(made, { recursive: true, force: true });
  const tokeniser = join(SHARED, 'models/tokenizers/gpt2');
  cpSync(join(tokeniser, 'tokenizer.json'), join(repository, 'tokenizer.json'));
  const settings = JSON.parse(readFileSync(join(tokeniser, 'tokenizer_config.json'), 'utf8'));
  const files = {
    'tokenizer_config.json': { ...settings, chat_template: TEMPLATE },
    'config.json': { max_position_embeddings: 512 },
    'generation_config.json': { do_sample: true, temperature: 0.7, top_k: 20, eos_token_id: 50256 },
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(repository, name), JSON.stringify(content));
  }
}

import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import * as ort from 'onnxruntime-web/wasm';
import { afterEach, describe, expect, test } from 'vitest';
import { type DoorUnderTest, doorUnderTest, KEY } from './door-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const run = promisify(execFile);
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const model = (name: string): string => new URL(`../../public/models/${name}`, import.meta.url).pathname;

const isMissing = ((): boolean => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    execFileSync('bash', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
})();
if (isMissing) console.warn('SKIPPED: the commands of the README need curl and bash.');

/** The commands of the README's section on the door, block by block. */
const [, section = ''] = /^## Programs ask the room\n(.*?)^## /ms.exec(readme) ?? [];
const blocks = [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);
/** Each command by itself: a line goes on after a backslash or a pipe. */
const commandsOf = (block: string): string[] =>
  block.split(/(?<![\\|])\n/).filter((command) => command !== '' && !command.startsWith('KEY='));

let door: DoorUnderTest | undefined;
afterEach(() => door?.close());

/** As pasted, but for host, port and key. */
async function pasted(command: string, url: string): Promise<string> {
  const { stdout } = await run(
    'bash',
    ['-euo', 'pipefail', '-c', command.replaceAll('http://127.0.0.1:8484', url)],
    {
      env: { ...process.env, KEY },
      timeout: 15_000,
    },
  );
  return stdout;
}

describe.skipIf(isMissing)('the commands of the README', () => {
  test('are found', () => expect(blocks.map((block) => commandsOf(block).length)).toEqual([5, 2]));

  test('ask bard as pasted', { timeout: 60_000 }, async () => {
    door = await doorUnderTest(ort, { model: model('bard/model.onnx'), devices: 2 });
    const { url } = door;
    const answers: string[] = [];
    for (const command of commandsOf(blocks[0] ?? '')) answers.push(await pasted(command, url));
    const [models = '', text = '', stream = '', metrics = '', health = ''] = answers;
    expect(JSON.parse(models).data[0].id).toBe('bard');
    expect(JSON.parse(text)).toMatchObject({
      choices: [{ finish_reason: 'length' }],
      usage: { completion_tokens: 40 },
    });
    expect(stream.match(/^data: \{/gm)?.length).toBeGreaterThan(20);
    expect(stream).toMatch(/data: \[DONE\]\n\n$/);
    expect(metrics).toMatch(/^potluck_completion_tokens_total 80$/m);
    expect(JSON.parse(health)).toEqual({ status: 'ok', in_room: true, model_running: true });
  });

  test('ask digits as pasted', { timeout: 60_000 }, async () => {
    door = await doorUnderTest(ort, { model: model('digits.onnx'), devices: 2 });
    const { url } = door;
    const [one = '', two = ''] = await Promise.all(
      commandsOf(blocks[1] ?? '').map((each) => pasted(each, url)),
    );
    const [output] = Object.values(JSON.parse(one).outputs) as { dims: number[]; data: number[] }[];
    expect(output?.dims).toEqual([1, 10]);
    expect(output?.data.every(Number.isFinite)).toBe(true);
    expect(JSON.parse(two).items).toHaveLength(2);
  });
});

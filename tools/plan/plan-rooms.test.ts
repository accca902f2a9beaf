import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planRooms } from './plan-rooms.ts';

/** 125 bytes at 1 Mbit/s take 1 ms. */
const room = {
  objective: 'latency' as unknown,
  home: 'A',
  inputBytes: 125,
  blocks: [
    { weightBytes: 60, workspaceBytes: 5, outputBytes: 1250 },
    { weightBytes: 60, workspaceBytes: 7, outputBytes: 250 },
  ],
  devices: [
    { id: 'A', memoryBytes: 100, blockMs: [10, 10] },
    { id: 'B', memoryBytes: 100, blockMs: [4, 2] },
  ],
  links: [{ from: 'A', to: 'B', delayMs: 2, mbitPerSec: 1 }],
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-rooms-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function fileOf(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly complaints: string;
}

async function run(...argv: string[]): Promise<Ran> {
  let out = '';
  let complaints = '';
  const exit = await planRooms(argv, {
    print: (text) => {
      out += text;
    },
    complain: (text) => {
      complaints += text;
    },
  });
  return { exit, out, complaints };
}

const plan = {
  stages: [
    { device: 'A', start: 0, end: 1 },
    { device: 'B', start: 1, end: 2 },
  ],
  latencyMs: 10 + (2 + 10) + 2 + (2 + 2),
  periodMs: 10,
  optimal: true,
};

describe('a room', () => {
  test('gives a line with exactly the fields of the contract', async () => {
    const { exit, out, complaints } = await run(await fileOf('room.json', room));
    expect(JSON.parse(out)).toEqual({ ...plan, lowerBoundMs: 28, solveMs: expect.any(Number) });
    expect([exit, complaints, out.trim().split('\n').length]).toEqual([0, '', 1]);
  });

  test.each([
    ['throughput', 10],
    [{ items: 4 }, 28 + 3 * 10],
    [{ everyMs: 10 }, 28],
  ])('has its bound in the unit of its objective: %j', async (objective, lowerBoundMs) => {
    const { out } = await run(await fileOf('room.json', { ...room, objective }));
    expect(JSON.parse(out)).toMatchObject({ ...plan, lowerBoundMs });
  });

  test('that no plan keeps pace with says so', async () => {
    const { exit, out } = await run(await fileOf('room.json', { ...room, objective: { everyMs: 9 } }));
    expect([exit, JSON.parse(out)]).toMatchObject([0, { ...plan, tooOften: true }]);
  });

  test('may say more than the contract asks', async () => {
    const more = {
      ...room,
      note: 'from the lab',
      devices: room.devices.map((device) => ({ ...device, perItemMs: 1, colour: 'red' })),
    };
    const { exit, out } = await run(await fileOf('room.json', more));
    expect([exit, JSON.parse(out).latencyMs]).toEqual([0, plan.latencyMs + 2]);
  });
});

test('several rooms give a line each, in order, also in the file; one without a plan makes it 2', async () => {
  const small = { ...room, devices: room.devices.slice(0, 1) };
  const json = join(folder, 'out.json');
  const files = [await fileOf('a.json', room), await fileOf('b.json', small), await fileOf('c.json', room)];
  const { exit, out } = await run(...files, '--json', json);
  const lines = out.trimEnd().split('\n');
  expect(exit).toBe(2);
  expect(lines.map((line) => Object.keys(JSON.parse(line))[0])).toEqual(['stages', 'infeasible', 'stages']);
  expect(JSON.parse(lines[1] ?? '')).toEqual({ infeasible: expect.stringMatching(/120 bytes.*100 bytes/) });
  expect(await readFile(json, 'utf8')).toBe(out);
});

describe('what is wrong is told with file, field, expected and actual', () => {
  const [a] = room.devices;
  test.each([
    ['no number', { ...room, inputBytes: 'many' }, 'inputBytes: expected number, got "many"'],
    [
      'a negative time',
      { ...room, devices: [{ ...a, blockMs: [1, -1] }] },
      'devices.0.blockMs.1: expected >=0',
    ],
    ['too few times', { ...room, devices: [{ ...a, blockMs: [1] }] }, 'devices.0.blockMs: expected 2 times'],
    [
      'two of one name',
      { ...room, devices: [a, a] },
      'devices.1.id: expected an id that comes once, got "A"',
    ],
    ['no such objective', { ...room, objective: { item: 5 } }, 'objective: expected "latency", "throughput"'],
    ['no blocks', { ...room, blocks: undefined }, 'blocks: expected'],
    ['too many devices', { ...room, devices: Array(65).fill(a) }, 'devices: expected <=64'],
    ['no object', 5, 'the room: expected Object'],
    ['no JSON', '{', 'expected JSON, got "{"'],
  ])('%s', async (_, content, complaint) => {
    const good = await fileOf('good.json', room);
    const file = await fileOf('bad.json', content);
    expect(await run(good, file)).toEqual({
      exit: 1,
      out: '',
      complaints: expect.stringContaining(`${file}: ${complaint}`),
    });
  });

  test('a file that is not there', async () => {
    const { exit, complaints } = await run(join(folder, 'nowhere.json'));
    expect([exit, complaints]).toEqual([1, expect.stringMatching(/nowhere\.json: .*ENOENT/)]);
  });

  test('no file at all, or an unknown option', async () => {
    expect((await run()).complaints).toContain('a room file is needed');
    expect(await run('--fast', 'x')).toMatchObject({
      exit: 1,
      complaints: expect.stringContaining('--fast'),
    });
  });
});

test('npm run plan passes all of it on', async () => {
  const file = await fileOf('room.json', { ...room, devices: [] });
  const ran = await new Promise<Ran>((resolve) => {
    execFile('npm', ['run', '--silent', 'plan', '--', file], (error, out, complaints) => {
      resolve({ exit: Number(error?.code ?? 0), out, complaints });
    });
  });
  expect(ran).toEqual({
    exit: 2,
    out: '{"infeasible":"There is no device that may hold layers."}\n',
    complaints: '',
  });
});

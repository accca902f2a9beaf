import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseIceServers } from '../core/protocol/parse-signaling.ts';
import { readTurnOptions, type TurnOptions } from './turn-options.ts';

const SECRET = 'a-lantern-by-the-door-77';
const URL = 'turn:turn.example:3478';
const folder = mkdtempSync(join(tmpdir(), 'potluck-turn-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, `${Math.random()}`);
  writeFileSync(path, text);
  return path;
}
const good = file(`${SECRET}\n`);
const read = (options: Partial<TurnOptions>) =>
  readTurnOptions({ urls: undefined, secretFile: undefined, ttl: undefined, ...options });

test('without them there is no TURN server', async () => {
  expect(await read({})).toBeUndefined();
});

test('a secret ends where its line does, and 12 hours are the default', async () => {
  const access = await read({ urls: [URL], secretFile: good });
  const same = await read({ urls: [URL], secretFile: file(SECRET), ttl: '43200' });
  const before = Math.floor(Date.now() / 1000);
  const [issued, expected] = [access?.issue('a'), same?.issue('a')];
  expect(Number(issued?.username?.split(':')[0]) - before).toBeGreaterThanOrEqual(43_200);
  expect(Number(issued?.username?.split(':')[0]) - before).toBeLessThan(43_260);
  // The second may have changed between the two.
  if (issued?.username === expected?.username) expect(issued).toEqual(expected);
});

test.each([
  'turn:turn.example',
  'turn:192.0.2.7:3478',
  'turn:[2001:db8::7]:3478?transport=tcp',
  'turns:turn.example:443?transport=tcp',
  'turn:TURN.Example:3478?transport=udp',
])('%s is taken, and every page takes it', async (url) => {
  const access = await read({ urls: [url], secretFile: good });
  expect(() => parseIceServers(JSON.stringify([access?.issue('a')]))).not.toThrow();
});

describe('what a person can set right is said in a sentence', () => {
  const both = { urls: [URL], secretFile: good };
  test.each<[string, Partial<TurnOptions>, RegExp]>([
    ['an address alone', { urls: [URL] }, /go together/],
    ['a secret alone', { secretFile: good }, /go together/],
    ['a time alone', { ttl: '600' }, /go together/],
    ['capitals, which pages refuse', { ...both, urls: ['TURN:turn.example'] }, /--turn needs/],
    ['STUN', { ...both, urls: ['stun:turn.example'] }, /--turn needs turn:HOST/],
    ['an address of the web', { ...both, urls: ['https://turn.example'] }, /--turn needs/],
    ['no host', { ...both, urls: ['turn:'] }, /--turn needs/],
    ['a user in the address', { ...both, urls: ['turn:me@turn.example'] }, /--turn needs/],
    ['slashes', { ...both, urls: ['turn://turn.example'] }, /--turn needs/],
    ['port 0', { ...both, urls: ['turn:turn.example:0'] }, /--turn needs/],
    ['port 65536', { ...both, urls: ['turn:turn.example:65536'] }, /--turn needs/],
    ['another transport', { ...both, urls: ['turn:turn.example?transport=sctp'] }, /--turn needs/],
    ['a second line', { ...both, urls: [`${URL}\nstun:b`] }, /--turn needs/],
    ['a long name', { ...both, urls: [`turn:${'a'.repeat(300)}`] }, /--turn needs/],
    ['seven addresses', { ...both, urls: Array(7).fill(URL) }, /6 times/],
    ['a file that is not there', { ...both, secretFile: join(folder, 'none') }, /could not be read/],
    ['a folder', { ...both, secretFile: folder }, /could not be read/],
    ['a time of words', { ...both, ttl: '12h' }, /--turn-ttl needs/],
    ['too short a time', { ...both, ttl: '59' }, /--turn-ttl needs/],
    ['more than a week', { ...both, ttl: '604801' }, /--turn-ttl needs/],
    ['a negative time', { ...both, ttl: '-600' }, /--turn-ttl needs/],
  ])('%s', async (_name, options, message) => {
    await expect(read(options)).rejects.toThrow(message);
  });

  test.each([
    ['empty', ''],
    ['short', 'only-15-letters'],
    ['two words', 'a-lantern by-the-door-77'],
    ['two lines', 'a-lantern-by-the\ndoor-77-and-more'],
    ['in another alphabet', 'laterne-vor-der-tür-77'],
    ['endless', 'a-lantern'.repeat(100)],
  ])('a file whose secret is %s, which is not quoted', async (_name, text) => {
    const failed = await read({ ...both, secretFile: file(text) }).catch((error: Error) => error);
    expect(String(failed)).toMatch(/must hold one word/);
    if (text !== '') expect(String(failed)).not.toContain(text.slice(0, 9));
  });
});

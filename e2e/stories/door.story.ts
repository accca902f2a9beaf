import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findNatives, HOW_TO_INSTALL } from '../../peer/natives.ts';
import { type RunningServer, startServer } from '../../signaling-server/server.ts';
import { until } from '../../worker/room-under-test.ts';
import { type PeerProcess, startPeer } from '../peer-process.ts';
import { ROOT } from '../repository.ts';

const isMissing = await findNatives().then(
  () => false,
  () => true,
);

const BARD = join(ROOT, 'public/models/bard/model.onnx');
const PATIENCE_S = 120;
const WISH = { model: 'bard', max_tokens: 60, temperature: 0 } as const;
const PROMPTS = ['First Citizen:\n', 'KING:\n', 'O Romeo, ', 'The night is'];

describe.skipIf(isMissing)('the doors of two peers without a page, in one room', () => {
  const folder = mkdtempSync(join(tmpdir(), 'potluck-door-story-'));
  let server: RunningServer;
  const peers: PeerProcess[] = [];

  beforeAll(async () => {
    writeFileSync(join(folder, 'index.html'), '<!doctype html>');
    server = await startServer({ host: '127.0.0.1', port: 0, root: folder });
  });
  afterEach(async () => {
    for (const peer of peers.splice(0)) await peer.end('SIGKILL');
  });
  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(...args: readonly string[]): PeerProcess {
    const peer = startPeer(...args, '--serve', '127.0.0.1:0');
    peers.push(peer);
    return peer;
  }
  async function doorOf(
    peer: PeerProcess,
    store: string,
  ): Promise<{ openai: OpenAI; url: string; key: string }> {
    await peer.says(/Programs may ask at \S+\/v1/);
    const [, url = ''] = /Programs may ask at (\S+)\/v1/.exec(peer.printed()) ?? [];
    const key = readFileSync(join(store, 'api-key'), 'utf8').trim();
    return { url, key, openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 }) };
  }

  it('stream four texts at once to the official client, at the leader and at a member', async () => {
    const [here, there] = [join(folder, 'leader'), join(folder, 'member')];
    const lead = ['--lead', '--server', server.url, '--model', BARD, '--mode', 'everyone', '--threads', '1'];
    const leader = start(...lead, '--store', here);
    await leader.says(/Scan the code, or open/);
    const [, address = ''] = /or open {2}(\S+)/.exec(leader.printed()) ?? [];
    const link = server.url + address.slice(new URL(address).origin.length);
    const member = start(link, '--store', there, '--threads', '1');
    const doors = [await doorOf(leader, here), await doorOf(member, there)];
    for (const [door, peer] of [
      [doors[0], leader],
      [doors[1], member],
    ] as const) {
      expect(peer.printed()).toContain(`  ${door?.key}\n`);
    }
    expect(statSync(join(here, 'api-key')).mode & 0o777).toBe(0o600);
    for (const door of doors) {
      const both = (): Promise<boolean> =>
        metrics(door).then(
          (text) => /^potluck_stages_here [1-9]/m.test(text) && /^potluck_devices 2$/m.test(text),
        );
      await until('both hold layers', both, PATIENCE_S);
    }
    const alone: string[][] = [];
    for (const { openai } of doors) {
      const texts: string[] = [];
      for (const prompt of PROMPTS) {
        const { choices } = await openai.completions.create({ ...WISH, prompt });
        texts.push(choices[0]?.text ?? '');
      }
      alone.push(texts);
    }
    // Whichever door is asked, the room is the same.
    expect(alone[1]).toEqual(alone[0]);
    let [open, most] = [0, 0];
    const streamed = await Promise.all(
      doors.map(({ openai }) =>
        Promise.all(
          PROMPTS.map(async (prompt) => {
            const stream = await openai.completions.create({ ...WISH, prompt, stream: true });
            most = Math.max(most, ++open);
            let text = '';
            for await (const { choices } of stream) text += choices[0]?.text ?? '';
            open--;
            return text;
          }),
        ),
      ),
    );
    expect(streamed).toEqual(alone);
    expect(most).toBeGreaterThanOrEqual(4);

    const control = new AbortController();
    const [, door] = doors;
    const long = { ...WISH, prompt: 'KING:\n', max_tokens: 240, stream: true } as const;
    const stream = await door?.openai.completions.create(long, { signal: control.signal });
    if (!stream) throw new Error('no stream');
    let pieces = 0;
    for await (const _ of stream) if (++pieces === 2) control.abort();
    const gone = (): Promise<boolean> =>
      metrics(door).then(
        (text) => /^potluck_texts_kept 0$/m.test(text) && /^potluck_requests_under_way 0$/m.test(text),
      );
    await until('nothing is kept', gone, PATIENCE_S);
    const wrong = new OpenAI({ baseURL: `${door?.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await expect(wrong.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect(await leader.end('SIGTERM')).toBe(0);
    const again = start(...lead, '--store', here);
    await again.says(/with the key in /);
    expect(again.printed()).not.toContain(doors[0]?.key);
  });
});

async function metrics(door: { readonly url: string; readonly key: string } | undefined): Promise<string> {
  const response = await fetch(`${door?.url}/metrics`, { headers: { authorization: `Bearer ${door?.key}` } });
  return response.text();
}

// Said aloud: a machine without the packages has not tried it.
it.runIf(isMissing)('SKIPPED: the packages with native code are not installed', () => {
  console.warn(`SKIPPED: the story of the door needs native packages. ${HOW_TO_INSTALL}`);
});

import { describe, expect, it } from 'vitest';
import type { Dial, DialListener } from './dial.ts';
import { dialLater } from './dial-later.ts';

const options = { initiator: true, iceServers: [] };

function scene(): { dial: Dial; heard: string[]; listener: DialListener } {
  const heard: string[] = [];
  const dial: Dial = ({ initiator }) => {
    heard.push(initiator ? 'calls' : 'answers');
    return { signal: (text) => heard.push(text), abandon: () => heard.push('abandoned') };
  };
  const listener = {
    signal: () => undefined,
    connected: () => undefined,
    failed: (reason: string) => heard.push(`failed: ${reason}`),
  };
  return { dial, heard, listener };
}

describe('a dial whose code comes later', () => {
  it('hears what was signalled meanwhile, in order', async () => {
    const { dial, heard, listener } = scene();
    const dialling = dialLater(async () => dial)(options, listener);
    dialling.signal('one');
    dialling.signal('two');
    await Promise.resolve();
    dialling.signal('three');
    dialling.abandon();
    expect(heard).toEqual(['calls', 'one', 'two', 'three', 'abandoned']);
  });

  it('never starts once it was given up', async () => {
    const { dial, heard, listener } = scene();
    dialLater(async () => dial)(options, listener).abandon();
    await Promise.resolve();
    expect(heard).toEqual([]);
  });

  it('fails where the code does not come', async () => {
    const { heard, listener } = scene();
    dialLater(() => Promise.reject(new Error('no network')))(options, listener);
    await new Promise((resolve) => setTimeout(resolve));
    expect(heard).toEqual(['failed: no network']);
  });
});

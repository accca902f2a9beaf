import { expect, test } from 'vitest';
import type { Dialling } from '../core/mesh/dial.ts';
import { PACKET_BYTES } from '../core/mesh/flow.ts';
import type { Wire } from '../core/mesh/wire.ts';
import { findNatives, HOW_TO_INSTALL, type Natives } from './natives.ts';
import { nodeDial } from './node-dial.ts';

const natives: Natives | null = await findNatives().catch(() => null);

test.skipIf(!natives)(
  'two peers of one computer carry packets of any size directly, and hear the end',
  async () => {
    if (!natives) return;
    const dial = nodeDial(natives.wrtc);
    const ends: Dialling[] = [];
    const wire = (me: 0 | 1): Promise<Wire> =>
      new Promise((resolve, reject) => {
        ends[me] = dial(
          { initiator: me === 0, iceServers: [] },
          {
            signal: (text) => queueMicrotask(() => ends[1 - me]?.signal(text)),
            connected: resolve,
            failed: (reason) => reject(new Error(reason)),
          },
        );
      });
    const [left, right] = await Promise.all([wire(0), wire(1)]);
    expect(left.kind).toBe('direct');
    const sizes = [1, 1000, PACKET_BYTES];
    const came: Uint8Array[] = [];
    const closed = new Promise<void>((resolve, reject) => {
      right.listen({
        packet: (bytes) => {
          came.push(bytes.slice());
          if (came.length === sizes.length) left.close('done');
        },
        drained: () => undefined,
        closed: () => resolve(),
      });
      setTimeout(() => reject(new Error(`${came.length} packets came`)), 10_000).unref();
    });
    for (const size of sizes) left.send(new Uint8Array(size).fill(size % 251));
    await closed;
    const expected = sizes.map((size) => [size, size % 251]);
    expect(
      came.map((bytes) => [bytes.byteLength, bytes[0]]).sort((a, b) => Number(a[0]) - Number(b[0])),
    ).toEqual(expected);
  },
);

// Said aloud: a machine without the package has not tried it.
test.runIf(!natives)('SKIPPED: WebRTC for Node is not installed', () => {
  console.warn(`SKIPPED: the test of peer/node-dial needs native packages. ${HOW_TO_INSTALL}`);
});

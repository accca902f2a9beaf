import { systemClock } from '../../core/mesh/clock.ts';
import type { Dial } from '../../core/mesh/dial.ts';
import { dialLater } from '../../core/mesh/dial-later.ts';
import type { SimplePeerLike } from '../../core/mesh/simple-peer-wire.ts';

/** Direct connections of this browser; null where it has no RTC. */
export const browserDial: Dial | null = dialNamed({});

/** The same between two ends in this page. The name of the channel tells it from those to other devices. */
export const loopbackDial: Dial | null = dialNamed({ channelName: 'loopback' });

/** A fifth of all code before a room can be used, if it did not wait for the first other device. */
function dialNamed(name: { channelName?: string }): Dial | null {
  if (!('RTCPeerConnection' in globalThis)) return null;
  return dialLater(async () => {
    const [{ default: SimplePeer }, { simplePeerDial }] = await Promise.all([
      import('simple-peer'),
      import('../../core/mesh/simple-peer-wire.ts'),
    ]);
    return simplePeerDial(
      (options) => new SimplePeer({ ...options, ...name }) as SimplePeerLike,
      systemClock,
    );
  });
}

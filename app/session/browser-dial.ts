import SimplePeer from 'simple-peer';
import type { Dial } from '../../core/mesh/dial.ts';
import { type SimplePeerLike, simplePeerDial } from '../../core/mesh/simple-peer-wire.ts';

/** Direct connections of this browser; null where it has no RTC. */
export const browserDial: Dial | null = SimplePeer.WEBRTC_SUPPORT
  ? simplePeerDial((options) => new SimplePeer(options) as SimplePeerLike)
  : null;

/** The same between two ends in this page. The name of the channel tells it from those to other devices. */
export const loopbackDial: Dial | null = SimplePeer.WEBRTC_SUPPORT
  ? simplePeerDial((options) => new SimplePeer({ ...options, channelName: 'loopback' }) as SimplePeerLike)
  : null;

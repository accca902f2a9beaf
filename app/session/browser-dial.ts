import SimplePeer from 'simple-peer';
import type { Dial } from '../../core/mesh/dial.ts';
import { type SimplePeerLike, simplePeerDial } from '../../core/mesh/simple-peer-wire.ts';

/** Direct connections of this browser; null where it has no RTC. */
export const browserDial: Dial | null = SimplePeer.WEBRTC_SUPPORT
  ? simplePeerDial((options) => new SimplePeer(options) as SimplePeerLike)
  : null;
